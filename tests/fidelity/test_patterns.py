"""The referee is fair: it lets nothing pass, and asks for nothing that was not recorded."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.fidelity.answers import Answer, Level, judge, shown, tidy, wanted
from tools.fidelity.paths import ABSENT, drop, look
from tools.fidelity.patterns import PLACEHOLDER, Unifier
from tools.fidelity.score import EXCHANGES
from tools.fidelity.stories import holds, load

DEPLOYMENT = {
    "metadata": {"labels": {"x.io/y": "z", "a.b": "c"}},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Odd"}]},
    "items": [{"n": 1}, {}, {"n": 3}],
}
UIDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(4)]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ('metadata.labels["x.io/y"]', "z"),
        ("status.conditions[type=Ready].status", "True"),
        ("status.conditions[type=Odd].status", ABSENT),
        ("status.conditions[type=No]", ABSENT),
        ("items[0].n", 1),
        ("items[-1].n", 3),
        ("items[7]", ABSENT),
        ("items[*].n", [1, None, 3]),
        ("len(items)", 3),
        ("len(nothing)", ABSENT),
        ("metadata.labels.a", ABSENT),
        ("items.n", ABSENT),
    ],
)
def test_places(path: str, found: Any) -> None:
    assert look(DEPLOYMENT, path) == found


def test_what_is_dropped_is_gone_and_the_rest_is_not() -> None:
    value = copy.deepcopy(DEPLOYMENT)
    for path in ("items[*].n", "status.conditions[type=Odd]", "metadata.nothing.at.all"):
        drop(value, path)
    assert value["items"] == [{}, {}, {}]
    assert value["status"] == {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("value", "true"),
    [("*", True), ("!*", False), ("~^Tr", True), ("~^Fa", False), ("True", True), ("False", False)],
)
def test_conditions(value: str, true: bool) -> None:
    assert holds(Answer(200, body=DEPLOYMENT), "status.conditions[type=Ready].status", value) is true


def test_conditions_on_numbers_and_codes() -> None:
    answer = Answer(404, body=DEPLOYMENT)
    assert holds(answer, "$code", 404)
    assert holds(answer, "len(items)", ">=3")
    assert not holds(answer, "len(items)", ">=4")


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6), st.lists(st.integers(0, 3), min_size=6, max_size=6)
)
def test_a_placeholder_stands_for_one_value_and_a_value_for_one_placeholder(
    numbers: list[int], uids: list[int]
) -> None:
    """Exactly those lists agree between which there is a one-to-one mapping."""
    pairs = set(zip(numbers, uids, strict=False))
    one_to_one = len(pairs) == len({n for n, _ in pairs}) == len({u for _, u in pairs})
    unifier = Unifier()
    agrees = all(unifier.matches(f"<uid:{n}>", UIDS[u]) for n, u in zip(numbers, uids, strict=False))
    assert agrees is one_to_one


def test_placeholders_within_a_text() -> None:
    unifier = Unifier()
    assert unifier.matches("web-<hash:1>-<gen:1> at <time>", "web-5d4f-x7k2q at 2026-01-01T00:00:00Z")
    assert not unifier.matches("web-<hash:1>", "web-5d4e")
    assert not unifier.matches("<time>", "2026-01-01T00:00:00.000000Z")
    assert unifier.matches("<microtime>", "2026-01-01T00:00:00.000000Z")
    assert unifier.matches("<none> (a+b)*", "<none> (a+b)*")


def test_true_is_not_one_and_a_number_not_its_text() -> None:
    for want, got in ((True, 1), (0, False), ("1", 1), (1, "1"), (None, "")):
        assert list(Unifier().differences(want, got, exact=True)), (want, got)
    assert not list(Unifier().differences("<nodePort:1>", 30123, exact=True))


def test_the_order_of_causes_counts_for_nothing() -> None:
    causes = [{"field": f, "message": "Required value", "reason": "FieldValueRequired"} for f in ("b", "a")]

    def status(causes: list[dict[str, str]]) -> dict[str, Any]:
        said = ", ".join(f"{c['field']}: {c['message']}" for c in causes)
        return {"kind": "Status", "message": f"it is invalid: [{said}]", "details": {"causes": causes}}

    assert tidy(status(causes), [], False) == tidy(status(causes[::-1]), [], False)
    assert tidy(status(causes), [], False) != tidy(status(causes[:1]), [], False)


# --- every recorded answer: itself agrees exactly, and whatever is done to it is noticed ---

SAMPLES = {
    "uid": "{:08x}-0000-4000-8000-000000000000",
    "rv": "{}",
    "gen": "gen{:05}",
    "hash": "hash{}",
    "node": "node-{}",
    "nodePort": "3{:04}",
    "podIP": "10.0.0.{}",
    "hostIP": "10.1.0.{}",
    "clusterIP": "10.96.0.{}",
    "time": "2026-01-01T00:00:{:02}Z",
    "microtime": "2026-01-01T00:00:00.{:06}Z",
    "jwt": "eyJa.eyJb.c",
    "evt": "{:016x}",
    "continue": "more",
    "nodes": "10",
}
ANSWERS = [
    pytest.param(step, id=f"{story.about}-{number}")
    for story in load(EXCHANGES)
    for number, step in enumerate(story.exchanges, 1)
    if "body" in step.get("answer", {})
]


def an_instance(recorded: Any) -> Any:
    """An answer that the recorded one is a pattern of."""

    def value(place: re.Match[str]) -> str:
        return SAMPLES[place[1]].format(int(place[2] or 1)) if place[1] in SAMPLES else place[0]

    return json.loads(PLACEHOLDER.sub(value, json.dumps(recorded)))


def level(step: dict[str, Any], body: Any) -> Level:
    want = wanted(step["answer"])
    answer = Answer(want["code"], want["type"], want.get("warnings", []), body)
    return judge(want, shown(answer, step, [], managed_fields=True), Unifier())[0]


@pytest.mark.parametrize("step", ANSWERS)
def test_whatever_is_done_to_an_answer_is_noticed(step: dict[str, Any]) -> None:
    body = an_instance(step["answer"]["body"])
    assert level(step, body) is Level.EXACT
    if not isinstance(body, dict):
        assert level(step, f"{body}!") is Level.STATUS
        return
    assert level(step, {**body, "more": 1}) is Level.FIELDS
    for key in set(body) - {"kind", "reason"}:
        assert level(step, {k: v for k, v in body.items() if k != key}) is Level.STATUS
        assert level(step, {**body, key: "something else"}) is Level.STATUS
    assert level(step, {**body, "kind": "Unicorn"}) is Level.NOTHING
