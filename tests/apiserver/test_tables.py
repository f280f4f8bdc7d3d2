"""What `kubectl get` shows: columns, cells, and the objects that rows bring along."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import BadRequest
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import edit, freeze
from k8slearn.apiserver import tables
from tests import fakes

KINDS = Kinds()
NOW = 1000.0


def shown(plural: str, now: float = NOW, **obj: Any) -> dict[str, Any]:
    """Column -> cell of one object of this kind."""
    resource = KINDS.named(plural)
    obj.setdefault("metadata", {"name": "it", "creationTimestamp": timestamp(0)})
    obj = freeze({"kind": resource.kind, "apiVersion": resource.api_version, **obj})
    cells = tables.row(resource, obj, now)["cells"]
    return {c.name: cell for c, cell in zip(tables.columns(resource), cells, strict=True)}


# --- the answer -------------------------------------------------------------------------------


def test_a_table_has_columns_and_a_row_for_each_object() -> None:
    resource, obj = KINDS.named("configmaps"), fakes.configmap("a", data={"x": "1", "y": "2"})
    table = tables.table(resource, [obj], 0, list_metadata={"resourceVersion": "7"})
    assert {k: table[k] for k in ("kind", "apiVersion", "metadata")} == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "7"},
    }
    definitions = [{k: v for k, v in d.items() if k != "description"} for d in table["columnDefinitions"]]
    assert definitions == [
        {"name": "Name", "type": "string", "format": "name", "priority": 0},
        {"name": "Data", "type": "string", "format": "", "priority": 0},
        {"name": "Age", "type": "string", "format": "", "priority": 0},
    ]
    assert all(d["description"] for d in table["columnDefinitions"])
    (row,) = table["rows"]
    assert row["cells"] == ["a", 2, "<unknown>"]
    assert row["object"] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": "a", "namespace": "default"},
    }


def test_a_row_brings_along_what_is_asked_for() -> None:
    resource, obj = KINDS.named("configmaps"), fakes.configmap("a")
    assert tables.row(resource, obj, 0, "Object")["object"] is obj
    assert tables.row(resource, obj, 0, "None")["object"] is None
    with pytest.raises(BadRequest, match=r'includeObject: Invalid value: "All": must be \'Metadata\''):
        tables.table(resource, [], 0, include="All")


def test_a_later_event_of_a_watch_does_not_repeat_the_columns() -> None:
    resource = KINDS.named("configmaps")
    table = tables.table(resource, [fakes.configmap("a")], 0, headers=False)
    assert table["columnDefinitions"] is None
    assert len(table["rows"]) == 1


def test_an_empty_list_has_no_rows() -> None:
    assert tables.table(KINDS.named("podtemplates"), [], 0)["rows"] == []
    assert tables.table(KINDS.named("clusterroles"), [], 0)["rows"] is None  # as the real default table


def test_only_the_metadata() -> None:
    resource = KINDS.named("configmaps")
    found = tables.partial_list(resource, [fakes.configmap("a")], {"resourceVersion": "3"})
    assert found["kind"] == "PartialObjectMetadataList"
    assert found["metadata"] == {"resourceVersion": "3"}
    assert found["items"] == [tables.partial(resource, fakes.configmap("a"))]


# --- columns ----------------------------------------------------------------------------------

WIDE = {
    "deployments": "Containers|Images|Selector",
    "replicasets": "Containers|Images|Selector",
    "statefulsets": "Containers|Images",
    "services": "Selector",
    "pods": "IP|Node|Nominated Node|Readiness Gates",
    "events": "Subobject|Source|First Seen|Count|Name",
    "nodes": "Internal-IP|External-IP|OS-Image|Kernel-Version|Container-Runtime",
    "persistentvolumeclaims": "VolumeMode",
    "rolebindings": "Users|Groups|ServiceAccounts",
}
NARROW = {
    "pods": "Name|Ready|Status|Restarts|Age",
    "deployments": "Name|Ready|Up-to-date|Available|Age",
    "replicasets": "Name|Desired|Current|Ready|Age",
    "statefulsets": "Name|Ready|Age",
    "daemonsets": "Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age",
    "jobs": "Name|Status|Completions|Duration|Age",
    "cronjobs": "Name|Schedule|Timezone|Suspend|Active|Last Schedule|Age",
    "services": "Name|Type|Cluster-IP|External-IP|Port(s)|Age",
    "endpointslices": "Name|AddressType|Ports|Endpoints|Age",
    "nodes": "Name|Status|Roles|Age|Version",
    "events": "Last Seen|Type|Reason|Object|Message",
    "secrets": "Name|Type|Data|Age",
    "podtemplates": "Name|Containers|Images|Pod Labels",
    "persistentvolumeclaims": (
        "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age"
    ),
    "horizontalpodautoscalers": "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age",
    "ingresses": "Name|Class|Hosts|Address|Ports|Age",
    "resourcequotas": "Name|Request|Limit|Age",
    "priorityclasses": "Name|Value|Global-Default|Age|PreemptionPolicy",
    "roles": "Name|Created At",
    "limitranges": "Name|Created At",
}


@pytest.mark.parametrize("plural", sorted(WIDE | NARROW))
def test_columns(plural: str) -> None:
    columns = tables.columns(KINDS.named(plural))
    if plural in NARROW:
        assert "|".join(c.name for c in columns if not c.wide) == NARROW[plural]
    if plural in WIDE:
        assert "|".join(c.name for c in columns if c.wide) == WIDE[plural]


def test_a_custom_resource_shows_name_and_age() -> None:
    resource = Resource("example.com", "v1", "Website", "websites")
    assert [c.definition()["type"] for c in tables.columns(resource)] == ["string", "date"]
    site = fakes.named("Website", "a", "example.com/v1", metadata={"creationTimestamp": timestamp(0)})
    assert tables.row(resource, site, 90)["cells"] == ["a", "90s"]


# --- pods -------------------------------------------------------------------------------------

RUNNING = {"running": {}}
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": timestamp(NOW - 300)}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def container(name: str, state: Any, ready: bool = False, restarts: int = 0, **rest: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts, **rest}


def pod(
    *main: Any, init: Any = (), spec: Any = None, deleted: bool = False, **status: Any
) -> tuple[str, str, str]:
    """(READY, STATUS, RESTARTS) of a pod whose containers have these statuses."""
    metadata = {"name": "p", "creationTimestamp": timestamp(0)}
    if deleted:
        metadata["deletionTimestamp"] = timestamp(NOW)
    spec = {"containers": [{"name": c["name"]} for c in main], **(spec or {})}
    spec.setdefault("initContainers", [{"name": c["name"]} for c in init])
    status = {"containerStatuses": list(main), "initContainerStatuses": list(init), **status}
    cells = shown("pods", metadata=metadata, spec=spec, status=status)
    return cells["Ready"], cells["Status"], cells["Restarts"]


SIDECAR = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}
BOTH = {"initContainers": [*SIDECAR["initContainers"], {"name": "i"}]}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
INITIALIZED = {"conditions": [{"type": "Initialized", "status": "True"}]}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (pod(phase="Pending", spec={"containers": [{"name": "a"}]}), ("0/1", "Pending", "0")),
        (
            pod(phase="Pending", conditions=[{"type": "PodScheduled", "reason": "SchedulingGated"}]),
            ("0/0", "SchedulingGated", "0"),
        ),
        (
            pod(container("a", waiting("ContainerCreating")), phase="Pending"),
            ("0/1", "ContainerCreating", "0"),
        ),
        (pod(container("a", RUNNING, True), phase="Running"), ("1/1", "Running", "0")),
        (
            pod(
                container("a", waiting("CrashLoopBackOff"), restarts=3, lastState=CRASHED),
                container("b", RUNNING, True),
                phase="Running",
            ),
            ("1/2", "CrashLoopBackOff", "3 (5m ago)"),
        ),
        (pod(container("a", DONE), phase="Succeeded"), ("0/1", "Completed", "0")),
        (pod(container("a", CRASHED), phase="Failed"), ("0/1", "Error", "0")),
        (pod(container("a", {"terminated": {"exitCode": 3}}), phase="Failed"), ("0/1", "ExitCode:3", "0")),
        (
            pod(container("a", {"terminated": {"exitCode": 137, "signal": 9}}), phase="Failed"),
            ("0/1", "Signal:9", "0"),
        ),
        (pod(phase="Failed", reason="Evicted"), ("0/0", "Evicted", "0")),
        # some are done, others still work
        (
            pod(container("a", DONE), container("b", RUNNING, True), phase="Running", **READY),
            ("1/2", "Running", "0"),
        ),
        (pod(container("a", DONE), container("b", RUNNING, True), phase="Running"), ("1/2", "NotReady", "0")),
        # on its way out
        (pod(container("a", RUNNING, True), phase="Running", deleted=True), ("1/1", "Terminating", "0")),
        (pod(container("a", DONE), phase="Succeeded", deleted=True), ("0/1", "Completed", "0")),
        (pod(phase="Running", reason="NodeLost", deleted=True), ("0/0", "Unknown", "0")),
        # init containers
        (
            pod(
                container("a", waiting("PodInitializing")),
                init=[container("i", DONE), container("j", RUNNING)],
                phase="Pending",
            ),
            ("0/1", "Init:1/2", "0"),
        ),
        (
            pod(
                container("a", waiting("PodInitializing")),
                init=[container("i", waiting("CrashLoopBackOff"), restarts=2, lastState=CRASHED)],
                phase="Pending",
            ),
            ("0/1", "Init:CrashLoopBackOff", "2 (5m ago)"),
        ),
        (pod(init=[container("i", CRASHED)], phase="Pending"), ("0/0", "Init:Error", "0")),
        (
            pod(init=[container("i", {"terminated": {"exitCode": 2}})], phase="Pending"),
            ("0/0", "Init:ExitCode:2", "0"),
        ),
        # restarts of init containers are forgotten once they are done, those of sidecars are not
        (
            pod(container("a", RUNNING, True), init=[container("i", DONE, restarts=4)], phase="Running"),
            ("1/1", "Running", "0"),
        ),
        (
            pod(
                container("a", RUNNING, True, restarts=1),
                init=[container("s", RUNNING, True, restarts=2, started=True)],
                spec=SIDECAR,
                phase="Running",
            ),
            ("2/2", "Running", "3"),
        ),
        (
            pod(
                container("a", waiting("PodInitializing")),
                init=[container("s", RUNNING, True, started=True), container("i", RUNNING)],
                spec=BOTH,
                phase="Pending",
            ),
            ("1/2", "Init:1/2", "0"),
        ),
        # a sidecar that starts anew later on does not hide the others
        (
            pod(
                container("a", RUNNING, True),
                init=[container("s", waiting("CrashLoopBackOff"), restarts=1, started=False)],
                spec=SIDECAR,
                phase="Running",
                **INITIALIZED,
            ),
            ("1/2", "Init:CrashLoopBackOff", "1"),
        ),
    ],
)
def test_pods(seen: tuple[str, str, str], expected: tuple[str, str, str]) -> None:
    assert seen == expected


def test_the_wide_columns_of_a_pod() -> None:
    gates = [{"conditionType": "a"}, {"conditionType": "b"}]
    status = {"podIPs": [{"ip": "10.0.0.1"}], "conditions": [{"type": "b", "status": "True"}]}
    wide = shown("pods", spec={"nodeName": "n", "readinessGates": gates}, status=status)
    assert [wide[c] for c in WIDE["pods"].split("|")] == ["10.0.0.1", "n", "<none>", "1/2"]
    assert [shown("pods")[c] for c in WIDE["pods"].split("|")] == ["<none>"] * 4


def test_a_pod_that_is_over_says_so_beside_its_cells() -> None:
    row = tables.row(KINDS.named("pods"), {"status": {"phase": "Failed"}}, 0)
    assert row["conditions"] == [
        {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}
    ]
    assert "conditions" not in tables.row(KINDS.named("pods"), {"status": {"phase": "Running"}}, 0)


# --- other kinds ------------------------------------------------------------------------------


def true(*kinds: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": "True"} for kind in kinds]


def cpu(current: int | None) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": 80}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    status = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": current}}}
    return {"spec": {"metrics": [metric]}, "status": {"currentMetrics": [status] if current else []}}


def balanced(*ips: str, **spec: Any) -> dict[str, Any]:
    ingress = {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}}
    return {"spec": {"type": "LoadBalancer", **spec}, "status": ingress}


TWO_CONTAINERS = [{"name": "c", "image": "i"}, {"name": "d", "image": "j"}]
QUOTA = {
    "hard": {"pods": "4", "limits.cpu": "2", "configmaps": "2"},
    "used": {"pods": "1", "limits.cpu": "500m"},
}
SUBJECTS = [
    {"kind": "User", "name": "ann"},
    {"kind": "User", "name": "bob"},
    {"kind": "ServiceAccount", "name": "default", "namespace": "x"},
]
ENDPOINTS = [{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(3)], "ports": [{"port": 80}, {"port": 81}]}]
EVENT = {"lastTimestamp": timestamp(NOW - 10), "firstTimestamp": timestamp(NOW - 70), "count": 4}
NEW_EVENT = {
    "eventTime": timestamp(NOW - 9),
    "note": " hello \n",
    "regarding": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{c}"},
    "reportingController": "kubelet",
    "reportingInstance": "n1",
}
OWNED = {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": True}]}


@pytest.mark.parametrize(
    ("plural", "obj", "expected"),
    [
        ("deployments", {"spec": {"replicas": 3}, "status": {"readyReplicas": 2}}, {"Ready": "2/3", "Available": 0}),
        (
            "deployments",
            {"spec": {"selector": {"matchLabels": {"b": "2", "a": "1"}}}},
            {"Selector": "a=1,b=2", "Containers": "", "Ready": "0/0"},
        ),
        (
            "replicasets",
            {"spec": {"template": {"spec": {"containers": TWO_CONTAINERS}}}},
            {"Containers": "c,d", "Images": "i,j", "Selector": "<none>"},
        ),
        (
            "networkpolicies",
            {"spec": {"podSelector": {"matchExpressions": [{"key": "t", "operator": "NotIn", "values": ["b", "a"]}]}}},
            {"Pod-Selector": "t notin (a,b)"},
        ),
        ("networkpolicies", {"spec": {"podSelector": {}}}, {"Pod-Selector": "<none>"}),
        ("daemonsets", {"status": {"numberReady": 2}}, {"Ready": 2, "Node Selector": "<none>"}),
        ("jobs", {"spec": {"completions": 3}, "status": {"succeeded": 1}}, {"Completions": "1/3", "Status": "Running"}),
        ("jobs", {"spec": {"parallelism": 4}}, {"Completions": "0/1 of 4", "Duration": ""}),
        ("jobs", {"status": {"conditions": true("Suspended")}}, {"Status": "Suspended"}),
        (
            "jobs",
            {"status": {"startTime": timestamp(0), "completionTime": timestamp(130), "conditions": true("Complete")}},
            {"Duration": "2m10s", "Status": "Complete"},
        ),
        ("jobs", {"status": {"startTime": timestamp(NOW - 5)}}, {"Duration": "5s"}),
        (
            "cronjobs",
            {"spec": {"schedule": "0 3 * * *", "suspend": False}, "status": {"active": [{}]}},
            {"Suspend": "False", "Active": 1, "Timezone": "<none>", "Last Schedule": "<none>"},
        ),
        ("cronjobs", {"status": {"lastScheduleTime": timestamp(NOW - 60)}}, {"Last Schedule": "60s"}),
        (
            "services",
            {
                "spec": {
                    "type": "ClusterIP",
                    "clusterIPs": ["None"],
                    "ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "nodePort": 30053, "protocol": "UDP"}],
                }
            },
            {"Cluster-IP": "None", "External-IP": "<none>", "Port(s)": "80/TCP,53:30053/UDP"},
        ),
        ("services", balanced(), {"External-IP": "<pending>"}),
        ("services", balanced("2.2.2.2", "1.1.1.1"), {"External-IP": "1.1.1.1,2.2.2.2"}),
        ("services", balanced("1.1.1.1", externalIPs=["9.9.9.9"]), {"External-IP": "1.1.1.1,9.9.9.9"}),
        (
            "services",
            {"spec": {"type": "ExternalName", "externalName": "x.org"}},
            {"External-IP": "x.org", "Cluster-IP": "<none>", "Port(s)": "<none>"},
        ),
        ("endpoints", {}, {"Endpoints": "<none>"}),
        ("endpoints", {"subsets": ENDPOINTS}, {"Endpoints": "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 3 more..."}),
        (
            "endpoints",
            {"subsets": [{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}]},
            {"Endpoints": "[fd00::1]:80"},
        ),
        ("endpointslices", {}, {"Ports": "<unset>", "Endpoints": "<unset>"}),
        (
            "endpointslices",
            {"ports": [{"port": 80}, {"name": "x"}], "endpoints": [{"addresses": [str(i)]} for i in range(5)]},
            {"Ports": "80,x", "Endpoints": "0,1,2 + 2 more..."},
        ),
        ("ingresses", {}, {"Hosts": "*", "Class": "<none>", "Address": "", "Ports": "80"}),
        (
            "ingresses",
            {"spec": {"rules": [{"host": h} for h in "abcde"], "tls": [{}]}},
            {"Hosts": "a,b,c + 2 more...", "Ports": "80, 443"},
        ),
        ("ingresses", {"spec": {"rules": [{"host": h} for h in "abc"]}}, {"Hosts": "a,b,c"}),
        (
            "ingressclasses",
            {"spec": {"controller": "x/y", "parameters": {"kind": "K", "apiGroup": "g.io", "name": "n"}}},
            {"Controller": "x/y", "Parameters": "K.g.io/n"},
        ),
        ("nodes", {}, {"Status": "Unknown", "Roles": "<none>", "Internal-IP": "<none>", "OS-Image": "<unknown>"}),
        (
            "nodes",
            {"spec": {"unschedulable": True}, "status": {"conditions": true("Ready")}},
            {"Status": "Ready,SchedulingDisabled"},
        ),
        ("nodes", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, {"Status": "NotReady"}),
        (
            "nodes",
            {"metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}}},
            {"Roles": "edge,worker", "Age": "<unknown>"},
        ),
        ("events", {**EVENT, "involvedObject": {"kind": "Pod", "name": "a"}}, {"Object": "pod/a", "Count": 4}),
        ("events", EVENT, {"Last Seen": "10s", "First Seen": "70s", "Source": "", "Object": ""}),
        ("events", NEW_EVENT, {"Last Seen": "9s", "First Seen": "9s", "Count": 1, "Message": "hello"}),
        ("events", NEW_EVENT, {"Object": "pod/web", "Subobject": "spec.containers{c}", "Source": "kubelet, n1"}),
        (
            "events",
            {**NEW_EVENT, "series": {"count": 7, "lastObservedTime": timestamp(NOW)}},
            {"Count": 7, "Last Seen": "0s", "First Seen": "9s"},
        ),
        ("horizontalpodautoscalers", cpu(None), {"Targets": "cpu: <unknown>/80%", "MinPods": "<unset>"}),
        ("horizontalpodautoscalers", cpu(10), {"Targets": "cpu: 10%/80%"}),
        (
            "horizontalpodautoscalers",
            {
                "spec": {
                    "minReplicas": 2,
                    "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                    "metrics": [
                        {"type": "Pods", "pods": {"target": {"averageValue": "1k"}}},
                        {"type": "External", "external": {"target": {"averageValue": "3"}}},
                        {"type": "Object", "object": {"target": {"value": "5"}}},
                    ],
                }
            },
            {"Targets": "<unknown>/1k, <unknown>/3 (avg) + 1 more...", "MinPods": "2", "Reference": "Deployment/d"},
        ),
        ("poddisruptionbudgets", {"spec": {"minAvailable": "50%"}}, {"Min Available": "50%", "Max Unavailable": "N/A"}),
        ("resourcequotas", {"status": QUOTA}, {"Request": "configmaps: 0/2, pods: 1/4", "Limit": "limits.cpu: 500m/2"}),
        ("persistentvolumes", {}, {"Capacity": "0", "Claim": "", "StorageClass": "", "VolumeMode": "<unset>"}),
        (
            "persistentvolumes",
            {"spec": {"accessModes": ["ReadWriteMany", "ReadWriteOnce"], "claimRef": {"namespace": "x", "name": "y"}}},
            {"Access Modes": "RWO,RWX", "Claim": "x/y"},
        ),
        ("persistentvolumeclaims", {"status": {"capacity": {"storage": "1Gi"}}}, {"Capacity": "", "Access Modes": ""}),
        (
            "persistentvolumeclaims",
            {"spec": {"volumeName": "v"}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}},
            {"Status": "Bound", "Volume": "v", "Capacity": "1Gi"},
        ),
        (
            "persistentvolumeclaims",
            {"metadata": {"name": "c", "deletionTimestamp": timestamp(0)}},
            {"Status": "Terminating"},
        ),
        (
            "storageclasses",
            {"metadata": {"name": "s", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}},
            {"Name": "s (default)", "ReclaimPolicy": "Delete", "AllowVolumeExpansion": False},
        ),
        (
            "rolebindings",
            {"roleRef": {"kind": "Role", "name": "r"}, "subjects": SUBJECTS},
            {"Role": "Role/r", "Users": "ann, bob", "Groups": "", "ServiceAccounts": "x/default"},
        ),
        ("controllerrevisions", {"metadata": OWNED, "revision": 2}, {"Controller": "daemonset.apps/d", "Revision": 2}),
        ("csidrivers", {"spec": {"attachRequired": False}}, {"AttachRequired": False, "TokenRequests": "<unset>"}),
        ("csidrivers", {}, {"AttachRequired": True, "Modes": "<none>"}),
        (
            "certificatesigningrequests",
            {"spec": {"expirationSeconds": 3600}, "status": {"conditions": true("Approved"), "certificate": "x"}},
            {"RequestedDuration": "60m", "Condition": "Approved,Issued"},
        ),
        ("priorityclasses", {"value": 5}, {"Value": 5, "Global-Default": False}),
        ("validatingwebhookconfigurations", {"webhooks": [{}, {}]}, {"Webhooks": 2}),
        ("validatingadmissionpolicybindings", {"spec": {"paramRef": {"name": "p"}}}, {"ParamRef": "*/p"}),
        ("flowschemas", {"status": {"conditions": [{"type": "Dangling", "status": "False"}]}}, {"MissingPL": "False"}),
        ("prioritylevelconfigurations", {"spec": {"type": "Exempt"}}, {"Queues": "<none>"}),
        (
            "apiservices",
            {
                "spec": {"service": {"namespace": "x", "name": "y"}},
                "status": {"conditions": [{"type": "Available", "status": "False", "reason": "NotFound"}]},
            },
            {"Service": "x/y", "Available": "False (NotFound)"},
        ),
        ("apiservices", {"status": {"conditions": true("Available")}}, {"Service": "Local", "Available": "True"}),
        ("clusterroles", {}, {"Name": "it", "Created At": timestamp(0)}),
        ("resourceclaims", {"status": {"allocation": {}, "reservedFor": [{}]}}, {"State": "allocated,reserved"}),
    ],
)  # fmt: skip
def test_cells(plural: str, obj: dict[str, Any], expected: dict[str, Any]) -> None:
    cells = shown(plural, **edit(obj))
    assert {name: cells[name] for name in expected} == expected


def test_flow_schemas_are_shown_in_the_order_in_which_they_are_tried() -> None:
    schemas = [
        {"metadata": {"name": name}, "spec": {"matchingPrecedence": precedence}}
        for name, precedence in (("c", 9), ("b", 1), ("a", 9))
    ]
    rows = tables.table(KINDS.named("flowschemas"), schemas, 0)["rows"]
    assert [row["cells"][0] for row in rows] == ["b", "a", "c"]


# --- whatever is stored -----------------------------------------------------------------------

FIELDS = sorted(
    {
        step
        for resource in KINDS
        for column in tables.columns(resource)
        for path in column.arguments
        if isinstance(path, tuple)
        for step in path
        if isinstance(step, str) and step != "now"
    }
    | set("containers initContainers containerStatuses initContainerStatuses conditions type state".split())
    | set("rules metrics addresses ports host ip kind name terminated waiting matchLabels series".split())
)
VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "Pod", timestamp(5)])
ODD = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(obj=st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=5))
def test_a_row_fits_its_columns_whatever_is_stored(obj: dict[str, Any]) -> None:
    for resource in KINDS:
        row = tables.row(resource, obj, NOW)
        assert len(row["cells"]) == len(tables.columns(resource))
