"""Lesson 12's exercises with answers that nobody has thought of: they are told what is wrong, and never a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.lesson12 import changed, taken

OPEN = "type: object\n...  # TODO: the rest\n"
ADA = {"owner": "ada"}


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


def test_trying_by_hand_says_what_is_stored_or_why_not() -> None:
    schema = "{type: object, properties: {spec: {type: object, properties: {tea: {type: string}}}}}"
    assert repr(taken(schema, tea="mint", tip=5)) == "tea: mint\n"
    assert repr(taken("type: object", tea="mint")) == "{}\n"
    assert "spec.tea in body must be of type string" in repr(taken(schema, tea=5))
    assert "spec.validation.openAPIV3Schema" in repr(
        taken("{type: object, properties: {spec: {}}}", tea="mint")
    )
    assert "an owner stays" in repr(
        changed("[{rule: self.owner == oldSelf.owner, message: an owner stays}]", ADA, {"owner": "grace"})
    )
    assert repr(changed("[]", ADA, {"owner": "grace"})) == "stored: {owner: grace, stamps: 0}"


@pytest.mark.parametrize(
    "attempt", [lambda text: taken(text, tea="mint"), lambda text: changed(text, ADA, {})]
)
def test_trying_by_hand_what_is_not_finished_says_so(attempt: Any) -> None:
    assert "not solved yet" in repr(attempt(OPEN))
    assert "expected" in repr(attempt("{"))


@pytest.mark.parametrize(
    "answer", [7, {}, [], {"spec": []}, {"spec": {}, "metadata": {}}, {"spec": {"tea": {}}}]
)
def test_a_converter_that_returns_nonsense_is_told_what_should_come_out(answer: Any) -> None:
    report = judge("12.3", lambda pot, wanted: answer)
    assert report.state == "wrong"
    assert "should" in report.message


def test_another_right_converter_is_right_in_the_same_words() -> None:
    def convert(pot: Any, wanted: str) -> Any:
        spec, meta = dict(pot["spec"]), dict(pot["metadata"])
        notes = dict(meta.get("annotations", {}))
        if wanted == "v1":
            spec["size"] = str(spec.pop("milliliters")) + "ml"
            if (lid := spec.pop("lid", None)) is not None:
                notes["lid"] = "yes" if lid else "no"
        else:
            spec["milliliters"] = int(spec.pop("size")[:-2])
            if "lid" in notes:
                spec["lid"] = notes.pop("lid") == "yes"
        new = {**pot, "apiVersion": f"tea.example.com/{wanted}", "spec": spec}
        return {**new, "metadata": {**meta, "annotations": notes}}

    report = judge("12.3", convert)
    assert report.passed, report
    assert repr(report).startswith("✓ 12.3 There and back: right in 71 cases: plain teapots, a lid,")


def test_rules_that_are_asked_at_birth_too_may_be_right() -> None:
    rules = """
    - rule: >-
        !oldSelf.hasValue() || !has(oldSelf.value().owner) ||
        (has(self.owner) && self.owner == oldSelf.value().owner)
      optionalOldSelf: true
    - rule: "!oldSelf.hasValue() || self.stamps >= oldSelf.value().stamps"
      optionalOldSelf: true
    """
    assert judge("12.2", rules).passed
