"""The author's check: ``python -m k8slearn.lab.author [04.1 ...]``.

For each exercise it proves, with the notebooks that learners and teachers get: untouched, it fails; the solution
passes; and every wrong idea fails with its own diagnosis. Prints a table; exit code 1 if anything is not so.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from k8slearn.lab import cells, exercises, progress
from k8slearn.lab.exercise import Exercise, WrongIdea
from k8slearn.lab.report import Report


class Row(NamedTuple):
    """One line of the table."""

    exercise: str
    what: str  # untouched, solution, or the wrong idea
    wanted: str
    found: str

    @property
    def good(self) -> bool:
        return self.wanted == self.found

    def __str__(self) -> str:
        found = self.found if self.good else f"{self.found}  (WANTED: {self.wanted})"
        return f"{'✓' if self.good else '✗'} {self.exercise}  {self.what:<46} {found}"


def prove(exercise: Exercise, root: Path) -> list[Row]:
    """The rows of one exercise. `root` is the folder that holds exercises/ and solutions/."""
    untouched = verdict(exercise, root / "exercises")
    rows = [
        Row(exercise.id, "untouched", "open", untouched),
        Row(exercise.id, "the solution", "right", verdict(exercise, root / "solutions")),
    ]
    return rows + [_wrong(exercise, idea, root) for idea in exercise.wrong_ideas]


def _wrong(exercise: Exercise, idea: WrongIdea, root: Path) -> Row:
    try:
        found = verdict(exercise, root / "solutions", Mutation(idea))
    except ValueError as error:
        found = str(error)
    return Row(exercise.id, idea.name, f"wrong: {idea.diagnosis}", found)


def verdict(exercise: Exercise, folder: Path, rewrite: Callable[[str], str] = str) -> str:
    """What the notebook's check of this exercise says, in a few words."""
    path = folder / f"{exercise.notebook}.ipynb"
    found = cells.run(_part(cells.code_cells(path), exercise), path.name, rewrite)
    if isinstance(rewrite, Mutation):
        rewrite.must_be_done()
    return _words(found[-1])


def _words(report: Report) -> str:
    return f"{report.state}: {report.diagnosis.id}" if report.diagnosis is not None else report.state


def _part(all_cells: Sequence[str], exercise: Exercise) -> list[str]:
    """The cells up to this exercise's check, without the checks before it."""
    checks = [i for i, cell in enumerate(all_cells) if f'check("{exercise.id}"' in cell]
    if not checks:
        raise ValueError(f'{exercise.notebook}.ipynb has no cell with check("{exercise.id}", ...)')
    kept = all_cells[: checks[-1]]
    return [*(cell for cell in kept if "check(" not in cell), all_cells[checks[-1]]]


class Mutation:
    """Turns the solution into a wrong idea while the cells go by: each edit is made once, in the last cell that fits."""

    def __init__(self, idea: WrongIdea) -> None:
        self.idea = idea
        self.done = False

    def __call__(self, cell: str) -> str:
        if not all(cell.count(old) == 1 for old, _ in self.idea.edits):
            return cell
        self.done = True
        for old, new in self.idea.edits:
            cell = cell.replace(old, new)
        return cell

    def must_be_done(self) -> None:
        if not self.done:
            raise ValueError("its edits do not fit the solution")


def main(arguments: list[str], root: Path) -> int:
    os.environ[progress.VARIABLE] = progress.OFF
    chosen = [exercises.named(name) for name in arguments] or list(exercises.EXERCISES.values())
    good = True
    for exercise in chosen:
        began = time.perf_counter()
        rows = prove(exercise, root)
        good &= all(row.good for row in rows)
        print(*rows, sep="\n")
        print(f"  {exercise.title}: {time.perf_counter() - began:.1f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
