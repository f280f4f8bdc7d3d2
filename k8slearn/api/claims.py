"""Which PersistentVolumeClaims a pod uses: named in its volumes, or made for it alone.

Kubernetes: component-helpers/storage/ephemeral, and the index by claim of pkg/controller/volume/common
"""

from __future__ import annotations

from k8slearn.api.objects import Key, Object, dig, name_of, namespace_of


def claims_of(pod: Object) -> list[Key]:
    """Keys of the claims that a pod uses."""
    return [f"{namespace_of(pod)}/{name}" for volume in volumes_of(pod) if (name := claim_name(pod, volume))]


def volumes_of(pod: Object) -> list[Object]:
    return dig(pod, "spec", "volumes", default=[])


def claim_name(pod: Object, volume: Object) -> str:
    """The name of the claim behind a volume; "" when there is none. An ephemeral one has the pod's name."""
    if "ephemeral" in volume:
        return f"{name_of(pod)}-{volume['name']}"
    return dig(volume, "persistentVolumeClaim", "claimName", default="")
