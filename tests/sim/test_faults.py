"""Every fault does what it says, to nobody else, and a right controller survives it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from k8slearn.api import errors
from k8slearn.controllers import DeploymentController, GarbageCollector, ReplicaSetController
from k8slearn.lab.story import sentence
from k8slearn.sim import Simulation
from k8slearn.sim.faults import FAULTS, REFUSALS
from tests.fakes import configmap, deployment, hollow, names, objects, pod, replicaset, world, writes
from tests.sim.worlds import picture

RS = "replicaset-controller"


@pytest.fixture
def sim() -> Simulation:
    return world(DeploymentController, ReplicaSetController, GarbageCollector)


def ready(sim: Simulation) -> int:
    return sum(o.get("status", {}).get("readyReplicas", 0) for o in objects(sim, "replicasets"))


def cache_of(sim: Simulation, player: str, resource: str) -> list[str]:
    return names(sim.manager.players[player].cache.list(resource))


# --- each of them ----------------------------------------------------------------------------


def test_crash_forgets_everything_and_begins_again(sim):
    sim.create(replicaset(replicas=2))
    sim.run()
    before = sim.manager.players[RS]
    step = sim.crash(RS)
    after = sim.manager.players[RS]
    assert after is not before
    assert (cache_of(sim, RS, "pods"), after.expectations.pending) == ([], {})
    assert step.result == "crashed and started again"
    sim.run()
    assert len(cache_of(sim, RS, "pods")) == 2
    assert len(writes(sim, "pods")) == 2, "it finds the pods it had made"


def test_hold_keeps_news_back_and_release_lets_it_through(sim):
    sim.fault("hold", RS, "replicasets")
    sim.create(replicaset())
    sim.run()
    assert (objects(sim, "pods"), cache_of(sim, RS, "replicasets")) == ([], [])
    assert sim.manager.players[RS].informers["replicasets"].lag == 1
    sim.fault("release", RS, "replicasets")
    sim.run()
    assert ready(sim) == 3


def test_hold_of_one_resource_leaves_the_others(sim):
    sim.fault("hold", RS, "replicasets")
    sim.create(pod())
    sim.run()
    assert cache_of(sim, RS, "pods") == ["web"]


def test_drop_loses_what_came_and_went(sim):
    sim.fault("hold", RS)
    sim.create(pod("fleeting"))
    sim.client.delete("pods", "default/fleeting")
    sim.create(pod("lasting"))
    sim.fault("release", RS)
    sim.fault("drop", RS)
    sim.run()
    heard = [s.key or s.result for s in sim.trace if s.player == RS and s.resource == "pods"]
    assert "default/fleeting" not in heard
    assert cache_of(sim, RS, "pods") == ["lasting"]


def test_reconnect_loses_nothing(sim):
    sim.fault("hold", RS)
    sim.create(pod("fleeting"))
    sim.client.delete("pods", "default/fleeting", gracePeriodSeconds=0)
    sim.fault("reconnect", RS, "pods")
    sim.fault("release", RS)
    sim.run()
    heard = [s.result.split()[0] for s in sim.trace if s.player == RS and s.key == "default/fleeting"]
    assert heard[0] == "ADDED"
    assert heard[-1] == "DELETED"


def test_resync_shows_everything_once_more_and_changes_nothing(sim):
    sim.create(replicaset(replicas=2))
    sim.run()
    before, at = sim.state(), sim.position
    sim.fault("resync", RS)
    sim.run()
    assert [s.key for s in sim.trace.steps[at:] if s.action == "reconcile"] == ["default/web"]
    assert sim.state() == before


def test_cut_off_hears_nothing_and_nothing_it_says_gets_through(sim):
    sim.create(replicaset())
    sim.run()
    sim.fault("cut_off", RS)
    sim.fault("resync", RS)
    sim.client.delete("pods", sim.state()["pods"].popitem()[0])
    sim.run()
    assert len(objects(sim, "pods")) == 2
    sim.fault("heal", RS)
    sim.run()
    assert (len(objects(sim, "pods")), sim.errors()) == (3, {})


def test_healed_it_goes_on_with_what_it_could_not_do(sim):
    """Work that failed meanwhile is not left to a timer that nobody waits for."""
    sim.fault("hold", RS, "pods")
    sim.create(replicaset())
    sim.step(), sim.step()
    sim.fault("release", RS)
    sim.fault("cut_off", RS)
    sim.run()
    sim.advance(100)
    assert objects(sim, "pods") == []
    sim.fault("heal", RS)
    sim.run()
    assert ready(sim) == 3


def test_a_process_that_dies_while_it_is_cut_off_is_cut_off_when_it_comes_back():
    sim = hollow(2)
    sim.create(deployment(replicas=2))
    sim.run()
    sim.fault("cut_off", "kubelet/node-0")
    sim.crash("kubelet/node-0")
    sim.run()
    sim.advance(20)
    assert not sim.manager.players["kubelet/node-0"].cache.list("pods")
    sim.fault("heal", "kubelet/node-0")
    sim.run()
    assert len(sim.manager.players["kubelet/node-0"].cache.list("pods")) == 1


@pytest.mark.parametrize("write", [1, 2, 3])
def test_crash_after_the_nth_write_has_gone_through(sim, write):
    sim.fault("crash_after", RS, write)
    sim.create(replicaset(replicas=3))
    before = sim.manager.players[RS]
    sim.run(lambda s: s.manager.players[RS] is not before)
    crashed = sim.trace[-1]
    assert crashed.result == f"{RS} crashed after its write number {write}"
    assert len(crashed.writes) == write
    sim.run()
    assert ready(sim) == len(objects(sim, "pods")) == len(writes(sim, "pods")) == 3


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refused_write_is_tried_again(sim, reason):
    sim.fault("refuse", RS, 1, reason)
    sim.create(replicaset(replicas=2))
    sim.run()
    refused = [c for s in sim.trace for c in s.calls if not c.ok]
    assert [(c.verb, c.resource, c.note) for c in refused] == [("create", "pods", REFUSALS[reason].reason)]
    assert (ready(sim), sim.errors()) == (2, {})


def test_only_that_write_of_that_player_is_refused(sim):
    sim.fault("refuse", RS, 2)
    sim.create([replicaset(replicas=3), deployment("other")])
    sim.run()
    assert [s.player for s in sim.trace if any(not c.ok for c in s.calls)].count(RS) == 1
    assert {s.player for s in sim.trace if any(not c.ok for c in s.calls)} == {RS}


def test_compact_expires_those_who_are_behind_and_they_list_again(sim):
    sim.fault("hold", RS)
    sim.create(replicaset(replicas=2))
    sim.fault("compact")
    sim.fault("release", RS)
    sim.run()
    assert any(s.player == RS and s.result.startswith("listed") for s in sim.trace) or ready(sim) == 2
    assert ready(sim) == 2


@pytest.fixture
def deaf(sim):
    """The ReplicaSet controller has lost its watch, and the next three lists are refused."""
    sim.create(replicaset(replicas=1))
    sim.run()
    sim.fault("fail", RS, 1, "InternalError", "list", "replicasets", 3)
    sim.fault("drop", RS, "replicasets")
    sim.client.patch("replicasets", "default/web", patch={"spec": {"replicas": 2}})
    return sim


def listing(sim: Simulation) -> list[tuple[float, str]]:
    """When that controller asked for all ReplicaSets, and what came of it."""
    steps = [s for s in sim.trace.of(RS) for c in s.calls if (c.verb, c.resource) == ("list", "replicasets")]
    return [(s.time, s.result) for s in steps]


def test_a_list_that_is_refused_is_tried_again_later_and_later(deaf):
    began = deaf.now
    deaf.run()
    assert ready(deaf) == 2
    *refused, (last, heard) = listing(deaf)
    assert all(said.startswith("error: cannot list or watch: InternalError: ") for _, said in refused)
    assert heard.startswith("MODIFIED")
    moments = [*(time for time, _ in refused), last]
    pauses = [b - a for a, b in pairwise(moments)]
    assert moments[0] == began
    assert all(low <= pause < 2 * low for low, pause in zip((0.8, 1.6, 3.2), pauses, strict=True))


def test_the_story_tells_of_a_list_that_was_in_vain(deaf):
    deaf.run(lambda s: s.manager.players[RS].informers["replicasets"].resting)
    told = sentence(deaf.trace.of(RS)[-1])
    assert told.startswith(f"{RS} asks for all replicasets, in vain: cannot list or watch: InternalError: ")


def test_while_it_rests_others_work_and_nobody_asks(deaf):
    deaf.run(lambda s: s.manager.players[RS].informers["replicasets"].resting)
    tried = len(listing(deaf))
    deaf.create(configmap("a"))
    deaf.client.patch("replicasets", "default/web", patch={"spec": {"replicas": 3}})
    while deaf.moves():
        deaf.step()
    assert (len(listing(deaf)), ready(deaf)) == (tried, 1)
    deaf.run()
    assert ready(deaf) == 3


def test_a_rest_is_rewound_with_everything_else(deaf):
    """From each step on, the same future."""
    deaf.run()
    end, steps = picture(deaf), [str(s) for s in deaf.trace]
    for number in range(len(steps)):
        deaf.goto(number)
        deaf.goto(len(steps))
        assert picture(deaf) == end
    fork = deaf.fork()
    fork.goto(fork.trace.of(RS)[-1].number - 3)
    fork.run()
    assert ready(fork) == 2


def test_what_may_not_be_listed_is_asked_for_now_and_then_and_the_cluster_is_at_rest(sim, monkeypatch):
    monkeypatch.setitem(REFUSALS, "Forbidden", errors.Forbidden("no"))
    sim.fault("fail", RS, 1, "Forbidden", "list", "replicasets", 1000)
    sim.fault("drop", RS, "replicasets")
    assert sim.run(seconds=60)
    assert sim.now < 1
    tried = len(listing(sim))
    sim.advance(300)
    assert 6 <= len(listing(sim)) - tried <= 15


def test_a_cable_that_is_mended_ends_a_rest(sim):
    sim.fault("fail", RS, 1, "InternalError", "list", "replicasets")
    sim.fault("drop", RS, "replicasets")
    sim.run(lambda s: s.manager.players[RS].informers["replicasets"].resting)
    sim.fault("cut_off", RS)
    sim.create(replicaset(replicas=2))
    sim.fault("heal", RS)
    began = sim.now
    sim.run()
    assert (ready(sim), listing(sim)[-1][0]) == (2, began)


def test_a_process_that_begins_anew_does_not_rest(deaf):
    deaf.run(lambda s: s.manager.players[RS].informers["replicasets"].resting)
    began = deaf.now
    deaf.fault("crash", RS)
    deaf.step()
    assert listing(deaf)[-1][0] == began


def test_no_fault_changes_an_object(sim):
    sim.create(replicaset(replicas=2))
    sim.run()
    before = sim.state()
    for name, args in EVERY.items():
        step = sim.fault(name, *args)
        assert (step.before, step.after, step.writes) == (step.after, step.before, [])
    assert sim.state() == before


EVERY = {
    "crash": (RS,),
    "hold": (RS,),
    "release": (RS,),
    "drop": (RS,),
    "reconnect": (RS,),
    "resync": (RS,),
    "cut_off": (RS,),
    "heal": (RS,),
    "crash_after": (RS, 1),
    "refuse": (RS, 1),
    "lose": (RS, 1),
    "fail": (RS, 1, "Timeout", "list"),
    "stop": (RS,),
    "compact": (),
}


def test_every_fault_there_is_has_its_test():
    assert EVERY.keys() == FAULTS.keys()


@pytest.mark.parametrize(("name", "args"), EVERY.items(), ids=EVERY.keys())
def test_a_fault_is_a_step_that_can_be_taken_back_and_repeated(sim, name, args):
    sim.create(replicaset(replicas=2))
    sim.run(lambda s: s.position >= 10)
    sim.fault(name, *args)
    sim.run(steps=3000)
    text, state = sim.trace.text(), sim.state()
    sim.goto(5)
    sim.goto(len(sim.trace))
    assert (sim.trace.text(), sim.state()) == (text, state)


# --- asked for what is not there -------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("gremlins", RS), 'no fault "gremlins": choose one of crash, hold'),
        (("crash", "nobody"), f'no player "nobody": there are .*{RS}'),
        (("hold", RS, "nodes"), f'{RS} does not watch "nodes": it watches replicasets, pods'),
        (("refuse", RS, 1, "Boredom"), "Boredom.*Conflict"),
        (("crash",), "player"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_and_is_no_step(sim, call, words):
    with pytest.raises(ValueError, match=words):
        sim.fault(*call)
    assert (sim.position, len(sim.trace)) == (0, 0)


def test_a_dead_machine_is_noticed_and_a_healed_one_comes_back():
    sim = Simulation(nodes=2)
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(60)
    node = sim.state()["nodes"]["node-0"]
    assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "Unknown"
    sim.fault("heal", "kubelet/node-0")
    sim.run()
    sim.advance(15)
    node = sim.state()["nodes"]["node-0"]
    assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"


def test_faults_hit_only_whom_they_are_meant_for(sim):
    sim.fault("hold", RS)
    sim.fault("cut_off", "garbage-collector-controller")
    sim.create([deployment(), configmap()])
    sim.run()
    assert names(objects(sim, "replicasets"))
    assert sim.errors() == {}
