"""The rules of a container: its ports, environment, probes and resources.

Kubernetes: pkg/apis/core/validation/validation.go (validateContainerCommon, validateProbe ...)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats, quantities
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.apiserver.validation.environment import ENV, STANDARD, env_from
from k8slearn.apiserver.validation.shapes import (
    NEGATIVE,
    Between,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_label,
    natural,
    port,
    port_or_name,
    positive,
    relative,
)

Spec = dict[str, Any]


# --- ports --------------------------------------------------------------------------------------

_PORT = Shape(
    {
        "name": Spelt(formats.port_name),
        "containerPort": port,
        "hostPort": port,
        "protocol": OneOf("TCP", "UDP", "SCTP"),
    },
    needs=("containerPort",),
)


# --- probes -------------------------------------------------------------------------------------

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def _one_handler(handler: Spec, path: str) -> Iterable[FieldError]:
    found = [h for h in (*_HANDLERS, "sleep") if h in handler]
    if not found:
        yield required(path, "must specify a handler type")
    for other in found[1:]:
        yield forbidden(f"{path}.{other}", "may not specify more than 1 handler type")


def _headers(headers: list[Spec], path: str) -> Iterable[FieldError]:
    for header in headers:
        yield from Spelt(formats.http_header)(header.get("name", ""), path)


_HANDLER: dict[str, Any] = {
    "exec": Shape({}, needs=("command",)),
    "httpGet": Shape(
        {
            "port": port_or_name,
            "scheme": OneOf("HTTP", "HTTPS"),
            "httpHeaders": _headers,
        },
        needs=("path",),
    ),
    "tcpSocket": Shape({"port": port_or_name}),
    "grpc": Shape({"port": port}),
}
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_PROBE = Shape(
    {**_HANDLER, **dict.fromkeys(_NUMBERS, natural), "terminationGracePeriodSeconds": positive},
    also=(_one_handler,),
)
_LIFECYCLE = Shape(dict.fromkeys(["postStart", "preStop"], Shape(_HANDLER, also=(_one_handler,))))


def _once_is_enough(probe: Spec, path: str) -> Iterable[FieldError]:
    """A container is not restarted *until it succeeded twice*."""
    if probe.get("successThreshold", 1) != 1:
        yield invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def _kills_nobody(probe: Spec, path: str) -> Iterable[FieldError]:
    if (seconds := probe.get("terminationGracePeriodSeconds")) is not None:
        yield invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes")


_ONCE = Shape(_PROBE.fields, also=(_one_handler, _once_is_enough))
_READINESS = Shape(_PROBE.fields, also=(_one_handler, _kills_nobody))

# --- resources ----------------------------------------------------------------------------------


def _resources(resources: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: ValidateContainerResourceRequirements"""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for field, found in (("limits", limits), ("requests", requests)):
        for name, quantity in found.items():
            yield from resource_amount(name, quantity, f"{path}.{field}[{name}]")
    for name in requests:
        yield from _within_limit(name, requests[name], limits.get(name), path)
    named = {*limits, *requests}
    if not named & {"cpu", "memory"} and any(name.startswith("hugepages-") for name in named):
        yield forbidden(path, "HugePages require cpu or memory")


def resource_amount(name: str, quantity: str, path: str) -> Iterable[FieldError]:
    if not (name in STANDARD or name.startswith("hugepages-")):
        yield from _resource_name(name, path)
        if "/" in name and quantities.milli(quantity) % 1000:
            yield invalid(path, quantity, "must be an integer")
    if quantities.parse(quantity) < 0:
        yield invalid(path, quantity, NEGATIVE)


def _resource_name(name: str, path: str) -> Iterable[FieldError]:
    yield from (invalid(path, name, problem) for problem in formats.label_key(name))
    if "/" not in name:
        yield invalid(path, name, "must be a standard resource type or fully qualified")
        yield invalid(path, name, "must be a standard resource for containers")


def _within_limit(name: str, request: str, limit: str | None, path: str) -> Iterable[FieldError]:
    overcommit = name in STANDARD
    if limit is None:
        if not overcommit:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    elif overcommit and quantities.parse(request) > quantities.parse(limit):
        yield invalid(f"{path}.requests", request, f"must be less than or equal to {name} limit of {limit}")
    elif not overcommit and quantities.parse(request) != quantities.parse(limit):
        yield invalid(f"{path}.requests", request, f"must be equal to {name} limit of {limit}")


