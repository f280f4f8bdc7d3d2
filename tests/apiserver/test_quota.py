"""ResourceQuota admission: the arithmetic of what is left. Recorded: scenario quota-counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api import errors
from k8slearn.client import Client
from tests import fakes
from tests.fakes import configmap, deployment, named, pod, service


def quota(client, hard: dict[str, str], name: str = "q", used: dict[str, str] | None = None, **spec: Any):
    """A quota whose controller has counted already."""
    made = client.create(named("ResourceQuota", name, spec={"hard": hard, **spec}))
    return client.update_status(made, hard=hard, used=used if used is not None else dict.fromkeys(hard, "0"))


def used(client, name: str = "q") -> dict[str, str]:
    return client.get("resourcequotas", f"default/{name}")["status"]["used"]


def asking(name: str = "web", metadata: Any = None, **requests: str):
    containers = [{"name": "c", "image": "i:1", "resources": {"requests": requests}}]
    return pod(name, containers=containers, metadata=metadata)


def refusal(client, obj, **options: Any) -> str:
    with pytest.raises(errors.Forbidden) as refused:
        client.create(obj, **options)
    return refused.value.message


def test_a_quota_that_nobody_has_counted_limits_nothing(client):
    client.create(named("ResourceQuota", "q", spec={"hard": {"configmaps": "0"}}))
    client.create(configmap())


def test_objects_are_counted(client):
    quota(client, {"count/secrets": "2", "configmaps": "1", "count/deployments.apps": "0"})
    for name in "ab":
        client.create(named("Secret", name))
    assert refusal(client, named("Secret", "c")) == (
        'secrets "c" is forbidden: exceeded quota: q, requested: count/secrets=1, used: count/secrets=2, '
        "limited: count/secrets=2"
    )
    client.create(configmap())
    assert "exceeded quota: q, requested: configmaps=1" in refusal(client, configmap("more"))
    assert refusal(client, deployment()).startswith('deployments.apps "web" is forbidden: exceeded quota')
    assert used(client) == {"count/secrets": "2", "configmaps": "1", "count/deployments.apps": "0"}


def test_requests_are_added_up(client):
    quota(client, {"pods": "2", "requests.cpu": "1", "limits.memory": "2Gi", "services": "1"})
    need = 'pods "web" is forbidden: failed quota: q: must specify '
    assert refusal(client, pod()) == need + "limits.memory for: c; requests.cpu for: c"
    bounded = {"requests": {"cpu": "250m"}, "limits": {"memory": "512Mi"}}
    client.create(pod(containers=[{"name": "c", "image": "i:1", "resources": bounded}]))
    assert used(client) == {"pods": "1", "requests.cpu": "250m", "limits.memory": "512Mi", "services": "0"}
    greedy = {"requests": {"cpu": "1500m"}, "limits": {"memory": "2Gi"}}
    assert refusal(client, pod("b", containers=[{"name": "c", "image": "i:1", "resources": greedy}])) == (
        'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=2Gi,requests.cpu=1500m, '
        "used: limits.memory=512Mi,requests.cpu=250m, limited: limits.memory=2Gi,requests.cpu=1"
    )


def test_the_name_may_be_generated(client):
    quota(client, {"pods": "0"})
    unnamed = pod()
    unnamed["metadata"] = {"generateName": "web-", "namespace": "default"}
    assert refusal(client, unnamed).startswith('pods "web-')


@pytest.mark.parametrize("rest", [{"dryRun": "All"}, {"name": "taken"}], ids=["rehearsal", "duplicate"])
def test_what_is_not_made_is_not_charged(client, rest):
    client.create(configmap("taken"))
    quota(client, {"configmaps": "5"})
    name = rest.pop("name", "new")
    if name == "taken":
        with pytest.raises(errors.AlreadyExists):
            client.create(configmap(name))
    else:
        client.create(configmap(name), **rest)
    assert used(client) == {"configmaps": "0"}


def test_what_breaks_a_rule_is_not_charged(client):
    quota(client, {"configmaps": "5"})
    with pytest.raises(errors.Invalid):
        client.create(configmap("Not A Name"))
    assert used(client) == {"configmaps": "0"}


def test_a_rehearsal_is_refused_as_well(client):
    quota(client, {"configmaps": "0"})
    assert "exceeded quota" in refusal(client, configmap(), dryRun="All")


def test_every_quota_must_allow_it_and_each_is_charged(client):
    quota(client, {"configmaps": "5"}, "wide")
    quota(client, {"configmaps": "1"}, "narrow")
    client.create(configmap())
    assert (used(client, "wide"), used(client, "narrow")) == ({"configmaps": "1"}, {"configmaps": "1"})
    assert "exceeded quota: narrow" in refusal(client, configmap("b"))
    assert used(client, "wide") == {"configmaps": "1"}


def test_other_namespaces_pay_for_themselves(client):
    client.create(fakes.namespace("team"))
    quota(client, {"configmaps": "0"})
    client.create(configmap(namespace="team"))


def test_a_quota_counts_what_is_in_its_scope(client):
    quota(client, {"pods": "0"}, scopes=["BestEffort"])
    assert "exceeded quota" in refusal(client, pod())
    client.create(asking(cpu="1"))
    client.create(configmap())


def test_priorities_are_a_scope(server, client):
    client.create(named("PriorityClass", "high", "scheduling.k8s.io/v1", "", value=9))
    term = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    quota(client, {"pods": "0"}, scopeSelector={"matchExpressions": [term]})
    client.create(pod())
    assert "exceeded quota" in refusal(client, pod("vip", priorityClassName="high"))


def test_a_service_pays_for_what_it_becomes(client):
    quota(client, {"services.nodeports": "1"})
    made = client.create(service())
    assert used(client) == {"services.nodeports": "0"}
    client.patch(made, patch={"spec": {"type": "NodePort"}})
    assert used(client) == {"services.nodeports": "1"}
    client.patch(made, patch={"metadata": {"labels": {"a": "b"}}})
    assert used(client) == {"services.nodeports": "1"}, "nothing new, nothing to pay"
    client.create(service("other"))
    with pytest.raises(errors.Forbidden, match=r"requested: services.nodeports=1"):
        client.patch("services", "default/other", patch={"spec": {"type": "NodePort"}})


def test_claims_pay_by_size_and_class(client):
    hard = {"requests.storage": "10Gi", "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1"}
    quota(client, hard)
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "6Gi"}},
        "storageClassName": "fast",
    }
    client.create(named("PersistentVolumeClaim", "a", spec=spec))
    assert used(client) == {
        "requests.storage": "6Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    }
    slow = {**spec, "storageClassName": "slow"}
    assert "requested: requests.storage=6Gi, used: requests.storage=6Gi" in refusal(
        client, named("PersistentVolumeClaim", "b", spec=slow)
    )


def test_half_a_count_is_no_count(client):
    quota(client, {"pods": "1", "requests.cpu": "1"}, used={"pods": "0"})
    assert refusal(client, asking(cpu="1")) == (
        'pods "web" is forbidden: status unknown for quota: q, resources: pods,requests.cpu'
    )


@given(st.lists(st.integers(1, 900), max_size=8), st.integers(0, 2000))
def test_never_more_than_there_is(sizes, limit):
    """Whatever is asked for, what was granted is what is written, and never above the limit."""
    client = Client(fakes.server())
    quota(client, {"requests.cpu": f"{limit}m"})
    granted = 0
    for i, size in enumerate(sizes):
        try:
            client.create(asking(f"p{i}", cpu=f"{size}m"))
            granted += size
        except errors.Forbidden:
            assert granted + size > limit
    assert granted <= limit
    assert used(client)["requests.cpu"] in {f"{granted}m", str(granted // 1000) if not granted % 1000 else ""}
