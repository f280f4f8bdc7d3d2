"""From a decision to a bound pod: assume, reserve, permit, pre-bind, bind.

Kubernetes does most of this beside the next decision, in a goroutine. Here nobody waits: what is not ready yet is
noted down (`waiting`), and the pod's key comes back when something has changed, or when it has taken too long.

Kubernetes: pkg/scheduler/schedule_one.go (assume, bindingCycle, handleBindingCycleError)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, name_of, namespace_of
from k8slearn.machinery import Done
from k8slearn.scheduler.eventhandlers import Listener, Waiting
from k8slearn.scheduler.events import ASSIGNED, event
from k8slearn.scheduler.framework import Framework, PluginFailed, Refusal, Wait, reasons_of
from k8slearn.scheduler.nodeinfo import PodInfo

TIMED_OUT = "timed out waiting on permit"


class Refused(Exception):
    """A plugin has second thoughts about the chosen node."""

    def __init__(self, plugin: Any, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.refusal = Refusal(plugin.name, reasons, False)


class Binder(Listener):
    """Pairs: `assume` and `unassume`."""

    def assume(self, pod: PodInfo, node: str) -> None:
        """From now on the pod takes room there, though nobody has heard of it yet."""
        self.assumed[pod.key] = node
        self.snapshot.add_pod(pod, node)
        self.snapshot.withdraw(pod.key)

    def unassume(self, framework: Framework, pod: PodInfo, node: str) -> None:
        """It has come to nothing. The others hear of it as if a pod had gone."""
        for plugin in reversed(framework.at("unreserve")):
            plugin.unreserve(pod, node, self.handle)
        self.waiting.pop(pod.key, None)
        self.assumed.pop(pod.key, None)
        self.snapshot.remove_pod(pod.key)
        gone = {**pod.object, "spec": {**pod.spec, "nodeName": node}}
        self._tell(event(ASSIGNED, gone, None))

    def reserve(self, framework: Framework, pod: PodInfo, node: str) -> Done | None:
        """The first half, which belongs to the decision. Raises Refused, PluginFailed."""
        for plugin in framework.at("reserve"):
            said = self._run(plugin, "reserve", pod, node)
            if said is not None:
                raise Refused(plugin, reasons_of(plugin, "reserve", said))
        longest: Wait | None = None
        for plugin in framework.at("permit"):
            said = self._run(plugin, "permit", pod, node)
            if isinstance(said, Wait):
                longest = said if longest is None or said.seconds > longest.seconds else longest
            elif said is not None:
                raise Refused(plugin, reasons_of(plugin, "permit", said))
        if longest is not None:
            self.waiting[pod.key] = Waiting(node, self.clock.now, "permit")
            return Done(again_in=longest.seconds)
        return self.bind(framework, pod, node)

    def go_on(self, framework: Framework, pod: PodInfo) -> Done | None:
        """With a pod that waits. Raises Refused, PluginFailed, NotFound."""
        waiting = self.waiting[pod.key]
        if waiting.stage == "pre_bind":
            return self.bind(framework, pod, waiting.node)
        for plugin in framework.at("permit"):  # asked again: has it been long enough, or is it allowed?
            said = self._run(plugin, "permit", pod, waiting.node)
            if isinstance(said, Wait) and self.clock.now < waiting.since + said.seconds:
                return Done(again_in=waiting.since + said.seconds - self.clock.now)
            if said is not None:
                why = TIMED_OUT if isinstance(said, Wait) else said
                raise Refused(plugin, reasons_of(plugin, "permit", why))
        return self.bind(framework, pod, waiting.node)

    def bind(self, framework: Framework, pod: PodInfo, node: str) -> Done | None:
        """The second half. Raises PluginFailed, NotFound."""
        since = self.waiting[pod.key].since if pod.key in self.waiting else self.clock.now
        for plugin in framework.at("pre_bind"):
            said = self._run(plugin, "pre_bind", pod, node)
            if isinstance(said, Wait):
                return self._wait(plugin, pod, Waiting(node, since, "pre_bind"), said)
            if said is not None:
                raise PluginFailed(plugin, "pre_bind", said)
        self.waiting.pop(pod.key, None)
        for plugin in framework.at("bind"):
            if self._run(plugin, "bind", pod, node):
                break
        self._bound(framework, pod, node)
        return None

    def _wait(self, plugin: Any, pod: PodInfo, waiting: Waiting, wait: Wait) -> Done:
        """Meanwhile others may know where it is going."""
        left = waiting.since + wait.seconds - self.clock.now
        if left <= 0:
            raise PluginFailed(plugin, "pre_bind", wait.why)
        if pod.key not in self.waiting:
            self.waiting[pod.key] = waiting
            self.client.patch_status(pod.object, patch={"nominatedNodeName": waiting.node})
        return Done(again_in=left, background=True)

    def _bound(self, framework: Framework, pod: PodInfo, node: str) -> None:
        message = f"Successfully assigned {namespace_of(pod.object)}/{name_of(pod.object)} to {node}"
        self.remember_node(pod.key, node, message)
        self.events.normal(pod.object, "Scheduled", message)
        for plugin in framework.at("post_bind"):
            plugin.post_bind(pod, node, self.handle)

    def remember_node(self, key: Key, node: str, message: str) -> None:
        """The last word about a decision."""

    def _run(self, plugin: Any, point: str, pod: PodInfo, node: str) -> Any:
        try:
            return getattr(plugin, point)(pod, node, self.handle)
        except NotFound:
            raise
        except Exception as error:
            raise PluginFailed(plugin, point, error) from error
