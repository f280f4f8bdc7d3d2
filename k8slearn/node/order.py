"""In which order the containers of a pod start, and who has to wait for whom.

Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), kuberuntime_container.go
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.objects import Object, dig
from k8slearn.node.status import is_past


def in_order(pod: Object) -> Iterator[tuple[Object, str]]:
    """The containers in the order of their start, and what they are there for."""
    spec = pod["spec"]
    for container in spec.get("ephemeralContainers") or ():
        yield container, "ephemeral"
    for container in spec.get("initContainers") or ():
        yield container, "sidecar" if container.get("restartPolicy") == "Always" else "init"
    for container in spec["containers"]:
        yield container, "main"


def next_may_start(spec: Object, kind: str, status: Object) -> bool:
    """Init containers must have ended and sidecars have started; of the others it is enough that they were tried."""
    if kind == "ephemeral":
        return True
    if kind in ("init", "sidecar"):
        return is_past(spec, status)
    return dig(status, "state", "waiting", "reason") not in ("ContainerCreating", "PodInitializing")
