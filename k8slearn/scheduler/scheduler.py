"""One pod, one decision: which nodes will do, which of them is best, bind.

The scheduler is a controller like the others, with the pod without a node as what is and the pod with a
node as what is wanted. Between writing the binding and hearing of it, it *assumes* the pod where it put it,
or the next pod would be promised the same room.

Kubernetes: pkg/scheduler/schedule_one.go; `eventhandlers` and `binding` are the other parts of the scheduler
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting
from k8slearn.api.requests import NotYet
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change
from k8slearn.scheduler.binding import Refused
from k8slearn.scheduler.configuration import read
from k8slearn.scheduler.eventhandlers import Waiting
from k8slearn.scheduler.failure import FailureHandler
from k8slearn.scheduler.framework import PluginFailed
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS, DefaultBinder
from k8slearn.scheduler.profiles import scheduler_of
from k8slearn.scheduler.queue import FIRST_BACKOFF, LONGEST_BACKOFF
from k8slearn.scheduler.ranking import Ranking, choose
from k8slearn.scheduler.runtime import Framework

RANKINGS = 32  # kinds of pods whose rankings are kept


class Scheduler(FailureHandler):
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
        waiting = self.waiting.get(key)
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
            self.take_back(framework, info, refused)
        except PluginFailed as failure:
            self.failed(framework, info, failure)
        except NotYet:  # all this is done once more, when the server has found out what it must know
            self._as_before(framework, info, waiting)
            raise
        return None

    def _as_before(self, framework: Framework, pod: PodInfo, waiting: Waiting | None) -> None:
        if waiting is not None:
            self.waiting[pod.key] = waiting
        elif pod.key in self.assumed:
            self.unassume(framework, pod, self.assumed[pod.key])

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
            self.give_up(framework, pod, ranking, signature or pod.key)
            return None
        self.remember(pod, ranking, node, "")
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
