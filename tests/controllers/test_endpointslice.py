"""The EndpointSlice controller: the addresses of a Service's ready pods, a hundred to a slice."""

from __future__ import annotations

import pytest

from k8slearn.api.objects import is_deleting
from k8slearn.controllers import EndpointSliceController, GarbageCollector
from k8slearn.controllers.pods import is_ready
from k8slearn.sim import Simulation
from tests.fakes import deployment, hollow, names, objects, pod, running, service, world, writes

ES = "endpointslice-controller"


@pytest.fixture
def sim() -> Simulation:
    """The controller alone: pods are placed and made ready by the tests."""
    return world(EndpointSliceController, GarbageCollector, minded=False)


def run_pod(
    sim: Simulation, name: str, address: str, *, ready: bool = True, app: str = "web", **spec
) -> None:
    made = sim.client.create(pod(name, labels={"app": app}, **spec))
    sim.client.bind(made, "node-1")
    set_ready(sim, name, address, ready)


def set_ready(sim: Simulation, name: str, address: str, ready: bool) -> None:
    sim.client.update_status(
        sim.client.get("pods", f"default/{name}"), **running(0, ready=ready, address=address)
    )


def slices(sim: Simulation, service: str = "web") -> list:
    return [
        s
        for s in objects(sim, "endpointslices")
        if s["metadata"]["labels"]["kubernetes.io/service-name"] == service
    ]


def endpoints(sim: Simulation) -> dict[str, dict[str, bool]]:
    """Address -> conditions, of all slices."""
    return {e["addresses"][0]: e["conditions"] for s in slices(sim) for e in s.get("endpoints") or []}


