"""Lesson 04, the control loop: compare and act (04.1), and mend what drifts (04.2)."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    is_controlled_by,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.lab.exercise import Diagnosis, Exercise, WrongIdea, remembers
from k8slearn.lab.podset import GROUP, VERSION, pod_for
from k8slearn.sim import Simulation
from k8slearn.sim.trial import IDEMPOTENT, SETTLES, Act, Failure, Invariant

# --- 04.1: a crew ----------------------------------------------------------------------------

CREW = Resource(GROUP, VERSION, "Crew", "crews", subresources=("status",))


def crew(name: str, *members: str) -> Object:
    """A Crew, ready to be created: it wants one pod for each of its members."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": CREW.api_version, "kind": CREW.kind, "metadata": metadata, "spec": {"members": [*members]}}


def member_pod(crew: Object, member: str) -> Object:
    """The pod of one member: ``bridge-ada`` for ada of the crew bridge."""
    pod = pod_for(crew)
    del pod["metadata"]["generateName"]
    pod["metadata"]["name"] = f"{name_of(crew)}-{member}"
    return pod


def _members(sim: Simulation, name: str, *members: str) -> None:
    sim.client.patch("crews", f"default/{name}", patch={"spec": {"members": [*members]}})


def _stranger(name: str) -> Object:
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _aboard(sim: Simulation, owner: Object) -> set[str]:
    return {name_of(p) for p in sim.store.list("pods") if is_controlled_by(p, owner)}


def _everybody_aboard(sim: Simulation) -> str | None:
    for owner in sim.store.list(CREW.name):
        wanted, aboard = _wanted(owner), _aboard(sim, owner)
        if aboard != wanted:
            return f"Crew {key_of(owner)} wants {_names(wanted)}, but has {_names(aboard)}"
    return None


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def _stranger_lives(sim: Simulation) -> str | None:
    if sim.store.get("pods", "default/stranger") is None:
        return "the pod default/stranger belongs to no crew, and was deleted all the same"
    return None


def _too_many(failure: Failure) -> bool:
    return any(_aboard(failure.sim, c) > _wanted(c) for c in failure.sim.store.list(CREW.name))


def _wanted(owner: Object) -> set[str]:
    return {f"{name_of(owner)}-{m}" for m in owner["spec"]["members"]}


def _same_number(failure: Failure) -> bool:
    """As many as wanted, but not those."""
    pairs = [(_aboard(failure.sim, c), _wanted(c)) for c in failure.sim.store.list(CREW.name)]
    return any(len(aboard) == len(wanted) and aboard != wanted for aboard, wanted in pairs)


ABOARD = "everybody on the list is aboard, and nobody else"
STRANGERS = "other people's pods are left alone"

KEEP_ABOARD = Exercise(
    id="04.1",
    title="Everybody aboard",
    notebook="04_the_control_loop",
    kinds=[CREW],
    objects=[_stranger("stranger")],
    story=[
        Act("create the Crew bridge with ada and grace", lambda sim: sim.create(crew("bridge", "ada", "grace"))),
        Act("create the Crew galley with linus", lambda sim: sim.create(crew("galley", "linus"))),
        Act("put mary on the list of bridge instead of ada", lambda sim: _members(sim, "bridge", "mary", "grace")),
        Act("delete the pod bridge-grace by hand", lambda sim: sim.client.delete("pods", "default/bridge-grace")),
        Act("take mary off the list of bridge", lambda sim: _members(sim, "bridge", "grace")),
    ],
    promises=[Invariant(ABOARD, _everybody_aboard), Invariant(STRANGERS, _stranger_lives, "always")],
    hints=(
        "Two lists: who is wanted (crew['spec']['members']), and who is there (self.cache.owned_by(crew, 'pods')). "
        "What is on the one and not on the other?",
        "Work with names: wanted = the pod names there should be, aboard = {name_of(pod): pod} of those there are. "
        "Then two loops: one over wanted that creates what is not in aboard, one over aboard that deletes what "
        "is not wanted.",
        "Missing: for member in members: if f'{name_of(crew)}-{member}' not in aboard: "
        "self.client.create(member_pod(crew, member)). Too many: for name, pod in aboard.items(): "
        "if name not in wanted: self.client.delete(pod).",
    ),
    diagnoses=[
        Diagnosis(
            "touches strangers",
            "You look at every pod in sight, but only some of them are this crew's. A pod says itself whose it is, in "
            "its owner reference: ask self.cache.owned_by(crew, 'pods').",
            STRANGERS,
        ),
        Diagnosis(
            "counts",
            "The numbers agree, and the names do not. A count hides which ones are there: compare names with names.",
            ABOARD,
            frozenset(),
            _same_number,
        ),
        Diagnosis(
            "only creates",
            "A difference has two sides: what is missing, and what is too much. You look at the first only; the desired "
            "state can also become smaller.",
            ABOARD,
            frozenset(),
            _too_many,
        ),
        Diagnosis(
            "creates without comparing",
            "You act without comparing: everything is created again at each call, whether it is there or not. A "
            "reconcile is called as often as somebody likes; look first at what there is.",
            evidence=lambda failure: failure.invariant in (IDEMPOTENT, SETTLES) or _refused_as_existing(failure),
        ),
    ],
    wrong_ideas=[
        WrongIdea(
            "creates everybody at each call",
            [("if name not in aboard:", "if True:")],
            "creates without comparing",
            4,
        ),
        WrongIdea("only ever creates", [("                self.client.delete(pod)", "                pass")], "only creates"),
        WrongIdea(
            "compares numbers instead of names",
            [("        for name, member in", "        if len(members) == len(aboard):\n            return\n        for name, member in")],
            "counts",
        ),
        WrongIdea(
            "takes every pod in sight for its own",
            [('self.cache.owned_by(crew, "pods")', 'self.cache.list("pods", namespace_of(crew))')],
            "touches strangers",
            17,
        ),
    ],
)


