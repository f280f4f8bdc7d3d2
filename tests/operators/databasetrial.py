"""What the tests of the Database operator share: a cluster, a store beside it, a story, and what must never be."""

from __future__ import annotations

from collections import Counter
from functools import partial

from k8slearn.api.objects import Object, dig, is_deleting, key_of, name_of, uid_of
from k8slearn.clouds import Disks, Provisioner
from k8slearn.cluster import Cluster, Component
from k8slearn.controllers import (
    GarbageCollector,
    JobController,
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
    StatefulSetController,
)
from k8slearn.machinery import Done, LeaderElected, Replica
from k8slearn.operators import DatabaseController, ObjectStore, definition
from k8slearn.operators.databasebackups import FINALIZER
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Invariant, Trial
from tests.fakes import Minder, named

DATABASES, NAME, DRIVER = "databases.example.com", "database-controller", "disk.example.com"
EVERY = 3600


def database(name: str = "orders", version: int = 15, **spec: object) -> Object:
    return named("Database", name, "example.com/v1", spec={"version": version, **spec})


class Machines(Minder):
    """As a `Minder`, but a Job's pod comes to its end: well, unless its image says that it fails."""

    def reconcile(self, key: str) -> Done | None:
        pod = self.cache.get("pods", key)
        works = dig(pod, "spec", "restartPolicy") == "Never"
        if works and dig(pod, "status", "phase") == "Running" and not is_deleting(pod):
            bad = pod["spec"]["containers"][0]["image"].endswith(":13")
            self.client.update_status(pod, phase="Failed" if bad else "Succeeded")
            return None
        return super().reconcile(key)


CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "disk", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": DRIVER,
}
PLAYERS: tuple[Component, ...] = (
    StatefulSetController,
    JobController,
    GarbageCollector,
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
    partial(Provisioner, DRIVER, Disks()),
    Machines,
)


class Elected(LeaderElected, DatabaseController):
    lease = "default/database-controller"


REPLICAS = (Replica(Elected, "a"), Replica(Elected, "b"))


def world(*operators: Component) -> Simulation:
    objects = [definition("databases"), CLASS]
    cluster = Cluster(0, components=PLAYERS, adding=operators or [DatabaseController], objects=objects)
    return Simulation(cluster, world={"store": ObjectStore()})


def databases(sim: Simulation) -> list[Object]:
    return sim.store.list(DATABASES)


def claims(sim: Simulation, name: str = "orders") -> list[str]:
    found = [name_of(c) for c in sim.store.list("persistentvolumeclaims")]
    return sorted(c for c in found if c.startswith(f"data-{name}-"))


# --- what must never happen -----------------------------------------------------------------------


def doubled(sim: Simulation) -> str | None:
    """One backup for a slot, one disk for a claim."""
    backups = Counter((a["owner"], a["slot"]) for a in sim.world["store"].list())
    disks = Counter(d["token"] for d in sim.world["disks"].list())
    return next((f"{what}: {n} of them" for what, n in (backups + disks).items() if n > 1), None)  # type: ignore[operator]


def lost(sim: Simulation) -> str | None:
    """Whatever a Database says that it has, the store has; and what runs has its disk."""
    there = {a["id"] for a in sim.world["store"].list()}
    for found in databases(sim):
        last = dig(found, "status", "lastBackup")
        if last and last not in there and not is_deleting(found) and not _is_newer(sim, found, last):
            return f"{last} of {key_of(found)} is gone"
    disks = {d["token"] for d in sim.world["disks"].list()}
    for volume in sim.store.list("persistentvolumes"):
        if dig(volume, "status", "phase") == "Bound" and name_of(volume) not in disks:
            return f"the disk of {name_of(volume)} is gone"
    return None


def _is_newer(sim: Simulation, found: Object, last: str) -> bool:
    """What a status speaks of may have made room for newer ones since it was written."""
    mine = sim.world["store"].list(owner=uid_of(found))
    newest = max((int(a["id"].rpartition("-")[2]) for a in mine), default=0)
    return newest > int(last.rpartition("-")[2])


