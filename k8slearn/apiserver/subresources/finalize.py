"""Finalize: a namespace's own finalizers, which only this door can change.

Kubernetes: pkg/registry/core/namespace/storage (FinalizeREST), namespaceFinalizeStrategy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, revision_of
from k8slearn.api.requests import Request
from k8slearn.apiserver.managedfields import keep_times, manage_fields
from k8slearn.apiserver.pipeline import (
    Write,
    compare_revision,
    decode,
    fill_defaults,
    match_url,
    prepare_update,
    run,
)

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer


def finalize(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Write a namespace, spec.finalizers and all; without any of those, a deleted namespace goes."""
    old = server.get(resource, request)
    write = Write(request, resource, request.body, old)
    run(server, write, (decode, match_url, compare_revision, fill_defaults, manage_fields))
    finalizers = dig(write.object, "spec", "finalizers", default=[])
    run(server, write, (prepare_update,))
    write.object = {**write.object, "spec": {"finalizers": finalizers} if finalizers else {}}
    run(server, write, (keep_times,))
    return server.put(write, revision_of(old))
