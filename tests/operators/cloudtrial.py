"""What the tests of the Bucket operator have in common: a cluster, a cloud, a story, and what must never happen."""

from __future__ import annotations

from collections import Counter

from k8slearn.api.objects import Object, is_deleting, key_of, uid_of
from k8slearn.cluster import Cluster
from k8slearn.machinery import LeaderElected, Replica
from k8slearn.operators import BucketController, Cloud, definition
from k8slearn.operators.bucket import FINALIZER, LOOK_AGAIN
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Invariant, Trial

BUCKETS = "buckets.cloud.example.com"


def bucket(name: str = "photos", **spec: object) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "cloud.example.com/v1", "kind": "Bucket", "metadata": metadata, "spec": spec}


class Elected(LeaderElected, BucketController):
    lease = "default/bucket-controller"


ALONE = (BucketController,)
REPLICAS = (Replica(Elected, "a"), Replica(Elected, "b"))


class World:
    """Builds the cluster of some controllers, and a cloud beside it."""

    def __init__(self, *players: object) -> None:
        self.players = players or ALONE

    def __call__(self) -> Simulation:
        cluster = Cluster(0, components=(), adding=self.players, objects=[definition("buckets")])
        return Simulation(cluster, world={"cloud": Cloud()})


def leaders(sim: Simulation) -> list[str]:
    return [p.name for p in sim.manager.players.values() if isinstance(p, LeaderElected) and p.leads]


def nobody_leads(sim: Simulation) -> bool:
    elected = [p for p in sim.manager.players.values() if isinstance(p, LeaderElected)]
    return bool(elected) and not leaders(sim)


# --- what must never happen -----------------------------------------------------------------------


def leaked(sim: Simulation) -> str | None:
    """Every bucket of the cloud is somebody's who has promised to take it away. (Data to be retained was his.)"""
    there = {uid_of(b): b for b in sim.store.list(BUCKETS)}
    for found in sim.world["cloud"].list():
        owner = there.get(found["owner"])
        if owner is None and not was_to_be_retained(sim, found["owner"]):
            return f"nobody will ever delete {found['id']}"
        if owner is not None and FINALIZER not in owner["metadata"].get("finalizers", ()):
            return f"{key_of(owner)} may go and leave {found['id']} behind"
    return None


def was_to_be_retained(sim: Simulation, uid: str) -> bool:
    entries = [e.object for e in sim.store.log if e.resource == BUCKETS]
    return any(uid_of(o) == uid and o["spec"]["deletionPolicy"] == "Retain" for o in entries)


def doubled(sim: Simulation) -> str | None:
    owners = Counter(b["owner"] for b in sim.world["cloud"].list())
    return next((f"{owner} has {n} buckets" for owner, n in owners.items() if n > 1), None)


def two_lead(sim: Simulation) -> str | None:
    return f"{leaders(sim)} lead" if len(leaders(sim)) > 1 else None


def not_as_asked(sim: Simulation) -> str | None:
    """At rest, every Bucket has one in the cloud, and its status says so."""
    return None if nobody_leads(sim) else different(sim)


def different(sim: Simulation) -> str | None:
    cloud = sim.world["cloud"]
    for obj in sim.store.list(BUCKETS):
        spec, found = obj["spec"], cloud.list(owner=uid_of(obj))
        if is_deleting(obj):
            return f"{key_of(obj)} is still there"
        if [(b["region"], b["versioning"]) for b in found] != [(spec["region"], spec["versioning"])]:
            return f"{key_of(obj)} asks for {spec} and has {found}"
        status = obj.get("status", {})
        said = {c["type"]: (c["status"], c["observedGeneration"]) for c in status.get("conditions", ())}
        if (status.get("id"), said) != (found[0]["id"], {"Ready": ("True", obj["metadata"]["generation"])}):
            return f"{key_of(obj)} says {status} of {found}"
    return None


PROMISES = (
    Invariant("nothing is leaked", leaked, "always"),
    Invariant("nothing is doubled", doubled, "always"),
    Invariant("one leader at most", two_lead, "always"),
    Invariant("nothing is lost", not_as_asked),
)


# --- a story --------------------------------------------------------------------------------------


def make(sim: Simulation) -> None:
    sim.create([bucket("photos"), bucket("invoices", region="south", deletionPolicy="Retain")])


def change(sim: Simulation) -> None:
    sim.client.patch(BUCKETS, "default/photos", patch={"spec": {"versioning": True}})


def drift(sim: Simulation) -> None:
    """Somebody deletes what he does not know; it takes a while until that is noticed."""
    cloud = sim.world["cloud"]
    for found in cloud.list()[:1]:
        sim.meddle("cloud", "delete", found["id"])
    for found in cloud.list()[:1]:
        sim.meddle("cloud", "update", found["id"], versioning=not found["versioning"])
    sim.advance(LOOK_AGAIN * 2)


def delete(sim: Simulation) -> None:
    for name in ("photos", "invoices"):
        sim.client.delete(BUCKETS, f"default/{name}")


def make_again(sim: Simulation) -> None:
    """Of the same name, and not the same."""
    sim.create([bucket("photos", region="south")])


STORY = (
    Act("asks for two buckets", make),
    Act("asks for earlier versions", change),
    Act("somebody meddles with the cloud", drift),
    Act("deletes both", delete),
    Act("asks for one again", make_again),
)


def trial(*players: object) -> Trial:
    world = World(*players)
    names = [p for p in world().manager.players if p.startswith("bucket-controller")]
    return Trial(world, STORY, PROMISES, tuple(names), patience=10_000)
