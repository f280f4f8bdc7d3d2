"""The lessons as a learner meets them: a real JupyterLab, a real browser, every cell run, then clicks."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSONS = ["00_the_map", "04_the_control_loop", "05_edge_or_level"]
SHOTS = os.environ.get("K8SLEARN_SHOTS")  # a folder: keep a picture of each lesson, for people to look at


def shot(page: Page, name: str) -> None:
    if SHOTS:
        pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def position(studio: Locator) -> int:
    """The step that the readout names."""
    found = re.search(r"step (\d+)", studio.locator(".k8s-readout").inner_text())
    assert found
    return int(found[1])


def first_studio(page: Page) -> Locator:
    studio = page.locator(".k8s-studio").first
    studio.scroll_into_view_if_needed()
    return studio


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_can_be_walked_through(open_and_run: Callable[..., Page], lesson: str) -> None:
    page = open_and_run(f"notebooks/{lesson}.ipynb")
    studio = first_studio(page)
    here = position(studio)
    shot(page, f"{lesson}-run")

    studio.locator(".k8s-back").click()
    expect(studio.locator(".k8s-readout")).to_contain_text(f"step {here - 1} of")

    studio.locator(".k8s-step").click()
    expect(studio.locator(".k8s-readout")).to_contain_text(f"step {here} of")


def test_a_click_on_a_player_shows_what_it_knows(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    studio = first_studio(page)
    assert studio.locator(".k8s-player-card:visible").count() == 0
    studio.locator('[data-player="replicaset-controller"]').first.click()
    card = studio.locator(".k8s-player-card")
    expect(card).to_contain_text("replicasets")
    expect(card).to_contain_text("pods")
    shot(page, "00-player")
    studio.locator('[data-player="replicaset-controller"]').first.click()
    expect(studio.locator(".k8s-player-card:visible")).to_have_count(0)


def test_playing_goes_on_by_itself_until_it_is_paused(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    studio = first_studio(page)
    for _ in range(3):
        studio.locator(".k8s-back").click()
    studio.locator(".k8s-play").click()
    page.wait_for_function(
        "() => document.querySelector('.k8s-studio .k8s-readout').textContent.match(/step (\\d+)/)[1] > 4"
    )
    studio.locator(".k8s-play").click()
    paused = position(studio)
    studio.locator(".k8s-step").click()
    expect(studio.locator(".k8s-readout")).to_contain_text(f"step {paused + 1} of")


def test_two_panels_in_two_cells_follow_one_another(open_and_run: Callable[..., Page]) -> None:
    """Lesson 04 shows loop and map under one bar: a step moves both."""
    page = open_and_run("notebooks/04_the_control_loop.ipynb")
    studio = first_studio(page)
    assert studio.locator('.k8s-panel[data-panel="loop"]').count() == 1
    assert studio.locator('.k8s-panel[data-panel="map"]').count() == 1
    before = studio.locator('.k8s-panel[data-panel="loop"]').inner_text()
    studio.locator(".k8s-scrub").fill("4")
    expect(studio.locator(".k8s-readout")).to_contain_text("step 4 of")
    expect(studio.locator('.k8s-panel[data-panel="loop"]')).to_contain_text("3 pods missing")
    shot(page, "04-loop")
    assert studio.locator('.k8s-panel[data-panel="loop"]').inner_text() != before


def test_a_prediction_can_be_made_and_is_answered(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    question = page.locator(".k8s-predict").first
    question.scroll_into_view_if_needed()
    expect(question).to_contain_text("Who will create the three pods?")
    expect(question).to_contain_text("the ReplicaSet controller:")  # revealed by the cell further down
    shot(page, "00-prediction")
