"""What all controllers that make pods ask about pods.

Kubernetes: pkg/controller/controller_utils.go, pkg/api/v1/pod/util.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, edit, is_deleting, name_of, namespace_of, owner_reference


def condition(obj: Object, kind: str) -> Object | None:
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found["type"] == kind:
            return found
    return None


def is_ready(pod: Object) -> bool:
    """The Ready condition is True: it may be sent traffic."""
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def is_active(pod: Object) -> bool:
    """It counts towards the replicas: not finished, and not on its way out."""
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") and not is_deleting(pod)


def ready_for(pod: Object, now: float) -> float:
    """Seconds since the pod became ready; -1 when it is not."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return -1.0
    return now - seconds_of(found["lastTransitionTime"])


def from_template(template: Object, owner: Object) -> Object:
    """A pod made from a workload's template, owned by it, with a name the server will complete."""
    metadata: dict[str, Any] = {
        k: edit(v)
        for k, v in (template.get("metadata") or {}).items()
        if k in ("labels", "annotations", "finalizers")
    }
    metadata["generateName"] = f"{name_of(owner)}-"
    metadata["namespace"] = namespace_of(owner)
    metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": edit(template["spec"])}


def deletion_rank(pod: Object) -> tuple[Any, ...]:
    """Pods with a lower rank are deleted first: those whose loss is felt least.

    Not on a node before placed, pending before running, not ready before ready, cheaper by annotation
    first, young before old. Kubernetes: ActivePodsWithRanks
    """
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    ready = condition(pod, "Ready")
    since = seconds_of(ready["lastTransitionTime"]) if ready is not None and is_ready(pod) else 0.0
    cost = dig(pod, "metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost", default="0")
    return (
        bool(dig(pod, "spec", "nodeName")),
        phases.get(dig(pod, "status", "phase"), 2),
        is_ready(pod),
        int(cost),
        -since,
        -seconds_of(pod["metadata"]["creationTimestamp"]),
        name_of(pod),
    )
