"""Validation: every broken rule is told, with Kubernetes' path and words."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.schema import decode
from k8slearn.apiserver.defaults import default
from k8slearn.apiserver.strategy import prepare_create
from k8slearn.apiserver.validation import validate

KINDS = Kinds()
Spec = dict[str, Any]
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
PORT_RANGE = "must be between 1 and 65535, inclusive"


def prepared(kind: str, obj: Spec) -> tuple[Resource, Spec]:
    """The object as it is when it comes to validation."""
    resource = KINDS.named(kind)
    found, _ = decode(resource, obj)
    metadata = {"name": "x", "uid": "u", "resourceVersion": "1", **found.get("metadata", {})}
    metadata |= {"creationTimestamp": "2026-01-01T00:00:00Z"}
    found["metadata"] = {"namespace": "ns", **metadata} if resource.namespaced else metadata
    prepare_create(resource, found)
    default(resource, found)
    return resource, found


def broken(kind: str, obj: Spec) -> list[str]:
    return sorted(str(error) for error in validate(*prepared(kind, obj)))


def changed(kind: str, old: Spec, new: Spec, subresource: str = "") -> list[str]:
    resource, before = prepared(kind, old)
    after = prepared(kind, new)[1]
    return list(dict.fromkeys(str(error) for error in validate(resource, after, before, subresource)))


def pod(spec: Spec | None = None, **container: Any) -> Spec:
    return {"spec": {"containers": [{"name": "c", "image": "i:1", **container}], **(spec or {})}}


def workload(labels: Spec | None = None, **spec: Any) -> Spec:
    template = {"metadata": {"labels": labels or {"app": "x"}}, **pod()}
    return {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template, **spec}}


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        (
            "pods",
            pod(ports=[{"containerPort": 80, "name": "http"}], livenessProbe={"tcpSocket": {"port": "http"}}),
        ),
        ("pods", pod({"volumes": [{"name": "v"}]}, volumeMounts=[{"name": "v", "mountPath": "/v"}])),
        ("deployments", workload()),
        ("replicasets", workload()),
        ("daemonsets", workload()),
        (
            "statefulsets",
            workload(
                volumeClaimTemplates=[{"metadata": {"name": "data"}}],
                template={
                    "metadata": {"labels": {"app": "x"}},
                    **pod(volumeMounts=[{"name": "data", "mountPath": "/d"}]),
                },
            ),
        ),
        ("jobs", {"spec": {"template": pod({"restartPolicy": "Never"})}}),
        ("replicationcontrollers", {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, **pod()}}}),
        ("services", {"spec": {"ports": [{"port": 80}]}}),
        ("services", {"spec": {"clusterIP": "None"}}),
        ("configmaps", {"data": {"a.b": "c"}}),
        ("secrets", {"stringData": {"k": "v"}}),
        ("namespaces", {}),
        ("nodes", {}),
        ("events", {"involvedObject": {"namespace": "ns"}}),
        ("leases", {"spec": {"leaseDurationSeconds": 15}}),
        ("storageclasses", {"provisioner": "ex.com/p"}),
        ("clusterroles", {"metadata": {"name": "system:thing"}, "rules": []}),
    ],
)
def test_good_objects(kind: str, obj: Spec) -> None:
    assert broken(kind, obj) == []


@pytest.mark.parametrize(
    ("kind", "metadata", "message"),
    [
        ("configmaps", {"name": "Bad_Name"}, f'metadata.name: Invalid value: "Bad_Name": {SUBDOMAIN}'),
        ("namespaces", {"name": "a.b"}, 'metadata.name: Invalid value: "a.b": must not contain dots'),
        ("clusterroles", {"name": "a/b"}, "metadata.name: Invalid value: \"a/b\": may not contain '/'"),
        (
            "cronjobs",
            {"name": "c" * 53},
            f'metadata.name: Invalid value: "{"c" * 53}": must be no more than 52 characters',
        ),
        (
            "secrets",
            {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner"}]},
            'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
        ),
        (
            "secrets",
            {
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True} for n in "ab"
                ]
            },
            'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"a","uid":"a",'
            '"controller":true},{"apiVersion":"v1","kind":"Pod","name":"b","uid":"b","controller":true}]: '
            "Only one reference can have Controller set to true. "
            'Found "true" in references for Pod/a and Pod/b',
        ),
        (
            "configmaps",
            {"finalizers": ["orphan", "foregroundDeletion"]},
            'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
            "finalizer orphan and foregroundDeletion cannot be both set",
        ),
        (
            "configmaps",
            {"annotations": {"a": "x" * 262_144}},
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
    ],
)
def test_metadata(kind: str, metadata: Spec, message: str) -> None:
    obj: Spec = {"metadata": metadata}
    if kind == "cronjobs":
        obj["spec"] = {
            "schedule": "@daily",
            "jobTemplate": {"spec": {"template": pod({"restartPolicy": "Never"})}},
        }
    assert broken(kind, obj) == [message]


def test_an_object_needs_a_name() -> None:
    resource, obj = prepared("configmaps", {})
    del obj["metadata"]["name"]
    errors = [str(error) for error in validate(resource, obj)]
    assert errors == ["metadata.name: Required value: name or generateName is required"]


def test_labels_are_told_in_full() -> None:
    errors = broken("configmaps", {"metadata": {"labels": {"a b": "c d"}}})
    assert len(errors) == 2
    assert errors[0].startswith('metadata.labels: Invalid value: "a b": name part must consist of')
    assert errors[1].startswith(
        'metadata.labels: Invalid value: "c d": a valid label must be an empty string'
    )


PROBE = "spec.containers[0].livenessProbe"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"spec": {}}, "spec.containers: Required value"),
        (pod(image=""), "spec.containers[0].image: Required value"),
        (pod(name=""), "spec.containers[0].name: Required value"),
        (pod(name="Up"), f'spec.containers[0].name: Invalid value: "Up": {LABEL}'),
        (
            pod({"initContainers": [{"name": "c", "image": "i:2"}]}),
            'spec.initContainers[0].name: Duplicate value: "c"',
        ),
        (
            pod({"restartPolicy": "Sometimes"}),
            'spec.restartPolicy: Unsupported value: "Sometimes": '
            'supported values: "Always", "Never", "OnFailure"',
        ),
        (
            pod(ports=[{"containerPort": 70000}]),
            f"spec.containers[0].ports[0].containerPort: Invalid value: 70000: {PORT_RANGE}",
        ),
        (pod(ports=[{"name": "a"}]), "spec.containers[0].ports[0].containerPort: Required value"),
        (pod(env=[{"value": "x"}]), "spec.containers[0].env[0].name: Required value"),
        (
            pod(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
            'spec.containers[0].env[0].valueFrom: Invalid value: "": '
            "may not be specified when `value` is not empty",
        ),
        (
            pod(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
            'spec.containers[0].resources.requests: Invalid value: "2": '
            "must be less than or equal to cpu limit of 1",
        ),
        (
            pod(resources={"requests": {"ex.com/gpu": "1"}}),
            "spec.containers[0].resources.limits: Required value: "
            "Limit must be set for non overcommitable resources",
        ),
        (
            pod(resources={"limits": {"cpu": "-1"}, "requests": {"cpu": "-1"}}),
            'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": '
            "must be greater than or equal to 0",
        ),
        (
            pod(volumeMounts=[{"name": "data", "mountPath": "/d"}]),
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ),
        (
            pod({"volumes": [{"name": "a"}, {"name": "a"}]}),
            'spec.volumes[1].name: Duplicate value: "a"',
        ),
        (
            pod({"volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}]}),
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        (pod(livenessProbe={}), f"{PROBE}: Required value: must specify a handler type"),
        (
            pod(livenessProbe={"tcpSocket": {"port": 1}, "successThreshold": 2}),
            f"{PROBE}.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            pod(livenessProbe={"httpGet": {"port": 0}}),
            f"{PROBE}.httpGet.port: Invalid value: 0: {PORT_RANGE}",
        ),
        (
            pod({"tolerations": [{"operator": "Equal", "value": "x"}]}),
            'spec.tolerations[0].operator: Invalid value: "Equal": '
            "operator must be Exists when `key` is empty, "
            'which means "match all values and all keys"',
        ),
        (
            pod(
                {"initContainers": [{"name": "i", "image": "i", "livenessProbe": {"tcpSocket": {"port": 1}}}]}
            ),
            "spec.initContainers[0].livenessProbe: Forbidden: "
            "may not be set for init containers without restartPolicy=Always",
        ),
        (
            pod({"activeDeadlineSeconds": 0}),
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
    ],
)
def test_pods(obj: Spec, message: str) -> None:
    assert message in broken("pods", obj)


MISMATCH = (
    'spec.template.metadata.labels: Invalid value: {"app":"y"}: `selector` does not match template `labels`'
)


@pytest.mark.parametrize(
    ("kind", "obj", "messages"),
    [
        (
            "deployments",
            workload(replicas=-1),
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        ),
        ("deployments", workload({"app": "y"}), [MISMATCH]),
        ("replicasets", workload({"app": "y"}), [MISMATCH]),
        ("daemonsets", workload({"app": "y"}), [MISMATCH]),
        ("statefulsets", workload({"app": "y"}), [MISMATCH]),
        ("deployments", workload(selector=None), ["spec.selector: Required value"]),
        (
            "deployments",
            workload(selector={}),
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
        ),
        (
            "deployments",
            workload(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
            [
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": '
                "may not be 0 when `maxSurge` is 0"
            ],
        ),
        (
            "deployments",
            workload(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            [
                "spec.strategy.rollingUpdate: Forbidden: "
                "may not be specified when strategy `type` is 'Recreate'"
            ],
        ),
        (
            "deployments",
            workload(progressDeadlineSeconds=5, minReadySeconds=5),
            ["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"],
        ),
        (
            "daemonsets",
            workload(updateStrategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}),
            [
                "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: "
                "may not be set when maxUnavailable is non-zero"
            ],
        ),
        (
            "jobs",
            {"spec": {"template": pod()}},
            ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        (
            "cronjobs",
            {
                "spec": {
                    "schedule": "a b",
                    "jobTemplate": {"spec": {"template": pod({"restartPolicy": "Never"})}},
                }
            },
            ['spec.schedule: Invalid value: "a b": expected exactly 5 fields, found 2: [a b]'],
        ),
    ],
)
def test_workloads(kind: str, obj: Spec, messages: list[str]) -> None:
    assert broken(kind, obj) == messages


TLS = {"type": "kubernetes.io/tls", "data": {"tls.crt": "eA=="}}
PATHS = {"paths": [{"path": "nope", "backend": {"service": {"name": "s"}}}]}


@pytest.mark.parametrize(
    ("kind", "obj", "messages"),
    [
        ("services", {"spec": {"ports": []}}, ["spec.ports: Required value"]),
        (
            "services",
            {"spec": {"ports": [{"port": 0}]}},
            [
                f"spec.ports[0].port: Invalid value: 0: {PORT_RANGE}",
                f"spec.ports[0].targetPort: Invalid value: 0: {PORT_RANGE}",
            ],
        ),
        (
            "services",
            {"spec": {"ports": [{"name": "x", "port": 80}, {"name": "x", "port": 80}]}},
            [
                'spec.ports[1].name: Duplicate value: "x"',
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,'
                '"TargetPort":0,"NodePort":0}',
            ],
        ),
        (
            "services",
            {"spec": {"type": "NodePort", "ports": [{"port": 80}, {"name": "b", "port": 81}]}},
            ["spec.ports[0].name: Required value"],
        ),
        (
            "services",
            {"spec": {"type": "Wrong", "ports": [{"port": 80, "protocol": "ICMP"}]}},
            [
                'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
                'spec.type: Unsupported value: "Wrong": '
                'supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
            ],
        ),
        (
            "services",
            {"spec": {"type": "ExternalName", "ports": [{"port": 80}]}},
            ["spec.externalName: Required value"],
        ),
        ("secrets", TLS, ["data[tls.key]: Required value"]),
        (
            "configmaps",
            {"data": {"k": "x"}, "binaryData": {"k": "eA=="}},
            ['data[k]: Invalid value: "k": duplicate of key present in binaryData'],
        ),
        (
            "ingresses",
            {"spec": {"rules": [{"host": "UPPER", "http": PATHS}]}},
            [
                f'spec.rules[0].host: Invalid value: "UPPER": {SUBDOMAIN}',
                "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
            ],
        ),
        (
            "ingresses",
            {"spec": {}},
            ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
        ),
        (
            "networkpolicies",
            {"spec": {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "nope"}}]}]}},
            [
                'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "nope": '
                "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            ],
        ),
        (
            "horizontalpodautoscalers",
            {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}}},
            [
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
                "spec.maxReplicas: Required value: must be set and greater than 0",
            ],
        ),
        (
            "leases",
            {"spec": {"leaseDurationSeconds": -5}},
            ["spec.leaseDurationSeconds: Invalid value: -5: must be greater than 0"],
        ),
        (
            "storageclasses",
            {"reclaimPolicy": "Maybe"},
            [
                "provisioner: Required value",
                'reclaimPolicy: Unsupported value: "Maybe": supported values: "Delete", "Retain"',
            ],
        ),
        (
            "events",
            {"involvedObject": {"namespace": "elsewhere"}},
            ['involvedObject.namespace: Invalid value: "elsewhere": does not match event.namespace'],
        ),
        (
            "persistentvolumeclaims",
            {"spec": {}},
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
            ],
        ),
    ],
)
def test_other_kinds(kind: str, obj: Spec, messages: list[str]) -> None:
    assert broken(kind, obj) == messages


# --- changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        (
            "deployments",
            workload(),
            workload({"app": "x", "b": "c"}, selector={"matchLabels": {"b": "c"}}),
            'spec.selector: Invalid value: {"matchLabels":{"b":"c"}}: field is immutable',
        ),
        (
            "jobs",
            {"spec": {"completions": 3, "template": pod({"restartPolicy": "Never"})}},
            {"spec": {"completions": 5, "template": pod({"restartPolicy": "Never"})}},
            "spec.completions: Invalid value: 5: field is immutable",
        ),
        (
            "statefulsets",
            workload(serviceName="a"),
            workload(serviceName="b"),
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', "
            "'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
        (
            "secrets",
            {"type": "a/b"},
            {"type": "c/d"},
            'type: Invalid value: "c/d": field is immutable',
        ),
        (
            "secrets",
            {"immutable": True, "stringData": {"k": "a"}},
            {"immutable": True, "stringData": {"k": "b"}},
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "configmaps",
            {"immutable": True},
            {"immutable": False},
            "immutable: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "services",
            {"spec": {"clusterIP": "10.96.0.5", "ports": [{"port": 80}]}},
            {"spec": {"clusterIP": "10.96.0.6", "clusterIPs": ["10.96.0.6"], "ports": [{"port": 80}]}},
            'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set',
        ),
        (
            "storageclasses",
            {"provisioner": "ex.com/p"},
            {"provisioner": "ex.com/q"},
            'provisioner: Invalid value: "ex.com/q": field is immutable',
        ),
        (
            "configmaps",
            {"metadata": {"uid": "a"}},
            {"metadata": {"uid": "b"}},
            'metadata.uid: Invalid value: "b": field is immutable',
        ),
        (
            "configmaps",
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["ex.com/a"]}},
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
            'found new finalizers []string{"ex.com/a"}',
        ),
    ],
)
def test_what_may_not_change(kind: str, old: Spec, new: Spec, message: str) -> None:
    assert changed(kind, old, new) == [message]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (pod({"restartPolicy": "Never"}), "spec"),
        (pod(env=[{"name": "A", "value": "b"}]), "spec"),
        (pod({"nodeName": "node-x"}), "spec"),
        (
            {"spec": {"containers": [*pod()["spec"]["containers"], {"name": "d", "image": "i"}]}},
            "spec.containers",
        ),
        (pod({"tolerations": [{"key": "b", "operator": "Exists"}]}), "spec.tolerations"),
    ],
)
def test_a_pod_cannot_become_another(change: Spec, field: str) -> None:
    old = pod({"tolerations": [{"key": "a", "operator": "Exists"}]})
    new = deepcopy(change)
    new["spec"].setdefault("tolerations", old["spec"]["tolerations"])
    errors = changed("pods", old, new)
    assert errors[0].startswith(f"{field}: Forbidden: ")
    if field == "spec":
        assert errors[0] == (
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions "
            "to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
            "was previously negative)"
        )


@pytest.mark.parametrize(
    "change",
    [
        pod(image="i:2"),
        pod({"activeDeadlineSeconds": 60}),
        pod({"tolerations": [{"key": "a", "operator": "Exists"}]}),
    ],
)
def test_what_of_a_pod_may_change(change: Spec) -> None:
    assert changed("pods", pod(), change) == []


def test_a_claim_is_bound_once() -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    bound = {"spec": {**spec, "volumeName": "pv1"}}
    assert changed("persistentvolumeclaims", {"spec": spec}, bound) == []
    again = {"spec": {**spec, "volumeName": "pv2"}}
    assert len(changed("persistentvolumeclaims", bound, again)) == 1


def test_the_status_is_not_held_against_the_spec() -> None:
    bad = workload({"app": "y"})
    assert changed("deployments", bad, bad, "status") == []
    assert changed("deployments", bad, bad) == [MISMATCH]


def test_custom_resources_have_their_metadata_checked_only() -> None:
    resource = Resource("example.com", "v1", "Website", "websites")
    obj = {"metadata": {"name": "Bad", "namespace": "ns"}, "spec": {"replicas": -1}}
    assert [error.path for error in validate(resource, obj)] == ["metadata.name"]


def test_validation_changes_nothing() -> None:
    resource, obj = prepared("pods", pod(ports=[{"containerPort": 70000}]))
    before = deepcopy(obj)
    assert validate(resource, obj)
    assert obj == before
