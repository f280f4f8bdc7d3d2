"""The author's check: ``python -m k8slearn.lab.author [04.1 ...]``.

For each exercise it proves, with the notebooks that learners and teachers get: untouched, it fails; the
solution passes; and every wrong idea fails with its own diagnosis. Prints a table; exit code 1 if anything
is not so.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from k8slearn.lab import cells, exercises, progress
from k8slearn.lab.drill import Drill
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


def prove(exercise: Exercise | Drill, root: Path) -> list[Row]:
    """The rows of one exercise. `root` is the folder that holds exercises/ and solutions/."""
    untouched = verdict(exercise, root / "exercises")
    rows = [
        Row(exercise.id, "untouched", "open", untouched),
        Row(exercise.id, "the solution", "right", verdict(exercise, root / "solutions")),
    ]
    return rows + [_wrong(exercise, idea, root) for idea in exercise.words.wrong_ideas]


def _wrong(exercise: Exercise | Drill, idea: WrongIdea, root: Path) -> Row:
    try:
        found = verdict(exercise, root / "solutions", Mutation(idea))
    except ValueError as error:
        found = str(error)
    return Row(exercise.id, idea.name, f"wrong: {idea.diagnosis}", found)


def verdict(exercise: Exercise | Drill, folder: Path, rewrite: Callable[[str], str] = str) -> str:
    """What the notebook's check of this exercise says, in a few words."""
    path = folder / f"{exercise.words.notebook}.ipynb"
    found = cells.run(_part(cells.code_cells(path), exercise), path.name, rewrite)
    if isinstance(rewrite, Mutation):
        rewrite.must_be_done()
    return _words(found[-1])


def _words(report: Report) -> str:
    return f"{report.state}: {report.diagnosis.id}" if report.diagnosis is not None else report.state


def _part(all_cells: Sequence[str], exercise: Exercise | Drill) -> list[str]:
    """The cells up to this exercise's check, without the checks before it."""
    checks = [i for i, cell in enumerate(all_cells) if f'check("{exercise.id}"' in cell]
    if not checks:
        raise ValueError(f'{exercise.words.notebook}.ipynb has no cell with check("{exercise.id}", ...)')
    kept = all_cells[: checks[-1]]
    return [*(cell for cell in kept if "check(" not in cell), all_cells[checks[-1]]]


class Mutation:
    """Turns the solution into a wrong idea while the cells go by: in the one cell that all edits fit."""

    def __init__(self, idea: WrongIdea) -> None:
        self.idea = idea
        self.done = 0

    def __call__(self, cell: str) -> str:
        changed = cell
        for old, new in self.idea.edits:
            changed, times = _pattern(old).subn(partial(_indented, new), changed)
            if times != 1:
                return cell
        self.done += 1
        return changed

    def must_be_done(self) -> None:
        if self.done != 1:
            raise ValueError(f"its edits fit {self.done} cells of the solution, and not one")


def _pattern(lines: str) -> re.Pattern[str]:
    """Finds these lines, all indented alike."""
    inner = "\n(?P=indent)".join(map(re.escape, lines.split("\n")))
    return re.compile(f"^(?P<indent> *){inner}$", re.MULTILINE)


def _indented(lines: str, match: re.Match[str]) -> str:
    return textwrap.indent(lines, match["indent"])


def main(arguments: list[str], root: Path) -> int:
    os.environ[progress.VARIABLE] = progress.OFF
    chosen = [exercises.named(name) for name in arguments] or list(exercises.EXERCISES.values())
    good = True
    for exercise in chosen:
        rows = prove(exercise, root)
        good &= all(row.good for row in rows)
        print(*rows, sep="\n", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
