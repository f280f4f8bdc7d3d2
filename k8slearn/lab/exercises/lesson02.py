"""Lesson 02, the API server: Conflict (02.1), observedGeneration (02.2), giving up a field (02.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError, Conflict
from k8slearn.api.objects import Object, dig, edit, revision_of
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.lab.drill import Broken, Case, Drill, Endlessly, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.frames import SimSource
from k8slearn.lab.logs import StoreSource
from k8slearn.sim import Simulation
from k8slearn.sim.simulation import VirtualClock
from k8slearn.sim.trial import ENDS, RAISES

WORDS = words_of("lesson02")


def api_server() -> ApiServer:
    """An API server alone: no machines, and nobody who acts on their own."""
    return Cluster(0, components=()).server(VirtualClock(), Dice())


@dataclass
class Carrier:
    """Carries a learner's requests to a server."""

    server: ApiServer
    scene: Scene

    @property
    def kinds(self) -> Any:
        return self.server.kinds

    def watch(self, request: Request, bell: Any = None) -> Any:
        return self.server.watch(request, bell)


# --- 02.1: counting in -----------------------------------------------------------------------

COUNTED = Promise("everybody who came is counted, once")
KEPT = Promise("what others have written stays")
PASSED_ON = Promise("an error that no second try can mend is let out")

VISITS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "visits", "namespace": "default"},
}
KEY, MOST_REQUESTS, SHOWN = "default/visits", 30, 9


def visits(count: int = 0) -> Object:
    """The guest book, ready to be created: a ConfigMap with a count."""
    return {**VISITS, "data": {"count": str(count)}}


def _another_guest(client: Client) -> str:
    book = client.get("configmaps", KEY)
    book["data"]["count"] = str(int(book["data"]["count"]) + 1)
    return f"grace counts herself in: {book['data']['count']} guests, @{revision_of(client.update(book))}"


def _a_note(client: Client) -> str:
    day = (
        "Tuesdays" if client.get("configmaps", KEY)["data"].get("note") == "closed on Mondays" else "Mondays"
    )
    written = client.patch("configmaps", KEY, patch={"data": {"note": f"closed on {day}"}})
    return f"the host writes a note into it: @{revision_of(written)}"


def _burnt(client: Client) -> str:
    client.delete("configmaps", KEY)
    return "somebody deletes the guest book"


BETWEEN: dict[str, Callable[[Client], str]] = {"guest": _another_guest, "note": _a_note, "fire": _burnt}


@dataclass
class Hallway(Carrier):
    """Before the n-th write, somebody else may be quicker."""

    between: tuple[str, ...] = ()  # what happens before the 1st, 2nd, ... write: "", or one of BETWEEN
    writes: int = 0
    requests: int = 0
    sent: Object | None = None  # the last whole object

    def handle(self, request: Request) -> Any:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise Endlessly(f"still trying after {MOST_REQUESTS} requests")
        if request.writes:
            self._somebody_else()
            self._look_at(request)
        try:
            answer = self.server.handle(request)
        except ApiError as error:
            self._tell(f"you: {request.verb} → {error.code} {error.reason}")
            raise
        count = dig(answer, "data", "count", default="nothing")
        self._tell(f"you: {request.verb} → {count} guests, @{revision_of(answer)}")
        return answer

    def _tell(self, text: str) -> None:
        if self.requests <= SHOWN:
            self.scene.tell(text)
        elif self.requests == SHOWN + 1:
            self.scene.tell("... and so on")

    def _somebody_else(self) -> None:
        what = self.between[self.writes] if self.writes < len(self.between) else ""
        self.writes += 1
        if what:
            self.scene.tell(BETWEEN[what](Client(self.server)), "luck")

    def _look_at(self, request: Request) -> None:
        """What kind of write is this? Evidence for the diagnoses."""
        sent = request.body if isinstance(request.body, dict) else {}
        version = dig(sent, "metadata", "resourceVersion")
        if request.verb == "update" and not version:
            self.scene.facts.add("no version")
        if self.sent is not None and request.body == self.sent:
            self.scene.facts.add("same bytes")
        elif self.sent is not None and version and sent.get("data") == self.sent.get("data"):
            self.scene.facts.add("new version on old data")
        self.sent = edit(sent)


