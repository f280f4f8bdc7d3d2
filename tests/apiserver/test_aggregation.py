"""A group that another server serves: discovery, requests passed on, and what happens when that server is away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slearn.api.objects import Object, dig
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse
from k8slearn.apiserver.outside import Call, Reply
from k8slearn.cluster import Cluster
from k8slearn.extension import WeatherServer, apiservices, service
from k8slearn.extension.kinds import GROUP
from k8slearn.sim import Simulation

PLACE = "service/default/weather:443"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
STATIONS = f"/apis/{GROUP}/v2/namespaces/default/stations"
ROME = {
    "metadata": {"name": "rome"},
    "spec": {"position": {"latitude": 41.9, "longitude": 12.5}, "altitude": 21},
}


class World:
    """A complete cluster, and the weather server beside it; `heard` are the calls that it got."""

    def __init__(self) -> None:
        self.sim = Simulation(Cluster.complete(1))
        self.front = Front(self.sim.server)
        self.weather = WeatherServer(self.sim.clock)
        self.heard: list[Call] = []
        self.sim.server.authenticator.tokens.update(
            admin=User.called("kubernetes-admin"), eve=User.called("eve")
        )

    def answer(self, call: Call) -> Reply:
        self.heard.append(call)
        return self.weather(call)

    def up(self) -> None:
        self.sim.programs[PLACE] = self.answer

    def down(self) -> None:
        del self.sim.programs.by_place[PLACE]
        self.sim.advance(31)

    def http(
        self, method: str, target: str, body: Any = None, token: str = "admin", **more: str
    ) -> HttpResponse:
        path, _, query = target.partition("?")
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", **more}
        sent = json.dumps(body).encode() if body is not None else b""
        many = {name: [value] for name, value in headers.items()}
        found = self.front.answer(HttpRequest(method, path, query, headers, sent, repeated=many))
        assert isinstance(found, HttpResponse)
        return found

    def ask(self, method: str, target: str, body: Any = None, code: int = 200, **more: str) -> Any:
        answer = self.http(method, target, body, **more)
        assert answer.code == code, answer.body
        return json.loads(answer.body)

    def condition(self, name: str = f"v2.{GROUP}") -> Object:
        found = self.sim.store.get("apiservices", name)
        (one,) = dig(found, "status", "conditions")
        return {k: v for k, v in one.items() if k not in ("type", "lastTransitionTime")}

    def versions(self) -> dict[str, str]:
        """What aggregated discovery says of the versions of the group."""
        items = self.ask("GET", "/apis", accept=AGGREGATED)["items"]
        (group,) = [i for i in items if i["metadata"]["name"] == GROUP]
        return {v["version"]: v["freshness"] for v in group["versions"]}


@pytest.fixture
def bare() -> World:
    """Nobody has registered anything yet."""
    return World()


@pytest.fixture
def world(bare: World) -> World:
    bare.up()
    bare.sim.create([service(), *apiservices()])
    bare.sim.run(seconds=1)
    return bare


# --- availability ------------------------------------------------------------------------------------


def test_our_own_groups_are_always_available(bare):
    assert bare.condition("v1.apps") == {
        "status": "True",
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    names = {a["metadata"]["name"] for a in bare.sim.store.list("apiservices")}
    assert {"v1.", "v2.autoscaling", "v1.rbac.authorization.k8s.io"} <= names
    assert "v1.apiregistration.k8s.io" not in names


def test_what_is_missing_on_the_way_is_said(bare):
    """A Service, its port, endpoints, ready ones, and somebody who answers: one after the other."""
    sim, http = bare.sim, {"name": "weather", "namespace": "default"}
    sim.create(apiservices())
    sim.run()
    seen = [bare.condition()]
    spec: Object = {"ports": [{"port": 8443, "name": "https"}]}
    sim.create({"apiVersion": "v1", "kind": "Service", "metadata": http, "spec": spec})
    sim.run()
    seen.append(bare.condition())
    sim.client.patch(
        "services", "default/weather", patch={"spec": {"ports": [{"port": 443, "name": "https"}]}}
    )
    sim.run()
    seen.append(bare.condition())
    labels = {"kubernetes.io/service-name": "weather"}
    found = {"addressType": "IPv4", "endpoints": [], "ports": [{"name": "https", "port": 443}]}
    where = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**http, "labels": labels},
    }
    sim.create({**where, **found})
    sim.run()
    seen.append(bare.condition())
    patch = {"endpoints": [{"addresses": ["192.0.2.1"]}]}
    sim.client.patch("endpointslices", "default/weather", patch=patch)
    sim.run()
    seen.append(bare.condition())
    bare.up()
    sim.advance(5)
    seen.append(bare.condition())
    address = dig(sim.store.get("services", "default/weather"), "spec", "clusterIP")
    url, which = f"https://{address}:443/apis/{GROUP}/v2", 'service/weather in "default"'
    refused = f'Get "{url}": dial tcp {address}:443: connect: connection refused'
    no_address = f'endpointslices for {which} have no addresses with port name "https"'
    assert [(c["status"], c["reason"], c["message"]) for c in seen] == [
        ("False", "ServiceNotFound", f"{which} is not present"),
        ("False", "ServicePortError", f"{which} is not listening on port 443"),
        ("False", "EndpointsNotFound", f"cannot find endpointslices for {which}"),
        ("False", "MissingEndpoints", no_address),
        ("False", "FailedDiscoveryCheck", f"failing or missing response from {url}: {refused}"),
        ("True", "Passed", "all checks passed"),
    ]


def test_who_answers_with_an_error_is_not_available(bare):
    bare.sim.programs[PLACE] = lambda call: Reply(500, b"")
    bare.sim.create([service(), *apiservices()])
    bare.sim.run()
    url = f"https://localhost:443/apis/{GROUP}/v2"
    assert (
        bare.condition()["message"] == f"failing or missing response from {url}: bad status from {url}: 500"
    )


# --- discovery ------------------------------------------------------------------------------------


def test_discovery_has_everything_in_one_list(world):
    groups = [g["name"] for g in world.ask("GET", "/apis")["groups"]]
    assert groups[0] == "apiregistration.k8s.io"
    assert groups[-1] == GROUP
    assert world.versions() == {"v2": "Current", "v1": "Current"}
    assert world.ask("GET", f"/apis/{GROUP}")["preferredVersion"]["version"] == "v2"
    listed = world.ask("GET", f"/apis/{GROUP}/v1")["resources"]
    assert [r["name"] for r in listed] == ["stations", "weathers"]
    assert f"apis/{GROUP}/v2" in world.ask("GET", "/openapi/v3")["paths"]
    assert "components" in world.ask("GET", f"/openapi/v3/apis/{GROUP}/v2")


def test_in_aggregated_discovery_a_kind_has_its_subresources(world):
    at = {"namespaced": True, "verbs": ["get"]}
    kinds = [{"name": "cups", "kind": "Cup", **at}, {"name": "cups/status", "kind": "Cup", **at}]
    said = json.dumps({"resources": kinds}).encode()
    world.sim.programs[PLACE] = lambda call: Reply(200, said)
    items = world.ask("GET", "/apis", accept=AGGREGATED)["items"]
    (cups,) = items[-1]["versions"][0]["resources"]
    assert (cups["resource"], [s["subresource"] for s in cups["subresources"]]) == ("cups", ["status"])


def test_others_are_not_asked_each_time(world):
    world.versions()
    asked = len(world.heard)
    world.versions()
    assert len(world.heard) == asked
    world.sim.advance(61)
    asked = len(world.heard)
    world.versions()
    assert len(world.heard) == asked + 2


def test_groups_stand_in_the_order_of_their_priorities(world):
    """Before what people have defined, unless a higher place is asked for."""
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "cups.a.example.com"},
        "spec": {
            "group": "a.example.com",
            "scope": "Namespaced",
            "names": {"plural": "cups", "kind": "Cup"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    world.sim.create(definition)
    world.sim.run(seconds=1)
    groups = [g["name"] for g in world.ask("GET", "/apis")["groups"]]
    assert groups[-2:] == [GROUP, "a.example.com"]
    world.sim.client.patch("apiservices", f"v1.{GROUP}", patch={"spec": {"groupPriorityMinimum": 18500}})
    assert world.ask("GET", "/apis")["groups"][1]["name"] == GROUP


def test_a_defined_group_has_an_apiservice_as_long_as_it_is_served(world):
    test_groups_stand_in_the_order_of_their_priorities(world)
    found = world.sim.store.get("apiservices", "v1.a.example.com")
    assert found["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
    assert found["spec"] == {
        "group": "a.example.com",
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 100,
    }
    assert world.condition("v1.a.example.com")["reason"] == "Local"
    world.sim.client.delete("apiservices", "v1.a.example.com")
    world.sim.run(seconds=1)
    assert world.sim.store.get("apiservices", "v1.a.example.com") is not None
    world.sim.client.delete("customresourcedefinitions", "cups.a.example.com")
    world.sim.run(seconds=5)
    assert world.sim.store.get("apiservices", "v1.a.example.com") is None


# --- requests -------------------------------------------------------------------------------------


def test_requests_are_passed_on_in_the_name_of_the_user(world):
    made = world.ask("POST", STATIONS, ROME, code=201)
    assert made["status"] == {"installedBy": "kubernetes-admin"}
    call = world.heard[-1]
    said = [(name, value) for name, value in call.headers if name.startswith("X-Remote-")]
    assert said == [
        ("X-Remote-User", "kubernetes-admin"),
        ("X-Remote-Group", "system:masters"),
        ("X-Remote-Group", "system:authenticated"),
    ]
    assert (call.place, call.target, call.as_proxy, call.insecure) == (PLACE, STATIONS, True, True)


def test_what_a_user_is_beside_his_name_is_said_too(world):
    extra = (("example.com/floor", ("2",)),)
    world.sim.server.authenticator.tokens["ann"] = User("ann", ("system:masters",), "uid-1", extra)
    world.ask("GET", STATIONS, token="ann")
    headers = dict(world.heard[-1].headers)
    assert headers["X-Remote-Uid"] == "uid-1"
    assert headers["X-Remote-Extra-example.com%2Ffloor"] == "2"


def test_credentials_and_claims_of_the_client_stay_here(world):
    claims = {"x-remote-user": "somebody", "x-remote-group": "system:masters", "x-remote-extra-a": "b"}
    world.ask("GET", STATIONS, **claims, cookie="c=1", **{"accept-encoding": "gzip", "user-agent": "test"})
    headers = {name.lower(): value for name, value in world.heard[-1].headers}
    assert headers["x-remote-user"] == "kubernetes-admin"
    assert headers["user-agent"] == "test"
    assert headers["accept-encoding"] == "identity"
    assert not {"authorization", "cookie", "x-remote-extra-a"} & set(headers)


def test_an_impersonated_user_is_who_asks(world):
    other = {"impersonate-user": "ben", "impersonate-group": "system:masters"}
    made = world.ask("POST", STATIONS, ROME, 201, **other)
    assert made["status"] == {"installedBy": "ben"}
    assert not any(name.lower().startswith("impersonate") for name, _ in world.heard[-1].headers)


def test_rbac_is_asked_before_anything_is_passed_on(world):
    before = len(world.heard)
    refused = world.ask("GET", STATIONS, code=403, token="eve")
    said = f'stations.{GROUP} is forbidden: User "eve" cannot list resource "stations" in API group "{GROUP}"'
    assert refused["message"] == f'{said} in the namespace "default"'
    assert len(world.heard) == before


def test_path_and_query_arrive_as_they_were_sent(world):
    world.http("GET", f"{STATIONS}?labelSelector=a%3Db&limit=5")
    assert world.heard[-1].target == f"{STATIONS}?labelSelector=a%3Db&limit=5"
    world.http("GET", f"{STATIONS}/a b")
    assert world.heard[-1].target == f"{STATIONS}/a%20b"


def test_headers_of_the_answer_come_back(world):
    headers = (("Content-Type", "text/x-odd"), ("Warning", '299 - "mind"'), ("Connection", "close"))
    world.sim.programs[PLACE] = lambda call: Reply(418, b"no", headers)
    answer = world.http("GET", STATIONS)
    assert (answer.code, answer.body, answer.media_type) == (418, b"no", "text/x-odd")
    assert answer.headers == [("Warning", '299 - "mind"')]


def test_a_kind_in_two_versions_and_one_that_is_computed(world):
    world.ask("POST", STATIONS, ROME, code=201)
    v1 = world.ask("GET", f"{STATIONS}/rome".replace("v2", "v1"))
    assert v1["spec"] == {"location": "41.9,12.5", "height": "21m"}
    weather = STATIONS.replace("stations", "weathers") + "/rome"
    first, again = world.ask("GET", weather), world.ask("GET", weather)
    world.sim.advance(6 * 3600)
    later = world.ask("GET", weather)
    assert first == again
    assert later["temperature"] > first["temperature"]


# --- when it is away ----------------------------------------------------------------------------------


def test_an_unavailable_server_is_a_503_and_stale(world):
    world.down()
    answer = world.http("GET", STATIONS)
    assert (answer.code, answer.body) == (503, b"service unavailable\n")
    assert world.condition()["reason"] == "FailedDiscoveryCheck"
    assert world.versions() == {"v2": "Stale", "v1": "Stale"}
    assert world.ask("GET", "/apis")["groups"][-1]["name"] == GROUP
    assert world.ask("GET", "/api/v1/namespaces/default/pods")["items"] == []
    world.up()
    world.sim.advance(5)
    assert world.ask("GET", STATIONS)["items"] == []
    assert world.versions() == {"v2": "Current", "v1": "Current"}


def test_one_that_has_just_gone_is_a_503_that_says_why(world):
    del world.sim.programs.by_place[PLACE]
    answer = world.http("GET", STATIONS)
    why = "error trying to reach service: dial tcp localhost:443: connect: connection refused\n"
    assert (answer.code, answer.body.decode()) == (503, why)


def test_without_its_apiservice_nobody_knows_the_group(world):
    for one in apiservices():
        world.sim.client.delete("apiservices", one["metadata"]["name"])
    assert world.http("GET", STATIONS).code == 404
    assert world.http("GET", f"/apis/{GROUP}").code == 404
    assert GROUP not in str(world.ask("GET", "/apis"))


NONSENSE = [
    b"",
    b"<html>",
    b"[]",
    b'{"resources": 1}',
    b'{"resources": [{"name": "cups"}]}',
    b'{"paths": []}',
]


@pytest.mark.parametrize("said", NONSENSE)
def test_whoever_talks_nonsense_spoils_nothing_for_others(world, said):
    world.sim.programs[PLACE] = lambda call: Reply(200, said)
    world.sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}})
    assert set(world.versions().values()) == {"Stale"}
    assert "api/v1" in world.ask("GET", "/openapi/v3")["paths"]
    assert world.http("GET", STATIONS).body == said
    world.sim.client.delete("namespaces", "far")
    world.sim.run(seconds=5)
    assert world.sim.store.get("namespaces", "far") is not None
    assert world.sim.errors() == {}


# --- namespaces ---------------------------------------------------------------------------------------


def test_a_namespace_takes_along_what_others_have_in_it(world):
    world.sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}})
    world.ask("POST", STATIONS.replace("default", "far"), ROME, code=201)
    world.ask("POST", STATIONS, ROME, code=201)
    world.sim.client.delete("namespaces", "far")
    world.sim.run(seconds=5)
    assert world.sim.store.get("namespaces", "far") is None
    assert [s.namespace for s in world.weather.stations.all()] == ["default"]


def test_a_namespace_waits_for_a_server_that_cannot_be_asked(world):
    world.sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}})
    world.ask("POST", STATIONS.replace("default", "far"), ROME, code=201)
    world.down()
    world.sim.client.delete("namespaces", "far")
    world.sim.advance(10)
    conditions = dig(world.sim.store.get("namespaces", "far"), "status", "conditions")
    (found,) = [c for c in conditions if c["type"] == "NamespaceDeletionDiscoveryFailure"]
    who = ", ".join(f"{GROUP}/{v}: stale GroupVersion discovery: {GROUP}/{v}" for v in ("v1", "v2"))
    all_of_them = f"unable to retrieve the complete list of server APIs: {who}"
    assert found["message"] == f"Discovery failed for some groups, 2 failing: {all_of_them}"
    assert (found["status"], found["reason"]) == ("True", "DiscoveryFailed")
    world.up()
    world.sim.advance(10)
    assert world.sim.store.get("namespaces", "far") is None
    assert world.weather.stations.all() == []
    assert world.sim.errors() == {}


# --- rules ------------------------------------------------------------------------------------------------


def broken(world: World, **spec: Any) -> str:
    good = apiservices()[0]
    spec = {k: v for k, v in {**good["spec"], **spec}.items() if v is not None}
    name = f"{spec.get('version', '')}.{spec.get('group', '')}"
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    return str(world.ask("POST", path, {"metadata": {"name": name}, "spec": spec}, code=422)["message"])


SOMEWHERE = {"namespace": "default", "name": "weather"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"version": "2"}, 'spec.version: Invalid value: "2": a DNS-1035 label must consist of'),
        (
            {"group": ""},
            "spec.group: Required value: only v1 may have an empty group and it better be legacy kube",
        ),
        ({"service": {"name": "weather"}}, "spec.service.namespace: Required value"),
        (
            {"caBundle": "YQ=="},
            "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
        ),
        (
            {"service": None},
            "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
        ),
        (
            {"service": None, "insecureSkipTLSVerify": False, "caBundle": "YWJj"},
            'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
        ),
    ],
)
def test_what_an_apiservice_must_not_say(bare, spec, said):
    assert said in broken(bare, **spec)
