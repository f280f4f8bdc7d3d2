"""Ephemeral containers and resize: parts of a running pod that have a door of their own.

Kubernetes: pkg/registry/core/pod/strategy.go (podEphemeralContainersStrategy, podResizeStrategy)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.errors import FieldError, forbidden, invalid
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit, revision_of
from k8slearn.api.patches import apply_patch
from k8slearn.api.requests import Request
from k8slearn.apiserver import admission, strategy
from k8slearn.apiserver.managedfields import keep_times, manage_fields
from k8slearn.apiserver.pipeline import (
    Stage,
    Write,
    compare_revision,
    decode,
    fill_defaults,
    match_url,
    prepare_update,
    run,
)
from k8slearn.apiserver.validation import validate
from k8slearn.apiserver.validation.ephemeral import ephemeral_containers

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

BEFORE: tuple[Stage, ...] = (decode, match_url, compare_revision, fill_defaults, manage_fields)
AFTER: tuple[Stage, ...] = (admission.admit, prepare_update, admission.validate, keep_times)


def get_part(server: ApiServer, resource: Resource, request: Request) -> Object:
    """The pod itself: the part is shown in it."""
    return server.get(resource, request)


def update_part(server: ApiServer, resource: Resource, request: Request) -> Object:
    return _replace(server, resource, request, server.get(resource, request), request.body)


def patch_part(server: ApiServer, resource: Resource, request: Request) -> Object:
    old = server.get(resource, request)
    kind = request.options.get("patchType", "strategic")
    patched = apply_patch(old, request.body, "strategic" if kind == "apply" else kind, resource)
    return _replace(server, resource, request, old, patched)


def _replace(server: ApiServer, resource: Resource, request: Request, old: Object, body: Any) -> Object:
    """An update of the pod of which only this part is taken."""
    write = Write(request, resource, body, old)
    run(server, write, BEFORE)
    take, check = PARTS[request.subresource]
    write.object = {**write.object, "spec": take(write.object["spec"], old["spec"])}
    broken = [*validate(resource, write.object, subresource=""), *check(write.object, old)]
    if broken:
        raise errors.invalid_object("Pod", "", request.name, broken)
    run(server, write, AFTER)
    return server.put(write, revision_of(old))


def _take_ephemeral(new: Object, old: Object) -> Object:
    rest = {field: value for field, value in old.items() if field != "ephemeralContainers"}
    found = new.get("ephemeralContainers")
    return {**rest, "ephemeralContainers": found} if found else rest


def _check_ephemeral(new: Object, old: Object) -> Iterator[FieldError]:
    """They come, and never change or go."""
    field, path = "ephemeralContainers", "spec.ephemeralContainers"
    there = {c.get("name"): c for c in new["spec"].get(field) or ()}
    for before in old["spec"].get(field) or ():
        name = before["name"]
        if name not in there:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n')
        elif there[name] != before:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be changed\n')
    yield from ephemeral_containers(new["spec"], "spec")


def _take_resources(new: Object, old: Object) -> Object:
    return {**old, **{field: _resized(new, old, field) for field in _SIZED if field in old}}


def _resized(new: Object, old: Object, field: str) -> list[Object]:
    wanted = {c.get("name"): c for c in new.get(field) or ()}
    containers = []
    for before in old[field]:
        sized = wanted.get(before["name"], before)
        kept = {f: edit(sized[f]) for f in ("resources", "resizePolicy") if f in sized}
        containers.append({**before, **kept})
    return containers


_SIZED = ("containers", "initContainers")


def _check_resources(new: Object, old: Object) -> Iterator[FieldError]:
    """Kubernetes: ValidatePodResize"""
    if strategy.qos_class(new) != strategy.qos_class(old):
        before = strategy.qos_class(old)
        yield invalid("spec", before, "Pod QOS Class may not change as a result of resizing")
    for field in _SIZED:
        for i, before in enumerate(old["spec"].get(field) or ()):
            now = new["spec"][field][i]
            if field == "containers" or before.get("restartPolicy") == "Always":
                yield from _resize(now, before, f"spec.{field}[{i}].resources")
            elif now != before:
                yield forbidden("spec", "resources for non-sidecar init containers are immutable")


def _resize(new: Object, old: Object, path: str) -> Iterator[FieldError]:
    """More or less of what was asked for; not nothing, and not of something else."""
    sizes, before = new.get("resources") or {}, old.get("resources") or {}
    for which in ("requests", "limits"):
        if (before.get(which) or {}).keys() - (sizes.get(which) or {}).keys():
            yield forbidden(f"{path}.{which}", f"resource {which} cannot be removed")
    if _but_cpu_and_memory(sizes) != _but_cpu_and_memory(before):
        sidecar = " for sidecar containers" if "initContainers" in path else ""
        yield forbidden("spec", f"only cpu and memory resources{sidecar} are mutable")


def _but_cpu_and_memory(resources: Object) -> list[tuple[str, str, Any]]:
    return sorted(
        (which, name, amount)
        for which, amounts in resources.items()
        if isinstance(amounts, dict)
        for name, amount in amounts.items()
        if name not in ("cpu", "memory")
    )


Take = Callable[[Object, Object], Object]
Check = Callable[[Object, Object], Iterator[FieldError]]

PARTS: dict[str, tuple[Take, Check]] = {
    "ephemeralcontainers": (_take_ephemeral, _check_ephemeral),
    "resize": (_take_resources, _check_resources),
}