def test_an_endpoint_says_where_who_and_whether_it_may_be_sent_traffic(sim):
    sim.create(service(port=8080))
    run_pod(sim, "a", "10.0.0.1")
    sim.run()
    (found,) = slices(sim)
    assert found["addressType"] == "IPv4"
    assert found["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {
                "kind": "Pod",
                "namespace": "default",
                "name": "a",
                "uid": sim.state()["pods"]["default/a"]["metadata"]["uid"],
            },
            "nodeName": "node-1",
        }
    ]
    assert found["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    m = found["metadata"]
    assert m["name"].startswith("web-")
    assert m["ownerReferences"][0]["kind"] == "Service"
    assert m["labels"]["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"


def test_readiness_comes_and_goes(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1", ready=False)
    sim.run()
    assert endpoints(sim)["10.0.0.1"]["ready"] is False
    set_ready(sim, "a", "10.0.0.1", True)
    sim.run()
    assert endpoints(sim)["10.0.0.1"]["ready"] is True


def test_who_is_going_serves_but_is_sent_nothing_new(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    sim.client.delete("pods", "default/a")
    sim.run()
    assert endpoints(sim) == {"10.0.0.1": {"ready": False, "serving": True, "terminating": True}}
    sim.client.delete("pods", "default/a", gracePeriodSeconds=0)
    sim.run()
    assert endpoints(sim) == {}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_who_has_finished_is_no_endpoint(sim, phase):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    sim.client.update_status(sim.client.get("pods", "default/a"), phase=phase)
    sim.run()
    assert endpoints(sim) == {}


def test_only_pods_that_are_selected(sim):
    sim.create([service(), service("db")])
    run_pod(sim, "a", "10.0.0.1")
    run_pod(sim, "b", "10.0.0.2", app="db")
    sim.run()
    assert list(endpoints(sim)) == ["10.0.0.1"]
    sim.client.patch("pods", "default/b", patch={"metadata": {"labels": {"app": "web"}}})
    sim.run()
    assert sorted(endpoints(sim)) == ["10.0.0.1", "10.0.0.2"]
    assert not slices(sim, "db")[0].get("endpoints")


def test_a_changed_selector(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    run_pod(sim, "b", "10.0.0.2", app="green")
    sim.run()
    sim.client.patch("services", "default/web", patch={"spec": {"selector": {"app": "green"}}})
    sim.run()
    assert list(endpoints(sim)) == ["10.0.0.2"]


def test_a_service_without_a_selector_is_left_to_whoever_made_it(sim):
    sim.create(service() | {"spec": {"ports": [{"port": 80}]}})
    sim.run()
    assert slices(sim) == []


def test_a_service_nobody_answers_has_one_empty_slice(sim):
    sim.create(service())
    sim.run()
    (found,) = slices(sim)
    assert not found.get("endpoints")


def test_slices_go_with_their_service(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    sim.run()
    sim.client.delete("services", "default/web")
    sim.run()
    assert objects(sim, "endpointslices") == []


# --- ports -----------------------------------------------------------------------------------


def test_a_port_may_be_named_by_the_container(sim):
    sim.create(service(port="http"))
    containers = [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}]
    run_pod(sim, "a", "10.0.0.1", containers=containers)
    sim.run()
    assert slices(sim)[0]["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]


def test_a_name_that_no_container_has(sim):
    sim.create(service(port="grpc"))
    run_pod(sim, "a", "10.0.0.1")
    sim.run()
    assert not slices(sim)[0].get("ports")


def test_several_ports(sim):
    ports = [{"name": "web", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    sim.create(service(ports=ports))
    sim.run()
    assert slices(sim)[0]["ports"] == [
        {"name": "web", "port": 8080, "protocol": "TCP"},
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]


# --- a hundred to a slice --------------------------------------------------------------------


def many(sim: Simulation, count: int) -> None:
    sim.fault("hold", ES)
    sim.create(service())
    for i in range(count):
        run_pod(sim, f"p{i:03}", f"10.0.{i // 250}.{i % 250 + 1}")
    sim.fault("release", ES)
    sim.run()


def test_at_most_a_hundred_in_each(sim):
    many(sim, 230)
    assert sorted(len(s["endpoints"]) for s in slices(sim)) == [30, 100, 100]
    assert len(endpoints(sim)) == 230


def test_one_pods_change_rewrites_one_slice(sim):
    many(sim, 130)
    at = sim.position
    set_ready(sim, "p007", "10.0.0.8", False)
    sim.run()
    assert len([c for s in sim.trace.steps[at:] for c in s.writes if c.resource == "endpointslices"]) == 1


def test_others_stay_where_they_are_when_one_goes_and_one_comes(sim):
    many(sim, 130)
    home = {e["addresses"][0]: s["metadata"]["name"] for s in slices(sim) for e in s["endpoints"]}
    sim.client.delete("pods", "default/p007", gracePeriodSeconds=0)
    run_pod(sim, "new", "10.9.9.9")
    sim.run()
    now = {e["addresses"][0]: s["metadata"]["name"] for s in slices(sim) for e in s["endpoints"]}
    assert all(now[address] == where for address, where in home.items() if address != "10.0.0.8")
    assert "10.9.9.9" in now


def test_a_slice_that_empties_goes_and_the_others_are_left_alone(sim):
    many(sim, 130)
    small = min(slices(sim), key=lambda s: len(s["endpoints"]))
    big = max(slices(sim), key=lambda s: len(s["endpoints"]))
    sim.fault("hold", ES)
    for e in big["endpoints"]:
        sim.client.delete("pods", f"default/{e['targetRef']['name']}", gracePeriodSeconds=0)
    sim.fault("release", ES)
    sim.run()
    assert names(slices(sim)) == [small["metadata"]["name"]]
    assert len(endpoints(sim)) == 30


# --- faults ----------------------------------------------------------------------------------


def agreed(sim: Simulation) -> bool:
    """The slices say of each selected pod what is so."""
    pods = [p for p in objects(sim, "pods") if p["metadata"]["labels"]["app"] == "web"]
    wanted = {
        p["status"]["podIP"]: is_ready(p) and not is_deleting(p) for p in pods if p["status"].get("podIP")
    }
    said = [
        (e["addresses"][0], e["conditions"]["ready"]) for s in slices(sim) for e in s.get("endpoints") or []
    ]
    return sorted(said) == sorted(wanted.items())


@pytest.mark.parametrize("seed", range(8))
def test_however_late_the_news_is_no_address_is_doubled_or_missing_in_the_end(seed):
    sim = hollow(2, policy="shuffled", seed=seed)
    sim.create([deployment(replicas=4), service()])
    sim.run()
    sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 2}})
    sim.run()
    assert agreed(sim)
    assert len(slices(sim)) == 1


@pytest.mark.parametrize("seed", range(40))
def test_no_slice_is_made_twice_however_late_the_news_is(seed):
    """Two slices with the same address would send it twice the traffic until somebody noticed."""
    sim = hollow(2, policy="shuffled", seed=seed)
    sim.create([service(), deployment(replicas=4)])
    sim.run()
    assert len(writes(sim, "endpointslices")) == 1


def test_a_crash_makes_no_second_slice(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    sim.fault("crash_after", ES, 1)
    sim.run()
    assert len(slices(sim)) == 1


def test_when_all_is_well_nothing_is_written(sim):
    sim.create(service())
    run_pod(sim, "a", "10.0.0.1")
    sim.run()
    before = sim.store.revision
    sim.fault("resync", ES)
    sim.run()
    assert sim.store.revision == before
