"""Exercise 14.2: the heart of an extension API server. Ferries are kept, in how many minutes one leaves is computed,
and there are two versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from k8slearn.api import errors
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Object
from k8slearn.lab.drill import A_CLASS, Broken, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import Diagnosis, words_of

WORDS = words_of("lesson14")

COMPUTED = Promise("what is computed is true at the moment when somebody reads it")
VERSIONS = Promise("a version says the same in its own words, whichever it was written in")
NAMESPACES = Promise('a namespace sees its own ferries, and "" sees all')
UNKNOWN = Promise("what there is not is a 404, and what is empty is an empty list")

GROUP = "harbour.example.com"

Line = tuple[str, str, int]  # namespace, name, minutes from one ferry to the next
LINES: tuple[Line, ...] = (("north", "bell", 20), ("south", "cook", 45), ("south", "bell", 30))
ORDER = "by namespace and name"


class Clock:
    """`now`: minutes since midnight. At midnight, every ferry leaves."""

    def __init__(self) -> None:
        self.now = 0


def spec_of(version: str, every: int) -> Object:
    """``{"every": "20 min"}`` in v1, ``{"minutes": 20}`` in v2."""
    return {"every": f"{every} min"} if version == "v1" else {"minutes": every}


def ferry(version: str, namespace: str, name: str, spec: Object, status: Object) -> Object:
    """An object, put together."""
    metadata = {"namespace": namespace, "name": name}
    head = {"apiVersion": f"{GROUP}/{version}", "kind": "Ferry", "metadata": metadata}
    return {**head, "spec": spec, "status": status}


def not_found(name: str) -> NotFound:
    """The error that becomes a 404: ``raise not_found("bell")``"""
    return errors.not_found("ferries", GROUP, name)


def _due(version: str, line: Line, now: int) -> Object:
    namespace, name, every = line
    return ferry(version, namespace, name, spec_of(version, every), {"leavesIn": -now % every})


# --- the cases -----------------------------------------------------------------------------------


class Harbour:
    """A learner's ferries, and what is asked of them."""

    def __init__(self, scene: Scene, make: Any) -> None:
        self.scene, self.clock = scene, Clock()
        self.ferries = make(self.clock)

    def put(self, version: str, line: Line) -> None:
        namespace, name, every = line
        spec = spec_of(version, every)
        self.scene.tell(f"{self.clock.now:>3} min: put {version} {namespace}/{name} {spec}")
        self.ferries.put(version, namespace, name, spec)

    def wait(self, minutes: int) -> None:
        self.clock.now += minutes

    def get(self, version: str, namespace: str, name: str) -> Any:
        asked = f"get {version} {namespace}/{name}"
        return self._answer(asked, lambda: self.ferries.get(version, namespace, name))

    def list(self, version: str, namespace: str) -> Any:
        asked = f"list {version} {namespace or 'everywhere'}"
        return self._answer(asked, lambda: self.ferries.list(version, namespace))

    def _answer(self, asked: str, call: Callable[[], Any]) -> Any:
        try:
            found = call()
        except NotFound:
            found = "404"
        self.scene.tell(f"{self.clock.now:>3} min: {asked} → {_told(found)}")
        return found


def _told(found: Any) -> str:
    if isinstance(found, list):
        return f"[{', '.join(map(_told, found))}]"
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        return str(found)
    where = found["metadata"]
    return f"{where.get('namespace')}/{where.get('name')} {found.get('spec')} {found.get('status')}"


def _one_ferry(written: str, read: str, minutes: int, line: Line, scene: Scene, make: Any) -> None:
    """Written in one version, read in another, some minutes later."""
    harbour = Harbour(scene, make)
    harbour.put(written, line)
    harbour.wait(minutes)
    found = harbour.get(read, *line[:2])
    if found is None:
        raise Unsolved
    _right(scene, found, _due(read, line, harbour.clock.now), _due(read, line, 0), written)


def _right(scene: Scene, found: Any, due: Object, before: Object, written: str) -> None:
    """`before`: what would have been right when it was written, in the version `written`."""
    message = f"it should be {_told(due)}, in {due['apiVersion']}"
    scene.demand(isinstance(found, dict), UNKNOWN, message, "not there")
    fact = _idea(found.get("apiVersion"), due["apiVersion"], f"{GROUP}/{written}")
    for part in ("apiVersion", "spec"):
        scene.demand(found.get(part) == due[part], VERSIONS, message, fact)
    stale = found.get("status") == before["status"] != due["status"]
    scene.demand(found.get("status") == due["status"], COMPUTED, message, *["of yesterday"] * stale)
    scene.demand(found == due, NAMESPACES, message, "by name alone")


