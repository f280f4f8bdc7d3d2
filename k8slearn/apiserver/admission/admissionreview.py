"""The question that an admission webhook is asked, and what its answer means: the two halves of an AdmissionReview.

The same question always carries the same uid, so that it may be asked again, and an old answer still fits.

Kubernetes: apiserver/pkg/admission/plugin/webhook/request/admissionreview.go; k8s.io/api/admission/v1
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.jsonbody import decode_json
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.patches import json_kind
from k8slearn.api.resources import SUBRESOURCES
from k8slearn.api.users import User
from k8slearn.apiserver.admission.matching import Asked

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write

GROUP = "admission.k8s.io"
SPOKEN = ("v1", "v1beta1")
OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
#: What of a request's options is shown, for all operations but DELETE, whose options are its own.
OF_WRITES = frozenset(["dryRun", "fieldManager", "fieldValidation"])


# --- the question ----------------------------------------------------------------------------


def question(
    write: Write, asked: Asked, meant: Resource, obj: Object | None, old: Object | None, uid: str = ""
) -> Object:
    """An AdmissionRequest about `obj` and `old`, which are of the version `meant`."""
    request = write.request
    return {
        "uid": uid,
        "kind": kind_of(meant, asked.subresource),
        "resource": _resource(meant),
        **_filled(subResource=asked.subresource),
        "requestKind": kind_of(asked.resource, asked.subresource),
        "requestResource": _resource(asked.resource),
        **_filled(requestSubResource=asked.subresource, name=asked.name, namespace=asked.namespace),
        "operation": asked.operation,
        "userInfo": user_info(request.user),
        "object": obj,
        "oldObject": old,
        "dryRun": bool(request.options.get("dryRun")),
        "options": _options(asked.operation, request.options),
    }


def kind_of(resource: Resource, subresource: str = "") -> dict[str, str]:
    """group, version and kind of what is written: a Scale, at ``deployments/web/scale``."""
    if subresource and SUBRESOURCES[subresource].kind:
        part = resource.subresource(subresource)
        return {"group": part.group, "version": part.version or "v1", "kind": part.kind}
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _resource(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def user_info(user: User) -> Object:
    groups, extra = [*user.groups], {key: [*values] for key, values in user.extra}
    return _filled(username=user.name, uid=user.uid, groups=groups, extra=extra)


def _filled(**fields: Any) -> Object:
    return {name: value for name, value in fields.items() if value}


def _options(operation: str, options: dict[str, Any]) -> Object:
    shown = {k: v for k, v in options.items() if operation == "DELETE" or k in OF_WRITES}
    if rehearsal := shown.pop("dryRun", None):
        shown["dryRun"] = rehearsal if isinstance(rehearsal, list) else ["All"]
    return {"kind": OPTIONS[operation], "apiVersion": "meta.k8s.io/v1", **shown}


def spoken(versions: Iterable[str]) -> str:
    """The first of the webhook's versions of AdmissionReview that we speak, too; "" if there is none."""
    return next((version for version in versions if version in SPOKEN), "")


def encode(request: Object, version: str) -> bytes:
    """The AdmissionReview of a question, as it is sent."""
    review = {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request}
    return json.dumps(review, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


# --- the answer ------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """What the webhook has decided. `patch` is JSON, b"" when there is none; `status` is {} when nothing is said."""

    allowed: bool
    status: Object
    warnings: list[str]
    patch: bytes = b""
    patch_type: str = ""


class Nonsense(ValueError):
    """It is no answer to what was asked. The text says why."""


def decode(body: bytes) -> Object:
    """An answer's AdmissionReview, its types checked. Raises ValueError in the words of Go's decoder."""
    try:
        review, _ = decode_json(body)
    except ValueError as error:
        what = f"json parse error: {error}"
        raise ValueError(f"couldn't get version/kind; {what}") from None
    if not isinstance(review, dict):
        raise ValueError(
            "couldn't get version/kind; json parse error: json: cannot unmarshal "
            f"{json_kind(review)} into Go value of type struct"
        )
    _check_types(review)
    return review


#: Field of the response -> the type it must have, and what Go calls it.
TYPES: dict[str, tuple[type, str]] = {
    "uid": (str, "types.UID"),
    "allowed": (bool, "bool"),
    "status": (dict, "v1.Status"),
    "patch": (str, "[]uint8"),
    "patchType": (str, "v1.PatchType"),
    "auditAnnotations": (dict, "map[string]string"),
    "warnings": (list, "[]string"),
}


def _check_types(review: Object) -> None:
    response = review.get("response")
    if response is None:
        return
    if not isinstance(response, dict):
        raise ValueError(_mismatch(response, "AdmissionReview.response", "v1.AdmissionResponse"))
    for field, (wanted, title) in TYPES.items():
        value = response.get(field)
        if value is not None and not isinstance(value, wanted):
            raise ValueError(_mismatch(value, f"AdmissionResponse.response.{field}", title))
    for warning in response.get("warnings") or ():
        if not isinstance(warning, str):
            raise ValueError(_mismatch(warning, "AdmissionResponse.response.warnings", "string"))


def _mismatch(value: Any, field: str, title: str) -> str:
    return f"json: cannot unmarshal {json_kind(value)} into Go struct field {field} of type {title}"


def verdict(review: Object, uid: str, version: str, *, mutating: bool) -> Verdict:
    """Raises Nonsense, or ValueError when the patch is no base64. (v1beta1 was less strict.)"""
    response = review.get("response")
    if response is None:
        raise Nonsense("webhook response was absent")
    if version == "v1":
        _check_v1(review, response, uid, mutating)
    patch_type = response.get("patchType") or ("JSONPatch" if response.get("patch") else "")
    patch = _decoded(response.get("patch") or "") if mutating else b""
    warnings = response.get("warnings") or []
    return Verdict(bool(response.get("allowed")), response.get("status") or {}, warnings, patch, patch_type)


def _check_v1(review: Object, response: Object, uid: str, mutating: bool) -> None:
    if response.get("uid", "") != uid:
        raise Nonsense(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    sent = f"{review.get('apiVersion') or '/'}, Kind={review.get('kind') or ''}"
    if sent != (wanted := f"{GROUP}/v1, Kind=AdmissionReview"):
        raise Nonsense(f"expected webhook response of {wanted}, got {sent}")
    patch, patch_type = response.get("patch"), response.get("patchType")
    if mutating:
        if patch and patch_type is None:
            raise Nonsense("webhook returned response.patch but not response.patchType")
        if not patch and patch_type is not None:
            raise Nonsense("webhook returned response.patchType but not response.patch")
        if patch_type == "":
            raise Nonsense('webhook returned invalid response.patchType of ""')
    elif patch or patch_type is not None:
        raise Nonsense(f"validating webhook may not return response.{'patch' if patch else 'patchType'}")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        at = next((i for i, letter in enumerate(text) if letter not in _BASE64), len(text))
        raise ValueError(f"illegal base64 data at input byte {at}") from None


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
