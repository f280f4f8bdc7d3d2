"""What plugins may reach of the scheduler: what it knows of the cluster, its client, and a memory.

Kubernetes: kube-scheduler/framework/interface.go (Handle, SharedLister)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k8slearn.api.clock import Clock, Dice
from k8slearn.api.objects import Key, Object, dig, key_of, namespace_of
from k8slearn.client import Client
from k8slearn.machinery.recorder import Recorder
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.snapshot import Snapshot

if TYPE_CHECKING:
    from k8slearn.scheduler.eventhandlers import Listener


class Handle:
    """Reading is free: it is the scheduler's cache. Kinds that it does not hear of have no objects."""

    def __init__(self, scheduler: Listener) -> None:
        self._scheduler = scheduler

    @property
    def client(self) -> Client:
        return self._scheduler.client

    @property
    def clock(self) -> Clock:
        return self._scheduler.clock

    @property
    def dice(self) -> Dice:
        return self._scheduler.dice

    @property
    def events(self) -> Recorder:
        return self._scheduler.events

    @property
    def snapshot(self) -> Snapshot:
        """The nodes, and the pods on them."""
        return self._scheduler.snapshot

    def hears_of(self, resource: str) -> bool:
        return resource in self._scheduler.cache.names

    def get(self, resource: str, key: Key) -> Object | None:
        return self._scheduler.cache.get(resource, key) if self.hears_of(resource) else None

    def list(self, resource: str, namespace: str = "") -> Iterable[Object]:
        return self._scheduler.cache.list(resource, namespace) if self.hears_of(resource) else []

    def memory(self, plugin: str) -> dict[Any, Any]:
        """Where a plugin keeps what it must not forget between two cycles: plain data, in a dict of its own."""
        return self._scheduler.memory.setdefault(plugin, {})

    def nominated_node(self, pod: PodInfo) -> str:
        """The node on which others make room for the pod, or ""."""
        ours = self._scheduler.nominated.get(pod.key)
        return dig(pod.object, "status", "nominatedNodeName", default="") if ours is None else ours

    def nominate(self, pod: PodInfo, node: str) -> None:
        """We say so, until we hear it from the API server. "": it is nominated no longer."""
        self._scheduler.nominated[pod.key] = node
        self.snapshot.nominate(pod, node)


class Imagined(Handle):
    """A world that somebody has thought up, for experiments: a snapshot, and other objects by kind."""

    def __init__(self, snapshot: Snapshot, objects: Mapping[str, Sequence[Object]] | None = None) -> None:
        self._imagined, self._objects = snapshot, objects or {}
        self._memory: dict[str, dict[Any, Any]] = {}

    @property
    def snapshot(self) -> Snapshot:
        return self._imagined

    def hears_of(self, resource: str) -> bool:
        return resource in self._objects

    def get(self, resource: str, key: Key) -> Object | None:
        return next((o for o in self._objects.get(resource, ()) if key_of(o) == key), None)

    def list(self, resource: str, namespace: str = "") -> Iterable[Object]:
        found = self._objects.get(resource, ())
        return [o for o in found if not namespace or namespace_of(o) == namespace]

    def memory(self, plugin: str) -> dict[Any, Any]:
        return self._memory.setdefault(plugin, {})

    def nominated_node(self, pod: PodInfo) -> str:
        return dig(pod.object, "status", "nominatedNodeName", default="")

    def nominate(self, pod: PodInfo, node: str) -> None:
        self.snapshot.nominate(pod, node)
