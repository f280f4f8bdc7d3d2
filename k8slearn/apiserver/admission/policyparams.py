"""Parameters of a policy: objects, to which its binding points, and with each of which it is asked once.

Kubernetes: apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go (CollectParams)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8slearn.api.errors import NotFound
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, make_key
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.admission.matching import Asked

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer


class Misconfigured(LookupError):
    """The policy, or its binding, cannot be asked at all."""


def params(server: ApiServer, about: Asked, spec: Object, binding: Object) -> list[Object | None]:
    """The objects that the rules are asked with, one after the other. Raises Misconfigured."""
    kind, reference = spec.get("paramKind"), binding.get("paramRef")
    if not kind or not reference:
        return [None]
    found: list[Object | None] = [*_named(server, about, kind, reference)]
    if not found and reference.get("parameterNotFoundAction", "Deny") == "Deny":
        raise Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


def _named(server: ApiServer, about: Asked, kind: Object, reference: Object) -> Iterator[Object]:
    resource = _resource(server, kind)
    home = _home(about, resource, reference)
    if reference.get("name"):
        one = server.store.get(resource.name, make_key(home, reference["name"]))
        if one is not None:
            yield one
        return
    selector = LabelSelector.of(reference.get("selector") or {})
    yield from server.select(
        resource, Request("list", resource, home, options={"labelSelector": str(selector)})
    )


def _resource(server: ApiServer, kind: Object) -> Resource:
    try:
        return server.kinds.of(kind)
    except NotFound:
        group, _, version = kind["apiVersion"].rpartition("/")
        shown = f"{group}/{version}, Kind={kind['kind']}"
        raise Misconfigured(f"failed to find resource referenced by paramKind: '{shown}'") from None


def _home(about: Asked, resource: Resource, reference: Object) -> str:
    """The namespace of the parameters: "" for a kind that is in none."""
    given: str = reference.get("namespace") or ""
    if not resource.namespaced:
        if given:
            raise Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not given and not about.namespace:
        what = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        raise Misconfigured(what)
    return given or about.namespace
