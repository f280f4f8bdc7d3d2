"""LimitRanger: containers that ask for nothing get the namespace's defaults; nobody leaves its bounds.

Kubernetes: plugin/pkg/admission/limitranger/admission.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.api.quantities import milli, parse
from k8slearn.api.quota import Usage, pod_limits, pod_requests
from k8slearn.apiserver.admission.plugin import UPDATE, Plugin, forbidden, operation

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

ANNOTATION = "kubernetes.io/limit-ranger"  # says what was set, for people who wonder
CONTAINERS = {"containers": "container", "initContainers": "init container"}


class LimitRanger(Plugin):
    name = "LimitRanger"
    kinds = frozenset(["pods", "persistentvolumeclaims"])

    def admit(self, server: ApiServer, write: Write) -> None:
        for limits in _limits(server, write):
            if write.resource.kind == "Pod":
                _set_defaults(write.object, limits)

    def validate(self, server: ApiServer, write: Write) -> None:
        for limits in _limits(server, write):
            broken = list(dict.fromkeys(_broken(limits, write.resource.kind, write.object)))
            if broken:
                raise forbidden(write, broken[0] if len(broken) == 1 else f"[{', '.join(broken)}]")


def _limits(server: ApiServer, write: Write) -> Iterator[list[Object]]:
    """The limits of each LimitRange that has a say. A pod's containers are given once: no second look."""
    if not server.store.count("limitranges", write.request.namespace):
        return
    if write.resource.kind == "Pod" and operation(write) == UPDATE:
        return
    if write.old is not None and is_deleting(write.old):
        return
    for found in server.store.list("limitranges", write.request.namespace):
        yield dig(found, "spec", "limits", default=[])


# --- defaults --------------------------------------------------------------------------------


def _set_defaults(pod: Object, limits: list[Object]) -> None:
    given = {"requests": "defaultRequest", "limits": "default"}
    defaults: dict[str, dict[str, Any]] = {"requests": {}, "limits": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            for which, field in given.items():
                defaults[which] |= limit.get(field) or {}
    notes: list[str] = []
    for where, title in CONTAINERS.items():
        for container in pod["spec"].get(where) or ():
            notes += _complete(container, defaults, title)
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)


def _complete(container: Object, defaults: dict[str, dict[str, Any]], title: str) -> Iterator[str]:
    """Give a container what it does not say, and tell what was given."""
    resources = container.setdefault("resources", {})
    for which, word in (("requests", "request"), ("limits", "limit")):
        said = resources.get(which) or {}
        missing = {name: amount for name, amount in defaults[which].items() if name not in said}
        if missing:
            resources[which] = {**said, **missing}
            yield f"{', '.join(sorted(missing))} {word} for {title} {container.get('name', '')}"


# --- bounds ----------------------------------------------------------------------------------


def _broken(limits: list[Object], kind: str, obj: Object) -> Iterator[str]:
    for limit in limits:
        for requests, maxima in _measured(limit.get("type", ""), kind, obj):
            for field, check in CHECKS.items():
                for name, bound in sorted((limit.get(field) or {}).items()):
                    why = check(name, limit["type"], bound, requests.get(name), maxima.get(name))
                    if why:
                        yield why


def _measured(limit_type: str, kind: str, obj: Object) -> Iterator[tuple[Usage, Usage]]:
    """(requests, limits) of everything in `obj` that a limit of this type is about."""
    if kind == "PersistentVolumeClaim" and limit_type == kind:
        # A claim has no limits: what it requests is held against the maximum too.
        requests = dig(obj, "spec", "resources", "requests", default={})
        yield requests, dict.fromkeys(requests, UNLIMITED)
    elif kind == "Pod" and limit_type == "Pod":
        yield pod_requests(obj), pod_limits(obj)
    elif kind == "Pod" and limit_type == "Container":
        for where in CONTAINERS:
            for container in obj["spec"].get(where) or ():
                resources = container.get("resources") or {}
                yield resources.get("requests") or {}, resources.get("limits") or {}


UNLIMITED = ""  # in place of a limit where there are none by nature
Amount = str | None


def _min(name: str, kind: str, bound: str, request: Amount, limit: Amount) -> str:
    rule = f"minimum {name} usage per {kind} is {bound}"
    if request is None:
        return f"{rule}.  No request is specified"
    if parse(request) < parse(bound):
        return f"{rule}, but request is {request}"
    return f"{rule}, but limit is {limit}" if limit and parse(limit) < parse(bound) else ""


def _max(name: str, kind: str, bound: str, request: Amount, limit: Amount) -> str:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if limit is None:
        missing = "request" if kind == "PersistentVolumeClaim" else "limit"
        return f"{rule}.  No {missing} is specified"
    if limit and parse(limit) > parse(bound):
        return f"{rule}, but limit is {limit}"
    return f"{rule}, but request is {request}" if request and parse(request) > parse(bound) else ""


def _ratio(name: str, kind: str, bound: str, request: Amount, limit: Amount) -> str:
    rule = f"{name} max limit to request ratio per {kind} is {bound}"
    if limit == UNLIMITED:
        return ""
    for word, amount in (("request", request), ("limit", limit)):
        if not amount or not parse(amount):
            return f"{rule}, but no {word} is specified or {word} is 0"
    ratio = parse(limit or 0) / parse(request or 0)
    return f"{rule}, but provided ratio is {float(ratio):f}" if ratio * 1000 > milli(bound) else ""


CHECKS: dict[str, Callable[[str, str, str, Amount, Amount], str]] = {
    "min": _min,
    "max": _max,
    "maxLimitRequestRatio": _ratio,
}
