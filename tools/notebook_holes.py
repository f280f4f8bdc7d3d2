"""One exercise source makes two notebooks: the solution, and the exercise with holes in it.

A hole stands in a cell tagged `hole`:

    ### BEGIN SOLUTION
    ### HOLE: one sentence that says what belongs here
    the code
    ### END SOLUTION

A cell tagged `check` is the same in both, and carries the outputs of the right solution in both.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

from nbformat import NotebookNode

HOLE = re.compile(
    r"^(?P<indent>[ \t]*)### BEGIN SOLUTION\n[ \t]*### HOLE: (?P<todo>.+)\n"
    r"(?P<code>(?:.*\n)*?)[ \t]*### END SOLUTION$",
    re.MULTILINE,
)
MARKER = re.compile(r"### (BEGIN SOLUTION|HOLE|END SOLUTION)")
LAX_CHECK = "nbval-check-output"  # what makes `pytest --nbval-lax` compare this cell and no other


def solution_of(lesson: NotebookNode) -> NotebookNode:
    """The notebook with its holes filled, to be run."""
    solution = copy.deepcopy(lesson)
    for cell in solution.cells:
        cell.source = filled(cell)
        if is_tagged(cell, "check"):
            cell.metadata.tags = [*cell.metadata.tags, LAX_CHECK]
    return solution


def exercise_of(lesson: NotebookNode, solution: NotebookNode) -> NotebookNode:
    """The notebook to hand out: holes open, and no outputs but those of the checks in the run solution."""
    exercise = copy.deepcopy(solution)
    for cell, original in zip(exercise.cells, lesson.cells, strict=True):
        cell.source = emptied(original)
        if cell.cell_type == "code" and not is_tagged(cell, "check"):
            cell.outputs, cell.execution_count = [], None
    return exercise


def filled(cell: NotebookNode) -> str:
    """The cell's source with the solution's code and no markers."""
    return _replace(cell, lambda hole: hole["code"].rstrip("\n"))


def emptied(cell: NotebookNode) -> str:
    """The cell's source with `...  # TODO: the sentence` in place of each solution."""
    return _replace(cell, lambda hole: f"{hole['indent']}...  # TODO: {hole['todo']}")


def is_tagged(cell: NotebookNode, tag: str) -> bool:
    """Whether the cell's metadata carries this tag."""
    return tag in cell.metadata.get("tags", [])


def _replace(cell: NotebookNode, what: Callable[[re.Match[str]], str]) -> str:
    source, holes = HOLE.subn(what, cell.source)
    if MARKER.search(source) or bool(holes) != is_tagged(cell, "hole"):
        raise ValueError(f"markers and the `hole` tag do not agree in this cell:\n{cell.source}")
    return source