def _guests() -> Iterator[Case]:
    patterns = [p for length in range(4) for p in product(("guest", "note"), repeat=length)]
    for pattern in patterns:
        kind = "somebody else is quicker, up to three times" if pattern else "nobody else writes"
        yield Case(kind, partial(_count_in, pattern))
    yield Case("the object goes away", partial(_count_in, ("fire",)))
    yield Case("the object goes away", partial(_count_in, ("guest", "fire")))


def _count_in(between: tuple[str, ...], scene: Scene, count_in: Any) -> None:
    server = api_server()
    Client(server).create(visits(3))
    hall = Hallway(server, scene, between)
    scene.source = StoreSource(server.store)
    try:
        count_in(Client(hall))
    except ApiError as error:
        if "fire" in between and error.code == 404:
            return
        raise
    if not hall.writes and not between:
        raise Unsolved
    book = server.store.get("configmaps", KEY)
    if book is None:
        raise Broken(PASSED_ON, "the guest book is gone, and your function returned as if all were well")
    _right_count(scene, book, between, hall)


def _right_count(scene: Scene, book: Object, between: tuple[str, ...], hall: Hallway) -> None:
    came, said = between[: hall.writes], dig(book, "data", "count")
    due, wrong = 4 + came.count("guest"), {"no version", "new version on old data"}
    gave_up = hall.writes == len(came) and not scene.facts & wrong
    message = f"{due} guests have come, and the book says {said}"
    scene.demand(said == str(due), COUNTED, message, "gave up" if gave_up else "lost")
    scene.demand("note" not in came or "note" in book["data"], KEPT, "the host's note is gone", "lost")


COUNTING = Drill(
    id="02.1",
    words=WORDS["02.1"],
    cases=_guests,
    promises=[COUNTED, KEPT, PASSED_ON],
    diagnoses=[
        WORDS["02.1"].diagnosis("sends the same bytes again", ENDS, evidence=noted("same bytes")),
        WORDS["02.1"].diagnosis("tries what cannot succeed", ENDS),
        WORDS["02.1"].diagnosis("does not say what it has read", evidence=noted("no version")),
        WORDS["02.1"].diagnosis("old content with a new number", evidence=noted("new version on old data")),
        WORDS["02.1"].diagnosis("gives up in silence", COUNTED.name, evidence=noted("gave up")),
        WORDS["02.1"].diagnosis("takes the refusal for a failure", RAISES, evidence=noted("Conflict")),
    ],
)

# --- 02.2: is it rolled out? -----------------------------------------------------------------

EARLY = Promise("it never says done before everything is as the newest spec asks")
AT_LAST = Promise("it says done when it is")

Deeds = list[tuple[str, Any]]
ROLLOUTS: tuple[Deeds, ...] = (
    [
        (
            "change the image",
            {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:2"}]}}}},
        )
    ],
    [("put a label on the Deployment itself", {"metadata": {"labels": {"team": "blue"}}})],
    [("ask for four", {"spec": {"replicas": 4}}), ("ask for one", {"spec": {"replicas": 1}})],
)


def deployment(replicas: int = 3, name: str = "web") -> Object:
    """A Deployment, ready to be created."""
    container = {"name": "app", "image": "app:1"}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def enough(obj: Object) -> bool:
    """What ``kubectl rollout status`` waits for. Too many pods of the newest kind do not trouble it."""
    want, status = obj["spec"]["replicas"], obj.get("status") or {}
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return False
    updated = status.get("updatedReplicas", 0)
    return updated >= want and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)


