"""Load balancers: rented when a Service asks for one, given back when it does not; never lost, leaked or doubled."""

from __future__ import annotations

from functools import partial

import pytest

from k8slearn.api.objects import Object, dig, is_deleting, key_of, uid_of
from k8slearn.clouds import Balancers, Line, Refused, ServiceController
from k8slearn.clouds.service import FINALIZER, PAUSE
from k8slearn.cluster import Cluster
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.trial import RECOVERS, Act, Invariant, Trial
from tests.fakes import named, objects, service

NAME = "service-lb-controller"
ADDRESSES = ("203.0.113.1", "203.0.113.2")


def world(line: Line | None = None) -> Simulation:
    line = line or Line(ADDRESSES)
    return Simulation(Cluster(0, components=(partial(ServiceController, Balancers(line), line.field),)))


def balanced(name: str = "web", **spec: object) -> Object:
    return service(name, type="LoadBalancer", **spec)


def get(sim: Simulation, name: str = "web") -> Object:
    return sim.client.get("services", f"default/{name}")


def events(sim: Simulation) -> list[tuple[str, str, str]]:
    return [(e["type"], e["reason"], e["message"]) for e in objects(sim, "events")]


def node(name: str = "node-0", **metadata: object) -> Object:
    return named("Node", name, namespace="", metadata=metadata)


def test_it_takes_a_while_until_there_is_an_address():
    sim = world()
    sim.create([node(), balanced()])
    sim.run(seconds=3)
    assert get(sim)["status"] == {"loadBalancer": {}}
    assert get(sim)["metadata"]["finalizers"] == [FINALIZER]
    sim.run()
    assert sim.now == 5
    assert get(sim)["status"]["loadBalancer"]["ingress"] == [{"ip": "203.0.113.1", "ipMode": "VIP"}]
    assert events(sim) == [
        ("Normal", "EnsuringLoadBalancer", "Ensuring load balancer"),
        ("Normal", "EnsuredLoadBalancer", "Ensured load balancer"),
    ]


def test_some_clouds_give_names():
    sim = world(Line(domain="example.com"))
    sim.create([node(), balanced()])
    sim.run()
    assert get(sim)["status"]["loadBalancer"]["ingress"] == [{"hostname": "lb-1.example.com"}]


def test_addresses_run_out_and_come_back():
    sim = world(Line(ADDRESSES[:1]))
    sim.create([node(), balanced("first"), balanced("second")])
    sim.run()
    assert get(sim, "second")["status"] == {"loadBalancer": {}}
    said = "Error syncing load balancer: failed to ensure load balancer: no available IPs"
    assert ("Warning", "SyncLoadBalancerFailed", said) in events(sim)
    sim.client.delete("services", "default/first")
    sim.advance(PAUSE + 10)
    assert dig(get(sim, "second"), "status", "loadBalancer", "ingress", 0, "ip") == ADDRESSES[0]


@pytest.mark.parametrize("how", ["deleted", "another type"])
def test_it_is_given_back(how):
    sim = world()
    sim.create([node(), balanced()])
    sim.run()
    if how == "deleted":
        sim.client.delete("services", "default/web")
    else:
        sim.client.patch("services", "default/web", patch={"spec": {"type": "ClusterIP"}})
    sim.run()
    assert sim.world["balancers"].list() == []
    assert events(sim)[2:] == [
        ("Normal", "DeletingLoadBalancer", "Deleting load balancer"),
        ("Normal", "DeletedLoadBalancer", "Deleted load balancer"),
    ]
    for left in objects(sim, "services"):
        assert left["status"] == {"loadBalancer": {}}
        assert "finalizers" not in left["metadata"]


def test_other_services_are_left_alone():
    sim = world()
    sim.create([service("inside"), balanced("others", loadBalancerClass="example.com/theirs")])
    sim.run()
    assert sim.world["balancers"].list() == []
    assert events(sim) == []


def test_machines_that_come_and_go_are_told():
    sim = world()
    sim.create(balanced())
    sim.run()
    assert ("Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer") in events(
        sim
    )
    excluded = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    sim.create([node("node-0"), node("node-1"), node("never", labels=excluded)])
    sim.client.delete("nodes", "node-0")
    sim.run()
    assert [b["hosts"] for b in sim.world["balancers"].list()] == [["node-1"]]
    assert ("Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts") in events(sim)


