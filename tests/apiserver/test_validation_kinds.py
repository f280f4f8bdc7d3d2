# ruff: noqa: E501
"""Validation, kind by kind: a good object with something wrong in it, and every complaint about it."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import Invalid
from k8slearn.api.objects import edit
from k8slearn.api.patches import merge
from k8slearn.api.requests import Request
from tests import fakes
from tests.apiserver.objects import OBJECTS, RULES

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SYSTEM = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "


def complaints(kind: str, change: Any) -> list[str]:
    """Of the good object of a kind, changed by a merge patch."""
    server = fakes.server()
    resource = server.kinds.named(kind)
    body = merge({"metadata": {"name": "x"}, **edit(OBJECTS[kind])}, change)
    home = "default" if resource.namespaced else ""
    with pytest.raises(Invalid) as refused:
        server.handle(Request("create", resource, home, body=body))
    return sorted(f"{c['field']}: {c['message']}" for c in refused.value.causes)


TABLE: list[tuple[str, Any, list[str]]] = [
    # --- what is kept
    ("configmaps", {"data": {"k": "x" * 2**20}}, ["[]: Too long: may not be more than 1048576 bytes"]),
    ("secrets", {"stringData": {"k": "x" * 2**20}}, ["data: Too long: may not be more than 1048576 bytes"]),
    (
        "secrets",
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "[1]"}},
        [
            'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array '
            "into Go value of type map[string]interface {}"
        ],
    ),
    (
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOncePod", "ReadWriteOnce", "X"], "capacity": {"storage": "0"}}},
        [
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
            'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", '
            '"ReadWriteOnce", "ReadWriteOncePod"',
            'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
        ],
    ),
    (
        "storageclasses",
        {"parameters": {"": "x"}, "volumeBindingMode": "Soon"},
        [
            'parameters: Invalid value: "": field can not be empty.',
            'volumeBindingMode: Unsupported value: "Soon": supported values: "Immediate", "WaitForFirstConsumer"',
        ],
    ),
    # --- what runs
    (
        "jobs",
        {"spec": {"completionMode": "Indexed", "parallelism": 100001, "maxFailedIndexes": 5}},
        [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.completions: Required value: when completion mode is Indexed",
            "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is "
            "Indexed",
        ],
    ),
    ("jobs", {"spec": {"backoffLimitPerIndex": 1}}, ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
    (
        "jobs",
        {"spec": {"selector": {"matchLabels": {"a": "b", "controller-uid": "u"}}}},
        [
            'spec.selector: Invalid value: {"matchLabels":{"a":"b","controller-uid":"u"}}: `selector` not auto-generated',
            "spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`",
        ],
    ),
    (
        "jobs",
        {"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}, "template": {"spec": {"restartPolicy": "OnFailure"}}}},
        [
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is "
            "required",
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when '
            "podFailurePolicy is specified",
        ],
    ),
    (
        "cronjobs",
        {"spec": {"schedule": "61 * * * *", "timeZone": "Local"}},
        [
            'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
            'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in '
            "https://www.iana.org/time-zones",
        ],
    ),
    (
        "cronjobs",
        {"spec": {"schedule": "TZ=UTC 1 * * * *", "timeZone": "Nowhere/X"}},
        [
            'spec.schedule: Invalid value: "TZ=UTC 1 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone '
            "field instead",
            'spec.timeZone: Invalid value: "Nowhere/X": unknown time zone Nowhere/X',
        ],
    ),
    (
        "statefulsets",
        {"spec": {"ordinals": {"start": -1}, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}}},
        [
            "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
            'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: '
            '"Delete", "Retain"',
        ],
    ),
    (
        "daemonsets",
        {"spec": {"template": {"spec": {"activeDeadlineSeconds": 5}}}},
        ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"],
    ),
    (
        "pods",
        {"spec": {"schedulingGates": [{"name": "a"}, {"name": "a"}], "nodeName": "n", "os": {"name": "dos"}}},
        [
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
            'spec.os.name: Unsupported value: "dos": supported values: "linux", "windows"',
            'spec.schedulingGates[1]: Duplicate value: "a"',
        ],
    ),
    (
        "pods",
        {"spec": {"containers": [{"name": "c", "image": "i", "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "a.b"}}}]}]}},
        [
            'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "a.b": error converting '
            "fieldPath: field label not supported: a.b"
        ],
    ),
    (
        "pods",
        {"spec": {"securityContext": {"seccompProfile": {"type": "Localhost"}}, "hostAliases": [{"ip": "x"}]}},
        [
            'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is "
            "Localhost",
        ],
    ),
    # --- how many
    (
        "horizontalpodautoscalers",
        {"spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]}},
        [
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value "
            "or a target utilization"
        ],
    ),
    (
        "horizontalpodautoscalers",
        {"spec": {"minReplicas": 0, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}}},
        [
            "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to "
            "3600",
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
        ],
    ),
    (
        "poddisruptionbudgets",
        {"spec": {"maxUnavailable": "101%", "selector": None}},
        [
            'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
            'spec: Invalid value: {"MinAvailable":"50%","Selector":null,"MaxUnavailable":"101%",'
            '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
        ],
    ),
    (
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}, "default": {"cpu": "1"}}]}},
        [
            'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
            'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
            'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        ],
    ),
    (
        "limitranges",
        {"spec": {"limits": [{"type": "Pod", "default": {"cpu": "1"}}, {"type": "Pod", "max": {"cpu": "1"}}]}},
        [
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            'spec.limits[1].type: Duplicate value: "Pod"',
        ],
    ),
    (
        "resourcequotas",
        {"spec": {"hard": {"nonsense": "1", "pods": "1.5", "requests.cpu": None}}},
        [
            'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource for quota',
            'spec.hard[pods]: Invalid value: "1500m": must be an integer',
        ],
    ),
    ("priorityclasses", {"metadata": {"name": "system-x"}}, [f"{SYSTEM}system-x is not a known system priority class"]),
    # --- who may
    (
        "roles",
        {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}, {"verbs": []}]},
        [
            'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
            "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[1].resources: Required value: resource rules must supply at least one resource",
            "rules[1].verbs: Required value: verbs must contain at least one value",
        ],
    ),
    (
        "clusterrolebindings",
        {"roleRef": {"kind": "Role"}, "subjects": [{"kind": "ServiceAccount", "name": "a"}, {"kind": "Dog", "name": "b"}]},
        [
            'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
            "subjects[0].namespace: Required value",
            'subjects[1].kind: Unsupported value: "Dog": supported values: "Group", "ServiceAccount", "User"',
        ],
    ),
    (
        "clusterroles",
        {"aggregationRule": {"clusterRoleSelectors": None}},
        [
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if "
            "aggregationRule is non-nil"
        ],
    ),
    # --- the way in
    (
        "ingresses",
        {"spec": {"rules": [{"http": {"paths": [{"path": "/a//b", "pathType": "Exact", "backend": {}}]}}], "tls": [{"hosts": ["A"]}]}},
        [
            'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
            "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'",
            f'spec.tls[0].hosts[0]: Invalid value: "A": {SUBDOMAIN}',
        ],
    ),
    (
        "ingressclasses",
        {"spec": {"controller": "x", "parameters": {"scope": "Namespace"}}},
        [
            'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
            "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
        ],
    ),
    (
        "networkpolicies",
        {"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}], "ports": [{"endPort": 5}]}]}},
        [
            "spec.egress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is not specified",
            'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`',
        ],
    ),
    (
        "endpointslices",
        {"endpoints": [{"addresses": ["::1"]}, {}], "ports": [{"name": "a"}, {"name": "a"}]},
        [
            'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address',
            "endpoints[1].addresses: Required value: must contain at least 1 endpoint",
            'ports[1].name: Duplicate value: "a"',
        ],
    ),
    ("endpoints", {"subsets": [{}]}, ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
    # --- the others
    (
        "nodes",
        {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}] * 2}},
        ['spec.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}'],
    ),
    ("leases", {"spec": {"holderIdentity": ""}}, ['spec.holderIdentity: Invalid value: "": must not be empty']),
    (
        "validatingwebhookconfigurations",
        {"webhooks": [{"name": "a.example.com", "sideEffects": "Some", "admissionReviewVersions": ["v2"], "timeoutSeconds": 31,
                       "clientConfig": {"url": "http://a/b?c"}, "rules": [{**RULES[0], "operations": ["*", "CREATE"]}]}]},
        [
            'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
            'webhooks[0].clientConfig.url: Invalid value: "c": query parameters are not permitted in the URL',
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired "
            "format: https://host[/path]",
            "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify "
            "other operations",
            'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ],
    ),
    ("flowschemas", {"spec": {"matchingPrecedence": 10001}}, ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"]),
    ("prioritylevelconfigurations", {"spec": {"limited": None}}, ["spec.limited: Required value: must not be empty when type is Limited"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "expected"), TABLE)
def test_what_is_wrong(kind: str, change: Any, expected: list[str]) -> None:
    assert complaints(kind, change) == sorted(expected)


# --- what may not change -----------------------------------------------------------------------

CHANGES: list[tuple[str, Any, str]] = [
    ("rolebindings", {"roleRef": {"name": "edit"}}, 'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef'),
    ("priorityclasses", {"value": 8}, "value: Forbidden: may not be changed in an update."),
    ("ingressclasses", {"spec": {"controller": "ex.com/d"}}, 'spec.controller: Invalid value: "ex.com/d": field is immutable'),
    ("runtimeclasses", {"handler": "g"}, 'handler: Invalid value: "g": field is immutable'),
    ("resourcequotas", {"spec": {"scopes": ["BestEffort"], "hard": {"requests.cpu": None}}}, 'spec.scopes: Invalid value: ["BestEffort"]: field is immutable'),
    ("persistentvolumes", {"spec": {"hostPath": {"path": "/y"}}}, "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"),
    ("persistentvolumeclaims", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}, "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"),
    ("storageclasses", {"parameters": {"a": "b"}}, "parameters: Forbidden: updates to parameters are forbidden."),
    ("controllerrevisions", {"data": {"a": 2}}, 'data: Invalid value: {"a":2}: field is immutable'),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "message"), CHANGES)
def test_what_may_not_change(kind: str, change: Any, message: str) -> None:
    assert changed(kind, change) == [message]


def changed(kind: str, *changes: Any) -> list[str]:
    """The complaints about the last of several changes."""
    server = fakes.server()
    resource = server.kinds.named(kind)
    home = "default" if resource.namespaced else ""
    growing = {"metadata": {"name": "grows"}, "provisioner": "a/b", "allowVolumeExpansion": True}
    server.handle(Request("create", "storageclasses", body=growing))
    server.handle(Request("create", resource, home, body={"metadata": {"name": "x"}, **edit(OBJECTS[kind])}))
    try:
        for change in changes:
            subresource = "status" if "status" in change else ""
            server.handle(Request("patch", resource, home, "x", subresource, change))
    except Invalid as refused:
        return list(dict.fromkeys(f"{c['field']}: {c['message']}" for c in refused.causes))
    return []


def test_a_bound_claim_can_grow() -> None:
    classed = {"spec": {"storageClassName": "grows"}}
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "2Gi"}}}
    grown = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    assert changed("persistentvolumeclaims", classed, bound, grown) == []
    smaller = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    refusal = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    assert changed("persistentvolumeclaims", classed, bound, grown, smaller) == [refusal]


def test_where_the_pods_of_a_suspended_job_go_may_change() -> None:
    direction = {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}
    assert changed("jobs", {"spec": {"suspend": True}}, direction) == []
    assert changed("jobs", direction)[0].endswith("field is immutable")
    another = {"spec": {"template": {"spec": {"hostname": "h"}}}}
    assert changed("jobs", {"spec": {"suspend": True}}, another)[0].endswith("field is immutable")


def test_indexed_jobs_are_resized_as_a_whole() -> None:
    server_side = {"spec": {"completions": 3}}
    assert changed("jobs", server_side) == ["spec.completions: Invalid value: 3: field is immutable"]


# --- events ------------------------------------------------------------------------------------


def test_events_k8s_io_asks_for_more() -> None:
    server = fakes.server()
    resource = server.kinds.served("events.k8s.io", "v1", "events")
    body = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
        "reason": "x",
    }
    with pytest.raises(Invalid) as refused:
        server.handle(Request("create", resource, "default", body=edit(body)))
    assert sorted(c["field"] for c in refused.value.causes) == ["eventTime", "type"]
    body |= {"eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "action": "Do"}
    body |= {"reportingController": "a/b", "reportingInstance": "a-1"}
    assert server.handle(Request("create", resource, "default", body=edit(body)))[
        "note" if "note" in body else "reason"
    ]
    body["reason"] = "y"
    with pytest.raises(Invalid, match='reason: Invalid value: "y": field is immutable'):
        server.handle(Request("update", resource, "default", "e", body=edit(body)))
