"""Builds the notebooks from `lessons/`: `python -m tools.build_notebooks [--check] [NUMBER ...]`.

    lessons/05_edge_or_level.py            ->  notebooks/05_edge_or_level.ipynb
    lessons/05_edge_or_level.exercises.py  ->  exercises/05_edge_or_level.ipynb
                                               solutions/05_edge_or_level.ipynb

Sources are jupytext's percent format. Notebooks are committed with the outputs of a real run, because that is
what nbval compares and what people see who only look. Building twice gives the same bytes; `--check` builds
without writing and fails with a diff when a file is not what its source makes. Read next: `notebook_run.py`,
`notebook_normal.py`, `notebook_holes.py`.
"""

from __future__ import annotations

import argparse
import difflib
import pathlib
import sys

import jupytext
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tools.notebook_holes import exercise_of, solution_of
from tools.notebook_normal import name_cells, normalised
from tools.notebook_run import BadCell, run

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXERCISES = ".exercises.py"
SHOWN = 40  # lines of a diff


def main(arguments: list[str], root: pathlib.Path = ROOT) -> int:
    """Build all sources, or those with the given numbers; 1 when a lesson fails or a checked file differs."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.build_notebooks", description="Build the notebooks."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    parser.add_argument(
        "numbers", nargs="*", metavar="NUMBER", help="lessons to build, such as 05 (default: all)"
    )
    options = parser.parse_args(arguments)
    good = True
    for source in sources(root, options.numbers):
        print(f"{source.relative_to(root)} ...", flush=True)
        try:
            notebooks = build(source, root)
        except (CellExecutionError, BadCell, ValueError) as error:
            print(error, file=sys.stderr)
            good = False
            continue
        for path, text in notebooks.items():
            good &= compare(path, text, root) if options.check else write(path, text, root)
    if options.check and not options.numbers:
        good &= no_orphans(root)
    return 0 if good else 1


def sources(root: pathlib.Path, numbers: list[str]) -> list[pathlib.Path]:
    """The files of lessons/ in reading order, all or those whose name starts with one of the numbers."""
    files = sorted((root / "lessons").glob("[0-9]*.py"))
    return [file for file in files if not numbers or file.name.split("_")[0] in numbers]


def targets(source: pathlib.Path, root: pathlib.Path) -> list[pathlib.Path]:
    """The notebooks that this source makes."""
    exercises = source.name.endswith(EXERCISES)
    name = source.name.removesuffix(EXERCISES if exercises else ".py") + ".ipynb"
    return [root / folder / name for folder in (("exercises", "solutions") if exercises else ("notebooks",))]


def build(source: pathlib.Path, root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Run one source where its notebook will stand; the text of each notebook by its path."""
    lesson, paths = read(source), targets(source, root)
    folder = paths[-1].parent
    folder.mkdir(parents=True, exist_ok=True)
    solution = run(solution_of(lesson), folder)
    notebooks = [solution] if len(paths) == 1 else [exercise_of(lesson, solution), solution]
    return {path: normalised(made, committed(path)) for path, made in zip(paths, notebooks, strict=True)}


def read(source: pathlib.Path) -> NotebookNode:
    """The percent file as a notebook, its cells named."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's own bookkeeping
    return name_cells(notebook)


def committed(path: pathlib.Path) -> str:
    """What stands there now, or nothing."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(path: pathlib.Path, text: str, root: pathlib.Path) -> bool:
    """Put the notebook in its place, if it changed."""
    changed = committed(path) != text
    if changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    print(f"  {path.relative_to(root)}: {'written' if changed else 'unchanged'}, {len(text) // 1024} KB")
    return True


def compare(path: pathlib.Path, text: str, root: pathlib.Path) -> bool:
    """Whether the file is what its source makes; print how it differs."""
    before = committed(path)
    names = (f"{path.relative_to(root)} (committed)", "(built from its source)")
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), *names, lineterm="", n=1)
    for line in list(lines)[:SHOWN]:
        print("  " + line[:200])
    return before == text


def no_orphans(root: pathlib.Path) -> bool:
    """Whether every notebook has a source."""
    known = {path for source in sources(root, []) for path in targets(source, root)}
    folders = ("notebooks", "exercises", "solutions")
    orphans = {path for folder in folders for path in (root / folder).glob("*.ipynb")} - known
    for path in sorted(orphans):
        print(f"  {path.relative_to(root)}: nothing in lessons/ makes this")
    return not orphans


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
