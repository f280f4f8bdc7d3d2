"""Routers, policies, affinity, names and the ingress: who is asked, and what people hear when nobody can be."""

from __future__ import annotations

import pytest

from k8slearn.api.objects import dig
from k8slearn.sim import Simulation
from k8slearn.traffic import ServiceRouter
from k8slearn.traffic.choice import Endpoint, local, usable
from k8slearn.traffic.dns import NOERROR, NXDOMAIN, candidates
from k8slearn.traffic.ingress import Route, choose
from tests.traffic.scenes import ask, endpoints, service, settle, start, town, web


def pods(seen) -> set[str]:
    return {key.partition("/")[2] for key in seen.pods}


# --- which endpoints -----------------------------------------------------------------------------

GOING = Endpoint("10.0.0.3", 80, "b", ready=False, serving=True, terminating=True)
DEAD = GOING._replace(address="10.0.0.4", serving=False)
HERE, THERE = Endpoint("10.0.0.1", 80, "a"), Endpoint("10.0.0.2", 80, "b")


@pytest.mark.parametrize(
    ("known", "anywhere", "on_a"),
    [
        ([HERE, THERE, GOING], (HERE, THERE), (HERE,)),
        ([THERE, GOING], (THERE,), ()),
        ([GOING, DEAD], (GOING,), ()),
        ([GOING._replace(node="a"), THERE], (THERE,), (GOING._replace(node="a"),)),
        ([DEAD], (), ()),
    ],
)
def test_the_ready_ones_are_chosen_or_else_those_that_still_serve_on_their_way_out(known, anywhere, on_a):
    assert (usable(known), local(known, "a")) == (anywhere, on_a)


def router(sim: Simulation, node: int = 0) -> ServiceRouter:
    found = sim.manager.players[f"service-router/node-{node}"]
    assert isinstance(found, ServiceRouter)
    return found


def test_requests_are_spread_over_all_ready_pods_and_a_service_without_any_refuses():
    sim = town()
    sim.create([*(web(f"web-{i}") for i in range(4)), service(), service("none")])
    seen = ask(settle(sim), rate=400)
    assert (seen.ok, pods(seen)) == (2000, {f"web-{i}" for i in range(4)})
    assert all(400 < n < 600 for n in seen.pods.values())
    assert ask(sim, "http://none/").errors == {"refused": 500}


def test_a_router_follows_its_own_knowledge_even_when_it_is_old():
    sim = town(2, lag=0.0)
    sim.create([web("web-0", "node-0"), web("web-1", "node-1"), service()])
    settle(sim)
    sim.fault("hold", "service-router/node-0")
    sim.client.delete("pods", "default/web-1")
    settle(sim)
    assert (endpoints(sim), endpoints(sim, 1)) == (2, 1)
    old, new = (ask(sim, by=[f"node-{i}"]) for i in (0, 1))
    assert old.errors["refused"] > 100
    assert new.errors == {}
    sim.fault("release", "service-router/node-0")
    assert ask(settle(sim), by=["node-0"]).errors == {}


def test_rules_come_after_the_lag_and_go_with_the_service():
    sim = town(1, lag=2.0)
    sim.create([web(), service(type="NodePort", externalIPs=["192.0.2.7"])])
    sim.run(lambda s: s.client.get("pods", "default/web-0")["status"].get("podIP"))
    assert endpoints(sim) == 0
    settle(sim)
    assert [f[0] for f in router(sim).fronts][1:] == ["192.0.2.7", "node"]
    sim.client.delete("services", "default/web")
    settle(sim)
    assert (router(sim).rules, router(sim).fronts) == ({}, {})


def test_a_restarted_router_is_no_interruption():
    sim = town(1)
    sim.create([web(), service()])
    settle(sim)
    start(sim)
    sim.advance(3)
    sim.crash("service-router/node-0")
    sim.advance(3)
    seen = sim.world["traffic"].total("people")
    assert (seen.sent, seen.errors) == (600, {})


# --- policies and affinity -----------------------------------------------------------------------


def test_inside_policy_local_stays_on_the_node_and_drops_where_nobody_is():
    sim = town(2)
    sim.create([web("web-0", "node-0"), service(internalTrafficPolicy="Local")])
    settle(sim)
    assert ask(sim, by=["node-0"]).errors == {}
    assert ask(sim, by=["node-1"]).errors == {"timed out": 500}


