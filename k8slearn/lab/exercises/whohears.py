"""Exercise 16.1: a change, and some watches: who hears of it, and as what? An API server says who is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, edit, key_of
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.cluster import Cluster
from k8slearn.lab.crowd import node, pod
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.sim.simulation import VirtualClock

WORDS = words_of("lesson16")

CONCERNED = Promise("those hear of a change whom it concerns, and nobody else")
TYPE = Promise("the event says what has changed for the one who hears it")

Watch = Mapping[str, Any]  # kind, and perhaps fields and labels: path or name -> value
WATCHES: dict[str, Watch] = {
    "scheduler": {"kind": "Pod"},
    "kubelet-1": {"kind": "Pod", "fields": {"spec.nodeName": "node-1"}},
    "kubelet-2": {"kind": "Pod", "fields": {"spec.nodeName": "node-2"}},
    "shop": {"kind": "Pod", "labels": {"app": "shop"}},
    "shop-on-1": {"kind": "Pod", "labels": {"app": "shop"}, "fields": {"spec.nodeName": "node-1"}},
    "nodes": {"kind": "Node"},
}
PLURALS = {"Pod": "pods", "Node": "nodes"}
PLACES, APPS = ("", "node-1", "node-2"), ("shop", "web")


def selects(watch: Watch, thing: Object) -> bool:
    """Is this the watch's kind, and does the object have the fields and the labels that the watch asks for?"""
    fields = all(dig(thing, *path.split(".")) == v for path, v in watch.get("fields", {}).items())
    labels = watch.get("labels", {}).items() <= thing["metadata"].get("labels", {}).items()
    return bool(thing["kind"] == watch["kind"] and fields and labels)


# --- what really happens ------------------------------------------------------------------------


def heard(before: Object | None, after: Object | None) -> dict[str, str]:
    """Write the change into a store, and ask every watch: name -> type of its event."""
    server = Cluster(0, components=()).server(VirtualClock(), Dice())
    store, resource = server.store, PLURALS[(after or before or {})["kind"]]
    key = key_of(after or before or {})
    if before is not None:
        store.put(resource, key, before)
    watches = {name: _opened(server, watch) for name, watch in WATCHES.items()}
    if after is not None:
        store.put(resource, key, after)
    else:
        store.delete(resource, key)
    events = {name: watch.take() for name, watch in watches.items()}
    return {name: event.type for name, event in events.items() if event is not None}


def _opened(server: ApiServer, watch: Watch) -> Any:
    said = {f"{part[:-1]}Selector": _text(watch[part]) for part in ("fields", "labels") if part in watch}
    options = {**said, "resourceVersion": str(server.store.revision)}
    return server.watch(Request("watch", PLURALS[watch["kind"]], options=options))


def _text(wanted: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in wanted.items())


# --- the cases ----------------------------------------------------------------------------------


def _pod(app: str, place: str) -> Object:
    made = pod("ada", place)
    made["metadata"]["labels"] = {"app": app}
    return made


def _changes() -> Iterator[tuple[str, Object | None, Object | None]]:
    """(kind, before, after), the simple ones first. A pod that is on a node stays there; its labels may change."""
    pods = [_pod(app, place) for app, place in product(APPS, PLACES)]
    ready: Object = {"phase": "Running"}
    yield from (("created", None, one) for one in pods)
    yield from (("nothing moves", one, {**one, "status": ready}) for one in pods)
    yield from (("deleted", one, None) for one in pods)
    yield from (("bound", _pod(app, ""), _pod(app, place)) for app, place in product(APPS, PLACES[1:]))
    for one, other in (APPS, APPS[::-1]):
        yield from (("relabelled", _pod(one, place), _pod(other, place)) for place in PLACES)
        yield from (("both at once", _pod(one, ""), _pod(other, place)) for place in PLACES[1:])
    machine = node(1)
    yield from (
        ("a node", *pair) for pair in ((None, machine), (machine, {**machine, "spec": {}}), (machine, None))
    )


def _cases() -> Iterator[Case]:
    for kind, before, after in _changes():
        yield Case(kind, partial(_hears, before, after))


def _hears(before: Object | None, after: Object | None, scene: Scene, who_hears: Any) -> None:
    scene.tell(f"before: {_told(before)}")
    scene.tell(f"after:  {_told(after)}")
    said = who_hears(edit(WATCHES), edit(before), edit(after))
    if said is None:
        raise Unsolved
    truth = heard(before, after)
    scene.demand(isinstance(said, dict), CONCERNED, f"a dict was wanted, and this came: {said!r}")
    for name, watch in WATCHES.items():
        told, right = said.get(name), truth.get(name)
        message = f"{name} should hear {right or 'nothing'}, and your function says {told or 'nothing'}"
        facts = _facts(watch, before, after, told, right) if told != right else []
        scene.demand((told is None) == (right is None), CONCERNED, message, *facts)
        scene.demand(told == right, TYPE, message, *facts)
    more = ", ".join(sorted(map(str, said.keys() - truth.keys())))
    scene.demand(not more, CONCERNED, f"whoever hears nothing is not to be named: {more}")


def _told(one: Object | None) -> str:
    if one is None:
        return "nothing there"
    where = dig(one, "spec", "nodeName", default="") or "no node"
    return f"a Pod, app={one['metadata']['labels']['app']}, on {where}" if one["kind"] == "Pod" else "a Node"


def _facts(watch: Watch, before: Object | None, after: Object | None, told: Any, right: Any) -> list[str]:
    """What somebody who says this seems to believe."""
    kind = (after or before or {})["kind"]
    beliefs = {
        "everybody": told and not right and watch["kind"] == kind,
        "gone": right == "DELETED" and not told and after is None,
        "left": right == "DELETED" and not told,
        "entered": right == "ADDED" and before is not None and not told,
        "moved in": right == "ADDED" and before is not None,
        "moved out": right == "DELETED" and after is not None,
        "news": right == "MODIFIED",
    }
    return [belief for belief, held in beliefs.items() if held][:1]


WHO_HEARS = Drill(
    id="16.1",
    words=WORDS["16.1"],
    cases=_cases,
    promises=[CONCERNED, TYPE],
    diagnoses=[
        WORDS["16.1"].diagnosis("tells everybody who watches the kind", evidence=noted("everybody")),
        WORDS["16.1"].diagnosis("says nothing when it is deleted", evidence=noted("gone")),
        WORDS["16.1"].diagnosis("lets it leave in silence", evidence=noted("left")),
        WORDS["16.1"].diagnosis("tells only those who knew it", evidence=noted("entered")),
        WORDS["16.1"].diagnosis("says what happened in the store", TYPE.name, evidence=noted("moved in")),
        WORDS["16.1"].diagnosis("calls leaving a change", TYPE.name, evidence=noted("moved out")),
        WORDS["16.1"].diagnosis("takes every news for a new object", TYPE.name, evidence=noted("news")),
    ],
)
