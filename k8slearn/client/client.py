"""The verbs, as controllers use them.

Two reads look different on purpose everywhere in this project: ``self.cache.get`` is free and may
be stale; ``self.client.get`` is a request and tells the truth (of the moment it was answered).

Kubernetes: client-go/kubernetes, and controller-runtime's pkg/client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Key, Object, edit, key_of, name_of, namespace_of, split_key
from k8slearn.api.requests import ObjectList, Request, Transport, Watch
from k8slearn.api.users import ADMIN, User

Target = str | Object  # a resource name together with a key, or an object that knows both


class Client:
    """Sends requests as `user` through `transport`."""

    def __init__(self, transport: Transport, user: str | User = ADMIN) -> None:
        self.transport = transport
        self.user = user if isinstance(user, User) else User.called(user)

    @property
    def kinds(self) -> Kinds:
        """What can be asked for now."""
        return self.transport.kinds

    # --- reading ---

    def get(self, resource: str, key: Key) -> Object:
        """The object now, as a private copy that may be edited and sent back. Raises NotFound."""
        return edit(self._send("get", resource, key))

    def list(self, resource: str, namespace: str = "", *, labels: Any = None, fields: str = "") -> ObjectList:
        """All objects that match, as of one revision. `labels`: "app=web", or a selector object."""
        return self._send("list", resource, f"{namespace}/", options=_selectors(labels, fields))

    def watch(
        self,
        resource: str,
        namespace: str = "",
        *,
        revision: int | None = None,
        labels: Any = None,
        fields: str = "",
        bell: Callable[[], None] | None = None,
    ) -> Watch:
        """Everything that happens after `revision` (default: from now on). Raises Expired."""
        options = _selectors(labels, fields)
        if revision is not None:
            options["resourceVersion"] = revision
        else:
            options |= {"sendInitialEvents": False, "resourceVersionMatch": "NotOlderThan"}
        request = self._request("watch", resource, f"{namespace}/", options=options)
        return self.transport.watch(request, bell)

    # --- writing ---

    def create(self, obj: Object, **options: Any) -> Object:
        """Raises AlreadyExists, Invalid, ..."""
        key = f"{self._home(obj)}/{name_of(obj)}"
        return self._send("create", self.kinds.of(obj), key, body=obj, options=options)

    def update(self, obj: Object, **options: Any) -> Object:
        """Replace the object. Raises Conflict when it is no longer at obj's resourceVersion."""
        return self._send("update", *self._where(obj), body=obj, options=options)

    def update_status(self, obj: Object, **status: Any) -> Object:
        """Write `obj`'s status, with the fields given in `status` changed. Nothing else is written."""
        changed = {**obj, "status": {**(obj.get("status") or {}), **status}}
        return self._send("update", *self._where(obj), body=changed, subresource="status")

    def patch(
        self,
        target: Target,
        key: Key = "",
        *,
        patch: Any,
        patch_type: str = "merge",
        subresource: str = "",
        **options: Any,
    ) -> Object:
        """Change what is stored: a merge patch (default) or ``patch_type="json"``."""
        options["patchType"] = patch_type
        return self._send(
            "patch", *self._where(target, key), body=patch, options=options, subresource=subresource
        )

    def patch_status(self, target: Target, key: Key = "", *, patch: Any) -> Object:
        return self.patch(target, key, patch={"status": patch}, subresource="status")

    def delete(self, target: Target, key: Key = "", **options: Any) -> Object:
        """Ask for deletion. Options: gracePeriodSeconds, propagationPolicy, preconditions.

        What is returned says what happened: a Status when the object is gone, the object when
        somebody (a finalizer, a grace period) still holds it.
        """
        return self._send("delete", *self._where(target, key), options=options)

    def bind(self, pod: Object, node: str) -> Object:
        """Put a pod on a node: the one write that a scheduler makes."""
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name_of(pod)}, "target": target}
        return self._send("create", *self._where(pod), body=body, subresource="binding")

    def finalize(self, namespace: Object) -> Object:
        """Write a namespace's spec.finalizers, its way to say that it has been emptied."""
        return self._send("update", *self._where(namespace), body=namespace, subresource="finalize")

    # --- how ---

    def _home(self, obj: Object) -> str:
        return (namespace_of(obj) or "default") if self.kinds.of(obj).namespaced else ""

    def _where(self, target: Target, key: Key = "") -> tuple[str | Resource, Key]:
        return (target, key) if isinstance(target, str) else (self.kinds.of(target), key_of(target))

    def _request(
        self,
        verb: str,
        resource: str | Resource,
        key: Key,
        body: Any = None,
        options: dict[str, Any] | None = None,
        subresource: str = "",
    ) -> Request:
        namespace, name = split_key(key)
        kinds = self.kinds
        row = kinds.named(resource)
        return Request(
            verb,
            row.name if kinds.stored(row) is row else row,  # of several versions, the one that was meant
            namespace,
            name,
            subresource,
            body,
            options or {},
            self.user,
        )

    def _send(self, verb: str, resource: str | Resource, key: Key, **rest: Any) -> Any:
        return self.transport.handle(self._request(verb, resource, key, **rest))


def _selectors(labels: Any, fields: str) -> dict[str, Any]:
    options = {"labelSelector": labels, "fieldSelector": fields}
    return {k: v for k, v in options.items() if v}
