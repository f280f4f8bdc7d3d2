"""Lesson 11 as a learner meets it: tables of routes, streams of requests, pictures of rollouts, answers, judgements."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/11_traffic.ipynb"


def test_routes_show_the_truth_beside_what_each_router_believes(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    tables = page.locator(".k8s-routes")
    expect(tables.first.locator("th")).to_have_text(
        ["address", "pod", "the pod is", "EndpointSlice says", "node-0", "node-1", "node-2"]
    )
    expect(tables.first.locator("tr")).to_have_count(4)
    waiting = tables.nth(1).locator("tr").last
    expect(waiting.locator("td").nth(2)).to_have_text("not ready")
    expect(waiting.locator("td").nth(4)).to_have_text("·")
    gone = tables.filter(has_text="gone").locator("tr", has_text="gone")
    expect(gone.locator("td").nth(3)).to_have_text("ready")
    expect(gone.locator("td", has_text="sends !")).to_have_count(3)
    shot(gone, "11-gone")


def test_requests_are_streams_and_one_can_walk_to_those_that_were_lost(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    walk = studio(page)
    panel = walk.locator('[data-panel="traffic"]')
    lost = panel.locator(".k8s-stream.k8s-lost")
    expect(lost.first).to_be_visible()
    expect(panel.locator('[data-truth="gone"]')).to_contain_text("×")
    expect(panel.locator(".k8s-second")).to_contain_text("lost ×")
    shot(walk, "11-streams")
    start = position(walk)
    for step in range(start + 1, start + 60):
        walk.locator(".k8s-step").click()
        step_is(walk, step)
        if not lost.count():
            break
    expect(panel.locator(".k8s-second")).to_contain_text("none lost")
    expect(panel.locator(".k8s-past text").first).to_have_text("×")
    shot(walk, "11-streams-later")
    ready = panel.locator('[data-truth="ready"]').first
    ready.click()
    expect(ready).to_have_attribute("aria-pressed", "true")
    shot(walk, "11-chosen")


def test_a_rollout_is_a_picture_for_each_mistake(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    pictures = page.locator(".jp-OutputArea-output img")
    expect(pictures).to_have_count(4)
    for number, name in enumerate(("rollouts", "a-day", "fight", "left-out")):
        shot(pictures.nth(number), f"11-{name}")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    questions = page.locator(".k8s-predict")
    answers = [
        "on none:",
        "in the slice, and not in the routers' tables:",
        "about a quarter of a second's:",
        "none:",
        "a quarter of them is refused:",
        "goes to another one:",
        "none:",
        "no readiness:",
        "five minutes later:",
        "two, and then slowly more:",
        "a conflict:",
        "one:",
    ]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(2), "11-predicted")


def test_the_lesson_is_legible_in_the_dark(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    expect(studio(page).locator(".k8s-second")).to_be_visible()
    shot(studio(page), "11-dark")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")


def test_the_exercises_say_what_is_right(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/11_traffic.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="✓ 11.1 A rollout that drops no request")).to_have_count(1)
    expect(outputs.filter(has_text="✓ 11.2 Who is sent where?")).to_have_count(1)
    shot(outputs.filter(has_text="✓ 11.1"), "11-judged")
