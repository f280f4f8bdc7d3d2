"""All exercises, by id. Each lesson's are in a file of its own, ``lesson04.py``; their holes are in ``lessons/``.

Read first: `k8slearn.lab.exercise`, then `lesson04`.
"""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

from k8slearn.lab.drill import Drill
from k8slearn.lab.exercise import Exercise

NAMES = sorted(found.name for found in iter_modules(__path__) if re.fullmatch(r"lesson\d\d", found.name))
LESSONS = tuple(import_module(f"{__name__}.{name}") for name in NAMES)
EXERCISES: dict[str, Exercise | Drill] = {e.id: e for lesson in LESSONS for e in lesson.EXERCISES}


class UnknownExercise(ValueError):
    """There is no exercise of that name."""


def named(exercise_id: str) -> Exercise | Drill:
    """The exercise called "04.1". Raises UnknownExercise."""
    if exercise_id not in EXERCISES:
        raise UnknownExercise(f'no exercise "{exercise_id}": there are {", ".join(EXERCISES)}')
    return EXERCISES[exercise_id]
