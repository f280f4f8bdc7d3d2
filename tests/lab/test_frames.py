"""What a panel gets to see is what is there, at every step of a history."""

from __future__ import annotations

import json
import pathlib

import pytest

from k8slearn import Simulation, load
from k8slearn.api.objects import dig
from k8slearn.lab import problems, studio
from k8slearn.lab.frames import SimSource, Traffic, frame
from tests.operators.cloudtrial import World, bucket

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTHING: dict[str, str | None] = {"player": None, "object": None}


@pytest.fixture(scope="module")
def done() -> Simulation:
    """web, three replicas on three nodes, until everybody is content."""
    sim = Simulation(nodes=3)
    sim.create(load((ROOT / "examples" / "web.yaml").read_text()))
    sim.run()
    return sim


@pytest.fixture
def sim(done: Simulation) -> Simulation:
    return done.fork()


def test_every_frame_is_plain_json_and_agrees_with_the_store(sim: Simulation) -> None:
    source = SimSource(sim)
    for number in range(0, source.length + 1, 7):
        source.goto(number)
        shown = source.frame(NOTHING)
        assert json.loads(json.dumps(shown)) == shown
        assert (shown["step"], shown["last"]) == (number, source.length)
        assert shown["revision"] == sim.store.revision
        on_nodes = {p["key"]: n["name"] for n in shown["nodes"] for p in n["pods"]}
        waiting = {p["key"] for p in shown["unscheduled"]}
        bound = {key: dig(pod, "spec", "nodeName") for key, pod in sim.state().get("pods", {}).items()}
        assert on_nodes == {key: node for key, node in bound.items() if node}
        assert waiting == {key for key, node in bound.items() if not node}


def test_messages_and_edges_are_what_was_recorded(sim: Simulation) -> None:
    """Nothing is drawn that did not happen: edges add up the messages of all steps so far."""
    sim.goto(len(sim.trace))
    edges = {(e["from"], e["to"]): e["verbs"] for e in frame(sim, NOTHING)["edges"]}
    calls = [(s.player, c.verb) for s in sim.trace for c in s.calls]
    for player in {p for p, _ in calls}:
        verbs = [verb for p, verb in calls if p == player]
        assert edges[player, "apiserver"] == {v: verbs.count(v) for v in verbs}
    controllers = {"deployment-controller", "replicaset-controller", "default-scheduler"}
    assert not [edge for edge in edges if set(edge) <= controllers]  # nobody talks past the API server


def test_traffic_counted_on_the_way_is_traffic_counted_at_once(sim: Simulation) -> None:
    counted = Traffic()
    for number in (3, 40, 20, 90, len(sim.trace)):
        sim.goto(number)
        assert counted.edges(sim) == Traffic().edges(sim)


def test_the_loop_shows_what_a_reconcile_saw_and_did(sim: Simulation) -> None:
    step = next(s for s in sim.trace if s.player == "replicaset-controller" and s.writes)
    sim.goto(step.number)
    loop = frame(sim, NOTHING)["loop"]
    assert loop["player"] == "replicaset-controller"
    assert loop["compare"]["desired"] == [["replicas", 3]]
    assert loop["compare"]["actual"] == [["pods", 0]]
    assert loop["compare"]["difference"] == "3 pods missing, status out of date"
    assert [a["verb"] for a in loop["act"]].count("create") == 3
    assert loop["caused_by"] == list(step.causes)


def test_a_selected_player_keeps_its_own_loop(sim: Simulation) -> None:
    sim.goto(len(sim.trace))
    loop = frame(sim, {"player": "default-scheduler", "object": None})["loop"]
    assert loop["player"] == "default-scheduler"


def test_lag_is_the_number_of_events_not_yet_heard(sim: Simulation) -> None:
    sim.goto(0)
    sim.step()
    shown = {p["id"]: p for p in frame(sim, NOTHING)["players"]}
    lags = {c["resource"]: c["lag"] for c in shown["deployment-controller"]["caches"]}
    assert lags == {"deployments": 1, "replicasets": 0}


def test_workloads_count_pods_through_their_owners(sim: Simulation) -> None:
    sim.goto(len(sim.trace))
    works = {w["kind"]: w for w in frame(sim, NOTHING)["workloads"]}
    for kind in ("Deployment", "ReplicaSet"):
        assert (works[kind]["desired"], works[kind]["actual"], works[kind]["ready"]) == (3, 3, 3)
    assert works["ReplicaSet"]["owner"] == works["Deployment"]["key"]


def test_a_machine_that_is_cut_off_is_shown_so(sim: Simulation) -> None:
    sim.fault("cut_off", "kubelet/node-1")
    shown = {n["name"]: n for n in frame(sim, NOTHING)["nodes"]}
    assert shown["node-1"]["cut_off"]
    assert shown["node-1"]["ready"]  # nobody has noticed yet
    sim.advance(120)
    assert not {n["name"]: n for n in frame(sim, NOTHING)["nodes"]}["node-1"]["ready"]


def test_a_studio_steps_forward_and_back_through_the_same_frames(sim: Simulation) -> None:
    sim.goto(0)
    world = studio(sim)
    there = [world.frame()] + [world.frame() for _ in range(30) if world.step()]
    for expected in reversed(there[:-1]):
        world.back()
        assert world.frame() == expected


def test_stepping_stops_when_nothing_is_left_or_the_condition_holds(sim: Simulation) -> None:
    sim.goto(len(sim.trace))
    assert studio(sim).step() is False
    fresh = Simulation(nodes=1)
    fresh.create(load((ROOT / "examples" / "web.yaml").read_text()))
    world = studio(fresh, until=lambda s: s.store.count("pods") == 3)
    while world.step():
        pass
    assert fresh.store.count("pods") == 3
    assert problems(fresh)  # it stopped long before they were ready


def test_a_system_outside_of_the_cluster_stands_on_the_map_and_is_spoken_to_directly() -> None:
    sim = World()()
    sim.fault("crash_after", "bucket-controller", 2)
    sim.create(bucket())
    sim.run()
    made = next(s for s in sim.trace if any(c.resource == "cloud" and c.verb == "create" for c in s.calls))
    sim.goto(made.number)
    seen = SimSource(sim).frame(NOTHING)
    cloud = next(p for p in seen["players"] if p["id"] == "cloud")
    assert (cloud["label"], cloud["room"]) == ("Cloud (1)", "outside")
    hops = [(m["from"], m["to"], m["verb"]) for m in seen["messages"]]
    assert ("bucket-controller", "cloud", "create") in hops
    assert ("cloud", "bucket-controller", "done") in hops
    assert not [hop for hop in hops if hop[:2] == ("apiserver", "cloud")]
    assert {"from": "bucket-controller", "to": "cloud", "verbs": {"list": 1, "create": 1}} in seen["edges"]
    assert "in the cloud, and crashes right then" in seen["text"]
    studio(sim).figure("map")


def test_what_people_do_to_a_system_outside_is_its_move() -> None:
    sim = World()()
    sim.meddle("cloud", "create", "", owner="somebody", region="north", versioning=False)
    seen = SimSource(sim).frame(NOTHING)
    assert (seen["mover"], seen["messages"]) == ("cloud", [])
