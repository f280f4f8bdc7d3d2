"""Exercise 14.1: who answers a request, and with which code? Compared with what a real API server does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, edit
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest
from k8slearn.apiserver.outside import Call, Reply
from k8slearn.cluster import Cluster
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.sim.simulation import VirtualClock

WORDS = words_of("lesson14")

WHO = Promise("it names the one who answers")
CODE = Promise("it knows the code of the answer")

US, WEATHER, OTHER = "us", "default/weather", "default/other"
GROUP = "weather.example.com"
BUILT_IN = frozenset({("", "v1", "pods"), ("apps", "v1", "deployments")})
NEIGHBOURS = {
    WEATHER: frozenset({(GROUP, "v1", "stations"), (GROUP, "v2", "stations")}),
    OTHER: frozenset({("example.com", "v2", "cups")}),
}
STATES = {"Available": "True", "not available": "False", "not looked at yet": ""}
KINDS = [
    ("", "v1", "pods"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "stations"),
    (GROUP, "v2", "stations"),
    (GROUP, "v1", "stations"),
    (GROUP, "v2", "winds"),
    ("nowhere.org", "v1", "pods"),
]

Kind = tuple[str, str, str]  # group, version, plural


def parts(path: str) -> Kind:
    """(group, version, plural) of a path: ``/apis/apps/v1/namespaces/default/deployments`` -> apps, v1, deployments"""
    words = path.strip("/").split("/")
    group, rest = ("", words[1:]) if words[0] == "api" else (words[1], words[2:])
    return group, rest[0], rest[3] if rest[1] == "namespaces" else rest[1]


def path_of(kind: Kind) -> str:
    group, version, plural = kind
    return f"/{f'apis/{group}' if group else 'api'}/{version}/namespaces/default/{plural}"


def apiservice(version: str, group: str, service: str = "", state: str = "Available") -> Object:
    """An APIService: Local, or one that hands a version over to a Service (``NAMESPACE/NAME``)."""
    spec: Object = {"group": group, "version": version, "groupPriorityMinimum": 2000, "versionPriority": 10}
    if service:
        namespace, _, name = service.partition("/")
        spec["service"] = {"namespace": namespace, "name": name, "port": 443}
        spec["insecureSkipTLSVerify"] = True
    made = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": spec}
    status = {"conditions": [{"type": "Available", "status": STATES[state]}]} if STATES[state] else {}
    return {**made, "metadata": {"name": f"{version}.{group}"}, "status": status}


def definition(group: str, plural: str, *versions: str) -> Object:
    """The smallest one there is."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    rows = [{"name": v, "served": True, "storage": v == versions[-1], "schema": schema} for v in versions]
    names = {"plural": plural, "kind": plural.capitalize().removesuffix("s")}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": rows}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**head, "metadata": {"name": f"{plural}.{group}"}, "spec": spec}


STATIONS, WINDS = definition(GROUP, "stations", "v1", "v2"), definition(GROUP, "winds", "v2")


@dataclass
class World:
    """APIServices and definitions, and the API server that has them."""

    apiservices: list[Object]
    definitions: list[Object]
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        server = Cluster(0, components=(), objects=self.definitions).server(VirtualClock(), Dice())
        for one in self.apiservices:
            made = server.handle(
                Request("create", "apiservices", "", one["metadata"]["name"], body=edit(one))
            )
            whole = {**made, "status": one["status"]}
            server.handle(Request("update", "apiservices", "", one["metadata"]["name"], "status", whole))
        server.outside = self.answer
        server.authenticator.tokens["sesame"] = User.called("kubernetes-admin")
        self.front = Front(server)

    def answer(self, call: Call) -> Reply:
        """The neighbours: each knows its kinds, and nothing else."""
        who = call.place.removeprefix("service/").partition(":")[0]
        self.heard.append(who)
        return Reply(200 if parts(call.target) in NEIGHBOURS[who] else 404)

    def ask(self, path: str) -> tuple[str, int]:
        """What really happens: who answers, and with which code."""
        self.heard.clear()
        answer = self.front.answer(HttpRequest("GET", path, headers={"authorization": "Bearer sesame"}))
        return (self.heard or [US])[0], answer.code  # type: ignore[union-attr]

    @property
    def by_name(self) -> dict[str, Object]:
        return {one["metadata"]["name"]: edit(one) for one in self.apiservices}

    @property
    def served(self) -> dict[str, set[Kind]]:
        """Who has which kinds, whether or not anybody is sent there."""
        ours = set(BUILT_IN)
        for one in self.definitions:
            spec = one["spec"]
            ours |= {(spec["group"], v["name"], spec["names"]["plural"]) for v in spec["versions"]}
        return {US: ours, **{who: set(kinds) for who, kinds in NEIGHBOURS.items()}}


