"""Opens JupyterLab on the lessons, with the whole repository in its file browser.

Nothing of the user's own Jupyter configuration is changed: ours is added to the search path of this one
server. Read next: `nodelay.py` and `jupyter_config/`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

FIRST = "notebooks/00_the_map.ipynb"
CONFIG = Path(__file__).with_name("jupyter_config")


class LabMissing(RuntimeError):
    """JupyterLab is an extra, and is not installed."""


def launch(
    notebook: str | None = None, port: int | None = None, browser: bool = True, extra: Sequence[str] = ()
) -> None:
    """Serve until interrupted. `notebook` is relative to the repository; `extra` goes to `jupyter lab` as is.

    Raises LabMissing when the `lab` extra is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise LabMissing("JupyterLab is not installed: pip install 'k8slearn[lab]'")
    from jupyterlab.labapp import main

    os.environ.update(environment())
    main(arguments(notebook, port=port, browser=browser, extra=extra))


def arguments(
    notebook: str | None = None,
    *,
    root: Path | None = None,
    port: int | None = None,
    browser: bool = True,
    extra: Sequence[str] = (),
) -> list[str]:
    """The command line of `jupyter lab`. Naming the notebook itself there would make its folder the root."""
    root = root or find_root()
    notebook = notebook or (FIRST if (root / FIRST).exists() else None)
    chosen = {
        f"--ServerApp.root_dir={root}": True,
        f"--LabApp.default_url=/lab/tree/{notebook}": notebook is not None,
        f"--port={port}": port is not None,
        "--no-browser": not browser,
        "--allow-root": is_root(),
    }
    return [argument for argument, wanted in chosen.items() if wanted] + list(extra)


def environment() -> dict[str, str]:
    """What to add to the server's environment: our defaults, behind which the user's own still count."""
    paths = [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join(path for path in paths if path)}


def find_root() -> Path:
    """The nearest folder with our lessons: from here upwards, else around this package, else simply here."""
    here = Path.cwd()
    places = [here, *here.parents, Path(__file__).resolve().parents[2]]
    return next((place for place in places if (place / FIRST).exists()), here)


def is_root() -> bool:
    """Jupyter refuses to run for root unless told so, and in a container everybody is root."""
    return getattr(os, "geteuid", lambda: 1)() == 0
