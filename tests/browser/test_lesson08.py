"""Lesson 08 as a learner meets it: the tree that changes, an object in two revisions, rollouts as pictures, answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/08_rollouts.ipynb"


def test_the_tree_says_what_a_step_has_changed(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    tree = studio(page)
    here = position(tree)
    kin = tree.locator(".k8s-kin")
    expect(kin.locator("li").first).to_contain_text("Deployment shop")
    made = kin.locator("li", has_text="ReplicaSet").last
    expect(made.locator(".k8s-changed")).to_have_text("new")
    shot(tree, "08-tree")
    tree.locator(".k8s-back").click()
    step_is(tree, here - 1)
    expect(kin.locator("li", has_text="ReplicaSet")).to_have_count(1)
    tree.locator(".k8s-step").click()
    step_is(tree, here)


def test_an_object_is_compared_with_what_it_was(lesson: Callable[[str], Page]) -> None:
    tree = studio(lesson(NOTEBOOK))
    first = tree.locator(".k8s-kinsman").first
    side, new = tree.locator(".k8s-kin-diff"), tree.locator('.k8s-changed[data-mark="+"]')
    expect(side).to_contain_text("Click an object")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(side).to_contain_text("Deployment shop")
    side.locator("select").select_option(index=1)
    expect(side.locator(".k8s-diff")).to_contain_text("k8slearn/web:1")
    expect(new).to_have_count(6)  # two ReplicaSets and four pods: everything that was made since
    shot(tree, "08-since")
    tree.locator(".k8s-kin-back").click()
    expect(new).to_have_count(1)
    first.click()
    expect(side).to_contain_text("Click an object")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    questions = lesson(NOTEBOOK).locator(".k8s-predict")
    answers = [
        "a second ReplicaSet:",
        "they are deleted:",
        "five there, four ready:",
        "forty seconds:",
        "the shop is as it was:",
        "it writes the old template into the Deployment:",
        "it goes at once, like version 1:",
        "from shop-2 to shop-0:",
    ]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(1), "08-neighbour")


def test_rollouts_stand_side_by_side(lesson: Callable[[str], Page]) -> None:
    pictures = lesson(NOTEBOOK).locator(".jp-RenderedImage img")
    expect(pictures).to_have_count(2)
    for number in range(2):
        assert pictures.nth(number).evaluate("image => image.naturalWidth") > 600
        shot(pictures.nth(number), f"08-rollouts-{number}")


def test_the_exercises_are_right_in_the_solution(lesson: Callable[[str], Page]) -> None:
    cards = lesson("solutions/08_rollouts.ipynb").locator("div[role=status]")
    expect(cards.filter(has_text="✓ 08.1 One turn of a rollout")).to_contain_text("right in")
    expect(cards.filter(has_text="✓ 08.2 The version before")).to_contain_text("right in")
    expect(cards.filter(has_text="✓ 08.3 Whose turn is it?")).to_contain_text("right in")
    shot(cards.last, "08-solution")