class Told(NamedTuple):
    kind: str
    world: World


@cache
def worlds() -> list[Told]:
    """From the smallest on."""
    found: list[tuple[str, list[Object], list[Object]]] = [("nothing is handed over", [], [])]
    found += [("nothing is handed over", [], [STATIONS]), ("nothing is handed over", [], [STATIONS, WINDS])]
    local = [apiservice("v2", GROUP), apiservice("v1", GROUP)]
    found += [("Local APIServices", local, [STATIONS])]
    bait = apiservice("v2", "example.com", OTHER)
    for state, versions, defined, other in product(STATES, (["v2"], ["v2", "v1"]), (0, 1, 2), (0, 1)):
        handed = [apiservice(version, GROUP, WEATHER, state) for version in versions]
        kind = f"handed over, {state}"
        found.append((kind, [*handed, *[bait] * other], [STATIONS, WINDS][:defined]))
    found.append(("another group is handed over", [bait], [STATIONS]))
    return [Told(kind, World(apiservices, definitions)) for kind, apiservices, definitions in found]


def _cases() -> Iterator[Case]:
    for told in worlds():
        for kind in KINDS:
            yield Case(told.kind, partial(_who, told.world, kind))


def _who(world: World, kind: Kind, scene: Scene, who_answers: Any) -> None:
    path = path_of(kind)
    for one in world.apiservices:
        scene.tell(f"APIService {one['metadata']['name']}: {_told(one)}")
    for one in world.definitions:
        versions = ", ".join(v["name"] for v in one["spec"]["versions"])
        scene.tell(f"definition {one['metadata']['name']}: {versions}")
    who, code = world.ask(path)
    scene.tell(f"GET {path}")
    said = who_answers(path, world.by_name, world.served)
    if said is None:
        raise Unsolved
    message = f"{who} answered with {code}, and your function says {said!r}"
    right = isinstance(said, tuple) and len(said) == 2
    facts = _facts(world, kind, (who, code), said) if right else []
    scene.demand(right and said[0] == who, WHO, message, *facts)
    scene.demand(said[1] == code, CODE, message, *facts)


def _told(one: Object) -> str:
    service = one["spec"].get("service")
    if service is None:
        return "Local"
    (status,) = [c["status"] for c in one["status"].get("conditions", ())] or ["not looked at yet"]
    return f"to {service['namespace']}/{service['name']}, Available: {status}"


def _facts(world: World, kind: Kind, truth: tuple[str, int], said: Any) -> list[str]:
    """What somebody who says this seems to believe."""
    group, version, _ = kind
    one = world.by_name.get(f"{version}.{group}", {"spec": {}, "status": {}})
    handed = "service" in one["spec"]
    ours = kind in world.served[US]
    beliefs = {
        "local is away": not handed and said == (US, 503),
        "other group": not handed and said[0] == OTHER,
        "other version": not handed and said[0] == WEATHER,
        "not looked at": truth[1] == 503 and said[0] != US and not one["status"],
        "asks who is away": truth[1] == 503 and said[0] != US,
        "away is not there": truth == (US, 503) and said == (US, 404),
        "falls back": truth == (US, 503) and said[0] == US and ours,
        "definition wins": truth[0] != US and said[0] == US,
    }
    return [belief for belief, held in beliefs.items() if held][:1]


WHO_ANSWERS = Drill(
    id="14.1",
    words=WORDS["14.1"],
    cases=_cases,
    promises=[WHO, CODE],
    diagnoses=[
        WORDS["14.1"].diagnosis("takes Local for gone", evidence=noted("local is away")),
        WORDS["14.1"].diagnosis("takes a group for a domain", evidence=noted("other group")),
        WORDS["14.1"].diagnosis("hands over the whole group", evidence=noted("other version")),
        WORDS["14.1"].diagnosis("trusts before anybody has looked", evidence=noted("not looked at")),
        WORDS["14.1"].diagnosis("asks a server that is away", evidence=noted("asks who is away")),
        WORDS["14.1"].diagnosis("takes away for not there", evidence=noted("away is not there")),
        WORDS["14.1"].diagnosis("falls back on what is here", evidence=noted("falls back")),
        WORDS["14.1"].diagnosis("prefers what is defined here", evidence=noted("definition wins")),
        WORDS["14.1"].diagnosis("passes on, and believes that all is well", CODE.name),
    ],
)