def exactly(obj: Object) -> bool:
    """As many as are wanted, and not one more."""
    return enough(obj) and dig(obj, "status", "replicas") == obj["spec"]["replicas"]


class History(NamedTuple):
    """A real rollout: who did what at which step, and the Deployment at each step that changed it."""

    sim: Simulation
    deeds: list[tuple[int, str]]
    moments: list[tuple[int, Object]]


@cache
def _histories() -> list[History]:
    return [_history(deeds) for deeds in ROLLOUTS]


def _history(deeds: Deeds) -> History:
    sim = Simulation(nodes=2)
    sim.create(deployment())
    done = [(1, "create the Deployment: three copies")]
    sim.run()
    for text, patch in deeds:
        sim.client.patch("deployments", "default/web", patch=patch, patch_type="strategic")
        done.append((len(sim.trace), text))
        sim.run()
    written = [entry for entry in sim.store.log if entry.resource == "deployments"]
    return History(sim, done, [(sim.trace.writer[entry.revision], entry.object) for entry in written])


def _moments() -> Iterator[Case]:
    for history in _histories():
        for step, obj in history.moments:
            yield Case("every moment of real rollouts", partial(_ask, history, step, obj))


def _ask(history: History, step: int, obj: Object, scene: Scene, rolled_out: Any) -> None:
    for at, text in history.deeds:
        if at <= step:
            scene.tell(f"you: {text}", "you")
    status, generation = obj.get("status") or {}, obj["metadata"]["generation"]
    scene.tell(f"the Deployment is at generation {generation}, and its status says {_told(status)}")
    answer = rolled_out(edit(obj))
    if answer is None:
        raise Unsolved
    if answer not in (enough(obj), exactly(obj)):
        history.sim.goto(step)
        scene.source, scene.panel = SimSource(history.sim), "map"
    old_news = status.get("observedGeneration", 0) < generation
    message = "it is not done yet, and your function says that it is"
    scene.demand(enough(obj) or not answer, EARLY, message, "old status" if old_news else "old pods")
    scene.demand(answer or not exactly(obj), AT_LAST, "it is done, and your function says that it is not")


def _told(status: Object) -> str:
    names = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas")
    return ", ".join(f"{name} {status[name]}" for name in names if name in status) or "nothing"


ROLLED_OUT = Drill(
    id="02.2",
    words=WORDS["02.2"],
    cases=_moments,
    promises=[EARLY, AT_LAST],
    diagnoses=[
        WORDS["02.2"].diagnosis("believes an old status", EARLY.name, evidence=noted("old status")),
        WORDS["02.2"].diagnosis("counts pods of any age", EARLY.name, evidence=noted("old pods")),
        WORDS["02.2"].diagnosis("waits for a number that never comes", AT_LAST.name),
        WORDS["02.2"].diagnosis("expects a status from the first moment", RAISES, evidence=noted("KeyError")),
    ],
)

# --- 02.3: handing over a field --------------------------------------------------------------

STEADY = Promise("the number of replicas does not change, not for a moment")
HANDED = Promise("in the end the autoscaler owns spec.replicas, and the team does not")
OWNS = Promise("the team still owns everything else in its file")

TEAM, AUTOSCALER = "team", "autoscaler"


def apply(client: Client, config: Object, manager: str, force: bool = False) -> Object:
    """``kubectl apply --server-side --field-manager=MANAGER``"""
    options: dict[str, Any] = {"force": True} if force else {}
    return client.patch(config, patch=config, patch_type="apply", fieldManager=manager, **options)


def only_replicas(replicas: int) -> Object:
    """A configuration that has an opinion about one field."""
    whole = deployment()
    return {**whole, "spec": {"replicas": replicas}}


def without_replicas(config: Object) -> Object:
    """The same configuration with no opinion about that field."""
    spec = {name: value for name, value in config["spec"].items() if name != "replicas"}
    return {**config, "spec": spec}


