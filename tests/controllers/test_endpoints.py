"""The Endpoints controller: the addresses of a Service's pods in one object of its name."""

from __future__ import annotations

import pytest

from k8slearn.controllers import EndpointsController
from k8slearn.sim import Simulation
from tests.fakes import named, objects, pod, running, service, world


@pytest.fixture
def sim() -> Simulation:
    return world(EndpointsController, minded=False)


def place(sim: Simulation, name: str, address: str, *, ready: bool = True, **spec) -> None:
    sim.create(pod(name, labels={"app": "web"}, nodeName="node-0", **spec))
    sim.client.update_status(
        sim.client.get("pods", f"default/{name}"), **running(sim.now, ready=ready, address=address)
    )


def subsets(sim: Simulation):
    return sim.client.get("endpoints", "default/web").get("subsets")


def ips(sim: Simulation, kind: str = "addresses") -> list[list[str]]:
    return [[a["ip"] for a in s.get(kind, [])] for s in subsets(sim) or []]


def test_addresses_of_ready_pods_and_the_others(sim):
    place(sim, "b", "10.0.0.10")
    place(sim, "a", "10.0.0.9")
    place(sim, "c", "10.0.0.11", ready=False)
    sim.create(service())
    sim.run()
    assert ips(sim) == [["10.0.0.9", "10.0.0.10"]]
    assert ips(sim, "notReadyAddresses") == [["10.0.0.11"]]
    (subset,) = subsets(sim)
    assert subset["ports"] == [{"port": 80, "protocol": "TCP"}]
    first = subset["addresses"][0]
    assert first["nodeName"] == "node-0"
    assert (first["targetRef"]["kind"], first["targetRef"]["name"]) == ("Pod", "a")
    labels = objects(sim, "endpoints")[0]["metadata"]["labels"]
    assert labels == {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}


def test_pods_come_and_go(sim):
    sim.create(service())
    sim.run()
    assert subsets(sim) is None
    place(sim, "a", "10.0.0.9")
    sim.run()
    assert ips(sim) == [["10.0.0.9"]]
    sim.client.delete("pods", "default/a")
    sim.run()
    assert subsets(sim) is None


def test_ports_by_name_make_several_subsets(sim):
    for name, address, number in (("a", "10.0.0.1", 8080), ("b", "10.0.0.2", 9090)):
        ports = [{"name": "http", "containerPort": number}]
        place(sim, name, address, containers=[{"name": "c", "image": "i", "ports": ports}])
    place(sim, "c", "10.0.0.3")
    sim.create(service(port="http"))
    sim.run()
    assert [(s["ports"][0]["port"], [a["ip"] for a in s["addresses"]]) for s in subsets(sim)] == [
        (8080, ["10.0.0.1"]),
        (9090, ["10.0.0.2"]),
    ]


def test_headless_without_ports_names_its_pods(sim):
    place(sim, "web-0", "10.0.0.1", hostname="web-0", subdomain="web")
    sim.create(named("Service", "web", spec={"clusterIP": "None", "selector": {"app": "web"}}))
    sim.run()
    assert subsets(sim)[0]["addresses"][0]["hostname"] == "web-0"
    assert "ports" not in subsets(sim)[0]
    assert "service.kubernetes.io/headless" in objects(sim, "endpoints")[0]["metadata"]["labels"]


def test_they_go_with_the_service_and_come_back_alone(sim):
    sim.create([service(), named("Endpoints", "by-hand")])
    sim.run()
    sim.client.delete("endpoints", "default/web")
    sim.run()
    assert {o["metadata"]["name"] for o in objects(sim, "endpoints")} == {"web", "by-hand"}
    sim.client.delete("services", "default/web")
    sim.run()
    assert {o["metadata"]["name"] for o in objects(sim, "endpoints")} == {"by-hand"}


def test_a_service_without_a_selector_is_left_alone(sim):
    sim.create(service(selector=None))
    sim.run()
    assert not objects(sim, "endpoints")


def test_more_than_a_thousand_are_cut(sim):
    for i in range(1003):
        place(sim, f"p{i}", f"10.1.{i // 250}.{i % 250 + 1}")
    sim.create(service())
    sim.run()
    assert sum(map(len, ips(sim))) == 1000
    annotations = objects(sim, "endpoints")[0]["metadata"]["annotations"]
    assert annotations["endpoints.kubernetes.io/over-capacity"] == "truncated"


def test_when_it_changed(sim):
    sim.create(service())
    sim.run()
    trigger = "endpoints.kubernetes.io/last-change-trigger-time"
    made = objects(sim, "services")[0]["metadata"]["creationTimestamp"]
    assert objects(sim, "endpoints")[0]["metadata"]["annotations"] == {trigger: made}
    sim.advance(30)
    place(sim, "a", "10.0.0.1")
    sim.run()
    assert objects(sim, "endpoints")[0]["metadata"]["annotations"][trigger] > made
    before = sim.store.revision
    sim.fault("resync", "endpoint-controller")
    sim.run()
    assert sim.store.revision == before
