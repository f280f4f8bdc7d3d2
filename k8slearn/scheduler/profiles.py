"""Several schedulers in one: whose pod it is, and what the plugins of that profile say of it beforehand.

Kubernetes: pkg/scheduler/profile; the queue's calls of PreEnqueue, Less and QueueingHintFn
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.objects import Object
from k8slearn.machinery import Controller
from k8slearn.scheduler.events import ClusterEvent
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.runtime import Framework


class Profiled(Controller):
    """A controller with plugins, by the schedulerName of pods. Plugins that fail here have no say."""

    WIRING = Controller.WIRING | {"profiles"}

    profiles: dict[str, Framework]

    @property
    def handle(self) -> Handle:
        """What plugins may reach."""
        raise NotImplementedError

    def framework_of(self, pod: Object) -> Framework | None:
        """The plugins that are to place this pod; None: it is somebody else's to place."""
        return self.profiles.get(scheduler_of(pod))

    def is_ready(self, pod: PodInfo) -> bool:
        """Nobody says that it is too early. Who fails to answer does not."""
        for plugin in self.profiles[scheduler_of(pod.object)].at("pre_enqueue"):
            try:
                if plugin.pre_enqueue(pod) is not None:
                    return False
            except Exception:
                continue
        return True

    def sort_key(self, pod: PodInfo) -> float:
        """Who fails to answer, or says what is no number, says nothing."""
        plugin = self.profiles[scheduler_of(pod.object)].first("sort_key")
        try:
            found = plugin.sort_key(pod) if plugin is not None else 0
        except Exception:
            return 0
        return found if isinstance(found, int | float) else 0

    def helped(self, pod: PodInfo, plugins: Iterable[str], event: ClusterEvent) -> bool:
        """Does one of those who have refused the pod say so? Who fails to answer says yes."""
        for plugin in self.profiles[scheduler_of(pod.object)].plugins:
            if plugin.name not in plugins or event.label not in getattr(plugin, "events", (event.label,)):
                continue
            try:
                if not hasattr(plugin, "helps") or plugin.helps(pod, event, self.handle):
                    return True
            except Exception:
                return True
        return not plugins  # nobody has refused it: there was no node at all


def scheduler_of(pod: Object) -> str:
    return pod["spec"].get("schedulerName") or "default-scheduler"
