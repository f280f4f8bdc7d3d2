"""Lesson 16 as a learner meets it: every cell run, the questions answered, every figure there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIGURES = 6


def test_each_question_is_answered_and_each_figure_is_there(lesson: Callable[[str], Page]) -> None:
    page = lesson("notebooks/16_tens_of_thousands.ipynb")
    questions = page.locator(".k8s-predict")
    answers = ["a hundred times:", "one by field, all by label:", "1,009 times:"]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    figures = page.locator(".jp-RenderedImage img")
    expect(figures).to_have_count(FIGURES)
    for number in range(FIGURES):
        figures.nth(number).scroll_into_view_if_needed()
        assert figures.nth(number).evaluate("image => image.naturalWidth") > 800
        shot(page, f"16-figure-{number}")


def test_both_exercises_are_right_in_the_solution(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/16_tens_of_thousands.ipynb")
    cards = page.locator("div[role=status]")
    expect(cards.filter(has_text="✓ 16.1 Who needs to hear of this?")).to_contain_text("right in")
    expect(cards.filter(has_text="✓ 16.2 A ranking that asks little")).to_contain_text("right in")
    cards.last.scroll_into_view_if_needed()
    shot(page, "16-solution")
