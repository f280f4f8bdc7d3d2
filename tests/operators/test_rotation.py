"""The Rotation operator: a key that is replaced in time, however long nobody was looking."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import Invalid
from k8slearn.api.objects import Object, controller_of
from k8slearn.cluster import Cluster
from k8slearn.controllers import GarbageCollector
from k8slearn.operators import RotationController, definition
from k8slearn.sim import Simulation
from k8slearn.sim.schedules import search
from k8slearn.sim.trial import Act, Invariant, Trial, settled_after_resync

ROTATIONS = "rotations.example.com"
KEY = "default/session"
NAME = "rotation-controller"
PERIOD, OVERLAP = 100, 20


def rotation(**spec: object) -> Object:
    metadata = {"name": "session", "namespace": "default"}
    spec = {"periodSeconds": PERIOD, "overlapSeconds": OVERLAP, **spec}
    return {"apiVersion": "example.com/v1", "kind": "Rotation", "metadata": metadata, "spec": spec}


def make_sim() -> Simulation:
    adding = [RotationController, GarbageCollector]
    return Simulation(Cluster(0, components=(), adding=adding, objects=[definition("rotations")]))


@pytest.fixture
def sim() -> Simulation:
    sim = make_sim()
    sim.create(rotation())
    sim.run()
    return sim


def secret(sim: Simulation) -> dict[str, str]:
    return sim.store.get("secrets", KEY)["data"]


def keys_ever(sim: Simulation) -> list[str]:
    """All keys that were handed out, in order."""
    found = [e.object["data"]["key"] for e in sim.store.log if e.resource == "secrets" and e.key == KEY]
    return list(dict.fromkeys(found))


# --- in time --------------------------------------------------------------------------------------


def test_the_example_gets_a_secret_of_its_own():
    sim = make_sim()
    sim.create(list(yaml.safe_load_all(Path("examples/operators/rotation.yaml").read_text())))
    sim.run()
    made = sim.store.get("secrets", "default/session-key")
    assert controller_of(made)["kind"] == "Rotation"
    assert made["data"].keys() == {"key"}
    assert sim.store.list(ROTATIONS)[0]["status"]["nextRotationTime"] == timestamp(3600)


def test_the_key_is_replaced_and_the_old_one_kept_for_a_while(sim):
    first = secret(sim)["key"]
    sim.advance(PERIOD - 1)
    assert secret(sim) == {"key": first}
    sim.advance(1)
    second = secret(sim)["key"]
    assert second != first
    assert secret(sim)["previous"] == first
    sim.advance(OVERLAP - 1)
    assert "previous" in secret(sim)
    sim.advance(1)
    assert secret(sim) == {"key": second}


def test_status_says_when_it_is_next(sim):
    sim.advance(PERIOD)
    status = sim.store.get(ROTATIONS, KEY)["status"]
    assert status["lastRotationTime"] == timestamp(PERIOD)
    assert status["nextRotationTime"] == timestamp(2 * PERIOD)


def test_ten_periods_are_ten_keys(sim):
    sim.advance(10 * PERIOD)
    assert len(keys_ever(sim)) == 11


def test_who_has_slept_through_several_periods_makes_one_key_and_is_in_step(sim):
    first = secret(sim)["key"]
    sim.fault("cut_off", NAME)
    sim.advance(5.5 * PERIOD)
    assert keys_ever(sim) == [first]
    sim.fault("heal", NAME)
    sim.run()
    assert len(keys_ever(sim)) == 2
    assert secret(sim)["previous"] == first
    assert sim.store.get(ROTATIONS, KEY)["status"]["nextRotationTime"] == timestamp(6 * PERIOD)
    sim.advance(OVERLAP)
    assert "previous" not in secret(sim)  # kept from when it was replaced, not from when it should have been


def test_a_shorter_period_counts_at_once(sim):
    sim.advance(50)
    sim.client.patch(ROTATIONS, KEY, patch={"spec": {"periodSeconds": 40}})
    sim.run()
    assert len(keys_ever(sim)) == 2


def test_a_secret_that_is_deleted_is_made_again(sim):
    sim.advance(10)
    sim.client.delete("secrets", KEY)
    sim.run()
    assert len(keys_ever(sim)) == 2


def test_the_secret_of_somebody_else_is_left_alone():
    sim = make_sim()
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "session"},
        "data": {"key": "bWluZQ=="},
    }
    sim.create(theirs)
    sim.create(rotation())
    sim.run()
    sim.advance(2 * PERIOD)
    assert secret(sim) == {"key": "bWluZQ=="}
    (said,) = sim.store.get(ROTATIONS, KEY)["status"]["conditions"]
    assert (said["status"], said["reason"]) == ("False", "NameTaken")


def test_the_secret_goes_with_the_rotation(sim):
    sim.client.delete(ROTATIONS, KEY)
    sim.run()
    assert sim.store.list("secrets") == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"periodSeconds": 5}, "should be greater than or equal to 10"),
        ({"overlapSeconds": PERIOD}, "the previous key must go before the next rotation"),
    ],
)
def test_what_makes_no_sense_is_refused(spec, message):
    with pytest.raises(Invalid, match=message):
        make_sim().create(rotation(**spec))


def test_who_knows_an_old_secret_makes_no_key_of_it(sim):
    sim.fault("hold", NAME, "secrets")
    sim.advance(PERIOD)
    sim.advance(PERIOD)
    assert len(keys_ever(sim)) == 2
    assert "Conflict" in sim.trace.of(NAME, "reconcile")[-1].result
    sim.fault("release", NAME, "secrets")
    sim.advance(PERIOD)
    assert in_order(sim) is None
    assert len(keys_ever(sim)) >= 3


# --- any order, any trouble -----------------------------------------------------------------------


def never_twice(sim: Simulation) -> str | None:
    """A key lasts as long as it should: nobody who knew an old Secret has rotated once more."""
    due = int(sim.now // PERIOD) + 1
    return f"{len(keys_ever(sim))} keys where {due} were due" if len(keys_ever(sim)) > due else None


def in_order(sim: Simulation) -> str | None:
    """What is kept is the key that was handed out before, and not an older one."""
    keys = keys_ever(sim)
    data = (sim.store.get("secrets", KEY) or {"data": {}})["data"]
    wrong = "previous" in data and keys[keys.index(data["key"]) - 1] != data["previous"]
    return "a key that is still in use has been thrown away" if wrong else None


def fresh(sim: Simulation) -> str | None:
    found = sim.store.get(ROTATIONS, KEY)
    if found is None:
        return None if sim.store.get("secrets", KEY) is None else "the Secret has outlived its Rotation"
    last = int(sim.now // PERIOD) * PERIOD
    said = found["status"]["lastRotationTime"]
    return None if said == timestamp(last) else f"rotated at {said}, and it is {sim.now:g} s"


STORY = (
    Act("asks for a key", lambda sim: sim.create(rotation())),
    Act("waits", lambda sim: sim.advance(PERIOD)),
    Act("waits for long", lambda sim: sim.advance(3 * PERIOD)),
    Act("deletes it", lambda sim: sim.client.delete(ROTATIONS, KEY)),
)


def test_every_trouble():
    promises = (
        Invariant("never twice", never_twice, "always"),
        Invariant("in order", in_order, "always"),
        Invariant("fresh", fresh),
        settled_after_resync((NAME,)),
    )
    found = search(Trial(make_sim, STORY, promises, (NAME,), patience=2000))
    assert found.failure is None, found.failure
    assert found.total == 120
