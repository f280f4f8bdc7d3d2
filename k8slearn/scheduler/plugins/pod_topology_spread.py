"""Spreads pods of a kind over the domains of a topology: zones, nodes, racks.

``DoNotSchedule`` filters: no domain may have more than `maxSkew` more of them than the emptiest one. ``ScheduleAnyway``
scores: the fewer there are, the better. Pods that say nothing are spread a little, if they have an owner or a service.

Kubernetes: pkg/scheduler/framework/plugins/podtopologyspread
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, is_deleting, labels_of, namespace_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.api.taints import NO_EXECUTE, NO_SCHEDULE, is_tolerated, taints_of, tolerations_of
from k8slearn.scheduler.affinity import with_label_keys
from k8slearn.scheduler.counts import Domain
from k8slearn.scheduler.default_selector import WATCHED, default_selector
from k8slearn.scheduler.events import ASSIGNED, PODS, ClusterEvent
from k8slearn.scheduler.framework import MAX_SCORE, CycleState, Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.plugins.node_affinity import selects

UNEVEN = "node(s) didn't match pod topology spread constraints"
NOWHERE = "node(s) didn't match pod topology spread constraints (missing required label)"

HOSTNAME = "kubernetes.io/hostname"
SYSTEM = (("topology.kubernetes.io/zone", 5), (HOSTNAME, 3))  # what pods are spread by that say nothing
HARD, SOFT = "DoNotSchedule", "ScheduleAnyway"


class Constraint(NamedTuple):
    key: str
    max_skew: int
    selector: LabelSelector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


class Constraints(NamedTuple):
    """All of one pod. `strict`: nodes count only if they have all the labels; not so for the system's own."""

    hard: tuple[Constraint, ...] = ()
    soft: tuple[Constraint, ...] = ()
    strict: bool = True


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"
    weight = 2
    watches = WATCHED
    events = PODS

    def __init__(self, defaulting_type: str = "System", default_constraints: Sequence[Object] = ()) -> None:
        """What holds for pods that say nothing: ``System``, or a ``List`` of constraints."""
        self.system, self.defaults = defaulting_type == "System", tuple(default_constraints)

    # --- the constraints ---

    def constraints(self, pod: PodInfo, handle: Any) -> Constraints:
        own = pod.spec.get("topologySpreadConstraints")
        if own:
            return _constraints(own, pod)
        if not handle.hears_of("services") or not (self.system or self.defaults):
            return Constraints()
        selector = default_selector(pod, handle)
        if selector.empty:
            return Constraints()
        if self.system:
            return Constraints((), tuple(Constraint(k, skew, selector) for k, skew in SYSTEM), strict=False)
        return _constraints(self.defaults, pod, selector)

    def _of(self, pod: PodInfo, state: CycleState) -> Constraints:
        """Pods that share a state have the same ones."""
        if state.notes is None:
            state.notes = self.constraints(pod, state.handle)
        return state.notes

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        found = self.constraints(pod, handle)
        if not found.hard and not found.soft:
            return ()
        return pod.namespace, found, [c.selector.matches(pod.labels) for c in found.hard]

    # --- how many there are ---

    def counts(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> dict[Domain, int]:
        found, share = self._of(pod, state), dict[Domain, int]()
        for kind, constraints, strict in ((HARD, found.hard, True), (SOFT, found.soft, found.strict)):
            if strict and not _is_somewhere(node, constraints):
                continue
            for number, constraint in enumerate(constraints):
                if _takes_part(constraint, pod, node):
                    domain = Domain((kind, number), constraint.key, node.labels.get(constraint.key, ""))
                    share[domain] = _alike(constraint.selector, pod, node)
        return share

    # --- filter ---

    def pre_filter(self, pod: PodInfo, state: CycleState) -> None:
        """How many there are in the emptiest domain; nought while there are too few domains."""
        least = []
        for number, constraint in enumerate(self._of(pod, state).hard):
            there = state.counts.all((HARD, number)).values()
            few = len(there) < constraint.min_domains
            least.append(0 if few else min(there, default=None))
        state.filtering = least

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        for number, constraint in enumerate(self._of(pod, state).hard):
            key, least = constraint.key, state.filtering[number]
            if key not in node.labels:
                return NOWHERE
            there = state.counts.of((HARD, number), key, node.labels[key])
            there += constraint.selector.matches(pod.labels)
            if least is not None and there - least > constraint.max_skew:
                return UNEVEN
        return None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return NOWHERE not in reasons

    # --- score ---

    def pre_score(self, pod: PodInfo, nodes: Iterable[NodeInfo], state: CycleState) -> None:
        """The more domains there are, the more each pod in one of them weighs."""
        soft, strict = self._of(pod, state).soft, self._of(pod, state).strict
        if not soft:
            return
        there = [node for node in nodes if not strict or _is_somewhere(node, soft)]
        state.scoring = [log(_domains(c.key, there) + 2) for c in soft]

    def score(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> int | None:
        """The lower, the better. Nothing for nodes that are in no domain."""
        found = self._of(pod, state)
        if state.scoring is None or (found.strict and not _is_somewhere(node, found.soft)):
            return None
        score = 0.0
        for number, constraint in enumerate(found.soft):
            key = constraint.key
            if key in node.labels:
                there = state.counts.of((SOFT, number), key, node.labels[key])
                score += there * state.scoring[number] + (constraint.max_skew - 1)
        return floor(score + 0.5)

    def normalize(self, score: int, low: int, high: int) -> int:
        return MAX_SCORE * (high + low - score) // high if high else MAX_SCORE

    def helps(self, pod: PodInfo, event: ClusterEvent, handle: Any) -> bool:
        """A node that is somewhere; a pod of the kind that comes, goes, or becomes another one."""
        hard = self.constraints(pod, handle).hard
        if event.resource != ASSIGNED:
            return all(c.key in labels_of(event.object) for c in hard)
        states = [s for s in (event.old, event.new) if s is not None and namespace_of(s) == pod.namespace]
        return any(c.selector.matches(labels_of(s)) for c in hard for s in states)


def _constraints(
    constraints: Iterable[Object], pod: PodInfo, selector: LabelSelector | None = None
) -> Constraints:
    """From the API's form; `selector` stands in where constraints have none of their own."""
    made: dict[str, list[Constraint]] = {HARD: [], SOFT: []}
    for c in constraints:
        chosen = LabelSelector.of(c.get("labelSelector")) if selector is None else selector
        made[c["whenUnsatisfiable"]].append(
            Constraint(
                c["topologyKey"],
                c["maxSkew"],
                with_label_keys(chosen, pod.object, c.get("matchLabelKeys")),
                c.get("minDomains") or 1,
                c.get("nodeAffinityPolicy", "Honor") == "Honor",
                c.get("nodeTaintsPolicy", "Ignore") == "Honor",
            )
        )
    return Constraints(tuple(made[HARD]), tuple(made[SOFT]))


def _is_somewhere(node: NodeInfo, constraints: Iterable[Constraint]) -> bool:
    return all(c.key in node.labels for c in constraints)


def _takes_part(constraint: Constraint, pod: PodInfo, node: NodeInfo) -> bool:
    """Nodes where the pod could not be anyway do not make the others look crowded."""
    if constraint.honor_affinity and not selects(pod, node):
        return False
    hard = taints_of(node.node or {}, NO_SCHEDULE, NO_EXECUTE) if constraint.honor_taints else ()
    return all(is_tolerated(taint, tolerations_of(pod.object)) for taint in hard)


def _alike(selector: LabelSelector, pod: PodInfo, node: NodeInfo) -> int:
    """How many pods on the node are meant. Those that are leaving are gone already."""
    if selector.empty:
        return 0
    return sum(
        p.namespace == pod.namespace and not is_deleting(p.object) and selector.matches(p.labels)
        for p in node.pods.values()
    )


def _domains(key: str, nodes: Sequence[NodeInfo]) -> int:
    return len(nodes) if key == HOSTNAME else len({n.labels.get(key, "") for n in nodes})
