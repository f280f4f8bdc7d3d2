"""Defaults: what an object means when it does not say. The stored object says everything.

Most defaults are rows of the tables below: where, and which fields get which value when they are absent.
The few that depend on something else are functions, in `derived`. What the cluster adds on its own
account, and not the API, is admission.

Kubernetes: pkg/apis/*/v1/defaults.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.apiserver.defaults.derived import SPECIAL
from k8slearn.apiserver.defaults.pods import default_pod_spec, fill
from k8slearn.apiserver.defaults.status import default_status

Fields = dict[str, Any]

_MATCH: Fields = {"namespaceSelector": {}, "objectSelector": {}, "matchPolicy": "Equivalent"}
_WEBHOOK: Fields = {"failurePolicy": "Fail", "timeoutSeconds": 10, **_MATCH}
_WEBHOOKS: dict[str, Fields] = {
    "webhooks[*]": _WEBHOOK,
    "webhooks[*].rules[*]": {"scope": "*"},
    "webhooks[*].clientConfig.?service": {"port": 443},
}

_POLICY: dict[str, Fields] = {
    "spec": {"failurePolicy": "Fail"},
    "?spec.matchConstraints": _MATCH,
    "?spec.matchConstraints.resourceRules[*]": {"scope": "*"},
    "?spec.matchConstraints.excludeResourceRules[*]": {"scope": "*"},
}
_POLICY_BINDING: dict[str, Fields] = {
    "?spec.matchResources": _MATCH,
    "?spec.matchResources.resourceRules[*]": {"scope": "*"},
    "?spec.matchResources.excludeResourceRules[*]": {"scope": "*"},
}

# Kind -> where -> what. A place that is missing is made; with ``[*]``, or after a ``?``, only what is there counts.
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
        "spec.volumeClaimTemplates[*].spec": {"volumeMode": "Filesystem", "resources": {}},
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
        "spec.jobTemplate.metadata": {},
        "spec.jobTemplate.spec.template.metadata": {},
    },
    "PodTemplate": {"template.metadata": {}},
    "Service": {
        "spec": {"type": "ClusterIP", "sessionAffinity": "None"},
        "spec.ports[*]": {"protocol": "TCP"},
    },
    "Secret": {"": {"type": "Opaque"}},
    "PersistentVolumeClaim": {"spec": {"volumeMode": "Filesystem", "resources": {}}},
    "PersistentVolume": {
        "spec": {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"},
        "?spec.hostPath": {"type": ""},
    },
    "HorizontalPodAutoscaler": {"spec": {"minReplicas": 1}},
    "StorageClass": {"": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}},
    "PriorityClass": {"": {"preemptionPolicy": "PreemptLowerPriority"}},
    "Endpoints": {"subsets[*].ports[*]": {"protocol": "TCP"}},
    "EndpointSlice": {
        "": {"endpoints": None, "ports": None},
        "endpoints[*]": {"conditions": {}},
        "ports[*]": {"name": "", "protocol": "TCP"},
    },
    **{kind: {"": {"rules": None}} for kind in ("Role", "ClusterRole")},
    "NetworkPolicy": {
        "spec.podSelector": {},
        "spec.ingress[*].ports[*]": {"protocol": "TCP"},
        "spec.egress[*].ports[*]": {"protocol": "TCP"},
    },
    "RoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io"}},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io"}},
    "Event": {"": {"eventTime": None, "reportingComponent": "", "reportingInstance": ""}, "source": {}},
    "LimitRange": {"spec": {"limits": None}},
    "Node": {"status": {"daemonEndpoints": {}, "nodeInfo": {}}},
    "IngressClass": {"?spec.parameters": {"scope": "Cluster"}},
    "CSIDriver": {
        "spec": {
            "attachRequired": True,
            "podInfoOnMount": False,
            "volumeLifecycleModes": ["Persistent"],
            "storageCapacity": False,
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "requiresRepublish": False,
            "seLinuxMount": False,
        }
    },
    "APIService": {"?spec.service": {"port": 443}},
    "FlowSchema": {"spec": {"matchingPrecedence": 1000}},
    "PriorityLevelConfiguration": {
        "?spec.limited": {
            "nominalConcurrencyShares": 30,
            "limitResponse": {"type": "Reject"},
            "lendablePercent": 0,
        },
        "?spec.limited.limitResponse.queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50},
        "?spec.exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0},
    },
    "ValidatingWebhookConfiguration": _WEBHOOKS,
    "MutatingWebhookConfiguration": {**_WEBHOOKS, "webhooks[*]": {**_WEBHOOK, "reinvocationPolicy": "Never"}},
    **{f"{kind}AdmissionPolicy": _POLICY for kind in ("Validating", "Mutating")},
    **{f"{kind}AdmissionPolicyBinding": _POLICY_BINDING for kind in ("Validating", "Mutating")},
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
    if not resource.builtin:
        if resource.definition is not None:
            resource.definition.default(obj)
        return
    for where, fields in RULES.get(kind, {}).items():
        for place in places(obj, where):
            fill(place, fields)
    if kind in POD_SPECS:
        for spec in places(obj, POD_SPECS[kind]):
            default_pod_spec(spec)
    if kind in SPECIAL:
        SPECIAL[kind](obj)
    default_status(resource, obj)


def places(obj: Object, where: str) -> Iterator[Fields]:
    """The dicts at ``spec.ports[*]``, made on the way where that is possible; "" is the object itself."""
    step, _, rest = where.partition(".")
    if not step:
        yield obj
    elif step.endswith("[*]"):
        for item in obj.get(step[:-3].lstrip("?")) or ():
            yield from places(item, rest)
    elif step.startswith("?"):
        if isinstance(found := obj.get(step[1:]), dict):
            yield from places(found, "?" + rest if rest and rest[0] != "?" else rest)
    else:
        yield from places(obj.setdefault(step, {}), rest)