def _refused_as_existing(failure: Failure) -> bool:
    calls = [c for s in failure.sim.trace for c in s.calls if c.verb == "create" and s.player != "client"]
    return any(c.note == "AlreadyExists" for c in calls)


# --- 04.2: a notice --------------------------------------------------------------------------

NOTICE = Resource(GROUP, VERSION, "Notice", "notices", subresources=("status",))


def notice(name: str, text: str) -> Object:
    """A Notice, ready to be created: it wants its text published."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": NOTICE.api_version, "kind": NOTICE.kind, "metadata": metadata, "spec": {"text": text}}


def configmap_for(notice: Object) -> Object:
    """The ConfigMap that publishes a Notice."""
    metadata = {
        "name": name_of(notice),
        "namespace": namespace_of(notice),
        "ownerReferences": [owner_reference(notice)],
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": notice["spec"]["text"]}}


def _meddle(sim: Simulation, **data: str) -> None:
    sim.client.patch("configmaps", "default/tea", patch={"data": data})


def _published(sim: Simulation) -> Iterator[tuple[Object, Object | None]]:
    """Each Notice with what is published of it."""
    return ((n, sim.store.get("configmaps", key_of(n))) for n in sim.store.list(NOTICE.name))


def _says_the_same(sim: Simulation) -> str | None:
    for wish, there in _published(sim):
        said = (there or {}).get("data")
        if said != {"text": wish["spec"]["text"]}:
            found = f"its data is {said}" if there is not None else "there is none"
            return f"ConfigMap {key_of(wish)} should say {wish['spec']['text']!r} and nothing else, but {found}"
    return None


def _says_more(failure: Failure) -> bool:
    said = [((there or {}).get("data") or {}, wish["spec"]["text"]) for wish, there in _published(failure.sim)]
    return any(len(data) > 1 and data.get("text") == text for data, text in said)


def _never_mends(failure: Failure) -> bool:
    verbs = {c.verb for s in failure.sim.trace if s.player in failure.sim.manager.players for c in s.calls}
    return not verbs & {"update", "patch", "delete"}


SAYS = "each ConfigMap says exactly what its Notice says"

HEAL = Exercise(
    id="04.2",
    title="Heal what drifts",
    notebook="04_the_control_loop",
    kinds=[NOTICE],
    story=[
        Act("create the Notice tea: at four", lambda sim: sim.create(notice("tea", "at four"))),
        Act("edit the ConfigMap by hand: at five", lambda sim: _meddle(sim, text="at five")),
        Act("change the Notice: at six", lambda sim: sim.client.patch("notices", "default/tea", patch={"spec": {"text": "at six"}})),
        Act("add a key to the ConfigMap by hand", lambda sim: _meddle(sim, author="ada")),
        Act("delete the ConfigMap by hand", lambda sim: sim.client.delete("configmaps", "default/tea")),
    ],
    promises=[Invariant(SAYS, _says_the_same)],
    hints=(
        "There are three cases: nothing is there, something else is there, or just the right thing is there. "
        "Only the first two need a request.",
        "have is None: create want. have['data'] is not want['data']: update. Compare the whole data, so that a "
        "key too many is a difference as well.",
        "if have is None: self.client.create(want), "
        "elif have['data'] != want['data']: self.client.update({**have, 'data': want['data']}).",
    ),
    diagnoses=[
        Diagnosis(
            "remembers instead of looking",
            "You remember what you have written, and take that for what is there. Somebody else can have changed it "
            "since, without telling you: look at the ConfigMap itself, each time.",
            SAYS,
            evidence=remembers,
        ),
        Diagnosis(
            "overlooks what is too much",
            "What you look for is there, but so is something more. Exactly means the whole data: compare all of it, "
            "and replace all of it.",
            SAYS,
            evidence=_says_more,
        ),
        Diagnosis(
            "never mends",
            "You create the ConfigMap when it is missing, and never touch it again. That it is there does not mean "
            "that it is right: compare what it says, too.",
            SAYS,
            evidence=_never_mends,
        ),
        Diagnosis(
            "writes without comparing",
            "You write at each call, changed or not. It does no harm to the ConfigMap, but with ten thousand Notices it "
            "is ten thousand requests for nothing each time the controller starts. Compare first.",
            evidence=lambda failure: failure.invariant in (IDEMPOTENT, SETTLES),
        ),
    ],
    wrong_ideas=[
        WrongIdea(
            "creates it when it is missing, and that is all",
            [('        elif have["data"] != want["data"]:\n            self.client.update({**have, "data": want["data"]})', "")],
            "never mends",
        ),
        WrongIdea(
            "writes at each call, to be on the safe side",
            [('        elif have["data"] != want["data"]:', "        else:")],
            "writes without comparing",
            10,
        ),
        WrongIdea(
            "remembers what it wrote",
            [
                ("    def reconcile(", "    def setup(self):\n        self.written = {}\n\n    def reconcile("),
                ("        if have is None:", "        if self.written.get(key) == want:\n            return\n        self.written[key] = want\n        if have is None:"),
            ],
            "remembers instead of looking",
        ),
        WrongIdea(
            "looks only at the keys it knows",
            [('elif have["data"] != want["data"]:', 'elif have["data"].get("text") != want["data"]["text"]:')],
            "overlooks what is too much",
        ),
    ],
)

EXERCISES = (KEEP_ABOARD, HEAL)
