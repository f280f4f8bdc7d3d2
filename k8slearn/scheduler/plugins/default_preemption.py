"""No node will do: have pods of lower priority leave one, so that it will do in a while.

The pod is only *nominated* to that node. Whoever is quicker gets the room, and the pod itself may go elsewhere.

Kubernetes: pkg/scheduler/framework/plugins/defaultpreemption, framework/preemption
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import dig, is_deleting, uid_of
from k8slearn.scheduler import messages
from k8slearn.scheduler.framework import Nomination, Plugin, Refusal
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.preemption import Candidate, best, victims_on
from k8slearn.scheduler.ranking import Ranking

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
BUDGETS = "poddisruptionbudgets"


class DefaultPreemption(Plugin):
    name = "DefaultPreemption"
    watches = (BUDGETS,)
    events = ()  # it is for others to say when the pod is to be tried again

    def __init__(
        self, min_candidate_nodes_percentage: int = 10, min_candidate_nodes_absolute: int = 100
    ) -> None:
        """It is enough to have found so many nodes where it would work."""
        self.percentage, self.absolute = min_candidate_nodes_percentage, min_candidate_nodes_absolute

    def post_filter(self, pod: PodInfo, ranking: Ranking, handle: Handle) -> Nomination | str:
        reason = self._not_eligible(pod, ranking, handle)
        if reason:
            return f"preemption: {reason}"
        candidates, refused = self._candidates(pod, ranking, handle)
        if not candidates:
            text = messages.available(len(refused), messages.counted(refused.values()))
            return f"preemption: {text}"
        chosen = best(candidates, handle.clock.now)
        for victim in chosen.victims:
            self._evict(victim, pod, chosen.node, handle)
        self._overtake(pod, chosen.node, handle)
        return Nomination(chosen.node)

    def _not_eligible(self, pod: PodInfo, ranking: Ranking, handle: Handle) -> str:
        """Who does not want to, or has done so already and sees them leave."""
        if pod.spec.get("preemptionPolicy") == "Never":
            return NEVER
        node = handle.snapshot.get(handle.nominated_node(pod))
        refusal = ranking.refused.get(node.name) if node is not None else None
        if node is None or refusal is None or not refusal.preemption_may_help:
            return ""
        lesser = (p for p in node.pods.values() if p.priority < pod.priority)
        return TERMINATING if any(_leaves_for_another(p, handle) for p in lesser) else ""

    def _candidates(
        self, pod: PodInfo, ranking: Ranking, handle: Handle
    ) -> tuple[list[Candidate], dict[str, Refusal]]:
        """Nodes where it would work; and of all others, why not. Beginning somewhere, until there are enough."""
        refused = {n: Refusal(self.name, (NOT_HELPFUL,), False) for n in ranking.refused}
        possible = sorted(n for n, r in ranking.refused.items() if r.preemption_may_help)
        budgets, found = list(handle.list(BUDGETS)), []
        enough = max(len(possible) * self.percentage // 100, self.absolute)
        first = handle.dice.below(len(possible), "preemption", uid_of(pod.object)) if possible else 0
        for name in (*possible[first:], *possible[:first]):
            node = handle.snapshot.nodes[name]
            said = victims_on(pod, node, ranking, budgets, handle.clock.now)
            if isinstance(said, Refusal):
                refused[name] = said
            else:
                found.append(said)
            if len(found) >= enough and not all(c.violations for c in found):
                break
        return found, refused

    def _evict(self, victim: PodInfo, pod: PodInfo, node: str, handle: Handle) -> None:
        known = handle.get("pods", victim.key)
        if known is None or is_deleting(known):
            return
        others = [
            c for c in dig(known, "status", "conditions", default=[]) if c["type"] != "DisruptionTarget"
        ]
        scheduler = pod.spec.get("schedulerName") or "default-scheduler"
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "observedGeneration": known["metadata"].get("generation", 1),
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": timestamp(handle.clock.now),
        }
        try:
            handle.client.patch_status(known, patch={"conditions": [*others, condition]})
            handle.client.delete(known)
        except NotFound:
            return
        handle.events.normal(known, "Preempted", f"Preempted by pod {uid_of(pod.object)} on node {node}")

    def _overtake(self, pod: PodInfo, node: str, handle: Handle) -> None:
        """Those of lower priority that were nominated to this node are to look elsewhere."""
        for other in list(handle.snapshot.nominated.get(node, {}).values()):
            if other.priority < pod.priority:
                handle.snapshot.withdraw(other.key)
                handle.client.patch_status(other.object, patch={"nominatedNodeName": None})


def _leaves_for_another(pod: PodInfo, handle: Handle) -> bool:
    known = handle.get("pods", pod.key)
    if known is None or not is_deleting(known):
        return False
    conditions = dig(known, "status", "conditions", default=[])
    mark = ("DisruptionTarget", "True", "PreemptionByScheduler")
    return any((c["type"], c["status"], c.get("reason")) == mark for c in conditions)
