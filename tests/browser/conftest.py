"""A real JupyterLab, started the way people start it, and a real Chromium to use it with.

    def test_it(open_and_run):
        page = open_and_run("notebooks/00_the_map.ipynb")
        page.locator(".k8s-step").first.click()

Chromium itself comes from `tests/conftest.py`.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from playwright.sync_api import Browser, Page

from k8slearn.lab import launch

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVED = ("notebooks", "exercises", "solutions", "examples")
SETTINGS = {  # cells out of sight must be in the page too, for a test to find them
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none"}',
}
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
READY = """() => {
  window.kernelReady = false;
  const app = window.jupyterapp;
  const context = app.shell.currentWidget.context;
  Promise.all([app.restored, context.ready, context.sessionContext.ready])
    .then(() => context.sessionContext.session.kernel.info).then(() => { window.kernelReady = true; });
}"""
RUN_ALL = (
    "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"  # awaited, it may never return
)
CELLS = """window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
  .filter(cell => cell.cell_type === 'code' && cell.getSource().trim())"""
ERRORS = f"""() => {CELLS}.flatMap(cell => cell.getOutputs())
  .filter(output => output.output_type === 'error' || output.name === 'stderr')
  .map(output => output.evalue || output.text)"""
DONE = f"() => ({ERRORS})().length || {CELLS}.every(cell => cell.execution_count > 0)"


@pytest.fixture(scope="session")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A copy of what learners open, to run and to scribble in."""
    root = tmp_path_factory.mktemp("lab")
    for folder in SERVED:
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return root


@pytest.fixture(scope="session")
def lab_url(lab_root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab over `lab_root`, started with what `k8slearn lab` starts it with."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    env = {**os.environ, **launch.environment(), **{name: str(home / sub) for name, sub in FOLDERS.items()}}
    for name, text in SETTINGS.items():
        (home / "settings" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "settings" / name).write_text(text)
    extra = [
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--ServerApp.port_retries=0",
        "--expose-app-in-browser",
    ]
    command = launch.arguments(root=lab_root, port=port, browser=False, extra=extra)
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *command], env=env, stdout=log, stderr=log
        )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server, home / "log")
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def open_and_run(browser: Browser, lab_url: str) -> Iterator[Callable[..., Page]]:
    """`open_and_run(path)`: a page with that notebook, all of its cells run without an error.

    When the test ends, no page may have asked for anything outside this machine, or logged an error.
    """
    with pages(browser, lab_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def lesson(browser: Browser, lab_url: str) -> Iterator[Callable[[str], Page]]:
    """`lesson(path)`: the same, run once for all tests of a file. Each of them finds what the one before has left."""
    with pages(browser, lab_url) as opened:
        yield cache(opened)


@contextmanager
def pages(browser: Browser, base: str) -> Iterator[Callable[..., Page]]:
    pages: list[tuple[Page, list[str]]] = []

    def opened(path: str, **options: object) -> Page:
        page = browser.new_page(**({"viewport": {"width": 1280, "height": 1400}} | options))  # type: ignore[arg-type]
        pages.append((page, listen(page, base)))
        page.goto(f"{base}/lab/tree/{path}?reset")
        run_all(page)
        assert page.evaluate(ERRORS) == []
        return page

    yield opened
    complaints = [line for page, lines in pages for line in lines]
    for page, _ in pages:
        page.close()
    assert complaints == []


def listen(page: Page, base: str) -> list[str]:
    """A list that fills with requests to elsewhere and errors on the console, as they come."""
    lines: list[str] = []

    def asked(url: str) -> None:
        if not url.startswith((base, base.replace("http", "ws", 1), "data:", "blob:")):
            lines.append(f"asked for {url}")

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("pageerror", lambda error: lines.append(f"error in the page: {error.stack or error}"))
    page.on("console", lambda said: lines.append(f"console: {said.text}") if said.type == "error" else None)
    return lines


def run_all(page: Page) -> None:
    """Run every cell, once JupyterLab has all it needs: before that, the command silently does nothing."""
    page.set_default_timeout(120_000)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.sessionContext")
    page.evaluate(READY)
    page.wait_for_function("window.kernelReady")
    page.evaluate(RUN_ALL)
    page.wait_for_function(DONE)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], log: pathlib.Path) -> str:
    """The address, once it answers; the server's log if it ends instead."""
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return url
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])
