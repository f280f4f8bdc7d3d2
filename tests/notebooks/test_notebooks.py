"""The committed notebooks: each is what its source makes, was really run, and names no folder of a machine.

nbval itself runs notebooks/ and solutions/ in the same pytest (see `conftest.py` at the top). Here are the
exercises, which must fail: untouched, and exactly at their check cells.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import nbformat
import pytest

from tools.build_notebooks import ROOT, main, sources, targets
from tools.notebook_holes import is_tagged

NOTEBOOKS = [target for source in sources(ROOT, []) for target in targets(source, ROOT)]
EXERCISES = [path for path in NOTEBOOKS if path.parent.name == "exercises"]
RUN = [path for path in NOTEBOOKS if path.parent.name != "exercises"]
LONGEST_CELL = 25


def name_of(path: pathlib.Path) -> str:
    """As it reads in a test's name."""
    return f"{path.parent.name}/{path.stem}"


def code_cells(path: pathlib.Path) -> list[nbformat.NotebookNode]:
    """The code cells of a committed notebook, in order, as nbval counts them."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted({source.name.split("_")[0] for source in sources(ROOT, [])}))
def test_notebooks_are_what_their_sources_make(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", number]) == 0, capsys.readouterr().out


def test_no_notebook_is_without_a_source() -> None:
    there = {
        path for folder in ("notebooks", "exercises", "solutions") for path in (ROOT / folder).glob("*.ipynb")
    }
    assert there == set(NOTEBOOKS)


@pytest.mark.parametrize("path", RUN, ids=name_of)
def test_every_cell_was_run(path: pathlib.Path) -> None:
    """nbval compares nothing in a cell without an execution count, and does not say so."""
    assert [cell.source for cell in code_cells(path) if cell.source and not cell.execution_count] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_it_names_no_folder_of_a_machine(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert re.search(r"(?<![\w.])/(home|Users|root|tmp|private)/", text) is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_cells_are_small(path: pathlib.Path) -> None:
    assert [c.source for c in code_cells(path) if len(c.source.splitlines()) > LONGEST_CELL] == []


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], bool]:
    """Whether each cell of each untouched exercise passes, by (notebook, number of the code cell)."""
    report = tmp_path_factory.mktemp("nbval") / "report.xml"
    judge = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval-lax",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    subprocess.run([*judge, "exercises"], cwd=ROOT, capture_output=True)
    return dict(read(report))


def read(report: pathlib.Path) -> Iterator[tuple[tuple[str, int], bool]]:
    """The cases of a JUnit report: nbval's have the class `exercises.05_x.ipynb` and the name `Cell 3`."""
    for case in ElementTree.parse(report).iter("testcase"):
        notebook, cell = case.attrib["classname"].split(".")[-2], case.attrib["name"].split()[-1]
        passed = not any(child.tag in ("failure", "error", "skipped") for child in case)
        yield (notebook, int(cell)), passed


@pytest.mark.slow
@pytest.mark.parametrize("path", EXERCISES, ids=name_of)
def test_an_untouched_exercise_fails_exactly_at_its_checks(
    path: pathlib.Path, verdicts: dict[tuple[str, int], bool]
) -> None:
    cells = code_cells(path)
    checks = [number for number, cell in enumerate(cells) if is_tagged(cell, "check")]
    failed = [number for number in range(len(cells)) if not verdicts[path.stem, number]]
    assert checks
    assert failed == checks