def _scaled(client: Client, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    client.patch("deployments", "default/web", patch=body, subresource="scale", fieldManager="kubectl-scale")


def _hand_overs() -> Iterator[Case]:
    yield Case("as the file says", partial(_hand_over, 0))
    for replicas in (5, 2, 7):
        yield Case("somebody has scaled by hand", partial(_hand_over, replicas))


def _hand_over(scaled: int, scene: Scene, hand_over: Any) -> None:
    server = api_server()
    client, mine = Client(server), deployment()
    scene.source = StoreSource(server.store)
    apply(client, mine, TEAM)
    scene.tell("the team applies its file: replicas 3, manager team")
    if scaled:
        _scaled(client, scaled)
        scene.tell(f"somebody scales by hand: replicas {scaled}", "luck")
    began = server.store.revision
    hand_over(Client(Counter(server, scene)), edit(mine))
    if server.store.revision == began:
        raise Unsolved
    _steady(scene, server, scaled or 3, began)
    _handed(scene, server)


@dataclass
class Counter(Carrier):
    """And tells of the writes."""

    def handle(self, request: Request) -> Any:
        who = request.options.get("fieldManager", "")
        self.scene.facts.add(f"as {who}")
        try:
            answer = self.server.handle(request)
        except Conflict:
            self.scene.facts.add("conflict")
            raise
        if request.writes:
            force = ", force" if request.options.get("force") else ""
            self.scene.facts.add("force" if force else "no force")
            self.scene.tell(
                f"you: {request.verb} as {who}{force} → replicas {dig(answer, 'spec', 'replicas')}"
            )
        return answer


def _steady(scene: Scene, server: ApiServer, due: int, began: int) -> None:
    for entry in server.store.log[began:]:
        now = entry.object["spec"]["replicas"]
        facts = ["other number"] if now != 1 or due == 1 else ["dip"]
        if "as autoscaler" not in scene.facts:
            facts.append("nobody holds it")
        scene.demand(
            now == due,
            STEADY,
            f"at @{entry.revision} it fell from {due} replicas to {now}"
            if now < due
            else f"at @{entry.revision} it rose from {due} replicas to {now}",
            *facts,
        )


def _handed(scene: Scene, server: ApiServer) -> None:
    stored = server.store.get("deployments", "default/web")
    assert stored is not None
    owned = {
        m["manager"]: m["fieldsV1"].get("f:spec", {}) for m in stored["metadata"].get("managedFields", ())
    }
    holders = sorted(name for name, fields in owned.items() if "f:replicas" in fields)
    right = AUTOSCALER in holders and TEAM not in holders
    said = f"spec.replicas belongs to {' and '.join(holders) or 'nobody'}"
    scene.demand(right, HANDED, said, "team holds on" if TEAM in holders else "nobody holds it")
    scene.demand(
        "f:template" in owned.get(TEAM, {}), OWNS, "the team owns no template any more", "gave up too much"
    )


HANDING_OVER = Drill(
    id="02.3",
    words=WORDS["02.3"],
    cases=_hand_overs,
    promises=[STEADY, HANDED, OWNS],
    diagnoses=[
        WORDS["02.3"].diagnosis("takes apply for a patch", RAISES, evidence=noted("Invalid")),
        WORDS["02.3"].diagnosis("knows the number better", RAISES, evidence=noted("Conflict")),
        WORDS["02.3"].diagnosis(
            "lets go before anybody holds it", STEADY.name, evidence=noted("nobody holds it")
        ),
        WORDS["02.3"].diagnosis("hands over in the wrong order", STEADY.name, evidence=noted("dip")),
        WORDS["02.3"].diagnosis("insists on its own number", STEADY.name, evidence=noted("other number")),
        WORDS["02.3"].diagnosis("holds on", HANDED.name),
    ],
)

EXERCISES = (COUNTING, ROLLED_OUT, HANDING_OVER)
