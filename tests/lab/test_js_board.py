"""The panel "nodes and pods" in a real browser: what is pressed, what is read, what stays in its place."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab.frames import SimSource
from tests.fakes import pod
from tests.lab.test_board import running, sim  # noqa: F401
from tests.lab.test_js_panels import DARK

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, sim: Any) -> Any:  # noqa: F811
    page = open_page(SimSource(sim), panels=("board", "map"))
    yield page
    assert page.problems == []


def test_a_pressed_pod_is_chosen_in_every_panel_and_told_in_words(page: Any) -> None:
    page(".k8s-board [data-key='default/crash']").click()
    page(".k8s-about strong").wait_for()
    assert "waiting (CrashLoopBackOff)" in page(".k8s-about").inner_text()
    assert page(".k8s-map [data-key='default/crash'] .k8s-halo").count() == 1
    page(".k8s-board [data-key='default/crash']").press("Enter")
    page(".k8s-about[data-empty]").wait_for()


def test_a_pressed_node_says_its_conditions(page: Any) -> None:
    page(".k8s-board [data-player='kubelet/node-1'] .k8s-tray-body").click()
    page(".k8s-about strong").wait_for()
    assert "Ready True: KubeletReady" in page(".k8s-about").inner_text()


def test_marks_meters_and_reasons_can_be_read_without_colour(page: Any) -> None:
    assert "CrashLoopBackOff ↻" in page(".k8s-board .k8s-trouble").text_content()
    assert page(".k8s-board [data-key='default/big'] .k8s-pod-mark").count() == 1
    assert "2 of 8" in page(".k8s-board [data-key='kubelet/node-0'].k8s-tray").text_content()
    assert page(".k8s-board [data-key='default/nowhere'][data-room=node]").count() == 1


def test_trays_stay_where_they_are_from_step_to_step(page: Any) -> None:
    place = "[...host.querySelectorAll('.k8s-board .k8s-tray-body')].map(each => each.outerHTML)"
    last, before = page.studio.source.length, page.page.evaluate(place)
    page.studio.goto(last // 3)
    page.tell()
    assert page.page.evaluate(place) == before


def test_fifty_nodes_are_drawn_small_and_the_rest_counted(open_page: Any) -> None:
    page = open_page(SimSource(running(pod("p"), nodes=53, seconds=10)), panels=("board",))
    assert page(".k8s-board [data-player]").count() == 50
    assert "+3 more nodes" in page("[data-panel=board]").inner_text()
    assert page.problems == []


def test_nothing_is_small_and_nothing_sticks_out(page: Any) -> None:
    every = "[...host.querySelectorAll('[data-panel=board] *')].filter(each => each.textContent.trim())"
    sizes = page.page.evaluate(f"{every}.map(each => parseFloat(getComputedStyle(each).fontSize))")
    assert min(sizes) >= 12
    assert page.page.evaluate("host.querySelector('.k8s-board').scrollWidth <= host.clientWidth")
    page.page.evaluate("css => { document.documentElement.style.cssText = css }", DARK)
    words = "document.querySelector('.k8s-board .k8s-trouble')"
    assert page.page.evaluate(f"getComputedStyle({words}).fill") == "rgb(250, 250, 250)"
