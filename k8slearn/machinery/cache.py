"""What a component believes: the objects its informers have told it about. Possibly stale.

Reading it is free and costs no request, and what it says was true a moment ago. Objects in it are shared
and refuse to be edited (`k8slearn.api.edit` gives a copy).

Kubernetes: client-go/tools/cache (thread_safe_store.go, index.go); the listers.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from k8slearn.api.objects import (
    Key,
    Object,
    controller_of,
    dig,
    is_controlled_by,
    labels_of,
    namespace_of,
    uid_of,
)
from k8slearn.api.selectors import LabelSelector


def by_owner(obj: Object) -> str | None:
    owner = controller_of(obj)
    return owner["uid"] if owner else None


def orphan_in(obj: Object) -> str | None:
    """The namespace of an object that nobody controls."""
    return namespace_of(obj) if controller_of(obj) is None else None


def by_node(obj: Object) -> str | None:
    return dig(obj, "spec", "nodeName")


IndexFunc = Callable[[Object], str | None]

#: The questions that would otherwise mean looking at every object.
INDEXES: dict[str, IndexFunc] = {
    "owner": by_owner,
    "orphan": orphan_in,
    "namespace": namespace_of,
    "node": by_node,
    "uid": uid_of,
}


class Index:
    """value -> the keys of the objects that have it. Kubernetes: cache.Indexer"""

    def __init__(self, value_of: IndexFunc, objects: dict[Key, Object]) -> None:
        self.value_of = value_of
        self.keys: dict[str, dict[Key, None]] = {}
        for key, obj in objects.items():
            self.move(key, None, obj)

    def copy(self) -> Index:
        same = Index(self.value_of, {})
        same.keys = {value: dict(keys) for value, keys in self.keys.items()}
        return same

    def move(self, key: Key, old: Object | None, new: Object | None) -> None:
        was = self.value_of(old) if old is not None else None
        now = self.value_of(new) if new is not None else None
        if was == now:
            return
        if was is not None:
            self.keys[was].pop(key, None)
            if not self.keys[was]:
                del self.keys[was]
        if now is not None:
            self.keys.setdefault(now, {})[key] = None


class Cache:
    """One component's objects, by resource and key.

    `names`: what the component calls a resource -> its full name (podsets -> podsets.example.com).
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names = {**(names or {}), **{full: full for full in (names or {}).values()}}
        self.objects: dict[str, dict[Key, Object]] = {}
        self._indexes: dict[tuple[str, str], Index] = {}

    def get(self, resource: str, key: Key) -> Object | None:
        """The object as last heard of, or None. Shared: do not edit."""
        return self.objects.get(self._full(resource), {}).get(key)

    def list(self, resource: str, namespace: str = "", labels: LabelSelector | None = None) -> list[Object]:
        """Objects of a resource (in a namespace, with these labels), in the order they were heard of."""
        if namespace:
            found: Iterable[Object] = self.by("namespace", resource, namespace)
        else:
            found = self.objects.get(self._full(resource), {}).values()
        return [o for o in found if labels is None or labels.matches(labels_of(o))]

    def owned_by(self, owner: Object, resource: str) -> builtins.list[Object]:
        """The objects whose controller is `owner`."""
        return self.by("owner", resource, uid_of(owner))

    def by(self, index: str, resource: str, value: str) -> builtins.list[Object]:
        """The objects that have `value` in one of the INDEXES."""
        resource = self._full(resource)
        objects = self.objects.get(resource, {})
        return [objects[key] for key in self._index(index, resource).keys.get(value, ())]

    def owner_of(self, obj: Object, resource: str) -> Object | None:
        """The object of `resource` that controls `obj`, if it is known and really is the one."""
        reference = controller_of(obj)
        if reference is None:
            return None
        namespace = namespace_of(obj)
        key = f"{namespace}/{reference['name']}" if namespace else reference["name"]
        owner = self.get(resource, key) or self.get(resource, reference["name"])
        return owner if owner is not None and is_controlled_by(obj, owner) else None

    def _full(self, resource: str) -> str:
        try:
            return self.names[resource]
        except KeyError:
            watched = ", ".join(dict.fromkeys(self.names.values()))
            raise LookupError(
                f'this cache is never told about "{resource}": name it in primary, owns or watches '
                f"(it is told about {watched or 'nothing'})"
            ) from None

    # --- written by informers only ---

    def put(self, resource: str, key: Key, obj: Object | None) -> Object | None:
        """Remember `obj` (None: forget it); returns what was known before."""
        objects = self.objects.setdefault(resource, {})
        old = objects.get(key)
        if obj is None:
            objects.pop(key, None)
        else:
            objects[key] = obj
        for name in INDEXES:
            index = self._indexes.get((name, resource))
            if index:
                index.move(key, old, obj)
        return old

    def _index(self, name: str, resource: str) -> Index:
        """Built when first asked for, then kept up to date."""
        index = self._indexes.get((name, resource))
        if index is None:
            index = Index(INDEXES[name], self.objects.get(resource, {}))
            self._indexes[name, resource] = index
        return index

    # --- going back ---

    def save(self) -> dict[str, Any]:
        """The objects and the indexes: rebuilt ones would answer in another order."""
        return {
            "objects": {resource: dict(objects) for resource, objects in self.objects.items()},
            "indexes": {which: index.copy() for which, index in self._indexes.items()},
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.objects = {resource: dict(objects) for resource, objects in saved["objects"].items()}
        self._indexes = {which: index.copy() for which, index in saved["indexes"].items()}
