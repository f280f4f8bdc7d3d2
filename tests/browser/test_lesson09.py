"""Lesson 09 as a learner meets it: every cell run, the table of a decision read, its knobs turned, history walked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "notebooks/09_the_scheduler.ipynb"


@pytest.fixture
def page(lesson: Callable[[str], Page]) -> Page:
    return lesson(LESSON)


def test_each_question_is_asked_and_answered(page: Page) -> None:
    questions = page.locator(".k8s-predict")
    answers = ["to busy:", "yes:", "the one that wants the label:", "it takes the room first:"]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    questions.first.scroll_into_view_if_needed()
    shot(page, "09-question")


def test_a_decision_is_read_and_its_knobs_are_turned(page: Page) -> None:
    first = studio(page, 0)
    expect(first.locator("tr[data-mark=chosen]")).to_have_attribute("data-node", "big")
    expect(first.locator("tr[data-mark=refused]")).to_contain_text("node(s) had untolerated taint(s)")
    shot(page, "09-decision")
    first.locator('[data-knob="cpu"]').fill("5000")
    expect(first.locator(".k8s-remark")).to_contain_text("What if")
    expect(first.locator('tr[data-node="small"]')).to_contain_text("Insufficient cpu")
    first.locator('[data-knob="ImageLocality"]').fill("7")
    expect(first.locator("thead")).to_contain_text("× 7")
    shot(page, "09-what-if")
    first.locator('[data-order="as decided"]').click()
    expect(first.locator(".k8s-remark")).to_contain_text("default/web → big")
    first.locator('.k8s-decided [data-pod="default/db"]').click()
    expect(first.locator(".k8s-remark")).to_contain_text("default/db →")


def test_a_pod_that_waits_says_why_word_for_word(page: Page) -> None:
    waiting = studio(page, 1)
    expect(waiting.locator(".k8s-remark")).to_contain_text(
        "0/3 nodes are available: 1 node(s) had untolerated taint(s)"
    )
    expect(waiting.locator("tr[data-mark=refused]")).to_have_count(3)
    shot(page, "09-waiting")


def test_preemption_can_be_walked_through(page: Page) -> None:
    world = studio(page, 3)
    assert world.locator('.k8s-panel[data-panel="map"]').count() == 1
    for _ in range(40):
        if "It is not bound to it" in world.inner_text():
            break
        before = world.locator(".k8s-readout").inner_text()
        world.locator(".k8s-back").click()
        expect(world.locator(".k8s-readout")).not_to_have_text(before)
    expect(world).to_contain_text("Others make room for it on ship. It is not bound to it.")
    shot(page, "09-nominated")


def test_it_can_be_read_in_the_dark(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    first = studio(page, 0)
    expect(first.locator("tr[data-mark=chosen]")).to_be_visible()
    shot(page, "09-dark")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")


def test_all_exercises_are_right_in_the_solution(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/09_the_scheduler.ipynb")
    cards = page.locator("div[role=status]")
    for title in (
        "09.1 Predict the node",
        "09.2 Pack tightly",
        "09.3 Why does it wait?",
        "09.4 A zone burns",
    ):
        expect(cards.filter(has_text=f"✓ {title}")).to_contain_text("right in")
    cards.last.scroll_into_view_if_needed()
    shot(page, "09-solution")
