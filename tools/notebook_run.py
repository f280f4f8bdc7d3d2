"""Runs a notebook in a fresh kernel, and lets no error pass: not even one that a widget swallowed.

Read first: `build_notebooks.py`.
"""

from __future__ import annotations

import os
import pathlib
import tempfile

from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
KERNEL = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger warns on stderr
    "PYTHONHASHSEED": "0",  # sets print in the same order every time
    "K8SLEARN_PROGRESS": "off",  # building and testing solve nobody's exercises
    "TZ": "UTC",
}
"""The environment of every kernel that we start, here and in the tests."""


class BadCell(ValueError):
    """A cell that ran, but not as a lesson should."""


def run(notebook: NotebookNode, folder: pathlib.Path) -> NotebookNode:
    """Execute it in place, with `folder` as the working directory, and return it with outputs.

    Raises nbclient's CellExecutionError for a failing cell and BadCell for what nbclient lets pass: an
    exception in a button's handler or in an Output widget, and anything written to stderr.
    """
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, **KERNEL, "IPYTHONDIR": home}  # nobody's IPython profile may change a lesson
        NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=None,
            coalesce_streams=True,
            record_timing=False,
            config=Config(KernelManager=connection(home)),
            store_widget_state=True,
            resources={"metadata": {"path": str(folder)}},
        ).execute(env=env)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            refuse(output, cell)
    for output in captured(notebook):
        refuse(output, None)
    return notebook


def connection(folder: str) -> dict[str, str]:
    """How to talk to a kernel: through files in `folder`, as kernels that start at once may pick one port."""
    return {} if os.name == "nt" else {"transport": "ipc", "ip": os.path.join(folder, "kernel")}


def refuse(output: NotebookNode, cell: NotebookNode | None) -> None:
    """Raise BadCell when this output is an unexpected error, or was written to stderr."""
    expected = cell is not None and "raises-exception" in cell.metadata.get("tags", [])
    where = f"\n\n{cell.source}" if cell is not None else ""
    if output["output_type"] == "error" and not expected:
        raise BadCell(f"swallowed {output['ename']}: {output['evalue']}{where}")
    if output.get("name") == "stderr":
        raise BadCell(f"wrote to stderr: {output['text']}{where}")


def captured(notebook: NotebookNode) -> list[NotebookNode]:
    """What Output widgets hold."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    return [output for model in state.values() for output in model["state"].get("outputs", ())]
