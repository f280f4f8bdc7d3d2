"""Three hints for each exercise, one at a time; after success, the way to a solution to compare with."""

from __future__ import annotations

from k8slearn.lab import exercises, progress
from k8slearn.lab.drill import Drill
from k8slearn.lab.exercise import Exercise


class Hint:
    """A hint to be read."""

    def __init__(self, exercise: Exercise | Drill, level: int, text: str) -> None:
        self.exercise, self.level, self.text = exercise, level, text

    def __repr__(self) -> str:
        most = len(self.exercise.words.hints)
        return f"{self.exercise.id} {self.exercise.words.title}, hint {self.level} of {most}\n{self.text}"


class Offer(Hint):
    """What there is to say after success."""

    def __repr__(self) -> str:
        return f"{self.exercise.id} {self.exercise.words.title}: {self.text}"


def hint(exercise_id: str, level: int | None = None) -> Hint:
    """The next hint, or that of `level`. Raises UnknownExercise; ValueError for a level there is not."""
    exercise = exercises.named(exercise_id)
    if level is None and progress.is_solved(exercise_id):
        return Offer(
            exercise, 0, f"you have solved it. Compare with solutions/{exercise.words.notebook}.ipynb"
        )
    most = len(exercise.words.hints)
    if level is None:
        level = progress.next_hint(exercise_id, most)
    if not 1 <= level <= most:
        raise ValueError(f"there are hints 1 to {most} for {exercise_id}, and no hint {level}")
    return Hint(exercise, level, exercise.words.hints[level - 1])