def test_outside_policy_local_counts_for_node_ports_only():
    sim = town(2)
    ports = [{"port": 80, "targetPort": 8080, "nodePort": 30080}]
    sim.create([web("web-0", "node-0"), service(type="NodePort", ports=ports, externalTrafficPolicy="Local")])
    settle(sim)
    assert ask(sim, "http://node:30080/", by=["node-0"]).errors == {}
    assert ask(sim, "http://node:30080/", by=["node-1"]).errors == {"timed out": 500}
    assert ask(sim, by=["node-1"]).errors == {}
    assert ask(sim, "http://node:30081/", by=["node-1"]).errors == {"refused": 500}


def test_a_client_stays_with_its_pod_while_it_is_there_and_until_the_time_is_over():
    sim = town()
    config = {"clientIP": {"timeoutSeconds": 30}}
    sim.create(
        [
            *(web(f"web-{i}") for i in range(8)),
            service(sessionAffinity="ClientIP", sessionAffinityConfig=config),
        ]
    )
    settle(sim)
    (first,) = pods(ask(sim, clients=1, rate=50))
    assert pods(ask(sim, clients=1, rate=50)) == {first}
    spread = ask(sim, clients=40, rate=50)
    assert len(pods(spread)) > 4
    asked = {first}
    for _ in range(4):  # each time forgotten meanwhile
        sim.advance(40)
        asked |= pods(ask(sim, clients=1, rate=50, seconds=1))
    assert len(asked) > 1
    (then,) = pods(ask(sim, clients=1, rate=50, seconds=1))
    sim.client.delete("pods", f"default/{then}")
    settle(sim)
    seen = ask(sim, clients=1, rate=50)
    assert (len(pods(seen)), seen.errors) == (1, {})
    assert pods(seen) != {then}


# --- names ---------------------------------------------------------------------------------------


def test_names_mean_what_the_search_path_makes_of_them():
    sim = town(2)
    template = {"metadata": {"labels": {"app": "db"}}, "spec": web(app="db")["spec"]}
    db = {
        "serviceName": "db",
        "replicas": 2,
        "selector": {"matchLabels": {"app": "db"}},
        "template": template,
    }
    sim.create(
        [
            web(),
            service(),
            service("db", clusterIP="None"),
            service("empty", clusterIP="None"),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "far"}}
            | {"spec": {"type": "ExternalName", "externalName": "shop.example.com"}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "near"}}
            | {"spec": {"type": "ExternalName", "externalName": "web.default.svc.cluster.local"}},
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": db},
        ]
    )
    settle(sim)
    dns = sim.manager.players["cluster-dns"]
    cluster_ip = sim.client.get("services", "default/web")["spec"]["clusterIP"]
    ip = {p["metadata"]["name"]: p["status"]["podIP"] for p in sim.client.list("pods")}
    table = {
        "web": [cluster_ip],
        "web.default": [cluster_ip],
        "WEB.default.svc.cluster.local.": [cluster_ip],
        "near": [cluster_ip],
        "db": sorted([ip["db-0"], ip["db-1"]]),
        "db-1.db": [ip["db-1"]],
        "db-1.db.default.svc.cluster.local": [ip["db-1"]],
        "10-1-2-3.default.pod": ["10.1.2.3"],
        "db-2.db": [],
        "empty": [],
        "web.other": [],
        "far": [],
    }
    assert {name: dns.resolve(name) for name in table} == table
    assert dns.lookup("far") == (NOERROR, (), "shop.example.com")
    assert dns.lookup("near").alias == "web.default.svc.cluster.local"
    assert {dns.lookup(n).code for n in ("empty", "db-2.db", "web.other", "www.example.com")} == {NXDOMAIN}
    assert dns.resolve("web", namespace="other") == []
    assert ask(sim, "http://db-1.db:8080/").pods == {"default/db-1": 500}
    assert ask(sim, "http://wbe/").errors == {"unknown host": 500}


def test_a_name_with_many_dots_is_tried_as_it_is_first():
    assert candidates("a.b", "x") == [
        "a.b.x.svc.cluster.local",
        "a.b.svc.cluster.local",
        "a.b.cluster.local",
        "a.b",
    ]
    assert candidates("a.b.c.d.e.f", "x")[0] == "a.b.c.d.e.f"
    assert candidates("a.", "x") == ["a"]


