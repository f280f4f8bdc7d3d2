"""What the browser's tests share: finding a panel, reading its step, keeping a picture for people to look at."""

from __future__ import annotations

import os
import pathlib
import re

from playwright.sync_api import Locator, Page, expect

SHOTS = os.environ.get("K8SLEARN_SHOTS")  # a folder for the pictures; without it, none are taken


def shot(at: Page | Locator, name: str) -> None:
    """Bring this place into sight and keep a picture of the whole window, `name`.png."""
    if not SHOTS:
        return
    page = at.page if isinstance(at, Locator) else at
    if isinstance(at, Locator):
        at.scroll_into_view_if_needed()
    pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=f"{SHOTS}/{name}.png")


def studio(page: Page, number: int = 0) -> Locator:
    """The studio with this number in the notebook, in sight."""
    found = page.locator(".k8s-studio").nth(number)
    found.scroll_into_view_if_needed()
    return found


def step_is(studio: Locator, step: int) -> None:
    """Wait until the studio shows this step."""
    expect(studio.locator(".k8s-readout")).to_contain_text(f"step {step} of")


def position(studio: Locator) -> int:
    """The step that the readout names."""
    found = re.search(r"step (\d+)", studio.locator(".k8s-readout").inner_text())
    assert found
    return int(found[1])
