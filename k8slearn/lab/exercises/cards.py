"""Exercise 12.2: rules about a change. A loyalty card, held against a table of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object
from k8slearn.client import Client
from k8slearn.lab.diff import short
from k8slearn.lab.drill import A_TEXT, NOT_YET, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import api_server
from k8slearn.lab.exercises.teahouse import definition, made, read, schema, served, version
from k8slearn.lab.show import Shown, card

WORDS = words_of("lesson12")

RULES = Promise("the API server accepts a definition with these rules")
ALLOWED = Promise("whatever is no change of the owner, and takes no stamps away, is allowed")
REFUSED = Promise("an owner who is there stays, and stamps are never taken away")


class Change(NamedTuple):
    """A row of the table: the spec before (None: the card is new), after, and may that be?

    `about`: what somebody has not thought of whose rules get this row wrong.
    """

    kind: str
    before: Object | None
    after: Object
    allowed: bool
    about: str


ADA: Object = {"owner": "ada"}
NEW, GROWS, SAME = "new cards", "more stamps", "nothing changes"
SETS, LESS, OTHER = "somebody gets a card", "fewer stamps", "another owner or none"

TABLE: tuple[Change, ...] = (
    Change(NEW, None, {}, True, "birth"),
    Change(NEW, None, ADA, True, "birth"),
    Change(NEW, None, {**ADA, "stamps": 3}, True, "birth"),
    Change(GROWS, {**ADA, "stamps": 1}, {**ADA, "stamps": 2}, True, "grows"),
    Change(GROWS, {**ADA, "stamps": 0}, {**ADA, "stamps": 3}, True, "grows"),
    Change(SAME, {**ADA, "stamps": 2}, {**ADA, "stamps": 2}, True, "still"),
    Change(SAME, {"stamps": 2}, {"stamps": 2}, True, "nobody"),
    Change(SETS, {"stamps": 2}, {**ADA, "stamps": 2}, True, "first owner"),
    Change(LESS, {**ADA, "stamps": 3}, {**ADA, "stamps": 2}, False, "no change"),
    Change(LESS, {"stamps": 3}, {}, False, "no change"),
    Change(OTHER, ADA, {"owner": "grace"}, False, "no change"),
    Change(OTHER, {**ADA, "stamps": 3}, {"owner": "grace", "stamps": 4}, False, "no change"),
    Change(OTHER, ADA, {}, False, "taken out"),
)


def stamp_cards(rules: Any) -> Object:
    """The definition of loyalty cards with these rules for the spec."""
    whole = schema(owner={"type": "string"}, stamps={"type": "integer", "default": 0})
    whole["properties"]["spec"]["x-kubernetes-validations"] = rules
    return definition("cards", "Card", version("v1", whole, stored=True))


def changed(rules: str, before: Object, after: Object) -> Shown:
    """What becomes of a card under these rules when its spec is changed."""
    try:
        client = Client(api_server(stamp_cards(read(rules))))
        there = client.create(made("Card", "card", **before))
        stored = client.update({**there, "spec": after})["spec"]
    except Unsolved:
        return Shown(NOT_YET, NOT_YET)
    except (ApiError, yaml.YAMLError) as error:
        return card(error)
    said = f"stored: {short(stored)}"
    return Shown(said, said)


def _changes() -> Iterator[Case]:
    for row in TABLE:
        yield Case(row.kind, partial(_change, row))


def _change(row: Change, scene: Scene, rules: Any) -> None:
    client = served(scene, rules, stamp_cards, RULES)
    if row.before is None:
        _try(row, scene, client.create, made("Card", "card", **row.after), "a card is created")
        return
    born = row._replace(allowed=True, about="birth")
    there = _try(born, scene, client.create, made("Card", "card", **row.before), "there is a card")
    _try(row, scene, client.update, {**there, "spec": row.after}, "somebody changes it")


def _try(row: Change, scene: Scene, write: Callable[[Object], Object], obj: Object, what: str) -> Object:
    scene.tell(f"{what}: {short(obj['spec'])}")
    try:
        stored = write(obj)
    except ApiError as error:
        scene.tell(f"{error.code} {error.reason}: {error.message}")
        about = "no such key" if "no such key" in error.message else row.about
        scene.demand(not row.allowed, ALLOWED, "it was refused, and should be allowed", about)
        return {}
    scene.demand(row.allowed, REFUSED, "it was allowed, and should be refused", row.about)
    return stored


RULES_ABOUT_CHANGE = Drill(
    id="12.2",
    words=WORDS["12.2"],
    cases=_changes,
    promises=[RULES, ALLOWED, REFUSED],
    diagnoses=[
        WORDS["12.2"].diagnosis("is no YAML", RULES.name, evidence=noted("no YAML")),
        WORDS["12.2"].diagnosis("does not compile", RULES.name, evidence=noted("does not compile")),
        WORDS["12.2"].diagnosis(
            "asks for what may not be there", ALLOWED.name, evidence=noted("no such key")
        ),
        WORDS["12.2"].diagnosis("is asked at birth, and says no", ALLOWED.name, evidence=noted("birth")),
        WORDS["12.2"].diagnosis("looks the wrong way", ALLOWED.name, evidence=noted("grows")),
        WORDS["12.2"].diagnosis("forbids standing still", ALLOWED.name, evidence=noted("still")),
        WORDS["12.2"].diagnosis(
            "forbids the first owner", ALLOWED.name, evidence=noted("first owner", "nobody")
        ),
        WORDS["12.2"].diagnosis("looks away when it is taken out", REFUSED.name, evidence=noted("taken out")),
        WORDS["12.2"].diagnosis("judges how it is, not how it changes", REFUSED.name),
    ],
    wanted=A_TEXT,
)
