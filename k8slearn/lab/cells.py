"""Running the code cells of an exercise notebook outside Jupyter, and collecting what its checks said."""

from __future__ import annotations

import ast
import json
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8slearn.lab.report import Report
from k8slearn.lab.verdict import NotRight


class CellFailed(RuntimeError):
    """A cell raised, so the checks below it could not be reached."""


def code_cells(path: str | Path) -> list[str]:
    """The code cells of an .ipynb file. Raises ValueError when it is not a notebook."""
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
        cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        return ["".join(c["source"]) for c in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a Jupyter notebook: {error}") from None


def run(cells: list[str], name: str, rewrite: Callable[[str], str] = str) -> list[Report]:
    """Run the cells in a fresh namespace; the last Report on each exercise. `rewrite` may change a cell
    first.

    Goes on after a cell that raises, as a person would, unless it is a check: then CellFailed tells of the
    first.
    """
    namespace: dict[str, Any] = {"__name__": f"cells of {name}"}
    found: dict[str, Report] = {}
    failed: CellFailed | None = None
    for number, cell in enumerate(cells, start=1):
        try:
            value = _value(rewrite(cell), f"{name}, code cell {number}", namespace)
        except CellFailed as error:
            failed = failed or error
            if "check(" in cell:
                raise failed from None
            continue
        if isinstance(value, Report):
            found[value.exercise.id] = value
    return list(found.values())


def _value(cell: str, filename: str, namespace: dict[str, Any]) -> Any:
    """What the last expression of the cell is worth."""
    linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
    try:
        body = ast.parse(cell, filename)
        last = body.body[-1] if body.body else None
        if not isinstance(last, ast.Expr):
            return exec(compile(body, filename, "exec"), namespace)
        body.body.pop()
        exec(compile(body, filename, "exec"), namespace)
        return eval(compile(ast.Expression(last.value), filename, "eval"), namespace)
    except NotRight as verdict:
        return verdict.report
    except Exception as error:
        raise CellFailed(f"{filename}{_line(error, filename)}: {type(error).__name__}: {error}") from error


def _line(error: BaseException, filename: str) -> str:
    """``, line 3``: the last line of this cell that was being run."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines, at = [], error.__traceback__
    while at is not None:
        lines += [at.tb_lineno] if at.tb_frame.f_code.co_filename == filename else []
        at = at.tb_next
    return f", line {lines[-1]}" if lines else ""


def forget(name: str) -> None:
    """Drop the source lines that `run` kept for messages."""
    for filename in [f for f in linecache.cache if f.startswith(f"{name}, code cell ")]:
        del linecache.cache[filename]
