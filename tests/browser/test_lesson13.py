"""Lesson 13 as a learner meets it: every cell run, then answers given, panels walked through, pictures looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/13_operators.ipynb"


def test_one_object_becomes_three_and_one_can_go_back_to_before_it(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    website = studio(page, 0)
    website.locator(".k8s-scrub").fill("4")
    step_is(website, 4)
    loop = website.locator('.k8s-panel[data-panel="loop"]')
    expect(loop).to_contain_text("configmaps default/bakery")
    expect(loop).to_contain_text("services default/bakery")
    shot(website, "13-website")
    website.locator(".k8s-back").click()
    step_is(website, 3)
    website.locator('[data-player="website-controller"]').first.click()
    expect(website.locator(".k8s-player-card")).to_contain_text("websites")


def test_the_cloud_stands_beside_the_cluster_and_the_history_that_leaks_is_replayed(
    lesson: Callable[[str], Page],
) -> None:
    page = lesson(NOTEBOOK)
    leak = studio(page, 1)
    cloud = leak.locator('[data-player="cloud"]').first
    step_is(leak, 7)
    expect(cloud).to_contain_text("Cloud (2)")
    shot(leak, "13-leak")
    leak.locator(".k8s-back").click()
    expect(cloud).to_contain_text("Cloud (1)")
    leak.locator(".k8s-scrub").fill("4")
    expect(cloud).to_contain_text("Cloud (0)")
    leak.locator(".k8s-step").click()
    expect(cloud).to_contain_text("Cloud (1)")
    expect(leak).to_contain_text("creates in the cloud, and crashes right then")
    shot(leak, "13-crash")


def test_predictions_are_answered_by_the_cells_below(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(8)
    gap = questions.filter(has_text="The process dies after its first write")
    expect(gap).to_contain_text("two buckets:")
    hangs = questions.filter(has_text="The operator's machine is gone")
    expect(hangs).to_contain_text("nobody is there to remove it")
    shot(gap, "13-prediction")


def test_the_story_the_lease_and_the_bill_can_be_read(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    outputs = page.locator(".jp-OutputArea-output")
    story = outputs.filter(has_text="FridayController, assert_crash_safe")
    expect(story).to_contain_text("creates in the cloud, and crashes right then")
    shot(story, "13-story")
    bill = outputs.filter(has_text="by force: 0 Buckets, in the cloud ['bucket-2']")
    expect(bill).to_contain_text("with patience: 0 Buckets, in the cloud []")
    shot(bill, "13-bill")
    lanes = page.locator(".jp-RenderedImage img").last
    expect(lanes).to_be_visible()
    shot(lanes, "13-lease")
    played = outputs.filter(has_text="Everything is ready.")
    expect(played).to_contain_text("bucket-controller")
    shot(played, "13-run")


def test_the_exercises_open_with_their_holes_and_the_solutions_pass(
    lesson: Callable[[str], Page],
) -> None:
    page = lesson("solutions/13_operators.ipynb")
    for title in ("13.1 Nobody is invited twice", "13.2 A bucket that does not leak", "13.3 By the clock"):
        card = page.locator("[role=status]").filter(has_text=title)
        expect(card).to_contain_text("right under 120 schedules")
        expect(card.filter(has_text="a lost answer")).to_have_count(1 if "13.2" in title else 0)
    shot(card, "13-solved")
