"""All exercises, by id. Each lesson's are in a file of its own; their holes are in ``lessons/``.

Read first: `k8slearn.lab.exercise`, then `lesson04`.
"""

from __future__ import annotations

from k8slearn.lab.drill import Drill
from k8slearn.lab.exercise import Exercise
from k8slearn.lab.exercises import (
    lesson01,
    lesson02,
    lesson03,
    lesson04,
    lesson05,
    lesson12,
    lesson13,
    lesson14,
)

LESSONS = (lesson01, lesson02, lesson03, lesson04, lesson05, lesson12, lesson13, lesson14)
EXERCISES: dict[str, Exercise | Drill] = {e.id: e for lesson in LESSONS for e in lesson.EXERCISES}


class UnknownExercise(ValueError):
    """There is no exercise of that name."""


def named(exercise_id: str) -> Exercise | Drill:
    """The exercise called "04.1". Raises UnknownExercise."""
    if exercise_id not in EXERCISES:
        raise UnknownExercise(f'no exercise "{exercise_id}": there are {", ".join(EXERCISES)}')
    return EXERCISES[exercise_id]