def leaked(sim: Simulation) -> str | None:
    """A backup has an owner who has promised to clean up, or is to outlive him."""
    there = {uid_of(d): d for d in databases(sim)}
    for artefact in sim.world["store"].list():
        owner = there.get(artefact["owner"])
        if owner is None and not _was_to_be_retained(sim, artefact["owner"]):
            return f"nobody will ever delete {artefact['id']}"
        if owner is not None and FINALIZER not in owner["metadata"].get("finalizers", ()):
            return f"{key_of(owner)} may go and leave {artefact['id']} behind"
    return None


def _was_to_be_retained(sim: Simulation, uid: str) -> bool:
    entries = [e.object for e in sim.store.log if e.resource == DATABASES]
    return any(uid_of(o) == uid and o["spec"]["backups"] == "Retain" for o in entries)


def downgraded(sim: Simulation) -> str | None:
    """Versions only grow, and by one; and there is a backup of each that was left."""
    for found in sim.store.list("statefulsets"):
        seen: list[int] = []
        for entry in sim.store.log:
            if entry.resource == "statefulsets" and uid_of(entry.object) == uid_of(found):
                version = int(
                    entry.object["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
                )
                if not seen or seen[-1] != version:
                    seen.append(version)
        if seen != list(range(seen[0], seen[0] + len(seen))):
            return f"{key_of(found)} went through the versions {seen}"
    return None


def different(sim: Simulation) -> str | None:
    """At the very end: what runs is what is asked for, and says so."""
    for found in databases(sim):
        spec, status = found["spec"], found.get("status", {})
        sset = sim.store.get("statefulsets", key_of(found))
        if is_deleting(found) or sset is None:
            return f"{key_of(found)} is not as it should be"
        (ready,) = status["conditions"]
        said = (status["version"], status["readyReplicas"], ready["status"], ready["observedGeneration"])
        if said != (spec["version"], spec["replicas"], "True", found["metadata"]["generation"]):
            return f"{key_of(found)} asks for {spec} and says {status}"
        mine = sim.world["store"].list(owner=uid_of(found))
        if status["backups"] != len(mine):
            return f"{key_of(found)} has {len(mine)} backups and says {status['backups']}"
        if len(claims(sim, name_of(found))) < spec["replicas"]:
            return f"{key_of(found)} has lost a volume"
    return None


PROMISES = (
    Invariant("nothing is doubled", doubled, "always"),
    Invariant("nothing is lost", lost, "always"),
    Invariant("nothing leaks", leaked, "always"),
)


# --- a story --------------------------------------------------------------------------------------


def make(sim: Simulation) -> None:
    regular = {"backup": {"everySeconds": EVERY, "keep": 2}}
    sim.create(
        [database(replicas=2, **regular), database("cache", volumes="Delete", backups="Delete", **regular)]
    )


def an_hour(sim: Simulation) -> None:
    sim.advance(EVERY + 60)


def upgrade(sim: Simulation) -> None:
    sim.client.patch(DATABASES, "default/orders", patch={"spec": {"version": 17, "replicas": 3}})


def restore(sim: Simulation) -> None:
    """Of the newest regular backup of a database that stays; without one, the copy begins empty."""
    owner = uid_of(sim.store.get(DATABASES, "default/orders") or {})
    first = next((a["id"] for a in reversed(sim.world["store"].list(owner)) if a["slot"].isdigit()), "")
    sim.create(database("copy", version=17, **({"restoreFrom": first} if first else {})))


def delete(sim: Simulation) -> None:
    sim.client.delete(DATABASES, "default/cache")


STORY = (
    Act("asks for two databases", make),
    Act("lets an hour pass", an_hour),
    Act("asks for a newer version and a replica more", upgrade),
    Act("lets an hour pass", an_hour),
    Act("asks for a copy", restore),
    Act("deletes one", delete),
)


def trial(*operators: Component) -> Trial:
    names = [p for p in world(*operators).manager.players if p.startswith(NAME)]
    return Trial(partial(world, *operators), STORY, PROMISES, tuple(names), patience=20_000)
