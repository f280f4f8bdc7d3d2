"""Lesson 15 as a learner meets it: a history as a graph, a chain walked back, who is missing, answers, judgements."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/15_no_conductor.ipynb"
PICTURES = [
    "causes(sim)",
    "listening(sim",
    "standstill(calm)",
    "bad_day(*bands",
    "histogram([",
    "concerts({",
]


def below(page: Page, code: str):
    """The cell whose code has this in it."""
    cell = page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea", has_text=code)).last
    cell.scroll_into_view_if_needed()
    return cell


@pytest.mark.parametrize("number", range(len(PICTURES)))
def test_each_picture_is_there(lesson: Callable[[str], Page], number: int) -> None:
    cell = below(lesson(NOTEBOOK), PICTURES[number])
    image = cell.locator(".jp-RenderedImage img").first
    expect(image).to_be_visible()
    assert image.evaluate("img => img.complete && img.naturalWidth") > 600
    shot(image, f"15-picture-{number}")


def test_a_cause_takes_one_back_along_the_chain(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    here = studio(page, 0)
    loop = here.locator('.k8s-panel[data-panel="loop"]')
    shot(here, "15-scheduler")
    bound = position(here)
    here.locator(".k8s-back").click()
    step_is(here, bound - 1)
    here.locator(".k8s-step").click()
    step_is(here, bound)
    expect(loop).to_contain_text("pods")
    loop.get_by_text("step 25").click()
    step_is(here, 25)
    expect(here).to_contain_text("default-scheduler hears of pods")
    shot(here, "15-scheduler-cause")


def test_who_writes_and_who_hears_stands_in_a_table(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    table = page.locator(".k8s-band")
    table.scroll_into_view_if_needed()
    scheduler = table.locator("tr").filter(has_text="default-scheduler")
    expect(scheduler.locator("td").last).to_have_text("writes, hears")
    expect(table.locator("tr").filter(has_text="client").locator("td").nth(1)).to_have_text("writes")
    shot(table, "15-matrix")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    questions = page.locator(".k8s-predict")
    answers = [
        "in none:",
        "nothing:",
        "a Deployment and a ReplicaSet:",
        "in all:",
        "it makes 4 pods:",
        "it goes on:",
        "better than the first, not as well as they:",
    ]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(3), "15-predicted")


def test_the_exercises_say_what_is_wrong_and_what_is_right(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/15_no_conductor.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    for right in (
        "✓ 15.1 Who is missing?",
        "✓ 15.2 Whose hand was it?",
        "✓ 15.3 From a conductor to a player",
    ):
        expect(outputs.filter(has_text=right)).to_have_count(1)
    wrong = outputs.filter(has_text="✗ 15.3 From a conductor to a player")
    expect(wrong).to_contain_text("A player looks first, and makes what is missing.")
    shot(wrong, "15-judged")
