"""What the learner has solved, and how many hints they have seen: one plain JSON file that they may edit.

It stands in the project's root (or where $K8SLEARN_PROGRESS says; "off" keeps none). A file that cannot be
read is set aside under another name, never overwritten.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

NAME = ".k8slearn-progress.json"
ROOTS = (NAME, "pyproject.toml", ".git")  # what marks the root of a project
VARIABLE, OFF = "K8SLEARN_PROGRESS", "off"

Progress = dict[str, Any]  # {"solved": ["04.1"], "hints": {"04.2": 1}}


def path() -> Path | None:
    """Where the file is, or would be: in the nearest folder above us that looks like a project's root."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return None if chosen == OFF else Path(chosen)
    here = Path.cwd()
    root = next((f for f in (here, *here.parents) if any((f / mark).exists() for mark in ROOTS)), here)
    return root / NAME


def load() -> Progress:
    """What is in the file; nothing solved and no hints seen when there is none."""
    file = path()
    if file is not None and file.is_file():
        try:
            return _read(file)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _set_aside(file, error)
    return {"solved": [], "hints": {}}


def _read(file: Path) -> Progress:
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        "solved": [str(name) for name in data["solved"]],
        "hints": {str(name): int(level) for name, level in data["hints"].items()},
    }


def save(progress: Progress) -> None:
    """All or nothing: written beside the file, then put in its place. A folder one may not write to is no
    error.
    """
    file = path()
    if file is None:
        return
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        beside.write_text(json.dumps(progress, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        print(f"your progress could not be written to {file}: {error}", file=sys.stderr)


def solved(exercise_id: str) -> None:
    """Note that this exercise is solved."""
    progress = load()
    if exercise_id not in progress["solved"]:
        progress["solved"] = sorted([*progress["solved"], exercise_id])
        save(progress)


def is_solved(exercise_id: str) -> bool:
    return exercise_id in load()["solved"]


def next_hint(exercise_id: str, most: int) -> int:
    """The level of the hint to give now, from 1 to `most`; the next time it will be the one after."""
    progress = load()
    level = min(progress["hints"].get(exercise_id, 0) + 1, most)
    progress["hints"][exercise_id] = level
    save(progress)
    return level


def _set_aside(file: Path, error: Exception) -> None:
    number = 1
    while (kept := file.with_name(f"{file.name}.unreadable-{number}")).exists():
        number += 1
    file.rename(kept)
    print(
        f"{file} could not be read ({error}); it is kept as {kept.name}, and a new one is begun",
        file=sys.stderr,
    )
