"""One pod, one decision: which nodes will do, which of them is best, bind.

The scheduler is a controller like the others, with the pod without a node as what is and the pod with a
node as what is wanted. Between writing the binding and hearing of it, it *assumes* the pod where it put it,
or the next pod would be promised the same room.

Kubernetes: pkg/scheduler/schedule_one.go; `eventhandlers` and `binding` are the other parts of the scheduler
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change
from k8slearn.scheduler import messages
from k8slearn.scheduler.binding import Binder, Refused
from k8slearn.scheduler.configuration import read
from k8slearn.scheduler.decision import Decision, record
from k8slearn.scheduler.eventhandlers import scheduler_of
from k8slearn.scheduler.framework import Framework, Nomination, PluginFailed
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS, DefaultBinder
from k8slearn.scheduler.queue import FIRST_BACKOFF, LONGEST_BACKOFF
from k8slearn.scheduler.ranking import Ranking, choose

RANKINGS = 32  # kinds of pods whose rankings are kept
DECISIONS = 500  # that are remembered
UNSCHEDULABLE, ERROR = "Unschedulable", "SchedulerError"


class Scheduler(Binder):
    name = "default-scheduler"
    room = "scheduler"

    def __init__(
        self,
        name: str = "default-scheduler",
        plugins: Sequence[Any] = DEFAULT_PLUGINS,
        *,
        profiles: Mapping[str, Framework] | None = None,
        watches: Iterable[str] = (),
        backoffs: tuple[float, float] = (FIRST_BACKOFF, LONGEST_BACKOFF),
    ) -> None:
        """`profiles`: by schedulerName, instead of one with `plugins` (see `configuration`).

        `watches`: what it hears of besides pods and nodes. Plugins that would look at anything else are silent.
        """
        self.watches = ("nodes", *watches)
        self.profiles = {
            n: heard(framework, self.watches)
            for n, framework in (profiles or {name: Framework(with_binder(plugins))}).items()
        }
        self.name = next(iter(self.profiles))
        self.backoffs = backoffs

    @classmethod
    def configured(
        cls, config: Mapping[str, Any], plugins: Sequence[Any] = (), *, watches: Iterable[str] = ()
    ) -> Scheduler:
        """From a KubeSchedulerConfiguration, in which `plugins` may be enabled, too. Raises BadConfiguration."""
        profiles, backoffs = read(config, plugins)
        return cls(profiles=profiles, watches=watches, backoffs=backoffs)

    def setup(self) -> None:
        super().setup()
        self.decisions: dict[Key, Decision] = {}
        self._rankings: dict[str, Ranking] = {}

    # --- one decision ---

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None or dig(pod, "spec", "nodeName") or is_deleting(pod):
            self._abandon(key)
            return None
        framework = self.framework_of(pod)
        if framework is None or self.queue.waits(key):
            return None
        info = PodInfo(pod)
        if not self.is_ready(info):
            return None
        self.events.component = scheduler_of(pod)
        try:
            if key in self.waiting:
                return self.go_on(framework, info)
            if key in self.assumed:
                return None
            self.queue.unschedulable.pop(key, None)
            return self._schedule(framework, info)
        except NotFound:
            self._abandon(key)  # deleted meanwhile
        except Refused as refused:
            self._take_back(framework, info, refused)
        except PluginFailed as failure:
            self._failed(framework, info, failure)
        return None

    def _schedule(self, framework: Framework, pod: PodInfo) -> Done | None:
        signature = self._signature(framework, pod)
        ranking = self._ranking(framework, signature)
        try:
            ranking.update(pod)
        except PluginFailed:
            self._rankings.pop(signature or "", None)
            raise
        node = self._choose(ranking, pod)
        if not node:
            self._give_up(framework, pod, ranking, signature or pod.key)
            return None
        self._remember(pod, ranking, node, "")
        self.assume(pod, node)
        return self.reserve(framework, pod, node)

    def _choose(self, ranking: Ranking, pod: PodInfo) -> str:
        """The node on which others have made room for it, if it will do now; else one of the best."""
        nominated = self.handle.nominated_node(pod)
        if nominated in ranking.total:
            return nominated
        winners = ranking.winners()
        return choose(winners, pod, self.dice) if winners else ""

    def _signature(self, framework: Framework, pod: PodInfo) -> str | None:
        """Of pods with the same one all is known if it is known of one of them; None: of nobody else.

        Where some are nominated, alike pods are not all alike: it matters whom one may overtake.
        """
        signature = framework.signature(pod, self.handle)
        if signature is None:
            return None
        signature = f"{scheduler_of(pod.object)} {signature}"
        if not self.snapshot.nominated:
            return signature
        own = pod.key if self.handle.nominated_node(pod) else ""
        return f"{signature} {pod.priority} {own}"

    def _ranking(self, framework: Framework, signature: str | None) -> Ranking:
        """The ranking that pods with this signature share; the one used last is kept longest."""
        if signature is None:
            return Ranking(framework, self.snapshot, self.handle)
        ranking = self._rankings.pop(signature, None)
        self._rankings[signature] = ranking or Ranking(framework, self.snapshot, self.handle)
        if len(self._rankings) > RANKINGS:
            del self._rankings[next(iter(self._rankings))]
        return self._rankings[signature]

    def look_elsewhere(self, change: Change) -> None:
        if change.old is None or change.new is None or _outline(change.old) != _outline(change.new):
            self._rankings.clear()

    def _abandon(self, key: Key) -> None:
        """Nobody has to be placed. If somebody was on the way to a node, that is undone."""
        pod = self.cache.get("pods", key)
        if pod is not None and key in self.assumed and not dig(pod, "spec", "nodeName"):
            self.undo(key, pod)

    def undo(self, key: Key, pod: Object) -> None:
        framework = self.framework_of(pod)
        if framework is not None:
            self.unassume(framework, PodInfo(pod), self.assumed[key])

    # --- when it comes to nothing ---

    def _give_up(self, framework: Framework, pod: PodInfo, ranking: Ranking, like: str) -> None:
        """Every node refuses: can something be done about it? If not, the pod waits."""
        after, nominated = self._post_filter(framework, pod, ranking)
        message = messages.unschedulable(ranking.refused, ranking.rejected, after)
        self._remember(pod, ranking, "", message, nominated or "")
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

    def _take_back(self, framework: Framework, pod: PodInfo, refused: Refused) -> None:
        """A plugin had second thoughts about the node; that counts as if it were the only one."""
        node = self.assumed[pod.key]
        self.unassume(framework, pod, node)
        refusal = refused.refusal
        message = messages.unschedulable({node: refusal}, None, "")
        self.remember_node(pod.key, "", message)
        self._report(pod, message, UNSCHEDULABLE, "")
        self.queue.park(pod.key, pod.key, {refusal.plugin})

    def _failed(self, framework: Framework, pod: PodInfo, failure: PluginFailed) -> None:
        """A plugin has failed. That is not the pod's fault, so it is tried again after its backoff."""
        if pod.key in self.assumed:
            self.unassume(framework, pod, self.assumed[pod.key])
            self.remember_node(pod.key, "", str(failure))
        else:
            self._remember(pod, Ranking(framework, self.snapshot), "", str(failure))
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

    def _remember(self, pod: PodInfo, ranking: Ranking, node: str, message: str, nominated: str = "") -> None:
        self.decisions.pop(pod.key, None)
        said = record(pod, ranking, node, message, self.clock.step, self.clock.now)
        self.decisions[pod.key] = said._replace(nominated=nominated) if nominated else said
        if len(self.decisions) > DECISIONS:
            del self.decisions[next(iter(self.decisions))]

    def remember_node(self, key: Key, node: str, message: str) -> None:
        known = self.decisions.get(key)
        if known is not None:
            self.decisions[key] = known._replace(node=node, message=message)

    # --- going back ---

    SAVED = ("assumed", "waiting", "nominated", "decisions")

    def soft_state(self) -> dict[str, Any]:
        """Decisions are never edited, so they are shared; what follows from the cache is not saved."""
        memory = {plugin: dict(notes) for plugin, notes in self.memory.items()}
        return {**{name: dict(getattr(self, name)) for name in self.SAVED}, "memory": memory}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        for name in self.SAVED:
            setattr(self, name, dict(saved[name]))
        self.memory = {plugin: dict(notes) for plugin, notes in saved["memory"].items()}
        self._snapshot, self._rankings = None, {}


def with_binder(plugins: Sequence[Any]) -> Sequence[Any]:
    """Where nobody binds, the DefaultBinder does."""
    return plugins if any(hasattr(p, "bind") for p in plugins) else (*plugins, DefaultBinder())


def heard(framework: Framework, watches: Iterable[str]) -> Framework:
    """Without the plugins that look at what nobody tells them."""
    known = set(watches)
    kept = [p for p in framework.plugins if known.issuperset(getattr(p, "needs", ()))]
    return framework if len(kept) == len(framework.plugins) else framework.with_plugins(kept)


def _outline(obj: Object) -> Any:
    """What of a service, a ReplicaSet or a namespace rankings may rest on."""
    return dig(obj, "spec", "selector"), dig(obj, "metadata", "labels")
