"""Who depends on whom, as the garbage collector has heard: by uid, whatever the kinds.

Kubernetes: pkg/controller/garbagecollector (graph.go, graph_builder.go, uid_cache.go)
"""

from __future__ import annotations

from k8slearn.api.objects import Object, owners_of, uid_of
from k8slearn.machinery.informer import Change

REMEMBERED = 500  # owners that are gone. Kubernetes: NewReferenceCache(500)


class OwnerGraph:
    """Its nodes are objects, its edges owner references. A dependent is named by its key in the collector's queue."""

    def __init__(self) -> None:
        self.dependents: dict[str, dict[str, None]] = {}  # uid of an owner -> keys
        self.gone: dict[str, None] = {}  # uids of owners that went while we looked, the latest last

    def note(self, key: str, change: Change) -> None:
        """An object has come, changed or gone."""
        for reference in owners_of(change.old or {}):
            self._drop(reference["uid"], key)
        for reference in owners_of(change.new or {}):
            self.dependents.setdefault(reference["uid"], {})[key] = None
        if change.type == "DELETED":
            self._note_gone(uid_of(change.object))

    def dependents_of(self, owner: Object) -> list[str]:
        return list(self.dependents.get(uid_of(owner), ()))

    def _drop(self, uid: str, key: str) -> None:
        family = self.dependents.get(uid, {})
        family.pop(key, None)
        if not family:
            self.dependents.pop(uid, None)

    def _note_gone(self, uid: str) -> None:
        """Nobody needs to be asked for it, even when its kind is gone, too. Kubernetes: absentOwnerCache"""
        if uid in self.dependents:
            self.gone[uid] = None
        if len(self.gone) > REMEMBERED:
            del self.gone[next(iter(self.gone))]
