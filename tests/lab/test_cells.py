"""Running a notebook's cells: what the checks said, or which cell raised."""

from __future__ import annotations

import json

import pytest

from k8slearn.lab.author import Mutation
from k8slearn.lab.cells import CellFailed, code_cells, run
from k8slearn.lab.exercise import WrongIdea

CHECK = 'from k8slearn.lab import check\ncheck("04.1", ...)'


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch):
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


def test_only_code_cells_are_read(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["# hello"]},
        {"cell_type": "code", "source": ["x = 1\n", "x"]},
    ]
    path = tmp_path / "some.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert code_cells(path) == ["x = 1\nx"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"cells": [{}]}'])
def test_what_is_not_a_notebook_is_refused(tmp_path, text):
    path = tmp_path / "some.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"some\.ipynb is not a Jupyter notebook"):
        code_cells(path)


def test_the_last_report_on_an_exercise_counts():
    reports = run([CHECK, "1 + 1", CHECK], "some.ipynb")
    assert [r.exercise.id for r in reports] == ["04.1"]


def test_a_cell_that_raises_is_named_with_its_line_when_a_check_falls_over_it():
    cells = ["a = 1\nb = nothing", 'from k8slearn.lab import check\ncheck("04.1", b)']
    with pytest.raises(CellFailed, match=r"some\.ipynb, code cell 1, line 2: NameError: name 'nothing'"):
        run(cells, "some.ipynb")


def test_a_cell_that_raises_beside_the_checks_is_passed_over():
    assert run(["1 / 0", CHECK], "some.ipynb")[0].state == "open"


def test_a_cell_that_is_not_python_is_named():
    with pytest.raises(CellFailed, match=r"code cell 1, line 1: SyntaxError"):
        run(["class :\n  pass  # check(", CHECK], "some.ipynb")


# --- the author's edits ------------------------------------------------------------------------


def test_edits_find_lines_wherever_they_stand_and_keep_their_indentation():
    idea = WrongIdea("x", (("if a:\n    b()", "while a:\n    c()"),), "y")
    change = Mutation(idea)
    assert (
        change("def f():\n        if a:\n            b()\n")
        == "def f():\n        while a:\n            c()\n"
    )
    change.must_be_done()


def test_edits_that_fit_nowhere_or_twice_are_refused():
    idea = WrongIdea("x", (("a()", "b()"),), "y")
    for cells in (["c()"], ["a()\na()"], ["a()", "a()"]):
        change = Mutation(idea)
        for cell in cells:
            change(cell)
        with pytest.raises(ValueError, match="cells of the solution, and not one"):
            change.must_be_done()
