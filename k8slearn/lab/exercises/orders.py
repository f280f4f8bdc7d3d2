"""Exercise 12.1: the schema of an order, held against a table of orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, edit
from k8slearn.client import Client
from k8slearn.lab.diff import short
from k8slearn.lab.drill import A_TEXT, NOT_YET, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import api_server
from k8slearn.lab.exercises.teahouse import definition, made, read, served, version
from k8slearn.lab.show import Shown, card, show

WORDS = words_of("lesson12")

A_SCHEMA = Promise("the API server accepts a definition with this schema")
WELCOME = Promise("a good order is stored as it was sent, with what was left out filled in")
REFUSED = Promise("an order that is not right is refused")
PRUNED = Promise("what no field is for is not kept")


class Sent(NamedTuple):
    """A row of the table: an order's spec, and what is stored of it; None when it must be refused.

    `about`: what somebody has not thought of whose schema gets this row wrong.
    """

    kind: str
    spec: Object | None
    stored: Object | None
    about: str = ""


MISSING = "missing"
MINT: Object = {"tea": "mint", "table": 3}
ONE: Object = {**MINT, "cups": 1}
MILK: Object = {"name": "milk", "spoons": 2}

GOOD = "good orders"
LEFT_OUT, LEAKY = "something left out", "something missing"
WRONG, TOO_MUCH, MORE = "something of the wrong kind", "too little or too much", "what nobody asked for"

TABLE: tuple[Sent, ...] = (
    Sent(GOOD, {**MINT, "cups": 2}, {**MINT, "cups": 2}),
    Sent(GOOD, {**MINT, "table": 12, "cups": 6}, {**MINT, "table": 12, "cups": 6}),
    Sent(GOOD, {**ONE, "extras": []}, {**ONE, "extras": []}),
    Sent(GOOD, {**ONE, "extras": [MILK]}, {**ONE, "extras": [MILK]}, "nested"),
    Sent(LEFT_OUT, MINT, ONE, "default"),
    Sent(
        LEFT_OUT, {**ONE, "extras": [{"name": "milk"}]}, {**ONE, "extras": [{**MILK, "spoons": 1}]}, "default"
    ),
    Sent(LEAKY, {"tea": "mint"}, None, MISSING),
    Sent(LEAKY, {"table": 3}, None, MISSING),
    Sent(LEAKY, None, None, MISSING),
    Sent(LEAKY, {**ONE, "extras": [{"spoons": 2}]}, None, MISSING),
    Sent(WRONG, {**MINT, "tea": 5}, None, "type"),
    Sent(WRONG, {**MINT, "table": "three"}, None, "type"),
    Sent(WRONG, {**MINT, "table": 2.5}, None, "type"),
    Sent(WRONG, {**MINT, "extras": "milk"}, None, "type"),
    Sent(TOO_MUCH, {**MINT, "tea": ""}, None, "bounds"),
    Sent(TOO_MUCH, {**MINT, "table": 0}, None, "bounds"),
    Sent(TOO_MUCH, {**MINT, "table": 13}, None, "bounds"),
    Sent(TOO_MUCH, {**MINT, "cups": 0}, None, "bounds"),
    Sent(TOO_MUCH, {**MINT, "cups": 7}, None, "bounds"),
    Sent(TOO_MUCH, {**ONE, "extras": [{**MILK, "spoons": 0}]}, None, "bounds"),
    Sent(MORE, {**ONE, "tip": 5}, ONE, "kept"),
    Sent(MORE, {**ONE, "extras": [{**MILK, "warm": True}]}, {**ONE, "extras": [MILK]}, "kept"),
)


def order_book(schema: Any) -> Object:
    """The definition of orders with this schema."""
    return definition("orders", "Order", version("v1", schema, stored=True))


def order(spec: Object | None) -> Object:
    """An order, ready to be created; None: without a spec."""
    whole = made("Order", "order-1", **(spec or {}))
    return whole if spec is not None else {f: v for f, v in whole.items() if f != "spec"}


def taken(schema: str, **spec: Any) -> Shown:
    """What becomes of an order under this schema: what is stored, or why it is refused."""
    try:
        stored = Client(api_server(order_book(read(schema)))).create(order(spec))
        return show(edit(stored.get("spec") or {}))
    except Unsolved:
        return Shown(NOT_YET, NOT_YET)
    except (ApiError, yaml.YAMLError) as error:
        return card(error)


def _orders() -> Iterator[Case]:
    for row in TABLE:
        yield Case(row.kind, partial(_send, row))


def _send(row: Sent, scene: Scene, schema: str) -> None:
    client = served(scene, schema, order_book, A_SCHEMA)
    scene.tell(f"an order comes in: {short(row.spec) if row.spec is not None else 'without a spec'}")
    try:
        stored = edit(client.create(order(row.spec)).get("spec"))
    except ApiError as error:
        scene.tell(f"{error.code} {error.reason}: {error.message}")
        scene.demand(row.stored is None, WELCOME, "it was refused, and should have been stored")
        return
    scene.tell(f"stored: {short(stored)}")
    if row.stored is None:
        said, about = "it was stored, and should have been refused", row.about
        scene.demand(False, REFUSED, said, "invented" if about == MISSING and _is_complete(stored) else about)
    promise = PRUNED if row.about == "kept" else WELCOME
    scene.demand(stored == row.stored, promise, f"stored should be {short(row.stored)}", row.about)


def _is_complete(spec: Any) -> bool:
    """Has somebody thought up what was missing?"""
    order = spec or {}
    return {"tea", "table"} <= set(order) and all("name" in extra for extra in order.get("extras", ()))


A_SCHEMA_FOR_ORDERS = Drill(
    id="12.1",
    words=WORDS["12.1"],
    cases=_orders,
    promises=[A_SCHEMA, WELCOME, REFUSED, PRUNED],
    diagnoses=[
        WORDS["12.1"].diagnosis("is no YAML", A_SCHEMA.name, evidence=noted("no YAML")),
        WORDS["12.1"].diagnosis("required at the wrong place", A_SCHEMA.name, evidence=noted("wrong form")),
        WORDS["12.1"].diagnosis("leaves out a type", A_SCHEMA.name, evidence=noted("no type")),
        WORDS["12.1"].diagnosis(
            "names the box and not what is in it", WELCOME.name, evidence=noted("nested")
        ),
        WORDS["12.1"].diagnosis("leaves a gap", WELCOME.name, evidence=noted("default")),
        WORDS["12.1"].diagnosis("thinks up what is missing", REFUSED.name, evidence=noted("invented")),
        WORDS["12.1"].diagnosis("takes a field in the schema for a must", evidence=noted(MISSING)),
        WORDS["12.1"].diagnosis("lets half a table pass", REFUSED.name, evidence=noted("type")),
        WORDS["12.1"].diagnosis("gives a type and no bounds", REFUSED.name, evidence=noted("bounds")),
        WORDS["12.1"].diagnosis("keeps whatever comes", PRUNED.name),
    ],
    wanted=A_TEXT,
)
