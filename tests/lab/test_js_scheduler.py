"""The panel "Every decision explained" in a real browser: what is marked, what can be turned, light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab.frames import SimSource
from tests.lab.test_decisions import sim  # noqa: F401
from tests.lab.test_js_panels import DARK

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, sim: Any) -> Any:  # noqa: F811
    page = open_page(SimSource(sim), panels=("scheduler", "map"))
    page.studio.select(object="default/web")
    page.tell()
    yield page
    assert page.problems == []


def test_marks_are_words_and_signs_and_not_colour_alone(page: Any) -> None:
    said = {row.get_attribute("data-node"): row.inner_text() for row in page("tbody tr").all()}
    assert "★ chosen" in said["big"]
    assert "✓ would do" in said["small"]
    assert "✕ refused" in said["gpu"]
    assert "TaintToleration node(s) had untolerated taint(s)" in said["gpu"]
    assert "0 → 100 × 3" in said["big"]


def test_a_slider_asks_what_if_and_a_button_goes_back(page: Any) -> None:
    page("[data-knob=cpu]").fill("7000")
    page("tr[data-node=small][data-mark=refused]").wait_for()
    assert "What if" in page(".k8s-remark").inner_text()
    assert "7000m (was 2000m)" in page(".k8s-knob[data-turned]").inner_text()
    page("[data-order='as decided']").click()
    page("tr[data-node=small][data-mark=fits]").wait_for()
    assert page("[data-knob=cpu]").input_value() == "2000"


def test_a_pod_chosen_on_the_map_is_explained(page: Any) -> None:
    page(".k8s-panel[data-panel=map] [data-pod='default/giant']").click()
    page(".k8s-decided [data-pod='default/giant'][aria-pressed=true]").wait_for()
    assert "0/3 nodes are available" in page(".k8s-remark").inner_text()


def test_before_the_first_decision_there_is_no_table(page: Any) -> None:
    page.studio.goto(0)
    page.tell()
    assert "has not decided anything yet" in page(".k8s-remark").inner_text()
    assert page(".k8s-decision").is_hidden()


def test_light_and_dark_come_from_the_theme(page: Any) -> None:
    page.page.evaluate("css => { document.documentElement.style.cssText = css }", DARK)
    look = "document.querySelector('tr[data-node=big] .k8s-score b')"
    assert page.page.evaluate(f"getComputedStyle({look}).color") == "rgb(250, 250, 250)"


def test_nothing_is_small_and_nothing_sticks_out(page: Any) -> None:
    every = "[...host.querySelectorAll('.k8s-decision *, .k8s-knobs *')]"
    sizes = page.page.evaluate(f"{every}.map(each => parseFloat(getComputedStyle(each).fontSize))")
    assert min(sizes) >= 12
    assert page.page.evaluate("host.querySelector('.k8s-decision').scrollWidth <= host.clientWidth")
