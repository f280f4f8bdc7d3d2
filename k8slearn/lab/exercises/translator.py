"""Exercise 12.3: a converter between two versions, which loses nothing on the way there and back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, edit
from k8slearn.api.structural.pruning import prune
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.teahouse import GROUP, schema, teapot

WORDS = words_of("lesson12")

SPEAKS = Promise(
    "what comes out is the teapot in the version that was asked for, and what went in is left alone"
)
SAME = Promise("there and back, it is the same teapot")
NEWEST = Promise("what somebody has changed in the other version counts")

TEXT: Object = {"type": "string"}
STATUS: Object = {"type": "object", "properties": {"filled": {"type": "boolean"}}}


def _shape(**fields: Object) -> Object:
    whole = schema(tea=TEXT, **fields)
    return {**whole, "properties": {**whole["properties"], "status": STATUS}}


SCHEMAS: dict[str, Object] = {
    "v1": _shape(size=TEXT),
    "v2": _shape(milliliters={"type": "integer"}, lid={"type": "boolean"}),
}
OTHER = {"v1": "v2", "v2": "v1"}
#: Of the metadata, and the only part of it that a converter may change.
WRITTEN_BY_PEOPLE = ("labels", "annotations")
MANY = 60  # teapots made of seeds

PLAIN, LID, WORDS_ON_IT = "plain teapots", "a lid", "labels and notes on them"
SEEDS, MEANWHILE = "teapots made of seeds", "somebody changes the size meanwhile"


def _teapots() -> Iterator[Case]:
    old, new = teapot("betty", tea="mint", size="500ml"), teapot("betty", "v2", tea="mint", milliliters=500)
    lids = [_with(new, lid=lid) for lid in (True, False)]
    yield Case(PLAIN, partial(_there_and_back, new))
    for pot in lids:
        yield Case(LID, partial(_there_and_back, pot))
    for pot in new, *lids:
        yield Case(MEANWHILE, partial(_changed_meanwhile, pot))
    yield Case(PLAIN, partial(_there_and_back, old))
    for pot in old, new:
        yield Case(WORDS_ON_IT, partial(_there_and_back, {**pot, "status": {"filled": True}}))
        yield Case(WORDS_ON_IT, partial(_there_and_back, _labelled(pot)))
    for seed in range(MANY):
        yield Case(SEEDS, partial(_there_and_back, _random(Dice(seed))))


def _with(pot: Object, **fields: Any) -> Object:
    return {**pot, "spec": {**pot["spec"], **fields}}


def _labelled(pot: Object) -> Object:
    said = {"labels": {"shelf": "top"}, "annotations": {"example.com/bought": "in Leeds"}}
    return {**pot, "metadata": {**pot["metadata"], **said}}


def _random(dice: Dice) -> Object:
    """Some teapot, in some version, with or without everything that it may have."""
    size = 50 * (1 + dice.below(60, "size"))
    if dice.below(2, "version"):
        pot = teapot(f"pot-{size}", "v2", tea="green", milliliters=size)
        pot["spec"] |= ({}, {"lid": True}, {"lid": False})[dice.below(3, "lid")]
    else:
        pot = teapot(f"pot-{size}", "v1", tea="green", size=f"{size}ml")
    pot = _labelled(pot) if dice.below(2, "labels") else pot
    return {**pot, "status": {"filled": False}} if dice.below(2, "status") else pot


# --- what is tried -----------------------------------------------------------------------------


def _there_and_back(pot: Object, scene: Scene, convert: Any) -> None:
    here = version_of(pot)
    scene.tell(f"a teapot in {here}: {_told(pot)}")
    there = _converted(scene, convert, pot, OTHER[here])
    _compare(scene, pot, _converted(scene, convert, there, here))


def _changed_meanwhile(pot: Object, scene: Scene, convert: Any) -> None:
    scene.tell(f"a teapot in v2: {_told(pot)}")
    there = _with(_converted(scene, convert, pot, "v1"), size="750ml")
    scene.tell("an old client, which knows v1 only, writes size: 750ml", "luck")
    back = _converted(scene, convert, there, "v2", NEWEST)
    _compare(scene, _with(pot, milliliters=750), back)


def _converted(scene: Scene, convert: Any, pot: Object, wanted: str, promise: Promise = SPEAKS) -> Object:
    """What the server makes of the answer: what the schema does not know is dropped, as everywhere."""
    sent = edit(pot)
    answer = convert(sent, wanted)
    if answer is None and sent == pot:
        raise Unsolved
    scene.demand(sent == pot, SPEAKS, "the teapot that went in is not what it was", "mutates")
    whole = isinstance(answer, dict) and all(isinstance(answer.get(f), dict) for f in ("metadata", "spec"))
    scene.demand(whole, SPEAKS, f"an object with metadata and a spec should come out, and {answer!r} did")
    scene.tell(f"convert(teapot, {wanted!r}): {_told(answer)}")
    _is_the_same(scene, pot, answer, wanted)
    said = f"it holds {_volume(pot)} ml, and not {_volume(answer)}"
    scene.demand(_volume(answer) == _volume(pot), promise, said, "volume")
    kept, dropped = prune(SCHEMAS[wanted], answer)
    if dropped:
        scene.tell(f"{wanted} has no field for it, so the server drops it: {', '.join(dropped)}", "luck")
        scene.facts.add("pruned")
    return edit(kept)


def _is_the_same(scene: Scene, pot: Object, answer: Object, wanted: str) -> None:
    """Who it is may not change, and notes are texts."""
    said = f"its apiVersion should be {GROUP}/{wanted}, and is {answer.get('apiVersion')}"
    scene.demand(answer.get("apiVersion") == f"{GROUP}/{wanted}", SPEAKS, said)
    who = [(o.get("kind"), *(dig(o, "metadata", f) for f in ("name", "namespace"))) for o in (pot, answer)]
    scene.demand(who[0] == who[1], SPEAKS, "its kind, name or namespace has changed", "metadata")
    for key, value in (dig(answer, "metadata", "annotations", default=None) or {}).items():
        said = f"the annotation {key} is {value!r}: annotations are texts"
        scene.demand(isinstance(value, str), SPEAKS, said, "no text")


def _compare(scene: Scene, pot: Object, back: Object) -> None:
    before, after = _parts(pot), _parts(back)
    for part in before:
        missing = [field for field in before[part] if field not in after[part]]
        fact = "lost" if missing else "left over"
        facts = [f"{part} {fact}", *([f"lid {pot['spec']['lid']}"] if "lid" in missing else [])]
        said = f"its {part} should be {before[part]} again, and is {after[part]}"
        scene.demand(before[part] == after[part], SAME, said, *facts)


def _parts(pot: Object) -> dict[str, Object]:
    said = {part: dig(pot, "metadata", part, default=None) or {} for part in WRITTEN_BY_PEOPLE}
    return {"spec": pot.get("spec") or {}, "status": pot.get("status") or {}, **said}


def version_of(pot: Object) -> str:
    return str(pot["apiVersion"]).rpartition("/")[2]


def _volume(pot: Object) -> Any:
    """In milliliters, whichever version says it; whatever it says instead."""
    spec = pot.get("spec") or {}
    if version_of(pot) == "v2":
        return spec.get("milliliters", "nothing")
    size = str(spec.get("size", "nothing"))
    return int(size[:-2]) if size[:-2].isdigit() and size.endswith("ml") else size


def _told(pot: Object) -> str:
    """Its spec, and what else it has."""
    more = [f"{part} {said}" for part, said in _parts(pot).items() if said and part != "spec"]
    return ", ".join([str(pot.get("spec")), *more])


A_CONVERTER = Drill(
    id="12.3",
    words=WORDS["12.3"],
    cases=_teapots,
    promises=[SPEAKS, SAME, NEWEST],
    diagnoses=[
        WORDS["12.3"].diagnosis("edits what it was given", SPEAKS.name, evidence=noted("mutates")),
        WORDS["12.3"].diagnosis("writes no text into an annotation", SPEAKS.name, evidence=noted("no text")),
        WORDS["12.3"].diagnosis("leaves it where no field is", SAME.name, evidence=noted("pruned")),
        WORDS["12.3"].diagnosis(
            "drops what the old version does not know", SAME.name, evidence=noted("lid True")
        ),
        WORDS["12.3"].diagnosis("takes False for nothing", SAME.name, evidence=noted("lid False")),
        WORDS["12.3"].diagnosis(
            "forgets what is beside the spec",
            SAME.name,
            evidence=noted("status lost", "labels lost", "annotations lost"),
        ),
        WORDS["12.3"].diagnosis(
            "leaves its note lying about", SAME.name, evidence=noted("annotations left over")
        ),
        WORDS["12.3"].diagnosis("brings back the past", NEWEST.name),
    ],
)
