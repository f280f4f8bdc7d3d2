"""Objects are plain data: exactly the YAML a learner sees. Start reading here.

An object that has reached the store is *frozen*: the store, every watch and every cache share one
and the same dict, so it refuses to be edited (`Frozen`). Who wants to change something takes a copy
first (`edit`), changes that, and sends it to the API server.

Kubernetes: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (ObjectMeta, OwnerReference)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

Object = dict[str, Any]
Key = str  # "namespace/name", or "name" for cluster-scoped kinds


class SharedObjectError(TypeError):
    """Somebody tried to edit an object that others are reading."""


def _refuse(self: Any, *_: Any, **__: Any) -> NoReturn:
    raise SharedObjectError(
        "this object is shared with the store and every cache, so it cannot be edited in place; "
        "take a copy first: obj = k8slearn.api.edit(obj)"
    )


class FrozenDict(dict[str, Any]):
    """A dict that refuses edits. (client-go shares cached objects too, but only asks you not to.)"""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> Object:
        return edit(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (freeze, (edit(self),))


class FrozenList(list[Any]):
    """A list that refuses edits."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return edit(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (freeze, (edit(self),))


def freeze(value: Any) -> Any:
    """The same data, safe to share. Parts that are frozen already are shared, not copied."""
    kind = type(value)
    if kind is dict:
        return FrozenDict({k: v if type(v) is str else freeze(v) for k, v in value.items()})
    if kind is list:
        return FrozenList([freeze(v) for v in value])
    return value


def edit(value: Any) -> Any:
    """A private copy that may be changed. Kubernetes: DeepCopy()."""
    if isinstance(value, dict):
        return {k: v if type(v) is str else edit(v) for k, v in value.items()}
    if isinstance(value, list):
        return [edit(v) for v in value]
    return value


def thawed(value: Any) -> Any:
    """Something that may be changed: a copy if it is shared, else the thing itself."""
    return edit(value) if isinstance(value, (FrozenDict, FrozenList)) else value


# --- names -----------------------------------------------------------------------------------


def meta(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj.get("metadata") or {}


def name_of(obj: Mapping[str, Any]) -> str:
    return meta(obj).get("name", "")


def namespace_of(obj: Mapping[str, Any]) -> str:
    """The namespace, or "" for cluster-scoped objects."""
    return meta(obj).get("namespace", "")


def make_key(namespace: str, name: str) -> Key:
    return f"{namespace}/{name}" if namespace else name


def key_of(obj: Mapping[str, Any]) -> Key:
    """``namespace/name``, or ``name``: what travels through work queues."""
    m = obj["metadata"]
    namespace = m.get("namespace")
    return f"{namespace}/{m['name']}" if namespace else m["name"]


def split_key(key: Key) -> tuple[str, str]:
    """(namespace, name); the namespace of a cluster-scoped key is ""."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def uid_of(obj: Mapping[str, Any]) -> str:
    return meta(obj).get("uid", "")


def revision_of(obj: Mapping[str, Any]) -> int:
    """resourceVersion as the number it is. Clients may compare it since v1.35 (KEP-5504)."""
    return int(meta(obj).get("resourceVersion") or 0)


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return meta(obj).get("annotations") or {}


def is_deleting(obj: Mapping[str, Any]) -> bool:
    """Deletion was asked for, and somebody's finalizer or a grace period still holds it."""
    return "deletionTimestamp" in (obj.get("metadata") or {})


def dig(obj: Any, *path: str | int, default: Any = None) -> Any:
    """``dig(pod, "spec", "containers", 0, "image")``: the value there, or `default`."""
    for step in path:
        try:
            obj = obj[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if obj is None else obj


# --- owners ----------------------------------------------------------------------------------


def owner_reference(owner: Mapping[str, Any], *, controller: bool = True) -> Object:
    """What a child carries in metadata.ownerReferences to say whose it is."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    reference |= {"name": name_of(owner), "uid": uid_of(owner)}
    if controller:
        return {**reference, "controller": True, "blockOwnerDeletion": True}
    return reference


def owners_of(obj: Mapping[str, Any]) -> list[Object]:
    return meta(obj).get("ownerReferences") or []


def controller_of(obj: Mapping[str, Any]) -> Object | None:
    """The one owner reference with ``controller: true``, or None. Kubernetes: metav1.GetControllerOf."""
    return next((o for o in owners_of(obj) if o.get("controller")), None)


def is_controlled_by(obj: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid_of(owner)


def oldest_first(objects: Iterable[Object]) -> list[Object]:
    return sorted(objects, key=lambda o: (meta(o).get("creationTimestamp", ""), key_of(o)))
