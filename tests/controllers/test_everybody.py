"""All controllers together: what can be done gets done, and what cannot is waited for in peace."""

from __future__ import annotations

from functools import partial

import pytest

from k8slearn.api.objects import Object
from k8slearn.cluster import EVERYBODY, Cluster
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.sim import Simulation
from tests.fakes import condition, deployment, named, objects, service, template

NOWHERE = {"nodeSelector": {"no": "where"}}


def world(policy: str = "prompt", seed: int = 0, nodes: int = 2) -> Simulation:
    machines = [partial(Kubelet, f"node-{i}", stages=HOLLOW) for i in range(nodes)]
    return Simulation(Cluster(machines, components=EVERYBODY), policy=policy, seed=seed)


def workload(kind: str, name: str, pods: Object | None = None, **spec) -> Object:
    labels = {"app": name}
    body = {"selector": {"matchLabels": labels}, "template": template(labels, **(pods or {})), **spec}
    return named(kind, name, "apps/v1", spec=body)


def job(name: str, **pods) -> Object:
    inside = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}], **pods}
    return named("Job", name, "batch/v1", spec={"template": {"spec": inside}})


def budget(name: str, labels: dict[str, str], **spec) -> Object:
    body = {"selector": {"matchLabels": labels}, **spec}
    return named("PodDisruptionBudget", name, "policy/v1", spec=body)


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "missing",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}

POSSIBLE = (
    deployment("web", 3),
    service("web"),
    workload("StatefulSet", "db", serviceName="db", replicas=2),
    workload("DaemonSet", "agent"),
    job("once"),
    budget("pdb", {"app": "web"}, minAvailable=2),
    named("ResourceQuota", "quota", spec={"hard": {"pods": "50", "count/deployments.apps": "5"}}),
)

IMPOSSIBLE = (
    deployment("stuck", 2, template=template({"app": "stuck"}, **NOWHERE)),
    workload("StatefulSet", "waiting", serviceName="db", replicas=2, volumeClaimTemplates=[CLAIM]),
    workload("DaemonSet", "nowhere", pods=NOWHERE),
    job("never", **NOWHERE),
    named("PersistentVolumeClaim", "lonely", spec=CLAIM["spec"]),
    named(
        "HorizontalPodAutoscaler",
        "blind",
        "autoscaling/v2",
        spec={
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "no"},
        },
    ),
    budget("empty", {"a": "b"}, maxUnavailable="50%"),
)


def done(sim: Simulation) -> dict[str, object]:
    get = sim.client.get
    return {
        "web": get("deployments", "default/web")["status"]["availableReplicas"],
        "db": get("statefulsets", "default/db")["status"]["readyReplicas"],
        "agent": get("daemonsets", "default/agent")["status"]["numberReady"],
        "once": condition(get("jobs", "default/once"), "Complete").get("status"),
        "pdb": get("poddisruptionbudgets", "default/pdb")["status"]["disruptionsAllowed"],
        "deployments": get("resourcequotas", "default/quota")["status"]["used"]["count/deployments.apps"],
    }


@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_done_gets_done(seed):
    sim = world("shuffled" if seed else "prompt", seed)
    sim.create(POSSIBLE)
    sim.run()
    assert done(sim) == {"web": 3, "db": 2, "agent": 2, "once": "True", "pdb": 1, "deployments": "1"}
    assert sim.errors() == {}


def test_what_cannot_be_done_is_waited_for_in_peace():
    sim = world()
    sim.create(IMPOSSIBLE)
    sim.run()
    settled = sim.position
    assert settled < 600
    sim.advance(600)
    assert sim.position - settled < 600 * 2  # heartbeats, regular looks, and nothing else
    assert sim.errors() == {}
    writes = [
        c
        for s in list(sim.trace)[settled:]
        for c in s.writes
        if c.resource not in ("leases", "events", "nodes")
    ]
    assert len(writes) < 20


def test_in_the_end_nothing_is_left():
    sim = world()
    sim.create([named("Namespace", "brief", namespace="")])
    for obj in (*POSSIBLE, *IMPOSSIBLE):
        sim.create({**obj, "metadata": {**obj["metadata"], "namespace": "brief"}})
    sim.run()
    sim.client.delete("namespaces", "brief")
    sim.run()
    left = [
        o
        for found in sim.state().values()
        for o in found.values()
        if o["metadata"].get("namespace") == "brief"
    ]
    assert [o["kind"] for o in left] == []
    assert "brief" not in [n["metadata"]["name"] for n in objects(sim, "namespaces")]
