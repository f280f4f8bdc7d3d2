"""What is there of one resource: objects by key, and the keys in order, so that a part can be found.

A list of one namespace, or a page of a long list, costs what it returns: two bisections find the ends of
the range. A key is found in microseconds among a hundred thousand, and inserting one moves pointers only.

Kubernetes: etcd's mvcc/index.go (treeIndex), and its Range requests.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

from k8slearn.api.objects import Key, Object


class Index:
    """Pairs: `set` and `remove`."""

    __slots__ = ("keys", "objects")

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.keys: list[Key] = []

    def set(self, key: Key, obj: Object) -> None:
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = obj

    def remove(self, key: Key) -> None:
        if self.objects.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def range(self, namespace: str = "", after: Key = "") -> list[Key]:
        """The keys of one namespace ("": of all), in order, behind the key `after`."""
        first, end = 0, len(self.keys)
        if namespace:
            first, end = (bisect_left(self.keys, edge) for edge in edges(namespace))
        return self.keys[max(first, bisect_right(self.keys, after)) if after else first : end]

    def range_then(self, then: Mapping[Key, Object | None], namespace: str, after: Key) -> list[Key]:
        """The same range at an earlier moment: `then` says what has changed since (None: it was not there)."""
        first, end = edges(namespace) if namespace else ("", chr(0x10FFFF))
        gone = {k for k, obj in then.items() if obj and first <= k < end and k > after}
        return sorted(k for k in gone.union(self.range(namespace, after)) if then.get(k, True))


def edges(namespace: str) -> tuple[Key, Key]:
    """All keys of a namespace lie between these two: ``0`` is the character that follows ``/``."""
    return f"{namespace}/", f"{namespace}0"
