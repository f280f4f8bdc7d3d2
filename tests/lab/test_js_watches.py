"""Watches side by side in a real browser: what is drawn, what the buttons do."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Simulation
from k8slearn.lab import watchers
from k8slearn.lab.desk import Desk
from k8slearn.lab.exercises.lesson02 import deployment
from k8slearn.lab.frames import SimSource

pytestmark = pytest.mark.browser


@pytest.fixture
def desk() -> Desk:
    desk = watchers(ada="", grace="room=kitchen")
    desk.write("tea")
    for who in ("ada", "grace"):
        desk.list(who)
        desk.watch(who)
    return desk


@pytest.fixture
def page(open_page: Any, desk: Desk) -> Any:
    page = open_page(desk, panels=("log", "watches"))
    yield page
    assert page.problems == []


def press(page: Any, name: str) -> None:
    """Press a button, and wait until what it did is shown."""
    before = page.page.evaluate("model.get('frame').step")
    page(f'[data-order="{name}"]').click()
    page.page.wait_for_function("before => model.get('frame').step !== before", arg=before)


def told(page: Any, who: str) -> list[str]:
    return [
        line.replace("\n", " ") for line in page(f'[data-watcher="{who}"] .k8s-told li').all_inner_texts()
    ]


def test_a_write_waits_until_it_is_delivered(page: Any) -> None:
    press(page, "move")
    assert "1 behind" in page('[data-watcher="ada"] header').inner_text()
    press(page, "ada deliver")
    press(page, "grace deliver")
    assert told(page, "ada") == ["≡ LIST 1 @5", "~ MODIFIED tea @6"]
    assert told(page, "grace") == ["≡ LIST 1 @5", "- DELETED tea @6"]
    assert page('[data-watcher="grace"] .k8s-beliefs').inner_text() == "nothing"


def test_who_was_cut_and_comes_too_late_has_to_list(page: Any) -> None:
    for name in ("ada cut", "remove", "compact", "ada watch"):
        press(page, name)
    ada = page('[data-watcher="ada"]')
    assert ada.get_attribute("data-state") == "expired"
    assert told(page, "ada")[-1] == "! ERROR 410 Expired"
    assert "gone, and it does not know" in ada.inner_text()
    assert page('[data-watcher="ada"] .k8s-order').all_inner_texts() == ["list"]
    press(page, "ada list")
    assert "gone meanwhile: tea" in told(page, "ada")[-1]


def test_the_chosen_note_is_the_one_that_is_written(page: Any) -> None:
    press(page, "add")
    page('[data-order="note default/tea"]').click()
    page('[data-order="note default/tea"][aria-pressed="true"]').wait_for()
    press(page, "change")
    assert page(".k8s-note").all_inner_texts() == ["milk @6 garden", "tea @7 kitchen 1"]
    assert page.page.evaluate("document.activeElement.dataset.order") == "change"


def test_what_cannot_be_done_is_an_error_that_can_be_read(page: Any, desk: Desk) -> None:
    press(page, "remove")
    page('[data-order="change"]').click()
    page(".k8s-error").wait_for()
    assert "there is no note: write one first" in page(".k8s-error").inner_text()
    assert desk.length == 6


def test_the_informers_of_a_cluster_can_be_held_and_let_go(open_page: Any) -> None:
    sim = Simulation(nodes=1)
    sim.fault("hold", "replicaset-controller", "pods")
    sim.create(deployment(replicas=1))
    sim.run()
    page = open_page(SimSource(sim), panels=("watches",))
    pods = "replicaset-controller: pods"
    assert page(f'[data-watcher="{pods}"]').get_attribute("data-state") == "held"
    press(page, f"{pods} release")
    press(page, f"{pods} deliver")
    assert told(page, pods)[0].startswith("+ ADDED web-")
    assert page.problems == []


@pytest.mark.parametrize("width", [664, 1000])
def test_no_text_is_small_and_nothing_sticks_out(open_page: Any, desk: Desk, width: int) -> None:
    page = open_page(desk, panels=("watches",), viewport={"width": width, "height": 900})
    sizes = """[...host.querySelectorAll('b, i, span, li, p, code, h4, button')]
      .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12
    out = """() => [...document.querySelectorAll('.k8s-watcher *')].filter(each =>
      each.getBoundingClientRect().right > each.closest('.k8s-watcher').getBoundingClientRect().right + 1).length"""
    assert page.page.evaluate(out) == 0
