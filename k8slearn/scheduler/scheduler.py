"""One pod, one decision: which nodes will do, which of them is best, bind.

The scheduler is a controller like the others, with the pod without a node as what is and the pod with a
node as what is wanted. Between writing the binding and hearing of it, it *assumes* the pod where it put it,
or the next pod would be promised the same room.

Kubernetes: pkg/scheduler/schedule_one.go; `eventhandlers` is the other half of the scheduler
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    is_deleting,
    name_of,
    namespace_of,
)
from k8slearn.machinery import Done
from k8slearn.scheduler import messages, volumebinding
from k8slearn.scheduler.decision import Decision, record
from k8slearn.scheduler.eventhandlers import Listener
from k8slearn.scheduler.framework import Framework, Refusal
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS
from k8slearn.scheduler.ranking import Ranking, choose

RANKINGS = 32  # kinds of pods whose rankings are kept
DECISIONS = 500  # that are remembered


class Scheduler(Listener):
    name = "default-scheduler"
    room = "scheduler"

    def __init__(
        self,
        name: str = "default-scheduler",
        plugins: Sequence[Any] = DEFAULT_PLUGINS,
        *,
        volumes: bool = False,
    ) -> None:
        """`volumes`: pods wait until their claims are bound."""
        self.name = name
        self.framework = Framework(plugins)
        if volumes:
            self.watches = (*self.watches, *volumebinding.WATCHED)

    def setup(self) -> None:
        super().setup()
        self.decisions: dict[Key, Decision] = {}
        self._rankings: dict[str, Ranking] = {}

    # --- one decision ---

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None or key in self.assumed or self.queue.waits(key):
            return None
        if dig(pod, "spec", "nodeName") or is_deleting(pod) or not self.is_mine(pod):
            return None
        self.queue.unschedulable.pop(key, None)
        info = PodInfo(pod)
        problem = volumebinding.problem(self.cache, pod) if self.minds_volumes else ""
        if problem:
            self._refuse(info, problem)
            return None
        signature = self.framework.signature(info)
        ranking = self._ranking(signature)
        ranking.update(info, self.snapshot)
        winners = ranking.winners()
        if winners:
            self._bind(info, choose(winners, info, self.dice), ranking)
        else:
            self._give_up(info, ranking, signature or key)
        return None

    def _ranking(self, signature: str | None) -> Ranking:
        """The ranking that pods with this signature share; the one used last is kept longest."""
        if signature is None:
            return Ranking(self.framework)
        ranking = self._rankings.pop(signature, None) or Ranking(self.framework)
        self._rankings[signature] = ranking
        if len(self._rankings) > RANKINGS:
            del self._rankings[next(iter(self._rankings))]
        return ranking

    def _bind(self, pod: PodInfo, node: str, ranking: Ranking) -> None:
        try:
            self.client.bind(pod.object, node)
        except NotFound:
            return  # deleted meanwhile; a conflict, though, is worth another look
        self.assumed[pod.key] = node
        self.snapshot.add_pod(pod, node)
        message = f"Successfully assigned {namespace_of(pod.object)}/{name_of(pod.object)} to {node}"
        self._remember(pod, ranking, node, message)
        self.events.normal(pod.object, "Scheduled", message)

    def _refuse(self, pod: PodInfo, problem: str) -> None:
        """On every node, for the same reason."""
        ranking = Ranking(self.framework)
        refusal = Refusal("VolumeBinding", (problem,), False)
        ranking.refused = dict.fromkeys(self.snapshot.names, refusal)
        self._give_up(pod, ranking, pod.key, problem)

    def _give_up(self, pod: PodInfo, ranking: Ranking, like: str, problem: str = "") -> None:
        message = messages.unschedulable(pod, ranking.refused, problem)
        self._remember(pod, ranking, "", message)
        try:
            self._say_why(pod.object, message)
        except NotFound:
            return
        self.events.warning(pod.object, "FailedScheduling", message)
        self.queue.park(pod.key, like)

    def _say_why(self, pod: Object, message: str) -> None:
        conditions = dig(pod, "status", "conditions", default=[])
        old = next((c for c in conditions if c["type"] == "PodScheduled"), None)
        since = old["lastTransitionTime"] if old and old["status"] == "False" else timestamp(self.clock.now)
        why = {
            "type": "PodScheduled",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "False",
            "lastTransitionTime": since,
            "reason": "Unschedulable",
            "message": message,
        }
        if why != old:
            self.client.update_status(pod, conditions=[*(c for c in conditions if c is not old), why])

    # --- looking ---

    def explain(self, pod: Key) -> Decision | None:
        """The last decision about a pod: per node, per plugin, why not or how good."""
        return self.decisions.get(pod)

    def _remember(self, pod: PodInfo, ranking: Ranking, node: str, message: str) -> None:
        self.decisions.pop(pod.key, None)
        self.decisions[pod.key] = record(pod, ranking, node, message, self.clock.step, self.clock.now)
        if len(self.decisions) > DECISIONS:
            del self.decisions[next(iter(self.decisions))]

    # --- going back ---

    def soft_state(self) -> dict[str, Any]:
        """Decisions are never edited, so they are shared; what follows from the cache is not saved."""
        return {"assumed": dict(self.assumed), "decisions": dict(self.decisions)}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        self.assumed, self.decisions = dict(saved["assumed"]), dict(saved["decisions"])
        self._snapshot, self._rankings = None, {}
