"""The resource quota controller: what is used, by every name that can be limited.

Facts recorded from Kubernetes v1.36: scenario quota-counts.
"""

from __future__ import annotations

import pytest

from k8slearn.controllers import ResourceQuotaController
from k8slearn.sim import Simulation
from tests.fakes import configmap, deployment, named, objects, pod, service, world


@pytest.fixture
def sim() -> Simulation:
    return world(ResourceQuotaController, minded=False)


def limited(name: str = "q", hard: dict[str, str] | None = None, **spec):
    return named("ResourceQuota", name, spec={"hard": hard or {"pods": "9"}, **spec})


def greedy(name: str, requests=None, limits=None, **spec):
    resources = {"requests": requests or {}, "limits": limits or {}}
    return pod(name, containers=[{"name": "c", "image": "i", "resources": resources}], **spec)


def used(sim: Simulation, name: str = "q") -> dict[str, str]:
    return sim.client.get("resourcequotas", f"default/{name}")["status"]["used"]


def test_nothing_is_used_of_everything_that_is_limited(sim):
    hard = {"count/secrets": "2", "pods": "1", "requests.cpu": "1", "services": "1", "example.com/no": "1"}
    sim.create(limited(hard=hard))
    sim.run()
    assert objects(sim, "resourcequotas")[0]["status"] == {
        "hard": hard,
        "used": {"count/secrets": "0", "pods": "0", "requests.cpu": "0", "services": "0"},
    }


def test_counts(sim):
    hard = ["pods", "count/pods", "configmaps", "count/deployments.apps", "services.nodeports", "services"]
    sim.create(limited(hard=dict.fromkeys(hard, "9")))
    sim.create([pod("a"), pod("b"), configmap(), deployment(), service(type="NodePort"), service("plain")])
    sim.client.update_status(sim.client.get("pods", "default/b"), phase="Succeeded")
    sim.run()
    assert used(sim) == dict(zip(hard, ["1", "2", "1", "1", "1", "2"], strict=True))


def test_what_pods_ask_for(sim):
    hard = dict.fromkeys(["cpu", "requests.cpu", "limits.memory", "requests.nvidia.com/gpu"], "9")
    sim.create(limited(hard=hard))
    gpu = {"nvidia.com/gpu": "1"}
    sim.create([greedy("a", {"cpu": "250m", **gpu}, {"memory": "64Mi", **gpu}), greedy("b", {"cpu": "1"})])
    sim.run()
    expected = {"cpu": "1250m", "requests.cpu": "1250m", "limits.memory": "64Mi"}
    assert used(sim) == {**expected, "requests.nvidia.com/gpu": "1"}


def test_init_containers_count_where_they_ask_for_more(sim):
    def asking(cpu: str, name: str, **more):
        return {"name": name, "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}

    sim.create(limited(hard={"requests.cpu": "9"}))
    init = [asking("100m", "sidecar", restartPolicy="Always"), asking("2", "first")]
    sim.create(pod(initContainers=init, containers=[asking("1", "main")]))
    sim.run()
    assert used(sim) == {"requests.cpu": "2100m"}


def test_storage_by_class(sim):
    fast = "fast.storageclass.storage.k8s.io/requests.storage"
    sim.create(limited(hard={"requests.storage": "9Gi", fast: "9Gi", "persistentvolumeclaims": "9"}))
    for name, size, kind in (("a", "1Gi", "fast"), ("b", "512Mi", "slow")):
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": kind}
        spec["resources"] = {"requests": {"storage": size}}
        sim.create(named("PersistentVolumeClaim", name, spec=spec))
    sim.run()
    assert used(sim) == {"requests.storage": "1536Mi", fast: "1Gi", "persistentvolumeclaims": "2"}


@pytest.mark.parametrize(
    ("scope", "counted"),
    [
        ({"scopes": ["BestEffort"]}, "1"),
        ({"scopes": ["NotBestEffort"]}, "2"),
        ({"scopes": ["Terminating"]}, "1"),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, "1"),
    ],
)
def test_scopes(sim, scope, counted):
    sim.create(limited(hard={"pods": "9"}, **scope))
    sim.create([pod("a"), greedy("b", {"cpu": "1"}), greedy("c", {"cpu": "1"}, activeDeadlineSeconds=9)])
    sim.run()
    assert used(sim) == {"pods": counted}


def test_what_goes_is_given_back(sim):
    sim.create([limited(hard={"count/secrets": "2", "pods": "2"}), named("Secret", "a"), pod("p")])
    sim.run()
    assert used(sim) == {"count/secrets": "1", "pods": "1"}
    sim.client.delete("secrets", "default/a")
    sim.client.update_status(sim.client.get("pods", "default/p"), phase="Failed")
    sim.run()
    assert used(sim) == {"count/secrets": "0", "pods": "0"}


def test_new_limits_are_noted(sim):
    sim.create(limited(hard={"pods": "2"}))
    sim.run()
    sim.client.patch("resourcequotas", "default/q", patch={"spec": {"hard": {"pods": None, "secrets": "1"}}})
    sim.run()
    assert objects(sim, "resourcequotas")[0]["status"] == {"hard": {"secrets": "1"}, "used": {"secrets": "0"}}


@pytest.mark.parametrize("seed", range(8))
def test_the_count_is_right_whatever_the_order_of_news(seed):
    sim = world(ResourceQuotaController, policy="shuffled", seed=seed)
    sim.create(limited(hard={"pods": "99", "count/configmaps": "9"}))
    for i in range(6):
        sim.create([pod(f"p-{i}"), configmap(f"c-{i}")])
        sim.run(lambda s, until=sim.position + 3: s.position >= until)
    for i in range(0, 6, 2):
        sim.client.delete("pods", f"default/p-{i}")
    sim.run()
    assert used(sim) == {"pods": "3", "count/configmaps": "6"}
    assert not sim.errors()
