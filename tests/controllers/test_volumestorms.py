"""The binder in trouble: whatever happens, a volume has one claim and a claim one volume, and both know it."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import dig, key_of, name_of, uid_of
from k8slearn.controllers import (
    EphemeralVolumeController,
    ExpandController,
    GarbageCollector,
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
)
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.trial import RECOVERS, Act, Invariant, Trial
from tests.controllers.test_ephemeralvolume import scratching
from tests.controllers.test_persistentvolumes import claim, volume
from tests.fakes import objects, world

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
EVERYBODY = (
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
    EphemeralVolumeController,
    ExpandController,
    GarbageCollector,
)
PLAYERS = ("persistent-volume-binder", "ephemeral-volume-controller", "persistentvolume-expander-controller")


def make(sim: Simulation) -> None:
    reserved = {"claimRef": {"namespace": "default", "name": "mine"}}
    sim.create([*(volume(f"v{i}", f"{i}Gi") for i in (1, 2, 3)), volume("v4", **reserved)])
    sim.create([claim("mine", volumeName="v4"), claim("small"), claim("middle", "2Gi"), scratching()])


def delete(sim: Simulation) -> None:
    sim.client.delete(CLAIMS, "default/small")
    sim.create(claim("late"))


def clean(sim: Simulation) -> None:
    """An administrator makes what was released available again."""
    for found in objects(sim, VOLUMES):
        if dig(found, "status", "phase") == "Released":
            sim.client.patch(VOLUMES, name_of(found), patch={"spec": {"claimRef": None}})


def end(sim: Simulation) -> None:
    try:
        sim.client.delete("pods", "default/p")
    except NotFound:
        return


STORY = (Act("makes all", make), Act("deletes one", delete), Act("cleans up", clean), Act("ends a pod", end))


def shared(sim: Simulation) -> str | None:
    """No volume is bound to two claims that are there."""
    taken: dict[str, str] = {}
    for found in objects(sim, CLAIMS):
        name = found["spec"].get("volumeName", "")
        if (
            name
            and dig(found, "status", "phase") == "Bound"
            and taken.setdefault(name, key_of(found)) != key_of(found)
        ):
            return f"{name} is bound to {taken[name]} and {key_of(found)}"
    return None


def unlike(sim: Simulation) -> str | None:
    """At the end all claims but the pod's are bound, each to a volume that says so, too."""
    volumes = {name_of(v): v for v in objects(sim, VOLUMES)}
    names = sorted(name_of(c) for c in objects(sim, CLAIMS))
    if names != ["late", "middle", "mine"]:
        return f"there are {names}"
    for found in objects(sim, CLAIMS):
        its = volumes.get(found["spec"].get("volumeName", ""))
        both = (
            dig(found, "status", "phase"),
            dig(its, "status", "phase"),
            dig(its, "spec", "claimRef", "uid"),
        )
        if both != ("Bound", "Bound", uid_of(found)):
            return f"{name_of(found)} is {both}"
    return None


def storm(seed: int) -> str | None:
    of = Trial(lambda: world(*EVERYBODY), STORY, (Invariant("one claim", shared, "always"),), PLAYERS, 10_000)
    faults = [*troubles(of), ("compact", 0)]
    for player in PLAYERS:
        faults += [
            ("lose", player, 1),
            ("lose", player, 2),
            ("crash_after", player, 1),
            ("crash_after", player, 2),
        ]
    play = Play(of, Schedule("storm"), Luck(seed, faults))
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return failure.message
    for player in PLAYERS:
        sim.fault("heal", player)
    for _ in range(5):
        clean(sim)
        sim.advance(300)
        if unlike(sim) is None and not sim.errors():
            return None
    return unlike(sim) or f"still fails: {sim.errors()}"


@pytest.mark.parametrize("seed", range(40))
def test_storms_end_as_a_calm_day_does(seed):
    assert storm(seed) is None