# --- the whole ----------------------------------------------------------------------------------


def _privileges(context: Spec, path: str) -> Iterable[FieldError]:
    if context.get("privileged") and context.get("allowPrivilegeEscalation") is False:
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(f"{path}.allowPrivilegeEscalation", False, detail)


def seccomp(profile: Spec, path: str) -> Iterable[FieldError]:
    kind, where = profile.get("type", ""), f"{path}.localhostProfile"
    yield from OneOf("Localhost", "RuntimeDefault", "Unconfined")(kind, f"{path}.type")
    if kind == "Localhost" and not profile.get("localhostProfile"):
        yield required(where, "must be set when seccomp type is Localhost")
    elif kind != "Localhost" and profile.get("localhostProfile"):
        yield invalid(where, profile["localhostProfile"], "can only be set when seccomp type is Localhost")


def _mount_paths_differ(container: Spec, path: str) -> Iterable[FieldError]:
    seen: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        where = mount.get("mountPath", "")
        if where in seen:
            yield invalid(f"{path}.volumeMounts[{i}].mountPath", where, "must be unique")
        seen.add(where)


def _port_names_differ(container: Spec, path: str) -> Iterable[FieldError]:
    seen: set[str] = set()
    for i, found in enumerate(container.get("ports") or ()):
        if (name := found.get("name", "")) and name in seen:
            yield duplicate(f"{path}.ports[{i}].name", name)
        seen.add(name)


def _sub_paths(container: Spec, path: str) -> Iterable[FieldError]:
    for mount in container.get("volumeMounts") or ():
        for field in ("subPath", "subPathExpr"):
            yield from relative(mount.get(field, ""), f"{path}.volumeMounts.{field}")


def _resize_policies(policies: list[Spec], path: str) -> Iterable[FieldError]:
    """(The list is blamed, not its item.) Kubernetes: validateResizePolicy"""
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            yield duplicate(f"{path}[{i}]", name)
        seen.add(name)
        for word, allowed in ((name, ("cpu", "memory")), (restart, ("NotRequired", "RestartContainer"))):
            if word not in allowed:
                yield unsupported(path, word, allowed) if word else required(path)


_CONTAINER: dict[str, Any] = {
    "name": dns_label,
    "imagePullPolicy": OneOf("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": OneOf("File", "FallbackToLogsOnError"),
    "ports": Each(_PORT),
    "env": Each(ENV),
    "envFrom": Each(env_from),
    "resources": _resources,
    "volumeMounts": Each(
        Shape(
            {"mountPropagation": OneOf("Bidirectional", "HostToContainer", "None")},
            needs=("name", "mountPath"),
        )
    ),
    "livenessProbe": _ONCE,
    "startupProbe": _ONCE,
    "readinessProbe": _READINESS,
    "lifecycle": _LIFECYCLE,
    "securityContext": Shape(
        {
            **dict.fromkeys(["runAsUser", "runAsGroup"], Between(0, 2**31 - 1)),
            "procMount": OneOf("Default", "Unmasked"),
            "seccompProfile": seccomp,
        },
        also=(_privileges,),
    ),
    "resizePolicy": _resize_policies,
    "restartPolicy": OneOf("Always", "OnFailure", "Never"),
    "volumeDevices": Each(Shape({}, needs=("name", "devicePath"))),
}
_BESIDES = (_mount_paths_differ, _port_names_differ, _sub_paths)


def _sidecars_only(container: Spec, path: str) -> Iterable[FieldError]:
    """An init container that ends cannot be probed; one that always restarts (a sidecar) can."""
    if container.get("restartPolicy") == "Always":
        return
    detail = "may not be set for init containers without restartPolicy=Always"
    for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if field in container:
            yield forbidden(f"{path}.{field}", detail)


CONTAINER = Shape(_CONTAINER, needs=("name", "image"), also=_BESIDES)
# What counts for a container of any sort: the probes and hooks of some are refused, so nobody looks at them.
COMMON = Shape(
    {field: check for field, check in _CONTAINER.items() if field != "lifecycle" and "Probe" not in field},
    needs=("name", "image"),
    also=_BESIDES,
)
INIT_CONTAINER = Shape(_CONTAINER, needs=("name", "image"), also=(*_BESIDES, _sidecars_only))
