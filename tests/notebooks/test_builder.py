"""The builder on toy sources: same bytes twice, nothing swallowed, holes where they belong."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import nbformat
import pytest

from tools.build_notebooks import main
from tools.notebook_holes import emptied, filled
from tools.notebook_normal import WIDGET_VIEW, keep_pictures, name_cells, normalised
from tools.notebook_run import WIDGET_STATE

LESSON = """
# %% [markdown]
# # A lesson

# %%
import ipywidgets
print({"x", "y", "z"})
forgotten = ipywidgets.Text("never shown")

# %%
ipywidgets.HBox([ipywidgets.IntSlider(3), ipywidgets.Button(description="go")])

# %% tags=["raises-exception"]
1 / 0
"""
EXERCISE = """
# %%
want = 3

# %% tags=["hole"]
def missing(have):
    if have is None:
        return want
    ### BEGIN SOLUTION
    ### HOLE: how many more are needed?
    gap = want - have
    return gap
    ### END SOLUTION

# %% tags=["check"]
assert missing(1) == 2
print("right")

# %%
"the end"
"""
HOLE = "if x:\n    ### BEGIN SOLUTION\n    ### HOLE: do it\n    a = 1\n    b = 2\n    ### END SOLUTION\nc = 3"


def put(root: pathlib.Path, name: str, text: str) -> None:
    """A source in the toy repository."""
    (root / "lessons").mkdir(exist_ok=True)
    (root / "lessons" / name).write_text(text.lstrip())


def load(root: pathlib.Path, name: str) -> Any:
    """A built notebook."""
    return json.loads((root / name).read_text())


def code(source: str, *tags: str) -> nbformat.NotebookNode:
    """A code cell."""
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


@pytest.mark.slow
def test_a_lesson_is_built_to_the_same_bytes_twice(tmp_path: pathlib.Path) -> None:
    put(tmp_path, "01_toy.py", LESSON)
    assert main([], tmp_path) == 0
    first = (tmp_path / "notebooks/01_toy.ipynb").read_bytes()
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "notebooks/01_toy.ipynb").unlink()
    assert main(["01"], tmp_path) == 0
    assert (tmp_path / "notebooks/01_toy.ipynb").read_bytes() == first
    state = load(tmp_path, "notebooks/01_toy.ipynb")["metadata"]["widgets"][WIDGET_STATE]["state"]
    assert {model["model_name"] for model in state.values()} > {"HBoxModel", "IntSliderModel", "ButtonModel"}
    assert "TextModel" not in {model["model_name"] for model in state.values()}


@pytest.mark.slow
def test_an_exercise_has_holes_and_the_checks_of_its_solution(tmp_path: pathlib.Path) -> None:
    put(tmp_path, "01_toy.exercises.py", EXERCISE)
    assert main([], tmp_path) == 0
    exercise, solution = (
        load(tmp_path, f"{folder}/01_toy.ipynb")["cells"] for folder in ("exercises", "solutions")
    )
    assert [cell["id"] for cell in exercise] == [cell["id"] for cell in solution]
    assert "    ...  # TODO: how many more are needed?" in exercise[1]["source"]
    assert "    return gap" in solution[1]["source"]
    assert exercise[2] == solution[2]
    assert exercise[2]["outputs"][0]["text"] == ["right\n"]
    assert exercise[2]["metadata"]["tags"] == ["check", "nbval-check-output"]
    assert [cell["outputs"] for cell in exercise if cell is not exercise[2]] == [[], [], []]
    assert all(cell["execution_count"] for cell in solution)


@pytest.mark.slow
def test_what_a_change_would_do_is_shown(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "01_toy.py", "# %%\nprint('new')\n")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/02_orphan.ipynb").touch()
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().out
    assert "+" in said
    assert "02_orphan.ipynb: nothing in lessons/ makes this" in said
    assert not (tmp_path / "notebooks/01_toy.ipynb").exists()


SWALLOWED = {
    "an error in a cell": "1 / 0",
    "an error in a button's handler": (
        "import ipywidgets\nb = ipywidgets.Button()\nb.on_click(lambda _: 1 / 0)\nb.click()"
    ),
    "an error in an Output widget": "import ipywidgets\nwith ipywidgets.Output():\n    1 / 0",
    "a warning": "import warnings\nwarnings.warn('careful')",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", SWALLOWED.values(), ids=SWALLOWED)
def test_no_error_passes(source: str, tmp_path: pathlib.Path) -> None:
    put(tmp_path, "01_toy.py", f"# %%\n{source}\n")
    assert main([], tmp_path) == 1
    assert not (tmp_path / "notebooks/01_toy.ipynb").exists()


def test_a_hole_keeps_its_indentation() -> None:
    assert filled(code(HOLE, "hole")) == "if x:\n    a = 1\n    b = 2\nc = 3"
    assert emptied(code(HOLE, "hole")) == "if x:\n    ...  # TODO: do it\nc = 3"


@pytest.mark.parametrize(
    "cell",
    [
        code(HOLE),
        code("x = 1", "hole"),
        code(HOLE.replace("    ### HOLE: do it\n", ""), "hole"),
        code(HOLE.replace("    ### END SOLUTION\n", ""), "hole"),
        code(HOLE + "\n### END SOLUTION", "hole"),
    ],
    ids=["no tag", "no markers", "no sentence", "no end", "one end too many"],
)
def test_a_hole_that_is_not_one_is_refused(cell: nbformat.NotebookNode) -> None:
    with pytest.raises(ValueError, match="do not agree"):
        filled(cell)


def test_cell_ids_stay_when_other_cells_come() -> None:
    one, two = code("1"), code("2")
    short = nbformat.v4.new_notebook(cells=[code("1"), code("1"), code("2")])
    long = nbformat.v4.new_notebook(cells=[code("0"), one, code("1"), two])
    name_cells(short), name_cells(long)
    assert [cell.id for cell in short.cells] == [cell.id for cell in long.cells[1:]]
    assert len({cell.id for cell in long.cells}) == 4


def test_models_are_numbered_in_order_of_display() -> None:
    texts = set()
    for ids in (("f" * 32, "0" * 31 + "e"), ("1" * 32, "a" * 32)):
        state = {
            ids[1]: {"model_name": "A", "state": {}},
            ids[0]: {"model_name": "B", "state": {"a": "IPY_MODEL_" + ids[1]}},
        }
        output = nbformat.v4.new_output("display_data", {WIDGET_VIEW: {"model_id": ids[0]}})
        notebook = name_cells(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])])
        )
        notebook.metadata["widgets"] = {WIDGET_STATE: {"state": state}}
        texts.add(normalised(notebook))
    assert len(texts) == 1


def test_only_pictures_that_look_alike_keep_their_bytes() -> None:
    from base64 import b64encode
    from io import BytesIO

    from PIL import Image

    def png(dot: int, level: int) -> str:
        image, file = Image.new("RGB", (40, 30), "white"), BytesIO()
        image.putpixel((5, 5), (dot, dot, dot))
        image.save(file, "PNG", compress_level=level)
        return f'"image/png": "{b64encode(file.getvalue()).decode()}"'

    assert png(0, 1) != png(0, 0)
    assert keep_pictures(png(0, 1), png(0, 0)) == png(0, 1)
    assert keep_pictures(png(0, 1), png(200, 0)) == png(200, 0)
    assert keep_pictures("", png(0, 0)) == png(0, 0)


def test_what_was_measured_is_kept_until_its_source_changes() -> None:
    def built(source: str, text: str, before: str = "", *tags: str) -> str:
        cell = code(source, *tags)
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        return normalised(name_cells(nbformat.v4.new_notebook(cells=[cell])), before)

    first = built("clock()", "3 ms", "", "measured")
    assert built("clock()", "4 ms", first, "measured") == first
    assert "4 ms" in built("clock(2)", "4 ms", first, "measured")
    untagged = built("clock()", "3 ms")
    assert "4 ms" in built("clock()", "4 ms", untagged)
