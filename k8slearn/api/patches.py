"""Two ways to say what should change: JSON merge patch and JSON patch.

A patch is applied by the server to what is stored, so the sender does not need to have read it.

Kubernetes: apiserver/pkg/endpoints/handlers/patch.go. Sources: RFC 7386 (merge), RFC 6902 (JSON patch).
"""

from __future__ import annotations

import json
from typing import Any

from k8slearn.api.errors import ApiError, BadRequest
from k8slearn.api.objects import Object, edit


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

    if not isinstance(operations, list):
        raise _undecodable(operations, "jsonpatch.Patch")
    try:
        return jsonpatch.JsonPatch(operations).apply(edit(target))
    except jsonpatch.JsonPatchTestFailed as error:
        raise UnprocessablePatch(
            f"the server rejected our request due to an error in our request: {error}"
        ) from None
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise UnprocessablePatch(
            f"the server rejected our request due to an error in our request: {error}"
        ) from None


class UnprocessablePatch(ApiError):
    """A well-formed patch that cannot be applied to this object. Its reason is Invalid, as in 422."""

    code, reason = 422, "Invalid"


def apply_patch(target: Object, patch: Any, patch_type: str) -> Object:
    """`target` with `patch` applied; `patch_type` is "merge" or "json"."""
    if patch_type == "merge":
        if not isinstance(patch, dict):
            raise _undecodable(patch, "map[string]interface {}")
        return merge(target, patch)
    if patch_type == "json":
        return json_patch(target, patch)
    raise BadRequest(f'unknown patch type "{patch_type}": use "merge" or "json"')


def _undecodable(patch: Any, wanted: str) -> BadRequest:
    kind = json_kind(patch)
    return BadRequest(f"error decoding patch: json: cannot unmarshal {kind} into Go value of type {wanted}")


def json_kind(value: Any) -> str:
    """How Go's JSON decoder names a value: array, string, number ..."""
    return {"[": "array", '"': "string", "{": "object", "t": "bool", "f": "bool", "n": "null"}.get(
        json.dumps(value)[0], "number"
    )
