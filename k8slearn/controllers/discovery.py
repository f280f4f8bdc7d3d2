"""Kinds that other API servers serve: which there are, and how to empty a namespace of them.

Kubernetes: client-go/discovery (ServerPreferredNamespacedResources) and client-go/metadata, as
pkg/controller/namespace uses them"""

from __future__ import annotations

import contextlib
from typing import Any

from k8slearn.api.errors import NotFound
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, is_deleting, name_of
from k8slearn.api.requests import Request
from k8slearn.client import Client


def discovered(client: Client, apiservice: str) -> list[Resource]:
    """What the server behind an APIService has. Raises ServiceUnavailable when it cannot be asked."""
    try:
        found: list[Resource] = _ask(client, "get", "apiservices", name=apiservice, subresource="discovery")
    except NotFound:
        return []  # nothing is handed on any more
    return found


def emptied(client: Client, kind: Resource, namespace: str) -> list[Object]:
    """Ask for the deletion of everything of a kind. Returns what was there: look again until that is nothing.

    Raises ServiceUnavailable. (It looks once only: whoever has to wait for the answer begins anew, and must get on.)
    """
    found = list(_ask(client, "list", kind, namespace))
    if found and "deletecollection" in kind.verbs:
        _ask(client, "deletecollection", kind, namespace)
        return found
    for obj in found:
        if not is_deleting(obj):
            with contextlib.suppress(NotFound):
                _ask(client, "delete", kind, namespace, name_of(obj))
    return found


def _ask(
    client: Client, verb: str, kind: str | Resource, namespace: str = "", name: str = "", **more: Any
) -> Any:
    return client.transport.handle(Request(verb, kind, namespace, name, **more, user=client.user))
