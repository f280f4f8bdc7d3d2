"""When it comes to nothing: try to do something about it, say why, and wait. And what is remembered of decisions.

Kubernetes: pkg/scheduler/schedule_one.go (handleSchedulingFailure, updatePod)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, dig
from k8slearn.scheduler import messages
from k8slearn.scheduler.binding import Binder, Refused
from k8slearn.scheduler.decision import Decision, record
from k8slearn.scheduler.framework import Nomination, PluginFailed
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.runtime import Framework

DECISIONS = 500  # that are remembered
UNSCHEDULABLE, ERROR = "Unschedulable", "SchedulerError"


class FailureHandler(Binder):
    """Every way in which a pod may have to wait ends here."""

    def setup(self) -> None:
        super().setup()
        self.decisions: dict[Key, Decision] = {}

    def give_up(self, framework: Framework, pod: PodInfo, ranking: Ranking, like: str) -> None:
        """Every node refuses: can something be done about it? If not, the pod waits."""
        after, nominated = self._post_filter(framework, pod, ranking)
        message = messages.unschedulable(ranking.refused, ranking.rejected, after)
        self.remember(pod, ranking, "", message, nominated or "")
        refusers = {r.plugin for r in ranking.refused.values()}
        self._report(pod, message, UNSCHEDULABLE, nominated)
        self.queue.park(pod.key, like, refusers)

    def _post_filter(self, framework: Framework, pod: PodInfo, ranking: Ranking) -> tuple[str, str | None]:
        """(what has come of it, the node for which the pod is nominated; None: as before)"""
        plugins = framework.at("post_filter")
        if not ranking.refused or not plugins:
            return "", ""
        said = [messages.NO_CLAIMS]
        for plugin in plugins:
            try:
                found = plugin.post_filter(pod, ranking, self.handle)
            except Exception as error:
                raise PluginFailed(plugin, "post_filter", error) from error
            if isinstance(found, Nomination):
                return "", found.node
            said.append(found)
        return ", ".join(said), None

    def take_back(self, framework: Framework, pod: PodInfo, refused: Refused) -> None:
        """A plugin had second thoughts about the node; that counts as if it were the only one."""
        node = self.assumed[pod.key]
        self.unassume(framework, pod, node)
        refusal = refused.refusal
        message = messages.unschedulable({node: refusal}, None, "")
        self.remember_node(pod.key, "", message)
        self._report(pod, message, UNSCHEDULABLE, "")
        self.queue.park(pod.key, pod.key, {refusal.plugin})

    def failed(self, framework: Framework, pod: PodInfo, failure: PluginFailed) -> None:
        """A plugin has failed. That is not the pod's fault, so it is tried again after its backoff."""
        if pod.key in self.assumed:
            self.unassume(framework, pod, self.assumed[pod.key])
            self.remember_node(pod.key, "", str(failure))
        else:
            self.remember(pod, Ranking(framework, self.snapshot), "", str(failure))
        self._report(pod, str(failure), ERROR, "")
        self.queue.back_off(pod.key, background=not failure.is_transient)

    def _report(self, pod: PodInfo, message: str, reason: str, nominated: str | None) -> None:
        """Say why the pod waits, in its condition and in an event; and where others make room for it."""
        try:
            self._say_why(pod, message, reason, nominated)
        except NotFound:
            return
        self.events.warning(pod.object, "FailedScheduling", message)

    def _say_why(self, pod: PodInfo, message: str, reason: str, nominated: str | None) -> None:
        conditions = dig(pod.object, "status", "conditions", default=[])
        old = next((c for c in conditions if c["type"] == "PodScheduled"), None)
        since = old["lastTransitionTime"] if old and old["status"] == "False" else timestamp(self.clock.now)
        why = {
            "type": "PodScheduled",
            "observedGeneration": pod.object["metadata"].get("generation", 1),
            "status": "False",
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        status: dict[str, Any] = {}
        if why != old:
            status["conditions"] = [*(c for c in conditions if c is not old), why]
        if nominated is not None and nominated != self.handle.nominated_node(pod):
            self.handle.nominate(pod, nominated)
            status["nominatedNodeName"] = nominated or None
        if status:
            self.client.update_status(pod.object, **status)

    # --- looking ---

    def explain(self, pod: Key) -> Decision | None:
        """The last decision about a pod: per node, per plugin, why not or how good."""
        return self.decisions.get(pod)

    def remember(self, pod: PodInfo, ranking: Ranking, node: str, message: str, nominated: str = "") -> None:
        self.decisions.pop(pod.key, None)
        said = record(pod, ranking, node, message, self.clock.step, self.clock.now)
        self.decisions[pod.key] = said._replace(nominated=nominated) if nominated else said
        if len(self.decisions) > DECISIONS:
            del self.decisions[next(iter(self.decisions))]

    def remember_node(self, key: Key, node: str, message: str) -> None:
        known = self.decisions.get(key)
        if known is not None:
            self.decisions[key] = known._replace(node=node, message=message)
