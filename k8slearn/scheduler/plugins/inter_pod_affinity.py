"""Pods that want to be near others, or far from them; and those others have a say, too.

What is required filters: the pod's own affinity, its own anti-affinity, and the anti-affinity of the pods that are
there. What is preferred scores, again in both directions.

Kubernetes: pkg/scheduler/framework/plugins/interpodaffinity
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.scheduler.affinity import Labels, Term, namespace_labels
from k8slearn.scheduler.counts import Domain
from k8slearn.scheduler.events import ASSIGNED, PODS, ClusterEvent
from k8slearn.scheduler.framework import MAX_SCORE, CycleState, Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

NEAR = "node(s) didn't match pod affinity rules"
FAR = "node(s) didn't match pod anti-affinity rules"
UNWELCOME = "node(s) didn't satisfy existing pods anti-affinity rules"

SOUGHT, SHUNNED, SHUNNING, LIKED = "sought", "shunned", "shunning", "liked"  # what is counted


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"
    weight = 2
    watches = ("namespaces",)
    events = PODS

    def __init__(self, hard_pod_affinity_weight: int = 1) -> None:
        """How much it counts that a pod which is there requires such a pod near it."""
        self.hard = hard_pod_affinity_weight

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        """Of the labels, only those that somebody's affinity looks at."""
        keys = sorted(pod.terms.keys | {key for key, n in handle.snapshot.term_keys.items() if n > 0})
        affinity = dig(pod.spec, "affinity", default={})
        own = affinity.get("podAffinity"), affinity.get("podAntiAffinity")
        if not keys and not any(own):
            return ()
        return pod.namespace, own, [(key, pod.labels.get(key)) for key in keys]

    # --- what there is in each domain ---

    def counts(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> dict[Domain, int]:
        share: dict[Domain, int] = {}
        if any(pod.terms):
            self._count_sought(pod, node, state, share)
        for other in node.with_terms.values():
            self._count_seeking(pod, other, node, state, share)
        return share

    def _count_sought(
        self, pod: PodInfo, node: NodeInfo, state: CycleState, share: dict[Domain, int]
    ) -> None:
        """Pods on the node of which this pod's terms speak."""
        terms = pod.terms
        for other in node.pods.values():
            spaces = _namespace(other, state)
            if terms.affinity and all(_matches(t, other, spaces) for t in terms.affinity):
                _add(share, SOUGHT, terms.affinity, node)
            _add(share, SHUNNED, [t for t in terms.anti_affinity if _matches(t, other, spaces)], node)
            for term in terms.preferred:
                if _matches(term, other, spaces):
                    _add(share, LIKED, [term], node, term.weight)

    def _count_seeking(
        self, pod: PodInfo, other: PodInfo, node: NodeInfo, state: CycleState, share: dict[Domain, int]
    ) -> None:
        """Terms of a pod on the node that speak of this pod."""
        spaces, terms = _namespace(pod, state), other.terms
        _add(share, SHUNNING, [t for t in terms.anti_affinity if _matches(t, pod, spaces)], node)
        if self.hard:
            _add(share, LIKED, [t for t in terms.affinity if _matches(t, pod, spaces)], node, self.hard)
        for term in terms.preferred:
            if _matches(term, pod, spaces):
                _add(share, LIKED, [term], node, term.weight)

    # --- what follows ---

    def pre_filter(self, pod: PodInfo, state: CycleState) -> None:
        """Nobody whom it seeks is anywhere, but it is such a pod itself: then it may be the first."""
        first = False
        if pod.terms.affinity and not state.counts.all(SOUGHT):
            spaces = _namespace(pod, state)
            first = all(_matches(term, pod, spaces) for term in pod.terms.affinity)
        state.filtering = first, bool(state.counts.all(LIKED))

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        labels, counts = node.labels, state.counts
        if pod.terms.affinity and not self._is_near(pod, labels, state):
            return NEAR
        for term in pod.terms.anti_affinity:
            key = term.topology_key
            if key in labels and counts.of(SHUNNED, key, labels[key]) > 0:
                return FAR
        if counts.all(SHUNNING) and any(counts.of(SHUNNING, k, v) > 0 for k, v in labels.items()):
            return UNWELCOME
        return None

    def _is_near(self, pod: PodInfo, labels: Labels, state: CycleState) -> bool:
        keys = [term.topology_key for term in pod.terms.affinity]
        if not all(key in labels for key in keys):
            return False
        first, _ = state.filtering
        return first or all(state.counts.of(SOUGHT, k, labels[k]) > 0 for k in keys)

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return NEAR not in reasons

    def score(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> int | None:
        _, matters = state.filtering
        if not matters:
            return None
        return sum(state.counts.of(LIKED, key, value) for key, value in node.labels.items())

    def normalize(self, score: int, low: int, high: int) -> int:
        return int(MAX_SCORE * ((score - low) / (high - low))) if high > low else 0

    def helps(self, pod: PodInfo, event: ClusterEvent, handle: Any) -> bool:
        """A node with the right labels; somebody sought who comes; somebody shunned, or shunning, who goes."""
        if event.resource != ASSIGNED:
            keys = {term.topology_key for term in (*pod.terms.affinity, *pod.terms.anti_affinity)}
            return keys <= (dig(event.object, "metadata", "labels", default={})).keys()
        state = CycleState(handle)
        return _comes(pod, event.new, state) or (event.old is not None and _goes(pod, event.old, state))


def _comes(pod: PodInfo, new: Object | None, state: CycleState) -> bool:
    other = PodInfo(new) if new is not None else None
    terms = pod.terms.affinity
    return bool(terms and other) and all(_matches(t, other, _namespace(other, state)) for t in terms)  # type: ignore[arg-type]


def _goes(pod: PodInfo, old: Object, state: CycleState) -> bool:
    other = PodInfo(old)
    shunned = any(_matches(t, other, _namespace(other, state)) for t in pod.terms.anti_affinity)
    return shunned or any(_matches(t, pod, _namespace(pod, state)) for t in other.terms.anti_affinity)


def _matches(term: Term, pod: PodInfo, spaces: Labels) -> bool:
    return term.matches(pod.namespace, pod.labels, spaces)


def _namespace(pod: PodInfo, state: CycleState) -> Labels:
    """The labels of the pod's namespace."""
    return namespace_labels(state.handle.get("namespaces", pod.namespace), pod.namespace)


def _add(share: dict[Domain, int], what: str, terms: Iterable[Term], node: NodeInfo, amount: int = 1) -> None:
    """Count it in the domain of each term, if the node is in one."""
    for term in terms:
        key = term.topology_key
        if key in node.labels:
            domain = Domain(what, key, node.labels[key])
            share[domain] = share.get(domain, 0) + amount
