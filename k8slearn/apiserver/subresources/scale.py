"""Scale: how many, for every kind that has a number of replicas; one small kind, so that an autoscaler
need not know them all.

Kubernetes: pkg/registry/apps/*/storage/storage.go (ScaleREST, scaleUpdatedObjectInfo)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, revision_of
from k8slearn.api.patches import apply_patch
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver import admission
from k8slearn.apiserver.managedfields import keep_times, manage_fields
from k8slearn.apiserver.pipeline import Stage, Write, check, compare_revision, match_url, prepare_update, run
from k8slearn.apiserver.subresources.bodies import SCALE, read

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")  # of the object's metadata
STAGES: tuple[Stage, ...] = (
    compare_revision,
    manage_fields,
    admission.admit,
    prepare_update,
    check,
    admission.validate,
    keep_times,
)


def get_scale(server: ApiServer, resource: Resource, request: Request) -> Object:
    return scale_of(server.get(resource, request), resource)


def update_scale(server: ApiServer, resource: Resource, request: Request) -> Object:
    return _replace(server, resource, request, server.get(resource, request), request.body)


def patch_scale(server: ApiServer, resource: Resource, request: Request) -> Object:
    old = server.get(resource, request)
    kind = request.options.get("patchType", "merge")
    patched = apply_patch(scale_of(old, resource), request.body, "merge" if kind == "apply" else kind, SCALE)
    return _replace(server, resource, request, old, patched)


#: Where a kind keeps what a scale says. Of custom kinds, their definition says it.
PLACES = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def place_of(resource: Resource, which: str) -> tuple[str, ...]:
    """The fields on the way to the number."""
    found = (resource.definition and resource.definition.scale) or PLACES
    return tuple(step.strip("'") for step in re.split(r"\.|\['|'\]", found[which]) if step)


def scale_of(obj: Object, resource: Resource) -> Object:
    """What an autoscaler needs to know: how many there should be and are, and how to find them."""
    metadata = {f: obj["metadata"][f] for f in SHOWN if f in obj["metadata"]}
    wanted = dig(obj, *place_of(resource, "specReplicasPath"), default=0)
    status: dict[str, Any] = {"replicas": dig(obj, *place_of(resource, "statusReplicasPath"), default=0)}
    selector = _selector(obj, resource)
    if selector:
        status["selector"] = selector
    spec = {"replicas": wanted} if wanted else {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _selector(obj: Object, resource: Resource) -> str:
    if resource.definition is None:
        return str(selector_of(obj))
    if "labelSelectorPath" not in (resource.definition.scale or {}):
        return ""
    return str(dig(obj, *place_of(resource, "labelSelectorPath"), default=""))


def selector_of(obj: Object) -> LabelSelector:
    given = dig(obj, "spec", "selector", default={})
    plain = obj["kind"] == "ReplicationController"
    return LabelSelector.from_set(given) if plain else LabelSelector.of(given)


def _replace(server: ApiServer, resource: Resource, request: Request, old: Object, body: Any) -> Object:
    """The same as an update of the object itself, of which only the number changes."""
    scale = read(SCALE, request, body)
    match_url(server, Write(request, SCALE, scale, old))
    _check(scale, resource, old)
    said = {"resourceVersion": scale["metadata"].get("resourceVersion", "")}
    new = with_replicas(old, resource, dig(scale, "spec", "replicas", default=0))
    new["metadata"] = {**old["metadata"], **said}
    write = Write(request, resource, new, old)
    run(server, write, STAGES)
    return scale_of(server.put(write, revision_of(old)), resource)


def with_replicas(obj: Object, resource: Resource, replicas: Any) -> Object:
    """A copy that asks for so many; what lies beside the number is shared."""
    *way, last = place_of(resource, "specReplicasPath")
    new = here = {**obj}
    for step in way:
        here[step] = {**(here.get(step) or {})}
        here = here[step]
    here[last] = replicas
    return new


def _check(scale: Object, resource: Resource, old: Object) -> None:
    name, wanted = old["metadata"]["name"], dig(scale, "spec", "replicas", default=0)
    if wanted < 0:
        rule = errors.invalid("spec.replicas", wanted, "must be greater than or equal to 0")
        raise errors.invalid_object("Scale", "autoscaling", name, [rule])
    meant, have = scale["metadata"].get("uid"), old["metadata"]["uid"]
    if meant and meant != have:
        why = f"Precondition failed: UID in precondition: {meant}, UID in object meta: {have}"
        raise errors.conflict(f"{resource.plural}/scale", resource.group, name, why)
