"""What the tests of schedules put to the test: a ReplicaSet of two that is scaled to three."""

from __future__ import annotations

from k8slearn.api.objects import Object, is_controlled_by, key_of, owner_reference
from k8slearn.cluster import Cluster
from k8slearn.controllers import ReplicaSetController
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Invariant, Trial

KEY = "default/web"
TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
}
REPLICASET = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE},
}


class Naive(Controller):
    """Compares and acts, but believes that its cache knows its own writes."""

    primary, owns = "replicasets", ["pods"]

    def reconcile(self, key: str) -> None:
        rs = self.cache.get("replicasets", key)
        if rs is None:
            return
        pods, want = self.cache.owned_by(rs, "pods"), rs["spec"]["replicas"]
        for _ in range(want - len(pods)):
            self.client.create(pod_of(rs))
        for pod in pods[want:]:
            self.client.delete(pod)


def pod_of(rs: Object) -> Object:
    metadata = {"generateName": "web-", "namespace": "default", "labels": {"app": "web"}}
    owned = {**metadata, "ownerReferences": [owner_reference(rs)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": owned, "spec": TEMPLATE["spec"]}


def as_many_as_asked(sim: Simulation) -> str | None:
    for rs in sim.store.list("replicasets"):
        there = sum(is_controlled_by(p, rs) for p in sim.store.list("pods"))
        if there != rs["spec"]["replicas"]:
            return f"{key_of(rs)} has {there} pods and asks for {rs['spec']['replicas']}"
    return None


def never_more_than_three(sim: Simulation) -> str | None:
    made = sum(e.resource == "pods" and e.type == "ADDED" for e in sim.store.log)
    return f"{made} pods were made" if made > 3 else None


EXACT = Invariant("as many as asked", as_many_as_asked)
NO_MORE = Invariant("never a pod too many", never_more_than_three, "always")


def scale(sim: Simulation) -> None:
    sim.client.patch("replicasets", KEY, patch={"spec": {"replicas": 3}})


STORY = (Act("ask for two", lambda sim: sim.create(REPLICASET)), Act("ask for three", scale))


class Make:
    """Builds the cluster of one controller and nobody else."""

    def __init__(self, controller: type[Controller]) -> None:
        self.controller = controller

    def __call__(self) -> Simulation:
        return Simulation(Cluster(0, components=(), adding=[self.controller]))


def trial(controller: type[Controller], *promises: Invariant, story: tuple[Act, ...] = STORY) -> Trial:
    return Trial(Make(controller), story, promises, (controller().full_name,), patience=300)


RIGHT = trial(ReplicaSetController, EXACT, NO_MORE)
NAIVE = trial(Naive, EXACT, NO_MORE)
