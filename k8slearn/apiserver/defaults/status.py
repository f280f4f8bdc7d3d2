"""What a status says in any case: numbers that are written while they are 0, times while nobody knows them.

Nobody chose these defaults; they follow from how Go writes its structs. But clients have come to rely on
them: ``status.replicas`` of a ReplicaSet is there from its first moment.

Kubernetes: the types of k8s.io/api/*/v1 whose status fields have no omitempty, or are structs
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.defaults.pods import fill

Fields = dict[str, Any]

STATUS: dict[str, Fields] = {
    **{
        kind: {}
        for kind in (
            "Deployment Job CronJob ResourceQuota CertificateSigningRequest FlowSchema ServiceCIDR APIService "
            "ValidatingAdmissionPolicy PriorityLevelConfiguration ResourceClaim"
        ).split()
    },
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
    "PersistentVolumeClaim": {"phase": "Pending"},
    "PersistentVolume": {"phase": "Pending"},
    "Namespace": {"phase": "Active"},
    "VolumeAttachment": {"attached": False},
}

# Of conditions: the times that are written as null while they are not known.
CONDITIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["Pod", "Job", "PersistentVolumeClaim"], ("lastProbeTime", "lastTransitionTime")),
    "Node": ("lastHeartbeatTime", "lastTransitionTime"),
    "Deployment": ("lastUpdateTime", "lastTransitionTime"),
    **dict.fromkeys(
        "ReplicaSet ReplicationController StatefulSet DaemonSet HorizontalPodAutoscaler Namespace Service "
        "PodDisruptionBudget".split(),
        ("lastTransitionTime",),
    ),
}

_NODE_INFO = (
    "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion "
    "operatingSystem architecture"
).split()
_CONTAINERS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_STATES: dict[str, Fields] = {
    "running": {"startedAt": None},
    "terminated": {"exitCode": 0, "startedAt": None, "finishedAt": None},
}


def default_status(resource: Resource, obj: Object) -> None:
    """Fill in, in place, what the status of a built-in object says in any case."""
    kind = resource.kind
    if not resource.builtin:
        return
    if kind in STATUS:
        fill(obj.setdefault("status", {}), STATUS[kind])
    status = obj.get("status")
    if not status:
        return
    if kind in CONDITIONS:
        for condition in status.get("conditions") or ():
            fill(condition, dict.fromkeys(CONDITIONS[kind]))
    if kind == "Pod":
        _containers(status)
    elif kind == "Node":
        _node(status)
    elif kind == "Service":
        _balanced(obj)


def _containers(status: Fields) -> None:
    for which in _CONTAINERS:
        for container in status.get(which) or ():
            fill(container, {"state": {}, "lastState": {}})
            for state in (container["state"], container["lastState"]):
                for name in _STATES.keys() & state.keys():
                    fill(state[name], _STATES[name])


def _node(status: Fields) -> None:
    fill(status, {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {}})
    fill(status["nodeInfo"], dict.fromkeys(_NODE_INFO, ""))
    if status.get("capacity"):
        fill(status, {"allocatable": status["capacity"]})


def _balanced(service: Object) -> None:
    for ingress in dig(service, "status", "loadBalancer", "ingress", default=[]):
        if ingress.get("ip"):
            fill(ingress, {"ipMode": "VIP"})
