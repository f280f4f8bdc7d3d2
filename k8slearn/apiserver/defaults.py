"""Defaults: what an object means when it does not say. The stored object says everything.

Most defaults are rows of the tables below: where, and which fields get which value when they are absent.
The few that depend on something else are functions, in `derived_defaults`. Admission, which makes its
additions on the cluster's account and not the API's, stands apart at the end (`admit_pod`).

Kubernetes: pkg/apis/*/v1/defaults.go; plugin/pkg/admission/{serviceaccount,priority,defaulttolerationseconds}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.derived_defaults import SPECIAL
from k8slearn.apiserver.pod_defaults import default_pod_spec, fill

Fields = dict[str, Any]

# Kind -> where -> what. A place that is missing is made; with ``[*]`` or a ``?``, only what is there counts.
RULES: dict[str, dict[str, Fields]] = {
    "Pod": {"spec": {"enableServiceLinks": True}},
    "Deployment": {
        "spec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
        "spec.strategy": {"type": "RollingUpdate"},
    },
    "ReplicaSet": {"spec": {"replicas": 1}},
    "ReplicationController": {"spec": {"replicas": 1}},
    "StatefulSet": {
        "spec": {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady"},
        "spec.updateStrategy": {"type": "RollingUpdate"},
        "spec.persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "spec.volumeClaimTemplates[*]": {"apiVersion": "v1", "kind": "PersistentVolumeClaim"},
        "spec.volumeClaimTemplates[*].spec": {"volumeMode": "Filesystem"},
        "spec.volumeClaimTemplates[*].status": {"phase": "Pending"},
    },
    "DaemonSet": {
        "spec": {"revisionHistoryLimit": 10},
        "spec.updateStrategy": {"type": "RollingUpdate"},
    },
    "Job": {
        "spec": {"completionMode": "NonIndexed", "suspend": False, "manualSelector": False},
    },
    "CronJob": {
        "spec": {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
    },
    "Service": {
        "spec": {"type": "ClusterIP", "sessionAffinity": "None"},
        "spec.ports[*]": {"protocol": "TCP"},
    },
    "Secret": {"": {"type": "Opaque"}},
    "PersistentVolumeClaim": {"spec": {"volumeMode": "Filesystem"}, "status": {"phase": "Pending"}},
    "PersistentVolume": {
        "spec": {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"},
        "?spec.hostPath": {"type": ""},
        "status": {"phase": "Pending"},
    },
    "HorizontalPodAutoscaler": {"spec": {"minReplicas": 1}},
    "StorageClass": {"": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}},
    "PriorityClass": {"": {"preemptionPolicy": "PreemptLowerPriority"}},
    "Endpoints": {"subsets[*].ports[*]": {"protocol": "TCP"}},
    "EndpointSlice": {"ports[*]": {"name": "", "protocol": "TCP"}},
    "NetworkPolicy": {
        "spec.ingress[*].ports[*]": {"protocol": "TCP"},
        "spec.egress[*].ports[*]": {"protocol": "TCP"},
    },
    "RoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io"}},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io"}},
    "Event": {"": {"eventTime": None, "reportingComponent": "", "reportingInstance": ""}, "source": {}},
    "Node": {"status.daemonEndpoints.kubeletEndpoint": {"Port": 0}},
}

# Numbers that are written even while they are 0, and structs even while they are empty.
STATUS: dict[str, Fields] = {
    **{kind: {} for kind in ("Deployment", "Job", "CronJob", "ResourceQuota")},
    **{kind: {"replicas": 0} for kind in ("ReplicaSet", "ReplicationController")},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": dict.fromkeys(
        ["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"], 0
    ),
    "PodDisruptionBudget": dict.fromkeys(
        ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"], 0
    ),
    "HorizontalPodAutoscaler": {"desiredReplicas": 0, "currentMetrics": None},
    **{kind: {"loadBalancer": {}} for kind in ("Ingress", "Service")},
}

# Where the pod spec is, in kinds that have one.
POD_SPECS = {
    "Pod": "spec",
    **dict.fromkeys(
        ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"],
        "spec.template.spec",
    ),
    "CronJob": "spec.jobTemplate.spec.template.spec",
    "PodTemplate": "template.spec",
}


def default(resource: Resource, obj: Object) -> None:
    """Fill in, in place, what a built-in object leaves unsaid. Custom resources have their schema for it."""
    kind = resource.kind
    for where, fields in RULES.get(kind, {}).items():
        for place in places(obj, where):
            fill(place, fields)
    if kind in POD_SPECS:
        for spec in places(obj, POD_SPECS[kind]):
            default_pod_spec(spec)
    if kind in SPECIAL:
        SPECIAL[kind](obj)
    default_status(resource, obj)


def default_status(resource: Resource, obj: Object) -> None:
    """Fill in, in place, what a status says in any case."""
    if resource.kind in STATUS:
        fill(obj.setdefault("status", {}), STATUS[resource.kind])


def places(obj: Object, where: str) -> Iterator[Fields]:
    """The dicts at ``spec.ports[*]``, made on the way where that is possible; "" is the object itself."""
    if where.startswith("?"):
        yield from [found] if (found := dig(obj, *where[1:].split("."))) is not None else []
        return
    step, _, rest = where.partition(".")
    if not step:
        yield obj
    elif step.endswith("[*]"):
        for item in obj.get(step[:-3]) or ():
            yield from places(item, rest)
    else:
        yield from places(obj.setdefault(step, {}), rest)


# --- admission ----------------------------------------------------------------------------------

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_PATIENCE = 300  # seconds a pod stays on a node that is not well


def admit_pod(pod: Object) -> None:
    """What admission adds to every pod: a service account, a priority, patience with ailing nodes."""
    spec = pod["spec"]
    spec["serviceAccountName"] = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccount"] = spec["serviceAccountName"]
    fill(spec, {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
    tolerations = spec.get("tolerations") or []
    missing = [taint for taint in _TAINTS if not any(_tolerates(t, taint) for t in tolerations)]
    if missing:
        spec["tolerations"] = [*tolerations, *(_toleration(taint) for taint in missing)]


def _tolerates(toleration: Fields, taint: str) -> bool:
    return toleration.get("key", "") in ("", taint) and toleration.get("effect", "") in ("", "NoExecute")


def _toleration(taint: str) -> Fields:
    return {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _PATIENCE}
