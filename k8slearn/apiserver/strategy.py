"""Where kinds differ from each other, as tables: generation, first status, how they go.

Kubernetes: pkg/registry/<group>/<kind>/strategy.go, one per kind; here one table per question.
"""

from __future__ import annotations

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig

#: Kinds whose metadata.generation counts the changes of what is asked for.
GENERATION = frozenset(
    "Pod ReplicationController Deployment ReplicaSet StatefulSet DaemonSet Job CronJob PodDisruptionBudget "
    "Ingress NetworkPolicy EndpointSlice PriorityClass".split()
)

#: Kinds that may not be updated blindly: an update must name the resourceVersion it has read.
CONDITIONAL = frozenset(["Lease", "PodDisruptionBudget", "EndpointSlice"])

#: Kinds whose DELETE answers with the object that went, not with a Status.
RETURNS_DELETED = frozenset(
    "Pod Namespace Service PersistentVolumeClaim PersistentVolume ResourceQuota ServiceAccount "
    "PodTemplate".split()
)

#: Kinds with a status that may be given on creation: a machine registers itself with what it is.
BORN_WITH_STATUS = frozenset(["Node"])

#: Namespaces without which there is no cluster. Kubernetes: admission/plugin/namespace/lifecycle
IMMORTAL = frozenset(["default", "kube-system", "kube-public"])


def has_generation(resource: Resource) -> bool:
    return resource.kind in GENERATION or not resource.builtin


def asks_for_something_new(resource: Resource, old: Object, new: Object) -> bool:
    """Does `new` ask for anything that `old` did not? Metadata and status are no wishes.

    A Deployment is the exception that history left: its annotations count too.
    """
    ignored = {"metadata": 0, "status": 0}
    if {**old, **ignored} != {**new, **ignored}:
        return True
    annotations = [o["metadata"].get("annotations") for o in (old, new)]
    return resource.kind == "Deployment" and annotations[0] != annotations[1]


#: What is said of a pod that its gates keep from the scheduler.
GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
    "lastProbeTime": None,
    "lastTransitionTime": None,
}


def qos_class(pod: Object) -> str:
    """How dear a pod is when its node runs out of memory. Kubernetes: pkg/apis/core/v1/helper/qos"""
    containers = [
        *dig(pod, "spec", "containers", default=[]),
        *dig(pod, "spec", "initContainers", default=[]),
    ]
    resources = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    for r in resources:
        limits, requests = r.get("limits") or {}, r.get("requests") or {}
        if not {"cpu", "memory"} <= set(limits) or {**limits, **requests} != limits:
            return "Burstable"
    return "Guaranteed"


def set_initial_status(obj: Object) -> None:
    """What the server itself says about an object that nobody has looked at yet."""
    kind = obj["kind"]
    if kind == "Pod":
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj)}
        if dig(obj, "spec", "schedulingGates"):
            obj["status"]["conditions"] = [{**GATED}]
    elif kind == "Namespace":
        obj["status"] = {"phase": "Active"}
        obj["spec"] = {"finalizers": sorted({*dig(obj, "spec", "finalizers", default=[]), "kubernetes"})}


def keep_server_fields(resource: Resource, new: Object, old: Object) -> None:
    """Fields outside metadata that an update of the main resource cannot touch."""
    if resource.kind == "Namespace":  # only the finalize subresource may
        new["spec"] = old.get("spec", {})
