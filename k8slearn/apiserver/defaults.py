"""Defaults: what an object means when it does not say. The stored object says everything.

Most defaults are rows of the tables below: where, and which fields get which value when they are absent.
The few that depend on something else are functions with a name. Admission, which makes its additions on the
cluster's account and not the API's, stands apart at the end (`admit_pod`).

Kubernetes: pkg/apis/*/v1/defaults.go; plugin/pkg/admission/{serviceaccount,priority,defaulttolerationseconds}
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, edit
from k8slearn.apiserver.pod_defaults import default_pod_spec, fill, requests_from_limits

Fields = dict[str, Any]

# Kind -> where -> what. A place that is missing is made; with ``[*]`` or a ``?`` in front, only what is there counts.
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
    **dict.fromkeys(["Deployment", "Job", "CronJob", "ResourceQuota"], {}),
    **dict.fromkeys(["ReplicaSet", "ReplicationController"], {"replicas": 0}),
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": dict.fromkeys(
        ["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"], 0
    ),
    "PodDisruptionBudget": dict.fromkeys(
        ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"], 0
    ),
    "HorizontalPodAutoscaler": {"desiredReplicas": 0, "currentMetrics": None},
    **dict.fromkeys(["Ingress", "Service"], {"loadBalancer": {}}),
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
    """Fill in, in place, what a built-in object leaves unsaid. Custom resources have their schema for that."""
    kind = resource.kind
    for where, fields in RULES.get(kind, {}).items():
        for place in places(obj, where):
            fill(place, fields)
    if kind in POD_SPECS:
        for spec in places(obj, POD_SPECS[kind]):
            default_pod_spec(spec)
    if kind in SPECIAL:
        SPECIAL[kind](obj)
    if kind in STATUS:
        fill(obj.setdefault("status", {}), STATUS[kind])


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


# --- what depends on something else -----------------------------------------------------------


def _pod(pod: Object) -> None:
    for containers in ("initContainers", "containers"):
        for container in pod["spec"].get(containers) or ():
            requests_from_limits(container.get("resources") or {})


def _deployment(deployment: Object) -> None:
    strategy = deployment["spec"]["strategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": "25%", "maxSurge": "25%"})


def _secret(secret: Object) -> None:
    """What was written as text becomes data. Kubernetes: Convert_v1_Secret_To_core_Secret"""
    texts = secret.pop("stringData", None) or {}
    if texts:
        data = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **data}


def _stateful_set(stateful_set: Object) -> None:
    strategy = stateful_set["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"partition": 0})


def _daemon_set(daemon_set: Object) -> None:
    strategy = daemon_set["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": 1, "maxSurge": 0})
    fill(daemon_set["metadata"].setdefault("annotations", {}), {"deprecated.daemonset.template.generation": "1"})


def _replication_controller(controller: Object) -> None:
    labels = dig(controller, "spec", "template", "metadata", "labels")
    if labels:
        fill(controller["spec"], {"selector": labels})
        fill(controller["metadata"], {"labels": labels})


def _job(job: Object) -> None:
    spec = job["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    policy = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    never = 2**31 - 1  # with a limit per index, the limit over all of them is as good as none
    limit = never if spec.get("backoffLimitPerIndex") is not None else 6
    fill(spec, {"parallelism": 1, "backoffLimit": limit, "podReplacementPolicy": policy})
    if "uid" in job["metadata"] and not spec["manualSelector"] and "selector" not in spec:
        _select_by_uid(job)
    if labels := dig(spec, "template", "metadata", "labels"):
        fill(job["metadata"], {"labels": labels})


def _select_by_uid(job: Object) -> None:
    """A Job's pods carry its uid, so that no two Jobs can claim the same pod. Kubernetes: generateSelector"""
    uid, name = job["metadata"]["uid"], job["metadata"].get("name", "")
    labels = job["spec"]["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels |= {"controller-uid": uid, "batch.kubernetes.io/controller-uid": uid}
    labels |= {"job-name": name, "batch.kubernetes.io/job-name": name}
    job["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _namespace(namespace: Object) -> None:
    name = namespace["metadata"].get("name", "")
    namespace["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _service(service: Object) -> None:
    spec = service["spec"]
    for port in spec.get("ports") or ():
        fill(port, {"targetPort": port.get("port", 0)})
    if spec["sessionAffinity"] == "ClientIP":
        fill(spec, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})
    if spec["type"] in ("NodePort", "LoadBalancer"):
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        fill(spec, {"allocateLoadBalancerNodePorts": True})
    if spec["type"] in ("ClusterIP", "NodePort", "LoadBalancer"):
        fill(spec, {"internalTrafficPolicy": "Cluster"})
        _ip_families(spec)


def _ip_families(spec: Fields) -> None:
    """Without a selector a headless Service could be anything, so it may be both. Kubernetes: defaultOnRead..."""
    if spec.get("clusterIP") == "None" and not spec.get("selector"):
        fill(spec, {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]})
    fill(spec, {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]})


_CPU_80 = {"type": "Utilization", "averageUtilization": 80}
_SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def _autoscaler(autoscaler: Object) -> None:
    spec = autoscaler["spec"]
    fill(spec, {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": _CPU_80}}]})
    if behavior := spec.get("behavior"):
        fill(behavior.setdefault("scaleUp", {}), _SCALE_UP)
        fill(behavior.setdefault("scaleDown", {}), _SCALE_DOWN)


def _network_policy(policy: Object) -> None:
    spec = policy.setdefault("spec", {})
    fill(spec, {"policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]})


def _binding(binding: Object) -> None:
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            fill(subject, {"apiGroup": "rbac.authorization.k8s.io"})


def _limit_range(limit_range: Object) -> None:
    for item in dig(limit_range, "spec", "limits", default=[]):
        if item.get("type") == "Container":
            defaults = {**(item.get("max") or {}), **(item.get("default") or {})}
            requests = {**defaults, **(item.get("min") or {}), **(item.get("defaultRequest") or {})}
            found = {"default": defaults, "defaultRequest": requests}
            item |= {field: values for field, values in found.items() if values}


def _node(node: Object) -> None:
    if capacity := dig(node, "status", "capacity"):
        fill(node["status"], {"allocatable": capacity})


SPECIAL: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicationController": _replication_controller,
    "Job": _job,
    "Namespace": _namespace,
    "Secret": _secret,
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "LimitRange": _limit_range,
    "Node": _node,
}

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
