"""What all tests share: the checkout, a Chromium, a running control plane, and hypothesis made repeatable."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.up import Up, running
from tools import browser as chromium

CHROMIUM = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
)

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The folder that holds pyproject.toml."""
    return pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: while playwright is on, no other event loop runs in this thread.

    Without one, tests are skipped with the reason, unless CI=true, where they fail.
    """
    path = chromium.find()
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(chromium.MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM.split())
        yield running
        running.close()


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A `k8slearn up` for everybody: leave it as you found it, and let it run."""
    yield from running(tmp_path_factory.mktemp("up"), "--nodes", "3", "--stages", "hollow")
