"""Lesson 07 as a learner meets it: trees of owners, a collector walked through turn by turn, answers, judgements."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/07_owners.ipynb"
COLLECTOR = "garbage-collector-controller"


def test_the_tree_of_owners_says_who_is_there_and_who_is_held(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    trees = page.locator(".k8s-owners")
    first = trees.first
    expect(first).to_contain_text("Deployment shop")
    expect(first).to_contain_text("└─ ReplicaSet shop-")
    shot(first, "07-tree")
    without = trees.filter(has_text="Deployment shop  [is not there]")
    expect(without).to_have_count(1)
    shot(without, "07-without-a-collector")
    held = trees.filter(has_text="[held by foregroundDeletion]")
    expect(held).to_have_count(1)
    expect(trees.filter(has_text="[held by example.com/say-goodbye]")).to_have_count(1)
    shot(held, "07-held")


def test_three_deletions_stand_side_by_side(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    table = page.locator(".k8s-fates")
    expect(table.locator("th")).to_have_text(["Background", "Foreground", "Orphan"])
    rows = table.locator("tr")
    expect(rows.nth(1).locator("td")).to_have_text(
        [
            "10 s client: Deployment shop is gone",
            "10 s client: Deployment shop is to be deleted, held by foregroundDeletion",
            "10 s client: Deployment shop is to be deleted, held by orphan",
        ]
    )
    expect(rows.last.locator("td").nth(1)).to_contain_text(f"{COLLECTOR}: Deployment shop is gone")
    shot(table, "07-side-by-side")


def test_the_collector_comes_late_and_one_can_go_back_to_before_it(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    late = studio(page, 0)
    collector = late.locator(f'[data-player="{COLLECTOR}"]')
    expect(collector.first).to_be_visible()
    shot(late, "07-late")
    late.locator(".k8s-scrub").fill("5")
    step_is(late, 5)
    expect(collector).to_have_count(0)


def test_a_foreground_deletion_is_walked_to_its_end(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    slow = studio(page, 1)
    loop = slow.locator('.k8s-panel[data-panel="loop"]')
    shot(slow, "07-foreground")
    step_is(slow, 166)
    slow.locator(".k8s-back").click()
    for step in range(166, 192):
        step_is(slow, step - 1)
        slow.locator(".k8s-step").click()
    step_is(slow, 191)
    expect(loop).to_contain_text("deployments default/shop")
    slow.locator(f'[data-player="{COLLECTOR}"]').first.click()
    expect(slow.locator(".k8s-player-card")).to_contain_text("garbage-collector")
    shot(slow, "07-foreground-end")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(9)
    answers = [
        "three:",
        "it stays, a younger one goes:",
        "four:",
        "it is adopted and deleted:",
        "the ReplicaSet and the pods:",
        "the pods:",
        "it is still there:",
        "it is deleted:",
        "it is deleted:",
    ]
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(8), "07-predicted")


def test_the_exercises_say_what_is_wrong_and_what_is_right(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/07_owners.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="✓ 07.1 Which are mine?")).to_have_count(1)
    wrong = outputs.filter(has_text="✗ 07.2 Is it really gone?")
    expect(wrong).to_contain_text("leaf default/needle was deleted, though its tree fir is there")
    expect(outputs.filter(has_text="✓ 07.2 Is it really gone?")).to_have_count(1)
    shot(wrong, "07-judged")
