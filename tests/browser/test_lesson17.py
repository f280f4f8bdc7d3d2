"""Lesson 17 as a learner meets it: places side by side, pictures, packagings, answers, judgements."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "notebooks/17_anywhere.ipynb"


def test_three_places_stand_side_by_side(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    table = page.locator(".k8s-compared").filter(has_text="reached from").first
    expect(table.locator("th")).to_have_text(["", "cloud A", "cloud B", "machine room"])
    rows = table.locator("tr")
    expect(rows.filter(has_text="class of the disk").locator("td")).to_have_text(
        ["class of the disk", "balanced", "standard-disk", "local"]
    )
    shot(table, "17-places")


def test_the_pictures_have_words(lesson: Callable[[str], Page]) -> None:
    pictures = lesson(NOTEBOOK).locator(".jp-RenderedImage img")
    expect(pictures).to_have_count(2)
    shot(pictures.nth(0), "17-timeline")
    shot(pictures.nth(1), "17-nodes")


def test_the_seams_say_where_they_tear(lesson: Callable[[str], Page]) -> None:
    seams = lesson(NOTEBOOK).locator(".k8s-compared").filter(has_text="instance-type: a.large")
    large = seams.locator("tr").filter(has_text="storage: 1Ti").locator("td")
    expect(large.nth(1)).to_have_text("available")
    expect(large.nth(3)).to_contain_text("a disk has 500 GiB at most, not 1024")
    shot(seams, "17-seams")


def test_three_packagings_are_compared(lesson: Callable[[str], Page]) -> None:
    page = lesson(NOTEBOOK)
    shot(page.get_by_text("overlays/production/kustomization.yaml").last, "17-files")
    ways = page.locator(".k8s-compared").filter(has_text="lines somebody writes").last
    expect(ways.locator("tr").filter(has_text="scaled to 5 by hand").locator("td")).to_have_text(
        ["scaled to 5 by hand", "5 servers", "5 servers", "3 servers"]
    )
    shot(ways, "17-packagings")


def test_the_live_cluster_says_the_same(lesson: Callable[[str], Page]) -> None:
    said = lesson(NOTEBOOK).locator(".jp-OutputArea-output").filter(has_text="as in the simulation: True")
    expect(said).to_have_count(1)
    shot(said, "17-live")


def test_what_was_predicted_is_answered_below(lesson: Callable[[str], Page]) -> None:
    questions = lesson(NOTEBOOK).locator(".k8s-predict")
    answers = [
        "an IP, a name, an IP:",
        "only those who rent something:",
        "it waits, and says why:",
        "a machine room makes them wait:",
        "the servers run, the shop waits:",
        "one runs, the other waits:",
        "overlay and operator:",
        "only with the operator:",
        "nothing:",
    ]
    expect(questions).to_have_count(len(answers))
    for number, answer in enumerate(answers):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.nth(4), "17-predicted")


def test_the_exercises_say_what_is_right(lesson: Callable[[str], Page]) -> None:
    outputs = lesson("solutions/17_anywhere.ipynb").locator(".jp-OutputArea-output")
    for title in ("17.1 Pack your things", "17.2 The festival", "17.3 A fourth place"):
        expect(outputs.filter(has_text=f"✓ {title}")).to_have_count(1)
    shot(outputs.filter(has_text="storageclass.storage.k8s.io").first, "17-exercises")
