"""Lesson 06 as a learner meets it: the inside of a controller, what waits in it and why, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/06_edge_and_level.ipynb"
ME = "pod-set-controller"


def test_an_event_becomes_a_key_and_the_key_becomes_work(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    inside = studio(page, 0)
    step_is(inside, 1)
    podsets, ready = inside.locator('[data-cache="podsets"]'), inside.locator('[data-part="ready"]')
    expect(podsets).to_contain_text("1 behind @5")
    expect(podsets.locator(".k8s-cause")).to_have_text(["+ shop @5"])
    expect(ready).to_contain_text("nothing: the queue is empty")
    shot(page, "06-event")

    inside.locator(".k8s-step").click()
    step_is(inside, 2)
    expect(podsets).to_contain_text("nothing to hear")
    expect(ready.locator(".k8s-ticket")).to_have_text(["default/shop"])
    expect(ready.locator(".k8s-cause")).to_have_text(["step 2: podsets shop ADDED"])
    shot(page, "06-key")

    inside.locator(".k8s-step").click()
    step_is(inside, 3)
    expect(inside.locator('[data-cache="pods"]')).to_contain_text("2 behind")
    expect(inside.locator('[data-part="working"]')).to_contain_text("done")

    inside.locator(".k8s-back").click()
    ready.locator(".k8s-ticket").click()
    expect(ready.locator(".k8s-ticket")).to_have_attribute("aria-pressed", "true")
    inside.locator(".k8s-back").click()
    expect(podsets.locator(".k8s-cause")).to_have_attribute(
        "aria-pressed", "true"
    )  # the same key, as an event


def test_a_key_that_failed_waits_and_comes_back(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    trouble = studio(page, 1)
    later = trouble.locator('[data-part="later"]')
    expect(later.locator(".k8s-ticket")).to_have_text(["default/cafe"])
    expect(later).to_contain_text("in 0.02 s")
    expect(later).to_contain_text("failed 3 times: InternalError")
    shot(page, "06-failed")
    trouble.locator(".k8s-step").click()
    expect(later).to_contain_text("nothing")
    expect(trouble.locator('[data-part="ready"] .k8s-cause')).to_contain_text(["its time has come"])


def test_its_own_pods_are_what_it_has_not_heard_of(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    deaf = studio(page, 2)
    pods = deaf.locator('[data-cache="pods"]')
    expect(pods).to_contain_text("held, 3 behind")
    expect(pods.locator(".k8s-cause")).to_have_count(3)
    shot(page, "06-unheard")
    pods.locator(".k8s-cause").first.click()
    expect(deaf.locator(".k8s-title")).to_have_text(f"{ME} reconciles default/shop")
    expect(pods).to_contain_text("held, 1 behind")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(5)
    for number, answer in enumerate(
        ["two:", "three:", "it has listed once:", "what it knew before:", "DELETED, and ada in red:"]
    ):
        expect(questions.nth(number)).to_contain_text(answer)
    questions.nth(3).scroll_into_view_if_needed()
    shot(page, "06-resync")


def test_the_exercises_say_what_is_wrong_and_what_is_right(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/06_edge_and_level.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="✓ 06.1 A work queue")).to_have_count(1)
    expect(outputs.filter(has_text="✓ 06.2 Not one too many")).to_have_count(1)
    wrong = outputs.filter(has_text="✗ 06.3 Who has left?")
    expect(wrong).to_contain_text("the cache is not yours")
    wrong.scroll_into_view_if_needed()
    shot(page, "06-judged")
    expect(outputs.filter(has_text="✓ 06.3 Who has left?")).to_have_count(1)
