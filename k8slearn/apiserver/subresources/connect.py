"""Exec, attach, port-forward, proxy: connections into a container. Ours are simulated, so there is no end to reach.

Kubernetes: pkg/registry/core/pod/rest/subresources.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from k8slearn.api import errors
from k8slearn.api.kinds import Resource
from k8slearn.api.requests import Request

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer


def refuse_connection(server: ApiServer, resource: Resource, request: Request) -> NoReturn:
    """NotFound for what is not there, and for the rest an error that says why."""
    server.get(resource, Request("get", resource.name, request.namespace, request.name))
    raise errors.BadRequest(
        f'cannot {request.subresource} into {resource.plural} "{request.name}": nothing is really running in this '
        "cluster, its containers are simulated"
    )
