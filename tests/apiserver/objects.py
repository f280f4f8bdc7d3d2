"""A good object of every kind that is stored, as small as it can be; the name and namespace are added.

Used by tests that say something of all kinds together.
"""

from __future__ import annotations

from typing import Any

POD = {"containers": [{"name": "c", "image": "app:1", "ports": [{"containerPort": 80}]}]}
ENDING = {**POD, "restartPolicy": "Never"}
LABELS = {"app": "a"}
OWN = {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": POD}}
STORAGE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
JOB = {"template": {"spec": ENDING}}
ROLE = {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}
BOUND = {
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}],
}
RULES = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]
WEBHOOKS = {
    "webhooks": [
        {
            "name": "a.example.com",
            "clientConfig": {"service": {"name": "s", "namespace": "n"}},
            "rules": RULES,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
    ]
}
POLICY = {"matchConstraints": {"resourceRules": RULES}}
OF_POLICY = {"policyName": "p", "matchResources": {}, "paramRef": {"name": "x"}}

OBJECTS: dict[str, dict[str, Any]] = {
    "pods": {"spec": POD},
    "services": {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "externalTrafficPolicy": "Local"}},
    "configmaps": {"data": {"k": "v"}, "binaryData": {"b": "YQ=="}},
    "secrets": {"type": "kubernetes.io/basic-auth", "stringData": {"username": "u"}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "events": {
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Made",
        "count": 1,
    },
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
    "persistentvolumeclaims": {"spec": STORAGE},
    "podtemplates": {"template": {"spec": POD}},
    "replicationcontrollers": {"spec": {"template": OWN["template"]}},
    "resourcequotas": {"spec": {"hard": {"pods": "3", "requests.cpu": "1"}}},
    "serviceaccounts": {},
    "namespaces": {},
    "nodes": {
        "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "1"}},
    },
    "persistentvolumes": {
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    },
    "controllerrevisions": {"data": {"a": 1}, "revision": 1},
    **{kind: {"spec": OWN} for kind in ("deployments", "replicasets", "daemonsets")},
    "statefulsets": {"spec": {**OWN, "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": STORAGE}]}},
    "jobs": {"spec": JOB},
    "cronjobs": {
        "spec": {"schedule": "0 3 * * 1-5", "timeZone": "Europe/Vienna", "jobTemplate": {"spec": JOB}}
    },
    "horizontalpodautoscalers": {
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
        }
    },
    "poddisruptionbudgets": {"spec": {"minAvailable": "50%", "selector": {"matchLabels": LABELS}}},
    "endpointslices": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"]}],
        "ports": [{"port": 80}],
    },
    "leases": {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 5}},
    "priorityclasses": {"value": 7},
    "ingresses": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "ingressclasses": {"spec": {"controller": "example.com/c", "parameters": {"kind": "K", "name": "n"}}},
    "networkpolicies": {
        "spec": {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}]}]}
    },
    "servicecidrs": {"spec": {"cidrs": ["10.7.0.0/16"]}},
    "storageclasses": {"provisioner": "example.com/p"},
    "csidrivers": {"spec": {}},
    "roles": ROLE,
    "clusterroles": {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": LABELS}]}},
    **dict.fromkeys(["rolebindings", "clusterrolebindings"], BOUND),
    **{f"{kind}webhookconfigurations": WEBHOOKS for kind in ("mutating", "validating")},
    "validatingadmissionpolicies": {"spec": {**POLICY, "validations": [{"expression": "true"}]}},
    "validatingadmissionpolicybindings": {"spec": {**OF_POLICY, "validationActions": ["Deny"]}},
    "runtimeclasses": {"handler": "h"},
    "flowschemas": {"spec": {"priorityLevelConfiguration": {"name": "x"}}},
    "prioritylevelconfigurations": {
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}
    },
}
