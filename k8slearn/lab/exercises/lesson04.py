"""Lesson 04, the control loop: compare and act (04.1), and mend what drifts (04.2)."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, is_controlled_by, key_of, name_of, namespace_of, owner_reference
from k8slearn.lab.exercise import Exercise, remembers, words_of
from k8slearn.lab.podset import GROUP, VERSION, pod_for
from k8slearn.sim import Simulation
from k8slearn.sim.trial import IDEMPOTENT, SETTLES, Act, Failure, Invariant

WORDS = words_of("lesson04")

# --- 04.1: a crew ----------------------------------------------------------------------------

CREW = Resource(GROUP, VERSION, "Crew", "crews", subresources=("status",))


def crew(name: str, *members: str) -> Object:
    """A Crew, ready to be created: it wants one pod for each of its members."""
    metadata = {"name": name, "namespace": "default"}
    spec = {"members": [*members]}
    return {"apiVersion": CREW.api_version, "kind": CREW.kind, "metadata": metadata, "spec": spec}


def member_pod(crew: Object, member: str) -> Object:
    """The pod of one member: ``bridge-ada`` for ada of the crew bridge."""
    pod = pod_for(crew)
    del pod["metadata"]["generateName"]
    pod["metadata"]["name"] = f"{name_of(crew)}-{member}"
    return pod


def stranger() -> Object:
    """A pod that belongs to nobody."""
    metadata = {"name": "stranger", "namespace": "default"}
    container = {"name": "app", "image": "registry.example/app:1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _enlist(sim: Simulation, name: str, *members: str) -> None:
    sim.client.patch("crews", f"default/{name}", patch={"spec": {"members": [*members]}})


def _crews(sim: Simulation) -> Iterator[tuple[Object, set[str], set[str]]]:
    """Each crew, the names of the pods it wants, and of those it has."""
    for crew in sim.store.list(CREW.name):
        wanted = {f"{name_of(crew)}-{member}" for member in crew["spec"]["members"]}
        yield crew, wanted, {name_of(p) for p in sim.store.list("pods") if is_controlled_by(p, crew)}


def _everybody_aboard(sim: Simulation) -> str | None:
    for crew, wanted, aboard in _crews(sim):
        if aboard != wanted:
            return f"Crew {key_of(crew)} wants {_names(wanted)}, but has {_names(aboard)}"
    return None


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def _stranger_lives(sim: Simulation) -> str | None:
    if sim.store.get("pods", "default/stranger") is None:
        return "the pod default/stranger belongs to no crew, and was deleted all the same"
    return None


def _same_number(failure: Failure) -> bool:
    crews = _crews(failure.sim)
    return any(len(aboard) == len(wanted) and aboard != wanted for _, wanted, aboard in crews)


def _too_many(failure: Failure) -> bool:
    return any(aboard > wanted for _, wanted, aboard in _crews(failure.sim))


def _makes_what_is_there(failure: Failure) -> bool:
    mine = (s for s in failure.sim.trace if s.player != "client")
    return any(c.verb == "create" and c.note == "AlreadyExists" for s in mine for c in s.calls)


ABOARD = "everybody on the list is aboard, and nobody else"
STRANGERS = "other people's pods are left alone"

KEEP_ABOARD = Exercise(
    id="04.1",
    words=WORDS["04.1"],
    kinds=[CREW],
    objects=[stranger()],
    story=[
        Act("create the Crew bridge: ada, grace", lambda sim: sim.create(crew("bridge", "ada", "grace"))),
        Act("create the Crew galley: linus", lambda sim: sim.create(crew("galley", "linus"))),
        Act(
            "make the list of bridge: mary, grace",
            lambda sim: _enlist(sim, "bridge", "mary", "grace"),
        ),
        Act("delete the pod bridge-grace", lambda sim: sim.client.delete("pods", "default/bridge-grace")),
        Act("make the list of bridge: grace", lambda sim: _enlist(sim, "bridge", "grace")),
    ],
    promises=[Invariant(ABOARD, _everybody_aboard), Invariant(STRANGERS, _stranger_lives, "always")],
    diagnoses=[
        WORDS["04.1"].diagnosis("touches strangers", STRANGERS),
        WORDS["04.1"].diagnosis("counts", ABOARD, under=(), evidence=_same_number),
        WORDS["04.1"].diagnosis("only creates", ABOARD, under=(), evidence=_too_many),
        WORDS["04.1"].diagnosis("creates without comparing", IDEMPOTENT),
        WORDS["04.1"].diagnosis("creates without comparing", evidence=_makes_what_is_there),
    ],
)

# --- 04.2: a notice --------------------------------------------------------------------------

NOTICE = Resource(GROUP, VERSION, "Notice", "notices", subresources=("status",))


def notice(name: str, text: str) -> Object:
    """A Notice, ready to be created: it wants its text published."""
    metadata = {"name": name, "namespace": "default"}
    spec = {"text": text}
    return {"apiVersion": NOTICE.api_version, "kind": NOTICE.kind, "metadata": metadata, "spec": spec}


def configmap_for(notice: Object) -> Object:
    """The ConfigMap that publishes a Notice."""
    metadata = {
        "name": name_of(notice),
        "namespace": namespace_of(notice),
        "ownerReferences": [owner_reference(notice)],
    }
    data = {"text": notice["spec"]["text"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _meddle(sim: Simulation, **data: str) -> None:
    sim.client.patch("configmaps", "default/tea", patch={"data": data})


def _change(sim: Simulation, text: str) -> None:
    sim.client.patch("notices", "default/tea", patch={"spec": {"text": text}})


def _published(sim: Simulation) -> Iterator[tuple[Object, Object | None]]:
    """Each Notice with what is published of it."""
    return ((n, sim.store.get("configmaps", key_of(n))) for n in sim.store.list(NOTICE.name))


def _says_the_same(sim: Simulation) -> str | None:
    for wish, there in _published(sim):
        text, said = wish["spec"]["text"], (there or {}).get("data")
        if said != {"text": text}:
            found = f"its data is {said}" if there is not None else "there is none"
            return f"ConfigMap {key_of(wish)} should say {text!r} and nothing else, but {found}"
    return None


def _says_more(failure: Failure) -> bool:
    said = [((there or {}).get("data") or {}, wish) for wish, there in _published(failure.sim)]
    return any(len(data) > 1 and data.get("text") == wish["spec"]["text"] for data, wish in said)


def _never_mends(failure: Failure) -> bool:
    mine = [s for s in failure.sim.trace if s.player in failure.sim.manager.players]
    return not {c.verb for s in mine for c in s.calls} & {"update", "patch", "delete"}


SAYS = "each ConfigMap says exactly what its Notice says"

HEAL = Exercise(
    id="04.2",
    words=WORDS["04.2"],
    kinds=[NOTICE],
    story=[
        Act("create the Notice tea: at four", lambda sim: sim.create(notice("tea", "at four"))),
        Act("edit the ConfigMap: at five", lambda sim: _meddle(sim, text="at five")),
        Act("change the Notice: at six", lambda sim: _change(sim, "at six")),
        Act("add a key to the ConfigMap", lambda sim: _meddle(sim, author="ada")),
        Act("delete the ConfigMap", lambda sim: sim.client.delete("configmaps", "default/tea")),
    ],
    promises=[Invariant(SAYS, _says_the_same)],
    diagnoses=[
        WORDS["04.2"].diagnosis("remembers instead of looking", SAYS, evidence=remembers),
        WORDS["04.2"].diagnosis("overlooks what is too much", SAYS, evidence=_says_more),
        WORDS["04.2"].diagnosis("never mends", SAYS, evidence=_never_mends),
        WORDS["04.2"].diagnosis("writes without comparing", IDEMPOTENT),
        WORDS["04.2"].diagnosis("writes without comparing", SETTLES),
    ],
)

EXERCISES = (KEEP_ABOARD, HEAL)