def _idea(said: Any, wanted: str, written: str) -> str:
    """What somebody seems to believe who answers in the version `said`, and does not answer right."""
    if said == wanted != written:
        return "as it was sent"
    return "as written" if said == written != wanted else "other version"


def _many(version: str, namespace: str, scene: Scene, make: Any) -> None:
    """Three ferries, two of one name; one namespace, or all."""
    harbour = Harbour(scene, make)
    for written, line in zip(("v1", "v2", "v1"), LINES, strict=True):
        harbour.put(written, line)
    harbour.wait(50)
    meant = sorted(line for line in LINES if namespace in ("", line[0]))
    due = [_due(version, line, harbour.clock.now) for line in meant]
    found = harbour.list(version, namespace)
    if found == "404" or not isinstance(found, list):
        raise Broken(UNKNOWN, f"{len(due)} ferries should be listed", "empty is not unknown")
    message = f"these should be listed, {ORDER}: {_told(due)}"
    names, wanted = _names(found), _names(due)
    everything = len(names) > len(wanted)
    scene.demand(names == wanted, NAMESPACES, message, "sees all" if everything else "by name alone")
    scene.demand(found == due, VERSIONS, message, "other version")


def _names(found: list[Any]) -> list[Any]:
    return [one.get("metadata") if isinstance(one, dict) else one for one in found]


def _nothing(verb: str, version: str, namespace: str, name: str, scene: Scene, make: Any) -> None:
    """What is not there: a name, a namespace, a version."""
    harbour = Harbour(scene, make)
    harbour.put("v1", LINES[0])
    found = harbour.get(version, namespace, name) if verb == "get" else harbour.list(version, namespace)
    is_empty = verb == "list" and version != "v3"
    due = [] if is_empty else "404"
    fact = "empty is not unknown" if is_empty else f"{verb} v3" if version == "v3" else "no such name"
    scene.demand(found == due, UNKNOWN, f"it should be {due}", fact)


def _cases() -> Iterator[Case]:
    for version, minutes, line in product(("v1", "v2"), (0, 5, 70), LINES):
        yield Case("written and read in one version", partial(_one_ferry, version, version, minutes, line))
    for (written, read), minutes, line in product((("v1", "v2"), ("v2", "v1")), (0, 5, 70), LINES):
        yield Case("written in one, read in the other", partial(_one_ferry, written, read, minutes, line))
    for version, namespace in product(("v1", "v2"), ("north", "south", "")):
        yield Case("several namespaces", partial(_many, version, namespace))
    for asked in NOTHING:
        yield Case("what there is not", partial(_nothing, *asked))


NOTHING = (
    ("get", "v1", "north", "nobody"),
    ("get", "v2", "south", "bell"),
    ("list", "v1", "west", ""),
    ("get", "v3", "north", "bell"),
    ("list", "v3", "north", ""),
    ("list", "v3", "", ""),
)


def _fits(name: str, promise: Promise, fact: str) -> Diagnosis:
    return WORDS["14.2"].diagnosis(name, promise.name, evidence=noted(fact))


FERRIES = Drill(
    id="14.2",
    words=WORDS["14.2"],
    cases=_cases,
    promises=[COMPUTED, VERSIONS, NAMESPACES, UNKNOWN],
    diagnoses=[
        _fits("computes when it is written", COMPUTED, "of yesterday"),
        _fits("keeps what was sent", VERSIONS, "as it was sent"),
        _fits("answers in the language of whoever wrote", VERSIONS, "as written"),
        _fits("has a favourite version", VERSIONS, "other version"),
        _fits("lists everything", NAMESPACES, "sees all"),
        _fits("keeps ferries by their name alone", NAMESPACES, "by name alone"),
        _fits("answers as if it were there", UNKNOWN, "no such name"),
        _fits("takes any version for the newest", UNKNOWN, "get v3"),
        _fits("an empty answer for what it does not know", UNKNOWN, "list v3"),
        _fits("takes empty for unknown", UNKNOWN, "empty is not unknown"),
    ],
    wanted=A_CLASS,
)
