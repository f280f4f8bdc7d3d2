"""What is there of one resource: objects by key, and the keys in order, so that a part can be found.

A list of one namespace, or a page of a long list, costs what it returns: two bisections find the ends of
the range. Keys are put in their place when somebody asks for the order, for many come at once.

Kubernetes: etcd's mvcc/index.go (treeIndex), and its Range requests.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

from k8slearn.api.objects import Key, Object

FEW = 30  # keys: below that, putting each in its place is faster than sorting all


class Index:
    """Pairs: `set` and `remove`."""

    __slots__ = ("_added", "_keys", "objects")

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self._keys: list[Key] = []  # in order, but without
        self._added: list[Key] = []

    def set(self, key: Key, obj: Object) -> None:
        if key not in self.objects:
            self._added.append(key)
        self.objects[key] = obj

    def remove(self, key: Key) -> None:
        del self.objects[key]
        keys = self.keys()
        del keys[bisect_left(keys, key)]

    def keys(self) -> list[Key]:
        """All keys in order."""
        if len(self._added) > FEW:
            self._keys = sorted(self._keys + self._added)
        else:
            for key in self._added:
                insort(self._keys, key)
        self._added.clear()
        return self._keys

    def range(self, namespace: str = "", after: Key = "") -> list[Key]:
        """The keys of one namespace ("": of all), in order, behind the key `after`."""
        keys = self.keys()
        first, end = 0, len(keys)
        if namespace:
            first, end = (bisect_left(keys, edge) for edge in edges(namespace))
        return keys[max(first, bisect_right(keys, after)) if after else first : end]

    def range_then(self, then: Mapping[Key, Object | None], namespace: str, after: Key) -> list[Key]:
        """The same range at an earlier moment: `then` says what has changed since (None: it was not there)."""
        first, end = edges(namespace) if namespace else ("", chr(0x10FFFF))
        gone = {k for k, obj in then.items() if obj and first <= k < end and k > after}
        return sorted(k for k in gone.union(self.range(namespace, after)) if then.get(k, True))


def edges(namespace: str) -> tuple[Key, Key]:
    """All keys of a namespace lie between these two: ``0`` is the character that follows ``/``."""
    return f"{namespace}/", f"{namespace}0"
