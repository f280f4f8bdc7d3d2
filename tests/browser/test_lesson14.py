"""Lesson 14 as a learner meets it: every cell run, the questions answered, the map walked, the table of all points."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "notebooks/14_aggregation.ipynb"


@pytest.fixture
def page(lesson: Callable[[str], Page]) -> Page:
    return lesson(LESSON)


def test_each_question_is_asked_and_answered(page: Page) -> None:
    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(4)
    answers = [
        "in the weather server's database:",
        "it hangs until the server is back:",
        "the weather server:",
        "no place at all:",
    ]
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(1), "14-question")


def test_the_map_walks_through_the_death_of_the_neighbour(page: Page) -> None:
    shown = studio(page)
    here = position(shown)
    shown.locator(".k8s-scrub").fill("40")
    step_is(shown, 40)
    expect(shown).to_contain_text("Namespace")
    shown.locator(".k8s-step").click()
    step_is(shown, 41)
    shown.locator('[data-player="namespace-controller"]').first.click()
    expect(shown.locator(".k8s-player-card")).to_contain_text("namespaces")
    shot(shown, "14-map")
    assert here > 41


def test_what_cells_found_stands_in_one_table(page: Page) -> None:
    table = page.locator(".k8s-compared").last
    expect(table.locator("tr")).to_have_count(18)
    rows = {
        "validation": [
            "spec.position.latitude in body should be less than or equal to 90",
            "is nowhere on Earth",
        ],
        "versions": ["{'altitude': 0}", "'latitude': 59.9"],
        "other subresources": ["404", "200 rain by noon"],
        "its machine stops": ["v2: 200, v1: 500", "v2: 503, v1: 503"],
        "a version goes": ["was previously a storage version", "v1: 200"],
    }
    for what, (defined, own) in rows.items():
        row = table.locator("tr").filter(has=page.locator(f"td:text-is({what!r})"))
        expect(row.locator("td").nth(1)).to_contain_text(defined)
        expect(row.locator("td").nth(2)).to_contain_text(own)
    shot(table, "14-table")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_sees_the_neighbour_and_its_death(page: Page) -> None:
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="weather.weather.example.com/berlin")).to_have_count(1)
    dead = outputs.filter(has_text="Error from server (ServiceUnavailable)")
    expect(dead).to_contain_text("False (FailedDiscoveryCheck)")
    shot(dead, "14-kubectl")


def test_both_exercises_are_right_in_the_solution(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/14_aggregation.ipynb")
    cards = page.locator("div[role=status]")
    expect(cards.filter(has_text="✓ 14.1 Who answers?")).to_contain_text("right in 287 cases")
    expect(cards.filter(has_text="✓ 14.2 The next ferry")).to_contain_text("right in")
    shot(cards.last, "14-solution")
