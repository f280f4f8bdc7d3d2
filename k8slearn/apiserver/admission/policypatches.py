"""What an expression of a mutating policy has made, carried out: fields that shall be so, or a list of patches.

Kubernetes: apiserver/pkg/admission/plugin/policy/mutating/patch (smd.go, json_patch.go)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.api.objects import Object, edit
from k8slearn.api.shapes import Listing, Mapping, Shape, shape_of
from k8slearn.api.structuredmerge import merge, mistakes
from k8slearn.apiserver.admission.mutation import TestFailed, View, operated
from k8slearn.apiserver.admission.plugin import internal


def _applied(view: View, value: Any) -> Object:
    """The fields that shall be so. Raises ValueError."""
    from k8slearn.api.cel.built import OBJECT, Built, misnamed  # loaded where it is spoken

    if not isinstance(value, Built) or value.type_name != OBJECT:
        raise ValueError(f"unsupported return type from ApplyConfiguration expression: {value}")
    _refuse("type mismatch: ", [*misnamed(value)])
    resource, live = view.resource, view.of(view.about.object)
    patch = {**value, "apiVersion": resource.api_version, "kind": resource.kind}
    shape = shape_of(resource)
    wrong = [f"{path}: {what}" if path else what for path, what in mistakes(shape, patch)]
    if wrong:
        listed = wrong[0] if len(wrong) == 1 else "\n  ".join(["errors:", *wrong])
        raise ValueError(f"error applying patch: failed to convert patch object to typed object: {listed}")
    if atomic := [*_atomic(shape, patch)]:
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise ValueError(f"error applying patch: invalid ApplyConfiguration: {why}")
    return view.back(edit(merge(shape, live, patch)))


def _atomic(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Where the patch speaks of something that has one owner: all that it does not say would be lost."""
    shape = shape.of(value)
    if shape.atomic and isinstance(value, (dict, list)):
        yield path
    if isinstance(shape, Mapping) and isinstance(value, dict):
        for name, inner in value.items():
            field = shape.fields.get(name)
            if field is not None:
                yield from _atomic(field, inner, f"{path}.{name}")
    elif isinstance(shape, Listing) and isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _atomic(shape.item, inner, f"{path}[{place}]")


def _patched(view: View, value: Any) -> Object:
    """The patches, one after the other; if a test among them fails, none. Raises ValueError.

    InternalError, whatever the failurePolicy, if what comes out is no object of the kind.
    """
    from k8slearn.api.cel.built import PATCH, Built, misnamed  # loaded where it is spoken

    operations = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Built) or one.type_name != PATCH:
            raise ValueError("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch")
        _refuse("type mismatch: ", [*misnamed(one.get("value"))])
        operations.append({"op": "", "path": "", **{k: v for k, v in one.items() if k != "from" or v}})
    try:
        shown = operated(view.of(view.about.object), operations)
    except TestFailed:
        return view.about.object or {}
    except ValueError as why:
        raise ValueError(f"JSON Patch: {why}") from None
    try:
        return view.back(shown, strict=True)
    except ValueError as why:
        raise internal(str(why)) from None


def _refuse(title: str, wrong: list[str]) -> None:
    if wrong:
        raise ValueError(title + "\n".join(wrong))


PATCHES: dict[str, tuple[str, Callable[[View, Any], Object]]] = {
    "ApplyConfiguration": ("applyConfiguration", _applied),
    "JSONPatch": ("jsonPatch", _patched),
}
