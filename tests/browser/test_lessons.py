"""The lessons as a learner meets them: a real JupyterLab, a real browser, every cell run, then clicks."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSONS = ["00_the_map", "01_the_store", "03_watching", "04_the_control_loop", "05_edge_or_level"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_can_be_walked_through(open_and_run: Callable[..., Page], lesson: str) -> None:
    page = open_and_run(f"notebooks/{lesson}.ipynb")
    shown = studio(page)
    here = position(shown)
    shot(page, f"{lesson}-run")

    shown.locator(".k8s-back").click()
    step_is(shown, here - 1)

    shown.locator(".k8s-step").click()
    step_is(shown, here)


def test_a_click_on_a_player_shows_what_it_knows(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    shown = studio(page)
    assert shown.locator(".k8s-player-card:visible").count() == 0
    shown.locator('[data-player="replicaset-controller"]').first.click()
    card = shown.locator(".k8s-player-card")
    expect(card).to_contain_text("replicasets")
    expect(card).to_contain_text("pods")
    shot(page, "00-player")
    shown.locator('[data-player="replicaset-controller"]').first.click()
    expect(shown.locator(".k8s-player-card:visible")).to_have_count(0)


def test_playing_goes_on_by_itself_until_it_is_paused(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    shown = studio(page)
    for _ in range(3):
        shown.locator(".k8s-back").click()
    shown.locator(".k8s-play").click()
    page.wait_for_function(
        "() => document.querySelector('.k8s-studio .k8s-readout').textContent.match(/step (\\d+)/)[1] > 4"
    )
    shown.locator(".k8s-play").click()
    paused = position(shown)
    shown.locator(".k8s-step").click()
    expect(shown.locator(".k8s-readout")).to_contain_text(f"step {paused + 1} of")


def test_two_panels_in_two_cells_follow_one_another(open_and_run: Callable[..., Page]) -> None:
    """Lesson 04 shows loop and map under one bar: a step moves both."""
    page = open_and_run("notebooks/04_the_control_loop.ipynb")
    shown = studio(page)
    assert shown.locator('.k8s-panel[data-panel="loop"]').count() == 1
    assert shown.locator('.k8s-panel[data-panel="map"]').count() == 1
    before = shown.locator('.k8s-panel[data-panel="loop"]').inner_text()
    shown.locator(".k8s-scrub").fill("4")
    step_is(shown, 4)
    expect(shown.locator('.k8s-panel[data-panel="loop"]')).to_contain_text("3 pods missing")
    shot(page, "04-loop")
    assert shown.locator('.k8s-panel[data-panel="loop"]').inner_text() != before


def test_a_prediction_can_be_made_and_is_answered(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/00_the_map.ipynb")
    question = page.locator(".k8s-predict").first
    question.scroll_into_view_if_needed()
    expect(question).to_contain_text("Who will create the three pods?")
    expect(question).to_contain_text("the ReplicaSet controller:")  # revealed by the cell further down
    shot(page, "00-prediction")


def test_the_log_shows_what_a_write_changed_and_how_far_each_reader_is(
    open_and_run: Callable[..., Page],
) -> None:
    page = open_and_run("notebooks/01_the_store.ipynb")
    readers = page.locator(".k8s-studio").nth(1)
    readers.scroll_into_view_if_needed()
    expect(readers.locator(".k8s-entry[data-gone]")).to_have_count(5)
    expect(readers.locator('.k8s-reader[title="grace"]')).to_contain_text("@3, expired")
    readers.locator('[data-revision="3"]').click()
    expect(readers.locator(".k8s-readout")).to_contain_text("step 3 of 6")
    expect(readers.locator('[data-mark="changed"]').last).to_contain_text("at: five")
    shot(page, "01-log")


def test_a_request_walks_through_its_stations(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/02_the_api_server.ipynb")
    shown = studio(page)
    shown.locator(".k8s-step").click()
    expect(shown.locator(".k8s-title")).to_have_text("authorize")
    shown.locator(".k8s-stop", has_text="fill defaults").click()
    expect(shown.locator('[data-mark="added"]', has_text="restartPolicy: Always")).to_have_count(1)
    shot(page, "02-request")
    refused = page.locator(".k8s-studio").nth(1)
    refused.scroll_into_view_if_needed()
    refused.locator(".k8s-stop", has_text="answer").click()
    expect(refused.locator('.k8s-stop[data-state="refused"]')).to_have_count(2)
    expect(refused.locator(".k8s-station")).to_contain_text("code: 422")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_in_a_cell_talks_to_the_server_beside_the_notebook(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("notebooks/02_the_api_server.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="configmap/tea created")).to_have_count(1)
    expect(outputs.filter(has_text="Error from server (Conflict)")).not_to_have_count(0)


def test_news_are_delivered_by_hand(open_and_run: Callable[..., Page]) -> None:
    """Lesson 03: a write waits until it is delivered; who was cut goes on from where he was."""
    page = open_and_run("notebooks/03_watching.ipynb")
    shown = studio(page)
    ada = shown.locator('[data-watcher="ada"]')
    shown.locator('[data-order="change"]').click()
    expect(ada).to_contain_text("1 behind")
    shown.locator('[data-order="ada cut"]').click()
    expect(ada).to_contain_text("not connected")
    shown.locator('[data-order="ada watch"]').click()
    shown.locator('[data-order="ada deliver"]').click()
    expect(ada).to_contain_text("remembers @8")
    expect(ada.locator(".k8s-beliefs")).not_to_contain_text("out of date")
    shot(page, "03-desk")
    informers = page.locator(".k8s-studio").last
    informers.scroll_into_view_if_needed()
    shot(page, "03-informers")
    informers.locator('[data-order="endpointslice-controller: pods release"]').click()
    informers.locator('[data-order="endpointslice-controller: pods deliver"]').click()
    expect(informers).to_contain_text("ADDED")
