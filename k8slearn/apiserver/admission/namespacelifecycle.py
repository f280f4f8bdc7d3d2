"""NamespaceLifecycle: nothing is born in a namespace that is not there or is going away.

Kubernetes: apiserver/pkg/admission/plugin/namespace/lifecycle
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.errors import not_found, refused
from k8slearn.api.objects import dig
from k8slearn.apiserver import strategy
from k8slearn.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    EVERY_SUBRESOURCE,
    UPDATE,
    Plugin,
    forbidden_early,
    operation,
)

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

ACCESS_REVIEWS = frozenset(["localsubjectaccessreviews"])  # may ask about namespaces that are not there


class NamespaceLifecycle(Plugin):
    name = "NamespaceLifecycle"
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def admit(self, server: ApiServer, write: Write) -> None:
        if operation(write) == DELETE:
            _check_immortal(write)
            return
        if not write.resource.namespaced or write.resource.plural in ACCESS_REVIEWS:
            return
        name = write.request.namespace
        namespace = server.store.get("namespaces", name)
        if namespace is None:
            raise not_found("namespaces", "", name)
        if operation(write) == CREATE and dig(namespace, "status", "phase") == "Terminating":
            raise _terminating(write, name)


def _check_immortal(write: Write) -> None:
    if write.resource.kind == "Namespace" and write.request.name in strategy.IMMORTAL:
        raise refused("namespaces", "", write.request.name, "this namespace may not be deleted")


def _terminating(write: Write, name: str) -> Exception:
    error = forbidden_early(
        write, f"unable to create new content in namespace {name} because it is being terminated"
    )
    message = f"namespace {name} is being terminated"
    cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
    error.details["causes"] = [cause]
    return error
