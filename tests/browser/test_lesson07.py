"""Lesson 07 as a learner meets it: trees of owners, a collector walked through turn by turn, answers, judgements."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/07_owners.ipynb"
COLLECTOR = "garbage-collector-controller"
SHOTS = os.environ.get("K8SLEARN_SHOTS")  # a folder: keep a picture of each place, for people to look at


def shot(page: Page, name: str, at: Locator) -> None:
    if SHOTS:
        at.scroll_into_view_if_needed()
        pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/07-{name}.png")


def studio(page: Page, number: int) -> Locator:
    """The panel with this number in the notebook, in sight."""
    found = page.locator(".k8s-studio").nth(number)
    found.scroll_into_view_if_needed()
    return found


def step_is(studio: Locator, step: int) -> None:
    expect(studio.locator(".k8s-readout")).to_contain_text(f"step {step} of")


def test_the_tree_of_owners_says_who_is_there_and_who_is_held(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run(NOTEBOOK)
    trees = page.locator(".k8s-owners")
    first = trees.first
    expect(first).to_contain_text("Deployment shop")
    expect(first).to_contain_text("└─ ReplicaSet shop-")
    shot(page, "tree", first)
    without = trees.filter(has_text="Deployment shop  [is not there]")
    expect(without).to_have_count(1)
    shot(page, "without-a-collector", without)
    held = trees.filter(has_text="[held by foregroundDeletion]")
    expect(held).to_have_count(1)
    expect(trees.filter(has_text="[held by example.com/say-goodbye]")).to_have_count(1)
    shot(page, "held", held)


def test_three_deletions_stand_side_by_side(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run(NOTEBOOK)
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
    shot(page, "side-by-side", table)


def test_the_collector_comes_late_and_one_can_go_back_to_before_it(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run(NOTEBOOK)
    late = studio(page, 0)
    collector = late.locator(f'[data-player="{COLLECTOR}"]')
    expect(collector.first).to_be_visible()
    shot(page, "late", late)
    late.locator(".k8s-scrub").fill("5")
    step_is(late, 5)
    expect(collector).to_have_count(0)


def test_a_foreground_deletion_is_walked_to_its_end(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run(NOTEBOOK)
    slow = studio(page, 1)
    loop = slow.locator('.k8s-panel[data-panel="loop"]')
    shot(page, "foreground", slow)
    step_is(slow, 166)
    slow.locator(".k8s-back").click()
    for step in range(166, 192):
        step_is(slow, step - 1)
        slow.locator(".k8s-step").click()
    step_is(slow, 191)
    expect(loop).to_contain_text("deployments default/shop")
    slow.locator(f'[data-player="{COLLECTOR}"]').first.click()
    expect(slow.locator(".k8s-player-card")).to_contain_text("garbage-collector")
    shot(page, "foreground-end", slow)


def test_what_was_predicted_is_answered_below(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run(NOTEBOOK)
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
    shot(page, "predicted", questions.nth(8))


def test_the_exercises_say_what_is_wrong_and_what_is_right(open_and_run: Callable[..., Page]) -> None:
    page = open_and_run("solutions/07_owners.ipynb")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="✓ 07.1 Which are mine?")).to_have_count(1)
    wrong = outputs.filter(has_text="✗ 07.2 Is it really gone?")
    expect(wrong).to_contain_text("leaf default/needle was deleted, though its tree fir is there")
    expect(outputs.filter(has_text="✓ 07.2 Is it really gone?")).to_have_count(1)
    shot(page, "judged", wrong)