def test_the_same_wish_is_granted_once():
    balancers = Balancers(Line(ADDRESSES[:1]))
    first = balancers.create("one", ports=[80], hosts=[], now=0)
    assert balancers.create("one", ports=[80], hosts=[], now=1) == first
    with pytest.raises(Refused, match="no available IPs"):
        balancers.create("two", ports=[80], hosts=[], now=1)
    assert [b["address"] for b in balancers.list(now=4.9)] == [""]
    assert [b["address"] for b in balancers.list(now=5)] == ["203.0.113.1"]


# --- whatever happens -----------------------------------------------------------------------------


def make(sim: Simulation) -> None:
    sim.create([node(), balanced("web"), balanced("shop"), balanced("api")])


def change(sim: Simulation) -> None:
    sim.client.patch("services", "default/web", patch={"spec": {"type": "NodePort"}})
    sim.create(node("node-1"))


def delete(sim: Simulation) -> None:
    sim.client.delete("services", "default/shop")
    sim.create(balanced("late"))


def again(sim: Simulation) -> None:
    sim.client.patch("services", "default/web", patch={"spec": {"type": "LoadBalancer"}})


STORY = (
    Act("asks for three", make),
    Act("changes one", change),
    Act("deletes one", delete),
    Act("again", again),
)


def wanting(sim: Simulation) -> list[Object]:
    return [s for s in objects(sim, "services") if s["spec"]["type"] == "LoadBalancer"]


def leaked(sim: Simulation) -> str | None:
    held = {uid_of(s) for s in objects(sim, "services") if FINALIZER in s["metadata"].get("finalizers", ())}
    lost = [b["id"] for b in sim.world["balancers"].list() if b["token"] not in held]
    return f"nobody will give back {lost}" if lost else None


def doubled(sim: Simulation) -> str | None:
    tokens = [b["token"] for b in sim.world["balancers"].list()]
    return f"two for one wish: {tokens}" if len(set(tokens)) < len(tokens) else None


def unlike(sim: Simulation) -> str | None:
    there = {b["token"]: b for b in sim.world["balancers"].list(now=sim.now)}
    if set(there) != {uid_of(s) for s in wanting(sim)}:
        return f"{len(there)} load balancers for {[key_of(s) for s in wanting(sim)]}"
    for found in wanting(sim):
        known = there[uid_of(found)]
        if dig(found, "status", "loadBalancer", "ingress", 0, "ip") != known["address"] or is_deleting(found):
            return f"{key_of(found)} says {found['status']} of {known}"
        if known["hosts"] != ["node-0", "node-1"]:
            return f"{known['id']} knows of {known['hosts']}"
    return None


def trial() -> Trial:
    promises = (
        Invariant("nothing leaks", leaked, "always"),
        Invariant("nothing is doubled", doubled, "always"),
    )
    plenty = Line(tuple(f"203.0.113.{i}" for i in range(1, 9)))
    return Trial(partial(world, plenty), STORY, promises, (NAME,), patience=10_000)


def outcome(play: Play) -> str | None:
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return failure.message
    sim.fault("heal", NAME)
    for _ in range(4):
        sim.advance(300)
        if unlike(sim) is None and not sim.errors():
            return None
    return unlike(sim) or f"still fails: {sim.errors()}"


@pytest.mark.parametrize("fault", ["crash_after", "lose"])
@pytest.mark.parametrize("write", range(1, 25))
def test_one_write_after_the_other_is_the_last_or_is_not_answered(fault, write):
    assert outcome(Play(trial(), Schedule(fault, (Deviation(1, "fault", (fault, NAME, write)),)))) is None


@pytest.mark.parametrize("seed", range(60))
def test_storms(seed):
    of = trial()
    faults = [*troubles(of), ("compact", 0), ("lose", NAME, 1), ("lose", NAME, 2), ("crash_after", NAME, 2)]
    assert outcome(Play(of, Schedule("storm"), Luck(seed, faults))) is None
