"""Writes a notebook so that building it twice gives the same bytes.

Random model ids become numbers in order of display, widgets that no cell shows are dropped, and pictures
that look the same as before keep their bytes (compressors differ between machines). What was measured stays as it was.
Read first: `build_notebooks.py`.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import itertools
import json
import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from tools.notebook_run import WIDGET_STATE

MEASURED = "measured"  # the tag of a cell that looks at the clock
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURE = re.compile(r'(?<="image/png": ")[^"]+')
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def name_cells(notebook: NotebookNode) -> NotebookNode:
    """Give each cell an id made from its source: it stays when other cells come or go."""
    taken: set[str] = set()
    for cell in notebook.cells:
        names = (f"{cell.source}{n or ''}" for n in itertools.count())
        ids = (hashlib.sha256(name.encode()).hexdigest()[:8] for name in names)
        cell["id"] = next(identity for identity in ids if identity not in taken)
        taken.add(cell["id"])
    return notebook


def normalised(notebook: NotebookNode, before: str = "") -> str:
    """The text of the .ipynb file. `before` is what the file holds now, whose pictures are kept if alike."""
    notebook = copy.deepcopy(notebook)
    keep_measured(before, notebook)
    shorten_tracebacks(notebook)
    models = prune_widgets(notebook)
    notebook.metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, **widgets(notebook)}
    text = nbformat.writes(numbered(notebook, models), version=4) + "\n"
    return keep_pictures(before, text)


def numbered(notebook: NotebookNode, models: list[str]) -> NotebookNode:
    """The same with the n-th model called n, wherever it is named."""
    text = json.dumps(notebook)
    for number, model in enumerate(models):
        text = text.replace(model, f"{number:032x}")
    return nbformat.from_dict(json.loads(text))


def keep_measured(before: str, notebook: NotebookNode) -> None:
    """Cells that measure keep the outputs that they have in `before`, until their source changes."""
    cells = nbformat.reads(before, as_version=4).cells if before else []
    kept = {cell["id"]: cell["outputs"] for cell in cells if MEASURED in cell.metadata.get("tags", ())}
    for cell in notebook.cells:
        if cell["id"] in kept:
            cell["outputs"] = kept[cell["id"]]


def shorten_tracebacks(notebook: NotebookNode) -> None:
    """Keep the last line of each: the others name folders of this machine."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        if output["output_type"] == "error":
            output["traceback"] = output["traceback"][-1:]


def widgets(notebook: NotebookNode) -> dict[str, Any]:
    """The part of the metadata that holds widget state, when there is any."""
    return {key: value for key, value in notebook.metadata.items() if key == "widgets"}


def prune_widgets(notebook: NotebookNode) -> list[str]:
    """Drop the models that no output shows, directly or through another; return the others' ids in order."""
    saved = notebook.metadata.pop("widgets", {}).get(WIDGET_STATE, {})
    state, queue, kept = saved.get("state", {}), shown(notebook), {}
    while queue:
        model = queue.pop(0)
        if model in state and model not in kept:
            kept[model] = slim(state[model])
            queue += re.findall(r"IPY_MODEL_(\w+)", json.dumps(kept[model], sort_keys=True))
    if kept:
        notebook.metadata["widgets"] = {WIDGET_STATE: {**saved, "state": kept}}
    return list(kept)


def shown(notebook: NotebookNode) -> list[str]:
    """The ids of the models that outputs display, in order."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    views = (output.get("data", {}).get(WIDGET_VIEW) for output in outputs)
    return [view["model_id"] for view in views if view]


def slim(model: dict[str, Any]) -> dict[str, Any]:
    """A layout has some forty empty fields, which the browser fills in by itself."""
    if model["model_name"] != "LayoutModel":
        return model
    return {**model, "state": {key: value for key, value in model["state"].items() if value is not None}}


def keep_pictures(before: str, after: str) -> str:
    """`after` with the bytes of each picture of `before` that looks the same."""
    old = PICTURE.findall(before)
    if len(old) != len(PICTURE.findall(after)):
        return after
    pictures = iter(old)

    def choose(new: re.Match[str]) -> str:
        candidate = next(pictures)
        return candidate if alike(candidate, new[0]) else new[0]

    return PICTURE.sub(choose, after)


def alike(old: str, new: str) -> bool:
    """Whether two base64 PNGs have the same size, and no pixel differs by more than 8 of 255."""
    from PIL import Image, ImageChops

    if old == new:
        return True
    left, right = (Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA") for png in (old, new))
    return (
        left.size == right.size
        and max(high for _, high in ImageChops.difference(left, right).getextrema()) <= 8
    )
