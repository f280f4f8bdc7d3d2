"""Doors beside the main one: an object's subresources that are more than "the status part".

Each is a few lines with the signature of a verb, in the table below. Some take a kind of their own, which is never
stored: a Binding, an Eviction, a Scale.
Never: do what another door does already; a scale *is* an update, an eviction *is* a deletion.
Read first: `binding`, then `scale`, then `eviction`.

Kubernetes: pkg/registry/core/pod/{storage,rest}, core/namespace/storage, apps/*/storage (ScaleREST)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k8slearn.api.kinds import Resource
from k8slearn.api.requests import Request
from k8slearn.apiserver.authentication.tokens import create_token
from k8slearn.apiserver.reviews import REVIEWS
from k8slearn.apiserver.subresources.binding import bind, post_binding
from k8slearn.apiserver.subresources.connect import refuse_connection
from k8slearn.apiserver.subresources.eviction import evict
from k8slearn.apiserver.subresources.finalize import finalize
from k8slearn.apiserver.subresources.log import log
from k8slearn.apiserver.subresources.parts import get_part, patch_part, update_part
from k8slearn.apiserver.subresources.scale import get_scale, patch_scale, update_scale

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

Verb = Callable[["ApiServer", Resource, Request], Any]

VERBS: dict[tuple[str, str], Verb] = {
    ("create", "binding"): bind,
    ("create", "eviction"): evict,
    ("create", "token"): create_token,
    ("update", "finalize"): finalize,
    ("get", "log"): log,
    ("get", "scale"): get_scale,
    ("update", "scale"): update_scale,
    ("patch", "scale"): patch_scale,
    **{("get", part): get_part for part in ("ephemeralcontainers", "resize")},
    **{("update", part): update_part for part in ("ephemeralcontainers", "resize")},
    **{("patch", part): patch_part for part in ("ephemeralcontainers", "resize")},
    **{
        (verb, way): refuse_connection
        for verb in ("create", "get", "update", "patch", "delete")
        for way in ("exec", "attach", "portforward", "proxy")
    },
}


def send(server: ApiServer, resource: Resource, request: Request) -> Any:
    """Answer a kind that is only ever sent, to the collection and not to an object: a question, or a binding."""
    if resource.kind == "Binding":
        return post_binding(server, resource, request)
    return REVIEWS[resource.kind](server, request)


__all__ = ["VERBS", "send"]