# --- the ingress ---------------------------------------------------------------------------------

ROUTES = [
    Route("shop.com", "/", False, "any", 80),
    Route("shop.com", "/cart", False, "cart", 80),
    Route("shop.com", "/cart", True, "exactly", 80),
    Route("shop.com", "/cart/pay/", False, "pay", 80),
    Route("*.shop.com", "/", False, "wild", 80),
    Route("", "/health", True, "health", 80),
    Route("", "", False, "default", 80),
]


@pytest.mark.parametrize(
    ("host", "path", "service"),
    [
        ("shop.com", "/cart", "exactly"),
        ("shop.com", "/cart/", "cart"),
        ("shop.com", "/carton", "any"),
        ("shop.com", "/cart/pay/now", "pay"),
        ("shop.com", "/cart/pay", "pay"),
        ("m.shop.com", "/cart", "wild"),
        ("a.m.shop.com", "/", "default"),
        ("other.com", "/health", "health"),
        ("other.com", "/health/", "default"),
    ],
)
def test_the_longest_path_of_the_best_host_wins(host, path, service):
    found = choose(ROUTES, host, path)
    assert found is not None
    assert found.service == service


def test_an_ingress_hands_on_what_fits_and_answers_the_rest_itself():
    sim = town()
    backend = lambda name: {"service": {"name": name, "port": {"number": 80}}}  # noqa: E731
    paths = [{"path": f"/{n}", "pathType": "Prefix", "backend": backend(n)} for n in ("web", "none", "gone")]
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop"},
        "spec": {"rules": [{"host": "shop.com", "http": {"paths": paths}}]},
    }
    sim.create([web("web-0"), web("web-1"), service(), service("none"), ingress])
    settle(sim)
    status = sim.client.get("ingresses", "default/shop")["status"]
    assert status == {"loadBalancer": {"ingress": [{"ip": "203.0.113.80"}]}}
    through = {p: ask(sim, f"http://shop.com{p}", ingress=True) for p in ("/web", "/none", "/gone", "/")}
    assert (through["/web"].errors, pods(through["/web"])) == ({}, {"web-0", "web-1"})
    assert [through[p].errors for p in ("/none", "/gone", "/")] == [{"503": 500}, {"503": 500}, {"404": 500}]
    other = {**ingress, "metadata": {"name": "other"}}
    other["spec"] = {**ingress["spec"], "ingressClassName": "somebody-elses"}
    sim.create(other)
    sim.run()
    status = sim.client.get("ingresses", "default/other")["status"]
    assert not dig(status, "loadBalancer", "ingress")


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"url": "web"}, "write where they go as http://HOST:PORT/PATH"),
        ({"url": "http://web:many/"}, "write where they go as http://HOST:PORT/PATH"),
        ({"rate": -1}, "not below 0"),
        ({"rate": ((5, 1), (3, 2))}, "in the order of their seconds"),
        ({"clients": 0}, "clients and patience must be above 0"),
    ],
)
def test_impossible_crowds_are_refused_and_nothing_changes(how, problem):
    sim = town(1)
    with pytest.raises(ValueError, match=problem):
        start(sim, **how)
    assert (sim.position, sim.world["traffic"].crowds) == (0, {})


def test_two_crowds_cannot_have_one_name_and_a_stranger_cannot_be_stopped():
    sim = town(1)
    start(sim)
    with pytest.raises(ValueError, match="there is a crowd called people already"):
        start(sim)
    with pytest.raises(ValueError, match="no crowd called strangers: there are people"):
        sim.meddle("traffic", "stop", "strangers")


def test_without_routers_people_are_told_what_is_missing():
    sim = Simulation(nodes=1, world=town(1).world)
    start(sim)
    with pytest.raises(ValueError, match="no service router in this cluster"):
        sim.advance(1)
    assert sim.now == 0


def test_people_cannot_come_in_by_a_machine_that_is_not_there():
    sim = town(1)
    start(sim, by=["node-0", "node-7"])
    with pytest.raises(ValueError, match="people cannot come in by node-7: no service router is there"):
        sim.advance(1)
