"""Pods that send requests themselves: a load generator is a pod like any other.

What a container asks stands in its program (`k8slearn.node.programs`): an endless loop around wget or curl, or the
image k8slearn/load. Its requests come in by the machine on which it runs, whose router is started when the first one
needs it: a large cluster, in which nobody asks anything, does not keep the rules of a thousand machines up to date.

Kubernetes: nothing for the pods; the routers are the DaemonSet kube-proxy, on every machine
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from k8slearn.api.objects import Key, Object, dig, key_of
from k8slearn.machinery import Around, Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.node import Kubelet
from k8slearn.node.life import NEW, Run
from k8slearn.node.programs import program
from k8slearn.traffic.crowd import Crowd
from k8slearn.traffic.listening import running
from k8slearn.traffic.router import ServiceRouter


class Askers(Controller):
    """Knows which pods ask, and sees to it that there is a router where they do."""

    name = "askers"
    room = "node"
    primary = "pods"
    starts_others = True

    def setup(self) -> None:
        self.asking: dict[Key, str] = {}  # pod -> its machine

    def keys_for(self, change: Change) -> Iterable[Key]:
        return [key_of(change.object)] if asks(change.object) else []

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        node = dig(pod, "spec", "nodeName", default="")
        if not node:
            self.asking.pop(key, None)
            return None
        self.asking[key] = node
        if f"service-router/{node}" not in self.host.players():
            self.host.start(partial(ServiceRouter, node))
        return None


def asks(pod: Object) -> bool:
    return any(program(container).asks for container in pod["spec"]["containers"])


def crowds(around: Around, now: float) -> Iterator[Crowd]:
    """One for each container that asks and runs, and each of those that it asks. The first request is sent at `now`
    or later."""
    askers = around.players.get(Askers.name)
    if not isinstance(askers, Askers):
        return
    for key, node in askers.asking.items():
        kubelet = around.players.get(f"kubelet/{node}")
        routed = f"service-router/{node}" in around.players
        if routed and isinstance(kubelet, Kubelet) and not kubelet.is_off:
            run = running(kubelet, key, around.objects("pods", key))
            if run is not None:
                yield from _crowds(key, node, run, now)


def _crowds(key: Key, node: str, run: Run, now: float) -> Iterator[Crowd]:
    namespace = key.partition("/")[0]
    for spec in run.latest["spec"]["containers"]:
        p, status = program(spec), run.containers.get(spec["name"])
        if not p.asks or "running" not in dig(status, "state", default=()):
            continue
        begins = max(run.lives.get(spec["name"], NEW).started + p.starts_in, now)
        for url in p.asks:
            name = f"{key} {spec['name']} {dig(status, 'restartCount', default=0)} {url}"
            yield Crowd(name, url, ((begins, p.rate),), clients=1, by=(node,), namespace=namespace)
