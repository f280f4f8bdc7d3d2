"""Sending a whole file of objects: all of it, or an error and nothing stored.

kubectl sends one object after the other and leaves what went before an error in place. For people who
are learning it is kinder to try everything first (``dryRun=All``), and the API offers just that.

Kubernetes: kubectl/pkg/cmd/create, kubectl/pkg/cmd/apply (the client-side way)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from k8slearn.api.errors import AlreadyExists, NotFound, already_exists
from k8slearn.api.objects import Object, key_of, name_of, namespace_of
from k8slearn.client.client import Client

Send = Callable[..., Object]


def create_all(client: Client, objects: Object | Iterable[Object], namespace: str) -> list[Object]:
    """Like ``kubectl create``. Raises what the first bad object raises, with nothing stored."""
    wanted = placed(client, objects, namespace)
    _refuse_twins(client, wanted)
    return _all_or_nothing(client, wanted, client.create)


def apply_all(client: Client, objects: Object | Iterable[Object], namespace: str) -> list[Object]:
    """Like ``kubectl apply``: create what is not there, merge into what is."""

    def send(obj: Object, **options: Any) -> Object:
        return apply(client, obj, **options)

    return _all_or_nothing(client, placed(client, objects, namespace), send)


def apply(client: Client, obj: Object, **options: Any) -> Object:
    """One object: create it, or merge it into what is there."""
    if not name_of(obj):
        return client.create(obj, **options)
    try:
        client.get(client.kinds.of(obj).name, key_of(obj))
    except NotFound:
        return client.create(obj, **options)
    return client.patch(obj, patch=obj, **options)


def placed(client: Client, objects: Object | Iterable[Object], namespace: str) -> list[Object]:
    """The objects as a list, each in its namespace. Raises for kinds that the server does not know."""
    wanted = [objects] if isinstance(objects, dict) else list(objects)
    for i, obj in enumerate(wanted):
        if client.kinds.of(obj).namespaced and not namespace_of(obj):
            wanted[i] = {**obj, "metadata": {**(obj.get("metadata") or {}), "namespace": namespace}}
    return wanted


def _refuse_twins(client: Client, wanted: list[Object]) -> None:
    """The same object twice in one file: the second would find the first."""
    seen = set()
    for obj in wanted:
        resource = client.kinds.of(obj)
        identity = (resource, namespace_of(obj), name_of(obj))
        if identity in seen and name_of(obj):
            raise already_exists(resource.plural, resource.group, name_of(obj))
        seen.add(identity)


def _all_or_nothing(client: Client, wanted: list[Object], send: Send) -> list[Object]:
    coming = {name_of(o) for o in wanted if o["kind"] == "Namespace"}
    for obj in wanted:
        try:
            send(obj, dryRun="All")
        except NotFound:
            if namespace_of(obj) not in coming:
                raise
            _rehearse_elsewhere(client, obj)
    return [send(obj) for obj in wanted]


def _rehearse_elsewhere(client: Client, obj: Object) -> None:
    """Its namespace is in the same file, and not there yet. In another one it is as right or as wrong."""
    with suppress(AlreadyExists):
        client.create({**obj, "metadata": {**obj["metadata"], "namespace": "default"}}, dryRun="All")
