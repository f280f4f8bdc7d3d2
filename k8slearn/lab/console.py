"""``k8slearn check`` and ``k8slearn hint``: the exercises in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from k8slearn.lab.cells import CellFailed, code_cells, forget, run
from k8slearn.lab.exercises import EXERCISES, UnknownExercise
from k8slearn.lab.hints import hint
from k8slearn.lab.launch import find_root
from k8slearn.lab.report import Report

FOLDER = "exercises"


def give_hint(exercise: str, level: int | None) -> None:
    """Print the next hint, or that of `level`. Raises UnknownExercise."""
    Console(highlight=False).print(repr(hint(exercise, level)), soft_wrap=True)


def check_all(wanted: list[str]) -> bool:
    """Check lessons, exercises or notebooks (default: all), and say what came of each; are all solved?

    Raises UnknownExercise for a name that is none of the three.
    """
    console = Console(highlight=False)
    solved = [_check(console, notebook, ids) for notebook, ids in _notebooks(wanted).items()]
    return all(solved)


def _notebooks(wanted: list[str]) -> dict[Path, set[str]]:
    """Which notebooks to run, and which exercises of each were asked about (none: all of it)."""
    found: dict[Path, set[str]] = {}
    for path, ids in (place for name in wanted or sorted(_lessons()) for place in _places(name)):
        found.setdefault(path, set()).update(ids)
    return found


def _lessons() -> set[str]:
    return {exercise_id.partition(".")[0] for exercise_id in EXERCISES}


def _places(name: str) -> Iterator[tuple[Path, set[str]]]:
    if name.endswith(".ipynb"):
        if not Path(name).exists():
            raise UnknownExercise(f'error: the notebook "{name}" does not exist')
        yield Path(name), set()
        return
    ids = {i for i in EXERCISES if i == name or i.partition(".")[0] == name}
    if not ids:
        raise UnknownExercise(
            f'error: no lesson, exercise or notebook "{name}": there are {", ".join(EXERCISES)}'
        )
    for exercise_id in ids:
        notebook = f"{EXERCISES[exercise_id].words.notebook}.ipynb"
        yield find_root() / FOLDER / notebook, {exercise_id}


def _check(console: Console, notebook: Path, ids: set[str]) -> bool:
    columns = SpinnerColumn(), TextColumn("checking {task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(notebook.name)
        try:
            reports = run(code_cells(notebook), notebook.name)
        except (OSError, ValueError, CellFailed) as error:
            console.print(f"{notebook.name}: {error}", soft_wrap=True, markup=False)
            return False
        finally:
            forget(notebook.name)
    shown = [r for r in reports if not ids or r.exercise.id in ids]
    for report in shown:
        console.print(repr(report), soft_wrap=True, markup=False)
    return bool(shown) and all(map(_passed, shown))


def _passed(report: Report) -> bool:
    return report.passed
