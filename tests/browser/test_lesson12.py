"""Lesson 12 as a learner meets it: a real JupyterLab, a real browser, every cell run, then clicks."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "notebooks/12_custom_resources.ipynb"
OUTPUT = ".jp-OutputArea-output"


def run_again(page: Page, source: str) -> None:
    """Run the cell with this source once more, as people do."""
    page.locator(".jp-CodeCell", has_text=source).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


def test_one_can_walk_through_the_birth_of_a_kind_and_predict(lesson: Callable[[str], Page]) -> None:
    page = lesson(LESSON)
    birth = studio(page, 0)
    here = position(birth)
    assert here > 20  # it follows the cells below: by now the kind has come and gone

    birth.locator(".k8s-scrub").fill("4")
    step_is(birth, 4)
    expect(birth.locator(".k8s-title")).to_contain_text(
        "customresourcedefinition-controller reconciles teapots"
    )
    shot(page, "12-birth")
    birth.locator(".k8s-step").click()
    step_is(birth, 5)

    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(6)
    kept = questions.nth(1)
    expect(kept).to_contain_text("The answer is: tea and cups: Milk is in no schema")
    run_again(page, 'kept = predict("12 what is kept")')
    expect(kept).not_to_contain_text("The answer is")
    kept.get_by_role("radio", name="tea and milk").click()
    run_again(page, "kept.reveal()")
    expect(kept).to_contain_text("You said: tea and milk.")
    kept.scroll_into_view_if_needed()
    shot(page, "12-prediction")


def test_what_is_pruned_and_what_is_filled_in_is_marked(lesson: Callable[[str], Page]) -> None:
    page = lesson(LESSON)
    journey = studio(page, 1)
    journey.locator(".k8s-stop", has_text="decode").click()
    expect(journey.locator('[data-mark="removed"]', has_text="milk: a splash")).to_have_count(1)
    expect(journey.locator('[data-mark="removed"]', has_text="colour: blue")).to_have_count(1)
    shot(page, "12-pruned")
    journey.locator(".k8s-stop", has_text="fill defaults").click()
    expect(journey.locator('[data-mark="added"]', has_text="cups: 2")).to_have_count(1)


def test_versions_stand_side_by_side_and_a_lost_lid_is_seen(lesson: Callable[[str], Page]) -> None:
    page = lesson(LESSON)
    tables = page.locator("table.k8s-sides")
    expect(tables).to_have_count(4)
    before, after, converted = tables.nth(0), tables.nth(1), tables.nth(2)
    before.scroll_into_view_if_needed()
    expect(before.locator("tr[data-differs]")).to_contain_text("lid: blue")
    expect(after).to_contain_text("shelf: top")
    expect(after).not_to_contain_text("lid")
    shot(page, "12-sides")
    converted.scroll_into_view_if_needed()
    expect(converted.locator("th", has_text="v1 (stored)")).to_have_count(1)
    expect(converted.locator("tr[data-differs]")).to_have_count(2)
    shot(page, "12-converted")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_knows_the_new_kind(lesson: Callable[[str], Page]) -> None:
    page = lesson(LESSON)
    outputs = page.locator(OUTPUT)
    table = outputs.filter(has_text="website.example.com/shop scaled")
    expect(table).to_contain_text("DESIRED")
    expect(outputs.filter(has_text='unknown field "spec.replica"')).to_have_count(1)
    expect(outputs.filter(has_text="there must be an index.html")).to_have_count(1)
    table.scroll_into_view_if_needed()
    shot(page, "12-kubectl")


def test_the_solutions_pass_on_the_page(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/12_custom_resources.ipynb")
    for card in ("✓ 12.1 The order book", "✓ 12.2 Once and for all", "✓ 12.3 There and back"):
        expect(page.locator(OUTPUT).filter(has_text=card)).to_have_count(1)
    page.locator(OUTPUT).filter(has_text="✓ 12.1").scroll_into_view_if_needed()
    shot(page, "12-solutions")
