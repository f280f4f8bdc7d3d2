"""What expressions of admission may speak of: the names, and what is known of their types.

Kubernetes: apiserver/pkg/admission/plugin/cel (compile.go, composition.go)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.cel.built import OBJECT, PATCH
from k8slearn.api.cel.expression import CelError, compile  # noqa: A004 (as everywhere in CEL)
from k8slearn.api.cel.types import BOOL, INT, MAKER, PLAIN, TEXT, TEXTS, Schema, Type

Spec = dict[str, Any]


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, PLAIN: True}


def _texts(*names: str) -> dict[str, Schema]:
    return dict.fromkeys(names, TEXT)


_MAP = {"type": "object", "additionalProperties": TEXT}
_TIME = {"type": "string", "format": "date-time"}
_KIND, _RESOURCE = (
    _object(**_texts("group", "version", "kind")),
    _object(**_texts("group", "version", "resource")),
)
_EXTRA = {"type": "object", "additionalProperties": TEXTS}
REQUEST = _object(
    kind=_KIND,
    resource=_RESOURCE,
    requestKind=_KIND,
    requestResource=_RESOURCE,
    **_texts("subResource", "requestSubResource", "name", "namespace", "operation"),
    userInfo=_object(**_texts("username", "uid"), groups=TEXTS, extra=_EXTRA),
    dryRun=BOOL,
    options={},
)
_CONDITION = _object(**_texts("status", "type", "message", "reason"), lastTransitionTime=_TIME)
NAMESPACE = _object(
    metadata=_object(
        **_texts("name", "generateName", "namespace", "UID", "resourceVersion"),
        labels=_MAP,
        annotations=_MAP,
        creationTimestamp=_TIME,
        deletionTimestamp=_TIME,
        deletionGracePeriodSeconds=INT,
        generation=INT,
        finalizers=TEXTS,
    ),
    spec=_object(finalizers=TEXTS),
    status=_object(conditions={"type": "array", "items": _CONDITION}, phase=TEXT),
)
#: For conditions of webhooks; a policy's expressions know some more.
NAMES: dict[str, Type] = {
    "object": None,
    "oldObject": None,
    "request": REQUEST,
    "namespaceObject": NAMESPACE,
    "authorizer": None,
}
MAKERS: dict[str, Type] = {OBJECT: MAKER, PATCH: MAKER}


def policy_names(spec: Spec, variables: list[Spec] | None = None) -> dict[str, Type]:
    """Of a policy: with `params`, if it has a kind of them, and its variables (by default: all).

    A mutating one may make objects and patches, too.
    """
    names = {
        **NAMES,
        **(MAKERS if "mutations" in spec else {}),
        **({"params": None} if spec.get("paramKind") else {}),
    }
    known: dict[str, Type] = {}
    for variable in spec.get("variables") or () if variables is None else variables:
        try:
            kind = compile(variable["expression"], {**names, "variables": _variables(known)}).type
        except CelError:
            kind = None  # who wrote the policy has been told
        known[variable["name"]] = kind
    return {**names, "variables": _variables(known)}


def _variables(known: dict[str, Type]) -> Schema:
    return _object(**{name: kind or {} for name, kind in known.items()})
