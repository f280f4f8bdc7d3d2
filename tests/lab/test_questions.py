"""The questions that lessons ask: each is asked once, can be answered, and has something said about every answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8slearn.lab.prediction import predict
from k8slearn.lab.questions import questions

LESSONS = sorted((Path(__file__).parents[2] / "lessons").glob("[0-9][0-9]_*[a-z].py"))
LESSONS = [lesson for lesson in LESSONS if "exercises" not in lesson.name]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_each_question_of_a_lesson_is_asked_there_and_answered(lesson: Path) -> None:
    text, number = lesson.read_text("utf-8"), lesson.name[:2]
    asked = re.findall(r'(\w+) = predict\("(.*?)"\)', text)
    assert sorted(name for _, name in asked) == sorted(f"{number} {about}" for about in questions(number))
    assert [f"{variable}.reveal()" for variable, _ in asked if f"{variable}.reveal()" not in text] == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_there_is_a_choice_and_something_to_learn_from_each_answer(lesson: Path) -> None:
    for asked in questions(lesson.name[:2]).values():
        assert len(asked.answers) >= 2
        assert asked.right in asked.answers
        assert all(type(answer) is str and remark.strip() for answer, remark in asked.answers.items())


def test_an_unknown_question_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no question '04 two hands'; there are: 04 "):
        predict("04 two hands")
    with pytest.raises(ValueError, match="there are: no questions for a lesson '99'"):
        predict("99 what")
