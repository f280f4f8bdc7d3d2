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
from k8slearn.scheduler.framework import PluginFailed, Refusal, Wait, reasons_of
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.runtime import Framework

TIMED_OUT = "rejected due to timeout after waiting {}s at plugin {}"


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
        self.waiting.pop(pod.key, None)
        self.assumed.pop(pod.key, None)
        self.snapshot.remove_pod(pod.key)
        for plugin in reversed(framework.at("unreserve")):
            plugin.unreserve(pod, node, self.handle)
        gone = {**pod.object, "spec": {**pod.spec, "nodeName": node}}
        self._tell(event(ASSIGNED, gone, None))

    def reserve(self, framework: Framework, pod: PodInfo, node: str) -> Done | None:
        """The first half, which belongs to the decision. Raises Refused, PluginFailed, NotFound."""
        for plugin in framework.at("reserve"):
            said = self._run(plugin, "reserve", pod, node)
            if said is not None:
                raise Refused(plugin, reasons_of(plugin, "reserve", said))
        return self._permit(framework, pod, Waiting(node, self.clock.now, "permit"))

    def go_on(self, framework: Framework, pod: PodInfo) -> Done | None:
        """With a pod that waits. Raises Refused, PluginFailed, NotFound."""
        waiting = self.waiting[pod.key]
        if waiting.stage == "pre_bind":
            return self.bind(framework, pod, waiting.node)
        return self._permit(framework, pod, waiting)

    def _permit(self, framework: Framework, pod: PodInfo, waiting: Waiting) -> Done | None:
        """Everybody must allow it. Nobody has it wait for longer than he said at first."""
        left: list[float] = []
        for plugin in framework.at("permit"):
            said = self._run(plugin, "permit", pod, waiting.node)
            if isinstance(said, Wait):
                left.append(waiting.since + said.seconds - self.clock.now)
                said = TIMED_OUT.format(f"{said.seconds:g}", plugin.name) if left[-1] <= 0 else None
            if said is not None:
                raise Refused(plugin, reasons_of(plugin, "permit", said))
        if not left:
            return self.bind(framework, pod, waiting.node)
        self.waiting[pod.key] = waiting
        return Done(again_in=min(left))

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
        else:
            raise PluginFailed(framework.at("bind")[-1], "bind", "nobody has bound the pod")
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
