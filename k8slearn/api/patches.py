"""Four ways to say what should change. Three are here: JSON patch, merge patch and strategic merge patch.

A patch is applied by the server to what is stored, so the sender does not need to have read it. The fourth way,
server-side apply, also remembers who said what: `apiserver/apply.py`.

Kubernetes: apiserver/pkg/endpoints/handlers/patch.go. Sources: RFC 7386 (merge), RFC 6902 (JSON patch).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from k8slearn.api import gotext
from k8slearn.api.errors import (
    ApiError,
    BadRequest,
    FieldError,
    Invalid,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    forbidden,
    invalid,
    invalid_object,
    required,
)
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit
from k8slearn.api.shapes import shape_of
from k8slearn.api.strategicmerge import strategic_merge

MOST_OPERATIONS = 10_000


def check_options(options: dict[str, Any]) -> None:
    """The rules for options that only patches have. Raises Invalid."""
    broken = [*_broken_rules(options)]
    if broken:
        raise invalid_object("PatchOptions", "meta.k8s.io", "", broken)


def _broken_rules(options: dict[str, Any]) -> Iterator[FieldError]:
    if options.get("patchType") == "apply":
        if not options.get("fieldManager"):
            yield required("fieldManager", "is required for apply patch")
    elif "force" in options:
        yield forbidden("force", "may not be specified for non-apply patch")


def apply_patch(target: Object, patch: Any, patch_type: str, resource: Resource | None = None) -> Object:
    """`target` with `patch` applied; `patch_type` is "json", "merge" or "strategic" (which needs the `resource`)."""
    if patch is None:
        if patch_type == "merge":
            raise BadRequest("Invalid JSON Patch")
        return target
    if patch_type == "json":
        return json_patch(target, patch)
    if patch_type == "merge":
        return merge(target, as_object(patch, "error decoding patch: "))
    if patch_type == "strategic" and resource is not None and resource.builtin:
        return strategic_merge(shape_of(resource), target, as_object(patch))
    raise UnsupportedMediaType("415: Unsupported Media Type", details={})


def as_object(patch: Any, prefix: str = "") -> Object:
    """A patch that has to be an object."""
    if not isinstance(patch, dict):
        raise BadRequest(prefix + _cannot_unmarshal(patch, "map[string]interface {}"))
    return patch


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch: maps are merged, null deletes, everything else (lists too!) replaces."""
    if not isinstance(patch, dict):
        return edit(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(target: Object, operations: Any) -> Object:
    """A list of operations: ``[{"op": "replace", "path": "/spec/replicas", "value": 3}]``."""
    import jsonpatch  # 10 ms that most programs never need
    import jsonpointer

    _check_operations(operations)
    try:
        found = jsonpatch.JsonPatch(operations).apply(edit(target))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, LookupError):
        raise unprocessable() from None
    if not isinstance(found, dict):
        raise rejected(found, _cannot_unmarshal(found, "map[string]interface {}"))
    return found


def _check_operations(operations: Any) -> None:
    if not isinstance(operations, list):
        raise BadRequest("error decoding patch: " + _cannot_unmarshal(operations, "[]handlers.jsonPatchOp"))
    for operation in operations:
        if not isinstance(operation, dict):
            raise BadRequest("error decoding patch: " + _cannot_unmarshal(operation, "handlers.jsonPatchOp"))
        for name in ("op", "path", "from"):
            if not isinstance(operation.get(name, ""), str):
                where = f"Go struct field jsonPatchOp.{name} of type string"
                what = json_kind(operation[name])
                raise BadRequest(f"error decoding patch: json: cannot unmarshal {what} into {where}")
    if len(operations) > MOST_OPERATIONS:
        raise RequestEntityTooLarge(
            "Request entity too large: The allowed maximum operations in a JSON patch is"
            f" {MOST_OPERATIONS}, got {len(operations)}"
        )


def unprocessable() -> Invalid:
    """The 422 for a patch that does not fit this object. Kubernetes keeps the details to itself."""
    return Invalid("the server rejected our request due to an error in our request", details={})


def rejected(patched: Any, why: str, patch: str | None = None) -> Invalid:
    """The 422 for a patch whose result cannot be decoded: wrong types, or unknown fields where they are refused.

    What was sent is shown as the whole patched object, or as `patch`, where that is given.
    """
    shown = _compact(patched) if patch is None else patch
    return invalid_object("", "", "", [invalid("patch", shown, why)])


def _compact(patched: Any) -> str:
    if isinstance(patched, dict):
        patched = {key: patched[key] for key in sorted(patched)}
    if isinstance(patched, dict) and isinstance(metadata := patched.get("metadata"), dict):
        patched["metadata"] = {**{k: metadata[k] for k in _METADATA if k in metadata}, **metadata}
    return json.dumps(patched, separators=(",", ":"), ensure_ascii=False)


# The order in which Go writes what comes first in metadata.
_METADATA = "name generateName namespace selfLink uid resourceVersion generation creationTimestamp".split()


def undecodable(error: ApiError, patched: Object, patch: Any, patch_type: str) -> ApiError:
    """What a client hears when the patched object could not be decoded, instead of `error`."""
    why = error.message.partition(": ")[2] or error.message
    if patch_type == "strategic":
        return rejected(patched, _as_converted(why), gotext.plain(patch))
    return rejected(patched, why)


_MISMATCH = re.compile(r"json: cannot unmarshal (\w+)(?: \S+)? into Go .*of type (\S+)")
_GO_KINDS = {"array": "slice", "object": "map", "number": "int64"}


def _as_converted(why: str) -> str:
    """A type error in other words: a strategic merge's result is converted, not decoded, and loses its path.

    Kubernetes: apimachinery/pkg/runtime/converter.go
    """
    found = _MISMATCH.fullmatch(why)
    if not found:
        return why
    got, wanted = _GO_KINDS.get(found[1], found[1]), found[2]
    if wanted in ("string", "bool", "int32", "int64", "float64"):
        return f"unrecognized type: {wanted}"
    for prefix, name in (("[]", "slice"), ("map[", "map")):
        if wanted.startswith(prefix):
            return f"cannot restore {name} from {got}"
    return f"cannot restore struct from: {got}"


def _cannot_unmarshal(patch: Any, wanted: str) -> str:
    return f"json: cannot unmarshal {json_kind(patch)} into Go value of type {wanted}"


def json_kind(value: Any) -> str:
    """How Go's JSON decoder names a value: array, string, number ..."""
    return {"[": "array", '"': "string", "{": "object", "t": "bool", "f": "bool", "n": "null"}.get(
        json.dumps(value)[0], "number"
    )
