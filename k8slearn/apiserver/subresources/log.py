"""Log: what a container has printed. The kubelet knows; the server only finds out whom to ask, and cuts to size.

`ApiServer.kubelets` is a function (pod, container, previous, now) -> [(seconds, line), ...], or None where nobody
keeps logs. A log that is followed is a log that is asked for again.

Kubernetes: pkg/registry/core/pod/rest/log.go, core/pod/strategy.go (LogLocation);
pkg/kubelet/kubelet_pods.go (validateContainerLogStatus), pkg/kubelet/kuberuntime/logs
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import micro_timestamp, seconds_of
from k8slearn.api.errors import FieldError, forbidden, invalid
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.api.requests import Request

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

Line = tuple[float, str]  # when it was printed, and what
Options = dict[str, Any]

WAITING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def log(server: ApiServer, resource: Resource, request: Request) -> str:
    """The log as text, with everything that the options say."""
    return as_text(lines(server, resource, request), request.options)


def lines(server: ApiServer, resource: Resource, request: Request) -> list[Line]:
    """The lines that were asked for: after sinceSeconds or sinceTime, the last tailLines of them."""
    options = request.options
    broken = [*_broken(options)]
    if broken:
        raise errors.invalid_object("PodLogOptions", "", request.name, broken)
    pod = server.get(resource, Request("get", resource.name, request.namespace, request.name))
    container = _container(pod, options.get("container", ""))
    node = dig(pod, "spec", "nodeName")
    if not node:
        return []
    if server.store.get("nodes", node) is None:
        raise errors.not_found("nodes", "", node)
    previous = bool(options.get("previous"))
    _check_status(pod, container, previous)
    printed = (server.kubelets(pod, container, previous, server.clock.now) if server.kubelets else None) or []
    since = _since(options, server.clock.now)
    recent = [line for line in printed if line[0] >= since]
    tail = options.get("tailLines")
    return recent if tail is None else recent[len(recent) - min(tail, len(recent)) :]


def is_over(server: ApiServer, request: Request) -> bool:
    """Has the container ended, so that nothing will be printed any more? Raises NotFound."""
    pod = server.get(server.kinds.named("pods"), Request("get", "pods", request.namespace, request.name))
    container = _container(pod, request.options.get("container", ""))
    status = next((s for s in _statuses(pod) if s["name"] == container), {})
    return "terminated" in (status.get("state") or {})


def as_text(printed: list[Line], options: Options) -> str:
    stamped = options.get("timestamps")
    text = "".join(f"{_nanoseconds(at)} {line}\n" if stamped else f"{line}\n" for at, line in printed)
    limit = options.get("limitBytes")
    return text if limit is None else text.encode()[:limit].decode(errors="ignore")


def _nanoseconds(at: float) -> str:
    return micro_timestamp(at).replace("Z", "000Z")


def _broken(options: Options) -> Iterator[FieldError]:
    for field, least in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        value = options.get(field)
        if value is not None and value < least:
            yield invalid(field, value, f"must be greater than {'or equal to ' if not least else ''}0")
    if options.get("sinceSeconds") is not None and options.get("sinceTime"):
        yield forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified")


def _since(options: Options, now: float) -> float:
    if options.get("sinceTime"):
        try:
            return seconds_of(options["sinceTime"])
        except ValueError as error:
            raise errors.BadRequest(str(error)) from None
    seconds = options.get("sinceSeconds")
    return now - seconds if seconds is not None else float("-inf")


def _container(pod: Object, wanted: str) -> str:
    """The container whose log is meant. Kubernetes: validateContainer"""
    fields = ("containers", "initContainers", "ephemeralContainers")
    names, init, ephemeral = ([c["name"] for c in pod["spec"].get(f) or ()] for f in fields)
    if wanted:
        if wanted not in (*names, *init, *ephemeral):
            raise errors.BadRequest(f"container {wanted} is not valid for pod {name_of(pod)}")
        return wanted
    if len(names) == 1:
        return names[0]
    choices = f"choose one of: [{' '.join(names)}]"
    if init:
        choices += f" or one of the init containers: [{' '.join(init)}]"
    raise errors.BadRequest(f"a container name must be specified for pod {name_of(pod)}, {choices}")


def _check_status(pod: Object, container: str, previous: bool) -> None:
    """Has it ever printed anything? The answer comes from the kubelet, as a bad request."""
    where = f'container "{container}" in pod "{name_of(pod)}"'
    status = next((s for s in _statuses(pod) if s["name"] == container), None)
    if status is None:
        raise errors.BadRequest(f"{where} is not available")
    state, last = status.get("state") or {}, dig(status, "lastState", "terminated")
    if previous:
        if not last:
            raise errors.BadRequest(f"previous terminated {where} not found")
    elif not (state.get("running") or state.get("terminated") or last):
        if "waiting" not in state:
            raise errors.BadRequest(f"{where} is waiting to start - no logs yet")
        reason = state["waiting"].get("reason", "")
        raise errors.BadRequest(f"{where} is waiting to start: {WAITING.get(reason, reason)}")


def _statuses(pod: Object) -> Iterator[Object]:
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        yield from dig(pod, "status", field, default=[])
