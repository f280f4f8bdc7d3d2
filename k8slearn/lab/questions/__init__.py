"""The questions that lessons ask before they run something; here, so that no cell gives the answer away.

One YAML file for each lesson. The question `whose condition` of `lesson13.yaml` is asked for as "13 whose condition".
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml


class Question(NamedTuple):
    """`answers`: answer -> what is to be said about it; `right` is the right one."""

    asks: str
    answers: dict[str, str]
    right: str


def question(name: str) -> Question:
    """The question called `name`: the lesson's number, and what it is about. ValueError says which there are."""
    lesson, _, about = name.partition(" ")
    asked = questions(lesson)
    if about not in asked:
        there = "; ".join(f"{lesson} {each}" for each in asked) or f"no questions for a lesson {lesson!r}"
        raise ValueError(f"no question {name!r}; there are: {there}")
    return asked[about]


@cache
def questions(lesson: str) -> dict[str, Question]:
    """Those of one lesson, by what they are about; none if it asks nothing."""
    file = files(__name__).joinpath(f"lesson{lesson}.yaml")
    said: dict[str, Any] = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    return {about: Question(**asked) for about, asked in said.items()}
