"""How nbval runs notebooks, for every pytest in this repository: the builder's kernels, known traps closed.

`pytest` alone takes notebooks/ and solutions/ along; `pytest --nbval-lax exercises/...` judges an exercise.
"""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import tempfile
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from nbval import kernel as nbval_kernel

from tools.notebook_run import KERNEL, connection

SANITIZE = pathlib.Path(__file__).parent / "tests" / "notebooks" / "sanitize.cfg"


def pytest_configure(config: pytest.Config) -> None:
    """Kernels inherit this environment. The path is absolute, so that pytest may be started in any folder."""
    home = tempfile.mkdtemp(prefix="k8slearn-")
    config.add_cleanup(functools.partial(shutil.rmtree, home, ignore_errors=True))
    os.environ.update(KERNEL, IPYTHONDIR=home)
    config.option.nbval_sanitize_with = config.option.nbval_sanitize_with or str(SANITIZE)
    nbval_kernel.KernelManager = kernel_manager
    nbval_kernel.RunningKernel.execute_cell_input = execute_cell_input


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave out what may differ between machines. (The builder refuses notebooks that write to stderr.)"""
    if type(collector).__name__ == "IPyNbFile":
        collector.skip_compare += ("stderr", "image/svg+xml")  # type: ignore[attr-defined]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the cells, so that `-m 'not nb'` leaves notebooks out."""
    if type(item).__name__ == "IPyNbCell":
        item.add_marker("nb")


@functools.wraps(KernelManager)
def kernel_manager(**options: Any) -> KernelManager:
    """As nbval makes it, but over files instead of ports."""
    return KernelManager(**connection(tempfile.mkdtemp(dir=os.environ["IPYTHONDIR"])), **options)


def execute_cell_input(self: Any, cell_input: str, allow_stdin: bool | None = None) -> str:
    """Keep a history, without which IPython shows what a trailing semicolon should hide: nbval issue 194."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)
