"""Defaults: what the API server adds to an object that leaves things unsaid."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.schema import decode
from k8slearn.apiserver.defaults import default

KINDS = Kinds()
CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


def defaulted(kind: str, obj: dict[str, Any]) -> dict[str, Any]:
    resource = KINDS.named(kind)
    found, _ = decode(resource, {"metadata": {"name": "x"}, **obj})
    default(resource, found)
    return found


def _template(**pod: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i:1"}]
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers, **pod}}


def test_a_pod() -> None:
    found = defaulted("pods", {"spec": {"containers": [{"name": "c", "image": "nginx"}]}})
    container = {"name": "c", "image": "nginx", **CONTAINER, "imagePullPolicy": "Always"}
    assert found["spec"] == {**POD, "containers": [container], "enableServiceLinks": True}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("registry:5000/nginx", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("registry:5000/a/nginx:1.2", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_a_moving_tag_is_always_pulled(image: str, policy: str) -> None:
    found = defaulted("pods", {"spec": {"containers": [{"name": "c", "image": image}]}})
    assert found["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_what_stands_in_a_pod() -> None:
    container = {
        "name": "c",
        "image": "i:1",
        "ports": [{"containerPort": 80}],
        "livenessProbe": {"httpGet": {"port": 80}},
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}},
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }
    volumes = [
        {"name": "a"},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "c", "hostPath": {"path": "/"}},
    ]
    spec = defaulted("pods", {"spec": {"containers": [container], "volumes": volumes}})["spec"]
    found = spec["containers"][0]
    assert found["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert found["livenessProbe"] == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert found["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
    assert found["env"][0]["valueFrom"]["fieldRef"] == {"apiVersion": "v1", "fieldPath": "metadata.name"}
    assert spec["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
        {"name": "c", "hostPath": {"path": "/", "type": ""}},
    ]


def test_on_the_nodes_network_ports_are_the_nodes() -> None:
    container = {"name": "c", "image": "i:1", "ports": [{"containerPort": 80}]}
    spec = defaulted("pods", {"spec": {"hostNetwork": True, "containers": [container]}})["spec"]
    assert spec["containers"][0]["ports"][0]["hostPort"] == 80


def test_a_deployment() -> None:
    found = defaulted("deployments", {"spec": {"template": _template()}})
    assert found["spec"]["replicas"] == 1
    assert found["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert found["spec"]["template"]["spec"].items() >= POD.items()
    assert "enableServiceLinks" not in found["spec"]["template"]["spec"]
    assert found["status"] == {}


def test_what_was_said_stays() -> None:
    strategy = {"type": "Recreate"}
    found = defaulted("deployments", {"spec": {"replicas": 0, "strategy": strategy, "template": _template()}})
    assert found["spec"]["replicas"] == 0
    assert found["spec"]["strategy"] == strategy


@pytest.mark.parametrize(
    ("kind", "obj", "expected"),
    [
        (
            "daemonsets",
            {"spec": {}},
            {
                "revisionHistoryLimit": 10,
                "updateStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
                },
            },
        ),
        (
            "statefulsets",
            {"spec": {}},
            {
                "replicas": 1,
                "podManagementPolicy": "OrderedReady",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            },
        ),
        (
            "jobs",
            {"spec": {}},
            {
                "completions": 1,
                "parallelism": 1,
                "backoffLimit": 6,
                "completionMode": "NonIndexed",
                "suspend": False,
                "podReplacementPolicy": "TerminatingOrFailed",
            },
        ),
        ("jobs", {"spec": {"completions": 3}}, {"completions": 3, "parallelism": 1}),
        (
            "cronjobs",
            {"spec": {}},
            {
                "concurrencyPolicy": "Allow",
                "suspend": False,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1,
            },
        ),
        (
            "services",
            {"spec": {"ports": [{"port": 80}]}},
            {
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            },
        ),
        (
            "services",
            {"spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"}},
            {
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
            },
        ),
        ("persistentvolumeclaims", {"spec": {}}, {"volumeMode": "Filesystem"}),
        (
            "persistentvolumes",
            {"spec": {"hostPath": {"path": "/x"}}},
            {"persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/x", "type": ""}},
        ),
        (
            "horizontalpodautoscalers",
            {"spec": {"maxReplicas": 3}},
            {
                "minReplicas": 1,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 80},
                        },
                    }
                ],
            },
        ),
        (
            "networkpolicies",
            {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}},
            {"policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}]},
        ),
        (
            "limitranges",
            {"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "default": {"memory": "1Gi"}}]}},
            {
                "limits": [
                    {
                        "type": "Container",
                        "max": {"cpu": "2"},
                        "default": {"cpu": "2", "memory": "1Gi"},
                        "defaultRequest": {"cpu": "2", "memory": "1Gi"},
                    }
                ]
            },
        ),
    ],
)
def test_specs(kind: str, obj: dict[str, Any], expected: dict[str, Any]) -> None:
    spec = defaulted(kind, obj)["spec"]
    assert {field: spec.get(field) for field in expected} == expected


def test_an_external_name_has_no_addresses() -> None:
    spec = defaulted("services", {"spec": {"type": "ExternalName", "externalName": "a.b"}})["spec"]
    assert spec == {"type": "ExternalName", "externalName": "a.b", "sessionAffinity": "None"}


def test_kinds_without_a_spec() -> None:
    storage = defaulted("storageclasses", {"provisioner": "ex.com/p"})
    assert (storage["reclaimPolicy"], storage["volumeBindingMode"]) == ("Delete", "Immediate")
    assert defaulted("secrets", {})["type"] == "Opaque"
    assert defaulted("namespaces", {})["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert defaulted("events", {"involvedObject": {}})["eventTime"] is None


def test_text_in_a_secret_becomes_data() -> None:
    secret = defaulted("secrets", {"data": {"k": "eA==", "l": "eQ=="}, "stringData": {"k": "hello"}})
    assert secret["data"] == {"k": "aGVsbG8=", "l": "eQ=="}
    assert "stringData" not in secret


def test_a_job_selects_its_pods_by_its_own_uid() -> None:
    found = defaulted("jobs", {"metadata": {"name": "j", "uid": "u1"}, "spec": {"template": _template()}})
    labels = found["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u1"}}
    assert labels.items() >= {"batch.kubernetes.io/job-name": "j", "app": "x", "controller-uid": "u1"}.items()
    assert found["metadata"]["labels"] == labels


def test_a_replication_controller_selects_what_it_makes() -> None:
    found = defaulted("replicationcontrollers", {"spec": {"template": _template()}})
    assert found["spec"]["selector"] == {"app": "x"}
    assert found["metadata"]["labels"] == {"app": "x"}


def test_custom_resources_are_left_alone() -> None:
    obj = {"spec": {}}
    default(Resource("example.com", "v1", "Website", "websites"), obj)
    assert obj == {"spec": {}}


@given(st.sampled_from(list(Kinds().kept())), st.booleans())
def test_defaulting_twice_changes_nothing_and_what_it_adds_is_typed(
    resource: Resource, template: bool
) -> None:
    obj: dict[str, Any] = {"metadata": {"name": "x"}}
    if template and resource.kind in ("Deployment", "ReplicaSet", "Job"):
        obj["spec"] = {"template": _template()}
    found = defaulted(resource.qualified, obj)
    again = deepcopy(found)
    default(resource, again)
    assert again == found
    decode(resource, found, field_validation="Strict")
