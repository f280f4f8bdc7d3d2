"""The rules of the other kinds: leases, nodes, priorities, certificates, flow control.

Kubernetes: pkg/apis/{core,coordination,scheduling,node,certificates,flowcontrol}/validation
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.addresses import cidr
from k8slearn.apiserver.validation.ingresses import domain_prefixed_path
from k8slearn.apiserver.validation.metadata import standard_finalizer
from k8slearn.apiserver.validation.scheduling import toleration
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_subdomain,
    labels,
    natural,
    positive,
)
from k8slearn.apiserver.validation.storage import amounts

Spec = dict[str, Any]

# --- leases, nodes --------------------------------------------------------------------------------


def _holder(spec: Spec, path: str) -> Iterable[FieldError]:
    if "preferredHolder" in spec and not spec.get("strategy"):
        yield forbidden(f"{path}.preferredHolder", "may only be specified when `strategy` is defined")
    if spec.get("holderIdentity") == "" and "holderIdentity" in spec:
        yield invalid(f"{path}.holderIdentity", "", "must not be empty")


_LEASE = Shape({"leaseDurationSeconds": positive, "leaseTransitions": natural}, also=(_holder,))
_EFFECTS = OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")


def _taint(taint: Spec, path: str) -> Iterable[FieldError]:
    key = taint.get("key", "")
    yield from (invalid(f"{path}.key", key, problem) for problem in formats.label_key(key))
    yield from Spelt(formats.label_value)(taint.get("value", ""), f"{path}.value")
    effect = taint.get("effect", "")
    yield from _EFFECTS(effect, f"{path}.effect") if effect else [required(f"{path}.effect")]


def _taints(taints: list[Spec], path: str) -> Iterable[FieldError]:
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        yield from _taint(taint, f"{path}[{i}]")
        which = (taint.get("key", ""), taint.get("effect", ""))
        if which in seen:
            value = {"Key": which[0], "Value": taint.get("value", ""), "Effect": which[1]}
            yield duplicate(f"{path}[{i}]", {**value, "TimeAdded": taint.get("timeAdded")})
        seen.add(which)


_NODE = Shape({"taints": _taints, "podCIDRs": Each(cidr)})
_NODE_STATUS = Shape({"capacity": amounts, "allocatable": amounts})

# --- priorities, runtimes -------------------------------------------------------------------------

HIGHEST_PRIORITY = 10**9  # above it is the system's
SYSTEM_CLASSES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}


def _priority_class(found: Object, path: str) -> Iterable[FieldError]:
    value, name = found.get("value", 0), found["metadata"].get("name", "")
    if name.startswith("system-"):
        why = ""
        if name not in SYSTEM_CLASSES:
            why = f"{name} is not a known system priority class"
        elif SYSTEM_CLASSES[name] != value:
            why = f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
        elif found.get("globalDefault"):
            why = f"globalDefault of {name} PriorityClass must be false"
        if why:
            detail = "priority class names with 'system-' prefix are reserved for system use only. error: "
            yield forbidden("metadata.name", detail + why)
    elif value > HIGHEST_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"
        yield forbidden("value", detail)


def _handler(found: Object, path: str) -> Iterable[FieldError]:
    handler = found.get("handler", "")
    return [invalid("handler", handler, problem) for problem in formats.dns_label(handler)]


_RUNTIME = Shape(
    {
        "overhead": Shape({"podFixed": amounts}),
        "scheduling": Shape({"nodeSelector": labels, "tolerations": Each(toleration)}),
    },
    also=(_handler,),
)

# --- certificates ---------------------------------------------------------------------------------

SHORTEST_CERTIFICATE = 600  # seconds


def _request(spec: Spec, path: str) -> Iterable[FieldError]:
    text = b64decode(spec.get("request") or "").decode(errors="replace")
    if "-----BEGIN CERTIFICATE REQUEST-----" not in text:
        value = spec.get("request")
        yield invalid(f"{path}.request", value, "PEM block type must be CERTIFICATE REQUEST")
    if not spec.get("usages"):
        yield required(f"{path}.usages")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < SHORTEST_CERTIFICATE:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        yield invalid(f"{path}.expirationSeconds", seconds, detail)


def _signer(name: str, path: str) -> Iterable[FieldError]:
    if name.count("/") != 1:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        yield invalid(path, name, detail)
    else:
        yield from domain_prefixed_path(name, path)


_CERTIFICATE = Shape({"signerName": _signer}, needs=("signerName",), also=(_request,))

# --- namespaces -----------------------------------------------------------------------------------


def namespace_finalizers(finalizers: list[str], path: str) -> Iterable[FieldError]:
    """What a namespace holds itself with: Kubernetes' own name, or one with a domain."""
    for finalizer in finalizers:
        yield from (invalid(path, finalizer, problem) for problem in formats.label_key(finalizer))
        yield from standard_finalizer(finalizer, path)


# --- flow control ---------------------------------------------------------------------------------


def _precedence(value: int, path: str) -> Iterable[FieldError]:
    if value <= 0:
        yield invalid(path, value, "must be a positive value")
    if value > 10000:
        yield invalid(path, value, "must not be greater than 10000")


def _level(reference: Spec, path: str) -> Iterable[FieldError]:
    if not reference.get("name"):
        yield required(f"{path}.name", "must reference a priority level")


_FLOW = Shape(
    {
        "matchingPrecedence": _precedence,
        "priorityLevelConfiguration": _level,
        "distinguisherMethod": Shape({"type": OneOf("ByNamespace", "ByUser")}),
    }
)


def _limited_or_exempt(spec: Spec, path: str) -> Iterable[FieldError]:
    kind = spec.get("type", "")
    if kind not in ("Exempt", "Limited"):
        yield unsupported(f"{path}.type", kind, ("Exempt", "Limited"))
    for mine, field in (("Limited", "limited"), ("Exempt", "exempt")):
        if kind != mine and kind in ("Exempt", "Limited") and field in spec:
            yield forbidden(f"{path}.{field}", f"must be nil if the type is not {mine}")
    if kind == "Limited" and "limited" not in spec:
        yield required(f"{path}.limited", "must not be empty when type is Limited")


KINDS: dict[str, Check] = {
    "Lease": Shape({"spec": _LEASE}),
    "Namespace": Shape({"spec": Shape({"finalizers": namespace_finalizers})}),
    "Node": Shape({"spec": _NODE, "status": _NODE_STATUS}),
    "PriorityClass": Shape(
        {"preemptionPolicy": OneOf("PreemptLowerPriority", "Never")}, also=(_priority_class,)
    ),
    "RuntimeClass": _RUNTIME,
    "CertificateSigningRequest": Shape({"spec": _CERTIFICATE}),
    "FlowSchema": Shape({"spec": _FLOW}),
    "PriorityLevelConfiguration": Shape({"spec": Shape({}, also=(_limited_or_exempt,))}),
    "VolumeAttachment": Shape({"spec": Shape({"nodeName": dns_subdomain}, needs=("attacher", "nodeName"))}),
    "CSIStorageCapacity": Shape({}, needs=("storageClassName",)),
}
