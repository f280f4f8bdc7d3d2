"""The kind that lessons and exercises work with: a PodSet wants a number of pods, and that is all.

It is served like any custom resource; who looks after it is for the learner to write.
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, name_of, namespace_of, owner_reference

GROUP, VERSION = "lab.k8slearn.dev", "v1"
PODSET = Resource(GROUP, VERSION, "PodSet", "podsets", subresources=("status",))


def wish(kind: Resource, name: str, **spec: Any) -> Object:
    """An object of this kind in the namespace `default`, ready to be created."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def podset(name: str, replicas: int) -> Object:
    """A PodSet, ready to be created."""
    return wish(PODSET, name, replicas=replicas)


def pod_for(owner: Object) -> Object:
    """A pod that belongs to `owner`; the API server completes its name."""
    metadata = {
        "generateName": f"{name_of(owner)}-",
        "namespace": namespace_of(owner),
        "labels": {"podset": name_of(owner)},
        "ownerReferences": [owner_reference(owner)],
    }
    container = {"name": "app", "image": "registry.example/app:1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
