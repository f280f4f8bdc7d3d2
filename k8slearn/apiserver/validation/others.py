"""The rules of the other kinds: events, leases, nodes, priorities, certificates, flow control.

Kubernetes: pkg/apis/{core,coordination,scheduling,node,certificates,flowcontrol}/validation, kube-aggregator
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.validation.addresses import cidr
from k8slearn.apiserver.validation.networking import domain_prefixed_path
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

# --- events ---------------------------------------------------------------------------------------

_LENGTHS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_NEEDED = ("reportingInstance", "action", "reason")


def _event(event: Object, path: str) -> Iterable[FieldError]:
    """An event with an eventTime is a new one, and has to say more. Kubernetes: legacyValidateEvent"""
    about = dig(event, "involvedObject", "namespace", default="")
    own, new = event["metadata"].get("namespace", ""), bool(event.get("eventTime"))
    homes = ("default", "kube-system") if new else ("default",)
    if (about != own and (about or own not in homes)) if not new else (not about and own not in homes):
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")
    if new:
        yield from _new_event(event)


def _new_event(event: Object) -> Iterable[FieldError]:
    """(v1 calls the reporting controller a component; the message does not.)"""
    controller = event.get("reportingComponent", "")
    if not controller:
        yield required("reportingController")
    yield from (invalid("reportingController", controller, p) for p in formats.qualified_name(controller))
    yield from (required(field) for field in _NEEDED if not event.get(field))
    for field, most in _LENGTHS.items():
        if len(event.get(field, "").encode()) > most:
            yield invalid(field, "", f"can have at most {most} characters")


def strict_event(event: Object, path: str) -> Iterable[FieldError]:
    """What is asked in addition of those who come by way of events.k8s.io/v1. Kubernetes: ValidateEventCreate"""
    if (series := event.get("series")) is not None:
        if series.get("count", 0) < 2:
            yield invalid("series.count", "", "should be at least 2")
        if not series.get("lastObservedTime"):
            yield required("series.lastObservedTime")
    if not event.get("eventTime"):
        yield required("eventTime")
    if event.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {event.get('type', '')}")
    for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if event.get(field):
            yield invalid(field, "", "needs to be unset")


STRICT_EVENT_FIELDS = (
    "involvedObject reason message source firstTimestamp lastTimestamp count type eventTime action related "
    "reportingComponent reportingInstance"
).split()


def strict_event_update(new: Object, old: Object) -> Iterable[FieldError]:
    """Only the series goes on."""
    for field in STRICT_EVENT_FIELDS:
        if (new.get(field) or None) != (old.get(field) or None):
            shown = "reportingController" if field == "reportingComponent" else field
            yield invalid(shown, new.get(field), "field is immutable")


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

# --- flow control, aggregation --------------------------------------------------------------------


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


def _api_service(service: Object, path: str) -> Iterable[FieldError]:
    spec = service.get("spec") or {}
    name = f"{spec.get('version', '')}.{spec.get('group', '')}"
    if service["metadata"].get("name") != name:
        detail = f'must be `spec.version+"."+spec.group`: "{name}"'
        yield invalid("metadata.name", service["metadata"].get("name", ""), detail)
    for field, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(field, 0) <= most:
            yield invalid(f"spec.{field}", spec.get(field, 0), f"must be positive and less than {most}")


KINDS: dict[str, Check] = {
    "Lease": Shape({"spec": _LEASE}),
    "Event": _event,
    "Node": Shape({"spec": _NODE, "status": _NODE_STATUS}),
    "PriorityClass": Shape(
        {"preemptionPolicy": OneOf("PreemptLowerPriority", "Never")}, also=(_priority_class,)
    ),
    "RuntimeClass": _RUNTIME,
    "CertificateSigningRequest": Shape({"spec": _CERTIFICATE}),
    "FlowSchema": Shape({"spec": _FLOW}),
    "PriorityLevelConfiguration": Shape({"spec": Shape({}, also=(_limited_or_exempt,))}),
    "APIService": _api_service,
    "VolumeAttachment": Shape({"spec": Shape({"nodeName": dns_subdomain}, needs=("attacher", "nodeName"))}),
    "CSIStorageCapacity": Shape({}, needs=("storageClassName",)),
}
