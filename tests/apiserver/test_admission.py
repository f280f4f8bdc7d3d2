"""The admission chain: what the cluster adds to what is written, and what it refuses.

Facts recorded from Kubernetes v1.36: scenarios pod-defaults, serviceaccounts-tokens, storageclass-api,
namespace-protected.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver import admission
from k8slearn.client import Client
from tests.fakes import configmap, named, namespace, pod

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


@pytest.fixture
def server(server):
    """With the whole chain, and the account that every namespace has."""
    server.admission = admission.DEFAULT
    Client(server).create(named("ServiceAccount", "default"))
    return server


def refusal(write: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(errors.Forbidden) as refused:
        write(*args, **options)
    return refused.value.message


# --- the chain -------------------------------------------------------------------------------


class Stamp(admission.Plugin):
    """Signs everything that it is asked about."""

    name = "Stamp"

    def __init__(self, mark: str, **wants: Any) -> None:
        self.mark = mark
        vars(self).update(wants)

    def admit(self, server, write):
        labels = write.object["metadata"].setdefault("labels", {})
        labels["stamped"] = labels.get("stamped", "") + self.mark


class No(admission.Plugin):
    name = "No"

    def validate(self, server, write):
        raise errors.Forbidden("no")


def test_plugins_are_asked_in_their_order(server, client):
    server.admission = (Stamp("a"), Stamp("b"))
    assert client.create(configmap())["metadata"]["labels"] == {"stamped": "ab"}


def test_who_validates_sees_the_finished_object_and_can_still_refuse(server, client):
    server.admission = (No(), Stamp("late"))
    before = server.store.revision
    with pytest.raises(errors.Forbidden, match="no"):
        client.create(configmap())
    assert server.store.revision == before


@pytest.mark.parametrize(
    ("wants", "stamped"),
    [
        ({"kinds": frozenset(["configmaps"])}, True),
        ({"kinds": frozenset(["secrets"])}, False),
        ({"operations": frozenset(["update"])}, False),
        ({"subresources": frozenset(["status"])}, False),
    ],
    ids=str,
)
def test_a_plugin_is_asked_only_about_what_it_wants(server, client, wants, stamped):
    server.admission = (Stamp("x", **wants),)
    assert ("labels" in client.create(configmap())["metadata"]) == stamped


def test_deletions_are_asked_about_too(server, client):
    client.create(configmap())
    plugin = No()
    plugin.operations = frozenset(["delete"])
    server.admission = (plugin,)
    with pytest.raises(errors.Forbidden):
        client.delete("configmaps", "default/settings")
    with pytest.raises(errors.Forbidden):
        server.handle(Request("deletecollection", "configmaps", "default"))


def test_the_quota_comes_last():
    assert [p.name for p in admission.DEFAULT][-1] == "ResourceQuota"
    assert [p.name for p in admission.SIMULATED][-1] == "ResourceQuota"


# --- namespaces ------------------------------------------------------------------------------


def test_nothing_is_born_where_there_is_no_namespace(client):
    with pytest.raises(errors.NotFound) as missing:
        client.create(configmap(namespace="nowhere"))
    assert missing.value.message == 'namespaces "nowhere" not found'


def test_nothing_is_born_in_a_namespace_that_is_going(client):
    client.create(namespace("team"))
    client.create(configmap(namespace="team", metadata={"finalizers": ["a/b"]}))
    client.delete("namespaces", "team")
    with pytest.raises(errors.Forbidden) as refused:
        client.create(configmap("late", namespace="team"))
    assert refused.value.message == (
        'configmaps "late" is forbidden: unable to create new content in namespace team because it is '
        "being terminated"
    )
    assert refused.value.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace team is being terminated",
            "field": "metadata.namespace",
        }
    ]
    client.patch("configmaps", "team/settings", patch={"data": {"a": "b"}})  # what is there may change


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_stay(client, name):
    message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    assert refusal(client.delete, "namespaces", name) == message


# --- service accounts ------------------------------------------------------------------------


def test_a_pod_is_handed_a_token(client):
    made = client.create(pod(initContainers=[{"name": "i", "image": "i:1"}]))
    assert made["spec"]["serviceAccountName"] == made["spec"]["serviceAccount"] == "default"
    (volume,) = made["spec"]["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"][0] == {
        "serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}
    }
    mount = {
        "name": volume["name"],
        "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    for field in ("containers", "initContainers"):
        assert made["spec"][field][0]["volumeMounts"] == [mount]


def test_a_mount_in_its_place_keeps_the_token_out(client):
    own = {"name": "mine", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    containers = [{"name": "c", "image": "i:1", "volumeMounts": [own]}]
    made = client.create(pod(containers=containers, volumes=[{"name": "mine", "emptyDir": {}}]))
    assert [v["name"] for v in made["spec"]["volumes"]] == ["mine"]


@pytest.mark.parametrize(
    ("on_account", "on_pod", "mounted"),
    [
        (None, None, True),
        (False, None, False),
        (False, True, True),
        (None, False, False),
        (True, False, False),
    ],
)
def test_the_pod_has_the_last_word_on_its_token(client, on_account, on_pod, mounted):
    client.create(named("ServiceAccount", "bot", automountServiceAccountToken=on_account))
    spec = {} if on_pod is None else {"automountServiceAccountToken": on_pod}
    made = client.create(pod(serviceAccountName="bot", **spec))
    assert ("volumes" in made["spec"]) == mounted


def test_an_account_brings_its_pull_secrets(client):
    client.create(named("ServiceAccount", "bot", imagePullSecrets=[{"name": "x"}]))
    assert client.create(pod(serviceAccountName="bot"))["spec"]["imagePullSecrets"] == [{"name": "x"}]
    own = client.create(pod("own", serviceAccountName="bot", imagePullSecrets=[{"name": "y"}]))
    assert own["spec"]["imagePullSecrets"] == [{"name": "y"}]


def test_the_account_must_be_there(client):
    why = 'is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'
    assert refusal(client.create, pod(serviceAccountName="nobody")) == f'pods "web" {why}'
    unnamed = pod(serviceAccountName="nobody")
    unnamed["metadata"] = {"generateName": "web-", "namespace": "default"}
    assert refusal(client.create, unnamed) == f'pods "web-" {why}', "it has no name yet"


def test_a_simulation_names_the_account_and_asks_no_questions(server, client):
    server.admission = admission.SIMULATED
    spec = client.create(pod(serviceAccountName="nobody"))["spec"]
    assert (spec["serviceAccount"], "volumes" in spec) == ("nobody", False)


# --- limits ----------------------------------------------------------------------------------


def limit_range(kind: str = "Container", **limits: Any):
    return named("LimitRange", "limits", spec={"limits": [{"type": kind, **limits}]})


def sized(requests: Any = None, limits: Any = None, name: str = "web", **rest: Any):
    resources = {k: v for k, v in (("requests", requests), ("limits", limits)) if v}
    return pod(name, containers=[{"name": "c", "image": "i:1", "resources": resources}], **rest)


def test_who_asks_for_nothing_gets_the_default(client):
    client.create(limit_range(default={"memory": "512Mi"}, defaultRequest={"memory": "256Mi", "cpu": "1"}))
    made = client.create(pod(initContainers=[{"name": "i", "image": "i:1"}]))
    wanted = {"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    assert made["spec"]["containers"][0]["resources"] == wanted
    assert made["status"]["qosClass"] == "Burstable", "judged by what it got"
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c; memory limit for container c; "
        "cpu, memory request for init container i; memory limit for init container i"
    )


def test_what_is_said_stays(client):
    client.create(limit_range(default={"memory": "512Mi"}, defaultRequest={"memory": "256Mi"}))
    made = client.create(sized(limits={"memory": "1Gi"}))
    assert made["spec"]["containers"][0]["resources"] == {
        "requests": {"memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }
    assert "annotations" not in made["metadata"]


BOUNDS = {
    "no request": (
        {"min": {"cpu": "1"}},
        {},
        "minimum cpu usage per Container is 1.  No request is specified",
    ),
    "low request": (
        {"min": {"cpu": "200m"}},
        {"requests": {"cpu": "100m"}},
        "minimum cpu usage per Container is 200m, but request is 100m",
    ),
    "no limit": (
        {"max": {"memory": "1Gi"}},
        {"requests": {"memory": "1Gi"}},
        "maximum memory usage per Container is 1Gi.  No limit is specified",
    ),
    "high limit": (
        {"max": {"memory": "1Gi"}},
        {"limits": {"memory": "2Gi"}},
        "[maximum memory usage per Container is 1Gi, but limit is 2Gi]",
    ),
    "ratio": (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        {"requests": {"cpu": "1"}, "limits": {"cpu": "5"}},
        "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
    ),
    "ratio of nothing": (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        {},
        "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
    ),
}


@pytest.mark.parametrize(("limits", "resources", "why"), BOUNDS.values(), ids=BOUNDS)
def test_nobody_leaves_the_bounds(server, client, limits, resources, why):
    made = client.create(limit_range(**limits))
    spec = made["spec"]["limits"][0]  # without the defaults that follow from the bounds
    plain = {k: v for k, v in spec.items() if k not in ("default", "defaultRequest")}
    server.store.put("limitranges", "default/limits", {**made, "spec": {"limits": [plain]}})
    assert refusal(client.create, sized(**resources)) == f'pods "web" is forbidden: {why.strip("[]")}'


def test_everything_that_is_wrong_is_told(client):
    client.create(limit_range(max={"cpu": "1", "memory": "1Gi"}))
    assert refusal(client.create, sized(limits={"cpu": "2", "memory": "2Gi"})) == (
        'pods "web" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, '
        "maximum memory usage per Container is 1Gi, but limit is 2Gi]"
    )


def test_a_pod_is_measured_as_a_whole(client):
    client.create(limit_range("Pod", max={"cpu": "1"}))
    two = [{"name": n, "image": "i:1", "resources": {"limits": {"cpu": "600m"}}} for n in "ab"]
    assert refusal(client.create, pod(containers=two)) == (
        'pods "web" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m'
    )


def claim(storage: str = "5Gi", name: str = "data", **spec: Any):
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec}
    return named("PersistentVolumeClaim", name, spec=body)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (
            {"max": {"storage": "2Gi"}},
            "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi",
        ),
        (
            {"min": {"storage": "9Gi"}},
            "minimum storage usage per PersistentVolumeClaim is 9Gi, but request is 5Gi",
        ),
    ],
)
def test_claims_have_bounds_too(client, limits, why):
    client.create(limit_range("PersistentVolumeClaim", **limits))
    assert refusal(client.create, claim()) == f'persistentvolumeclaims "data" is forbidden: {why}'


def test_a_pod_that_is_there_is_not_measured_again(client):
    made = client.create(sized(limits={"cpu": "2"}))
    client.create(limit_range(max={"cpu": "1"}))
    client.patch(made, patch={"metadata": {"labels": {"still": "here"}}})


# --- priorities ------------------------------------------------------------------------------


def priority_class(name: str, value: int, **rest: Any):
    return named("PriorityClass", name, "scheduling.k8s.io/v1", "", value=value, **rest)


def told(spec: Any) -> tuple[Any, ...]:
    return spec.get("priorityClassName"), spec["priority"], spec["preemptionPolicy"]


def test_a_class_is_a_number(client):
    client.create(priority_class("high", 1000, preemptionPolicy="Never"))
    assert told(client.create(pod())["spec"]) == (None, 0, "PreemptLowerPriority")
    made = client.create(pod("vip", priorityClassName="high"))
    assert told(made["spec"]) == ("high", 1000, "Never")


def test_the_default_class_is_for_those_who_name_none(client):
    client.create(priority_class("usual", 7, globalDefault=True))
    assert told(client.create(pod())["spec"]) == ("usual", 7, "PreemptLowerPriority")


def test_there_is_one_default(client):
    first = client.create(priority_class("usual", 7, globalDefault=True))
    assert refusal(client.create, priority_class("other", 8, globalDefault=True)) == (
        'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as '
        "default. Only one default can exist"
    )
    client.patch(first, patch={"description": "still the one"})


PRIORITIES = {
    "no such class": ({"priorityClassName": "gone"}, "no PriorityClass with name gone was found"),
    "a number of one's own": (
        {"priority": 5},
        "the integer value of priority (5) must not be provided in pod spec; priority admission controller "
        "computed 0 from the given PriorityClass name",
    ),
    "a policy of one's own": (
        {"preemptionPolicy": "Never"},
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission "
        "controller computed PreemptLowerPriority from the given PriorityClass name",
    ),
}


@pytest.mark.parametrize(("spec", "why"), PRIORITIES.values(), ids=PRIORITIES)
def test_nobody_makes_up_a_priority(client, spec, why):
    assert refusal(client.create, pod(**spec)) == f'pods "web" is forbidden: {why}'


def test_who_replaces_a_pod_need_not_repeat_its_priority(client):
    client.create(priority_class("usual", 7, globalDefault=True))
    made = client.create(pod())
    bare = {
        **made,
        "spec": {k: v for k, v in made["spec"].items() if k not in ("priority", "preemptionPolicy")},
    }
    assert client.update(bare)["spec"] == made["spec"]


# --- tolerations, nodes ----------------------------------------------------------------------


def test_pods_have_patience_unless_they_say_otherwise(client):
    keys = [t["key"] for t in client.create(pod())["spec"]["tolerations"]]
    assert keys == ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    anything = [{"operator": "Exists"}]
    assert client.create(pod("b", tolerations=anything))["spec"]["tolerations"] == anything


def test_a_new_machine_takes_no_pods_yet(client):
    node = client.create(named("Node", "n", namespace=""))
    assert node["spec"]["taints"] == [NOT_READY]
    marked = named("Node", "m", namespace="", spec={"taints": [NOT_READY]})
    assert client.create(marked)["spec"]["taints"] == [NOT_READY]


@pytest.fixture
def kubelet(server):
    return Client(server, User.called("system:node:n"))


def test_a_kubelet_writes_about_its_own_machine(client, kubelet):
    mine = kubelet.create(
        named("Node", "n", namespace="", metadata={"labels": {"kubernetes.io/os": "linux"}})
    )
    kubelet.update_status(mine, phase="Running")
    client.create(named("Node", "other", namespace=""))
    start = 'nodes "other" is forbidden: node "n" is not allowed to modify node "other"'
    assert refusal(kubelet.patch, "nodes", "other", patch={"metadata": {"labels": {"a": "b"}}}) == start
    assert refusal(kubelet.delete, "nodes", "other") == start


def test_a_kubelet_may_not_call_itself_special(client, kubelet):
    kubelet.create(named("Node", "n", namespace=""))
    label = {"node-restriction.kubernetes.io/team": "red"}
    assert refusal(kubelet.patch, "nodes", "n", patch={"metadata": {"labels": label}}) == (
        'nodes "n" is forbidden: node "n" is not allowed to modify labels: node-restriction.kubernetes.io/team'
    )
    assert refusal(kubelet.patch, "nodes", "n", patch={"spec": {"taints": []}}) == (
        'nodes "n" is forbidden: node "n" is not allowed to modify taints'
    )


def test_a_kubelet_has_a_say_on_its_own_pods_only(client, kubelet):
    client.bind(client.create(pod("mine")), "n")
    client.bind(client.create(pod("yours")), "other")
    kubelet.update_status(client.get("pods", "default/mine"), phase="Running")
    assert refusal(kubelet.update_status, client.get("pods", "default/yours"), phase="Running") == (
        'pods "yours" is forbidden: node "n" can only update pod status for pods with spec.nodeName set to itself'
    )
    assert "can only delete pods" in refusal(kubelet.delete, "pods", "default/yours")
    assert "can only create mirror pods" in refusal(kubelet.create, pod("new"))
    kubelet.delete("pods", "default/mine", gracePeriodSeconds=0)


def test_a_kubelet_renews_its_own_lease(kubelet):
    kubelet.create(named("Lease", "n", "coordination.k8s.io/v1", "kube-node-lease"))
    assert "same name as the requesting node" in refusal(
        kubelet.create, named("Lease", "other", "coordination.k8s.io/v1", "kube-node-lease")
    )
    assert 'in the "kube-node-lease" system namespace' in refusal(
        kubelet.create, named("Lease", "n", "coordination.k8s.io/v1")
    )


# --- classes, storage ------------------------------------------------------------------------


def storage_class(name: str, **rest: Any):
    metadata = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    return named(
        "StorageClass", name, "storage.k8s.io/v1", "", provisioner="ex.com/p", metadata=metadata, **rest
    )


def test_the_newest_default_class_fills_new_claims(client, clock):
    assert "storageClassName" not in client.create(claim(name="before"))["spec"]
    client.create(storage_class("old"))
    clock.now = 60.0
    client.create(storage_class("b"))
    client.create(storage_class("a"))
    assert client.create(claim())["spec"]["storageClassName"] == "a"
    assert client.create(claim(name="none", storageClassName=""))["spec"]["storageClassName"] == ""


def test_the_default_class_of_ingresses(client):
    metadata = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
    api = "networking.k8s.io/v1"
    client.create(named("IngressClass", "nginx", api, "", metadata=metadata, spec={"controller": "ex.com/c"}))
    spec = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    assert client.create(named("Ingress", "a", api, spec=spec))["spec"]["ingressClassName"] == "nginx"
    old = {"annotations": {"kubernetes.io/ingress.class": "other"}}
    assert (
        "ingressClassName" not in client.create(named("Ingress", "b", api, spec=spec, metadata=old))["spec"]
    )


def test_storage_is_protected_while_it_is_used(server, client):
    assert client.create(claim())["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    server.admission = admission.SIMULATED
    assert "finalizers" not in client.create(claim(name="simulated"))["metadata"]


@pytest.mark.parametrize(
    ("phase", "expandable", "why"),
    [
        ("Pending", True, "is forbidden: Only bound persistent volume claims can be expanded"),
        ("Bound", False, "the storageclass that provisions the pvc must support resize"),
        ("Bound", True, ""),
    ],
)
def test_a_claim_grows_where_its_class_lets_it(server, client, phase, expandable, why):
    client.create(storage_class("fast", allowVolumeExpansion=expandable))
    made = client.create(claim(volumeName="v"))
    server.store.put("persistentvolumeclaims", "default/data", {**made, "status": {"phase": phase}})
    more = {"spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    if why:
        with pytest.raises(errors.ApiError) as refused:
            client.patch("persistentvolumeclaims", "default/data", patch=more)
        assert refused.value.code in (403, 422)
        assert phase == "Pending" or why in refused.value.message
    else:
        client.patch("persistentvolumeclaims", "default/data", patch=more)


# --- runtime classes -------------------------------------------------------------------------


def runtime_class(name: str = "slow", **rest: Any):
    return named("RuntimeClass", name, "node.k8s.io/v1", "", handler="h", **rest)


def test_a_runtime_class_has_its_price_and_its_place(client):
    scheduling = {
        "nodeSelector": {"runtime": "slow"},
        "tolerations": [{"key": "slow", "operator": "Exists"}],
    }
    client.create(runtime_class(overhead={"podFixed": {"cpu": "250m"}}, scheduling=scheduling))
    spec = client.create(pod(runtimeClassName="slow", nodeSelector={"disk": "ssd"}))["spec"]
    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"disk": "ssd", "runtime": "slow"}
    assert {"key": "slow", "operator": "Exists"} in spec["tolerations"]
    assert refusal(client.create, pod("b", runtimeClassName="slow", nodeSelector={"runtime": "x"})) == (
        'pods "b" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[runtime] = slow; '
        "pod.spec.nodeSelector[runtime] = x"
    )


def test_a_runtime_class_that_is_not_there(client):
    assert refusal(client.create, pod(runtimeClassName="gone")) == (
        'pods "web" is forbidden: pod rejected: RuntimeClass "gone" not found'
    )


def test_a_pod_learns_where_it_is(client):
    zone = {"topology.kubernetes.io/zone": "a"}
    client.create(named("Node", "n", namespace="", metadata={"labels": {**zone, "disk": "ssd"}}))
    client.bind(client.create(pod()), "n")
    assert client.get("pods", "default/web")["metadata"]["labels"] == {"app": "web", **zone}
    assert client.create(pod("static", nodeName="n"))["metadata"]["labels"] == {"app": "static", **zone}


def test_in_a_simulation_a_pod_may_name_its_own_priority(server, client):
    server.admission = admission.SIMULATED
    assert told(client.create(pod(priority=5))["spec"]) == (None, 5, "PreemptLowerPriority")
    assert "no PriorityClass with name gone" in refusal(client.create, pod("b", priorityClassName="gone"))
