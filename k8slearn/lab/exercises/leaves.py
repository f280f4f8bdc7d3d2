"""Exercise 07.2: a garbage collector that is too quick. A leaf goes when all trees that it belongs to are gone."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, key_of, name_of, owner_reference, owners_of, uid_of
from k8slearn.lab.exercise import Exercise, words_of
from k8slearn.lab.exercises.hearing import under_test
from k8slearn.lab.exercises.turns import writes_of_late
from k8slearn.lab.podset import GROUP, VERSION
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson07")

TREE = Resource(GROUP, VERSION, "Tree", "trees", subresources=("status",))


def tree(name: str) -> Object:
    """A Tree, ready to be created."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": TREE.api_version, "kind": TREE.kind, "metadata": metadata, "spec": {}}


def leaf(name: str, *trees: Object) -> Object:
    """A leaf, which is a ConfigMap that belongs to these trees."""
    references = [owner_reference(t, controller=False) for t in trees]
    metadata = {"name": name, "namespace": "default", "ownerReferences": references}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


# --- the story -------------------------------------------------------------------------------


def _grow(sim: Simulation, name: str, *trees: str) -> None:
    found = [sim.store.get(TREE.name, f"default/{t}") for t in trees]
    sim.client.create(leaf(name, *(t for t in found if t is not None)))


def _grow_three(sim: Simulation) -> None:
    _grow(sim, "acorn", "oak")
    _grow(sim, "graft", "oak", "elm")
    _grow(sim, "bud", "elm")
    sim.client.create(leaf("loose"))


def _fell(sim: Simulation, name: str) -> None:
    sim.client.delete(TREE.name, f"default/{name}")


def _late_leaf(sim: Simulation) -> None:
    """It belongs to the first oak, which is gone."""
    first = next(e.object for e in sim.store.log if e.resource == TREE.name and e.key == "default/oak")
    sim.client.create(leaf("late", first))


def _fault(sim: Simulation, resource: str, *names: str) -> None:
    for name in names:
        sim.fault(name, under_test(sim), resource)


def _grow_unheard(sim: Simulation) -> None:
    _fault(sim, TREE.name, "hold")
    sim.create(tree("fir"))
    _grow(sim, "needle", "fir")


def _fell_unheard(sim: Simulation) -> None:
    _fell(sim, "fir")
    _fault(sim, TREE.name, "drop", "release")


def _graft_unheard(sim: Simulation) -> None:
    """The bud on the elm goes, and another of its name grows on the oak."""
    _fault(sim, "configmaps", "hold")
    sim.client.delete("configmaps", "default/bud")
    _grow(sim, "bud", "oak")


# --- what must hold --------------------------------------------------------------------------


def _living(sim: Simulation, leaf: Object) -> list[str]:
    """The names of its trees that are there."""
    there = {uid_of(t) for t in sim.store.list(TREE.name)}
    return [o["name"] for o in owners_of(leaf) if o["uid"] in there]


def _gone_too_early(sim: Simulation) -> Iterator[Object]:
    for _, entry in writes_of_late(sim, "configmaps"):
        if entry.type == "DELETED" and (_living(sim, entry.object) or not owners_of(entry.object)):
            yield entry.object


def _no_leaf_too_early(sim: Simulation) -> str | None:
    for gone in _gone_too_early(sim):
        trees = ", ".join(_living(sim, gone))
        why = f"its tree {trees} is there" if trees else "it belongs to no tree, so none is gone"
        return f"leaf {key_of(gone)} was deleted, though {why}"
    return None


def _no_leaf_for_ever(sim: Simulation) -> str | None:
    for left in sim.store.list("configmaps"):
        if owners_of(left) and not _living(sim, left):
            named = ", ".join(o["name"] for o in owners_of(left))
            return f"leaf {key_of(left)} is still there, and no tree that it belongs to ({named}) is"
    return None


# --- what people believe ---------------------------------------------------------------------


def _belonged_to_nobody(failure: Failure) -> bool:
    return any(not owners_of(gone) for gone in _gone_too_early(failure.sim))


def _meant_another(failure: Failure) -> bool:
    """What it has deleted is not what its cache shows under that name."""
    cache = failure.sim.manager.players[under_test(failure.sim)].cache
    for gone in _gone_too_early(failure.sim):
        seen = cache.get("configmaps", key_of(gone))
        if seen is not None and uid_of(seen) != uid_of(gone):
            return True
    return False


def _had_not_heard(failure: Failure) -> bool:
    """None of the trees that hold the leaf is in its cache."""
    known = {uid_of(t) for t in failure.sim.manager.players[under_test(failure.sim)].cache.list(TREE.name)}
    return any(not known & {o["uid"] for o in owners_of(gone)} for gone in _gone_too_early(failure.sim))


def _namesake(failure: Failure) -> bool:
    """The leaf that is left belongs to a tree that is gone, and there is another of that name."""
    names = {name_of(t) for t in failure.sim.store.list(TREE.name)}
    for left in failure.sim.store.list("configmaps"):
        if owners_of(left) and not _living(failure.sim, left):
            return any(o["name"] in names for o in owners_of(left))
    return False


EARLY = "no leaf goes as long as one of its trees is there"
LATE = "in the end no leaf is left without a tree"

COLLECTOR = Exercise(
    id="07.2",
    words=WORDS["07.2"],
    kinds=[TREE],
    story=[
        Act("plant an oak and an elm", lambda sim: sim.create([tree("oak"), tree("elm")])),
        Act("grow acorn (oak), graft (oak and elm), bud (elm), loose (no tree)", _grow_three),
        Act("fell the oak", lambda sim: _fell(sim, "oak")),
        Act("plant another oak", lambda sim: sim.create(tree("oak"))),
        Act("a leaf of the first oak comes late", _late_leaf),
        Act("plant a fir with a needle, while news of trees stands still", _grow_unheard),
        Act("fell the fir, and the watch of trees is lost", _fell_unheard),
        Act("replace bud by another bud, on the oak, while news of leaves stands still", _graft_unheard),
        Act("fell the elm", lambda sim: _fell(sim, "elm")),
        Act("news of leaves arrives again", lambda sim: _fault(sim, "configmaps", "release")),
    ],
    promises=[
        Invariant(EARLY, _no_leaf_too_early, "always"),
        Invariant(LATE, _no_leaf_for_ever, "at the end"),
    ],
    diagnoses=[
        WORDS["07.2"].diagnosis("takes nobody's for garbage", EARLY, evidence=_belonged_to_nobody),
        WORDS["07.2"].diagnosis("deletes by name", EARLY, evidence=_meant_another),
        WORDS["07.2"].diagnosis("believes its cache", EARLY, evidence=_had_not_heard),
        WORDS["07.2"].diagnosis("one owner is enough", EARLY),
        WORDS["07.2"].diagnosis("compares names", LATE, evidence=_namesake),
        WORDS["07.2"].diagnosis("asks once", LATE),
    ],
)
