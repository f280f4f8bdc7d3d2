"""The log and the way of a request in a real browser: what is drawn, and what can be pressed."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Simulation
from k8slearn.apiserver import pipeline
from k8slearn.lab import follow
from k8slearn.lab.logs import StoreSource
from k8slearn.store import Store

pytestmark = pytest.mark.browser


def note(at: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "tea", "namespace": "default"}, "data": {"at": at}}


@pytest.fixture
def tape(open_page: Any) -> Any:
    store = Store()
    for at in ("four", "five", "six"):
        store.put("configmaps", "default/tea", note(at))
    late = store.watch(("configmaps",), 0)
    late.take()
    store.compact(2)
    page = open_page(StoreSource(store, {"late": late}), panels=("log",))
    yield page
    assert page.problems == []


def test_a_column_per_entry_and_a_row_per_reader(tape: Any) -> None:
    assert tape(".k8s-entry").all_inner_texts() == [
        "@1\n+\nconfigmaps\ntea",
        "@2\n~\nconfigmaps\ntea",
        "@3\n~\nconfigmaps\ntea",
    ]
    assert tape(".k8s-entry[data-gone]").count() == 2
    assert tape(".k8s-cell").all_inner_texts() == ["●", "✕", "○"]
    assert "@1, expired" in tape(".k8s-reader").nth(1).inner_text()
    assert tape(".k8s-cursor").count() == 1


def test_a_click_on_an_entry_shows_what_it_changed_and_what_was_there(tape: Any) -> None:
    tape('[data-revision="2"]').click()
    tape('[data-revision="2"][aria-pressed="true"]').wait_for()
    assert "~   at: fivefour" in tape(".k8s-diff").inner_text()
    assert "configmaps default/tea @2" in tape(".k8s-entry-details").inner_text()
    assert tape.page.evaluate("document.activeElement.dataset.revision") == "2"


def test_the_newest_entry_of_a_long_log_is_in_sight(open_page: Any) -> None:
    store = Store()
    for i in range(40):
        store.put("configmaps", "default/tea", note(str(i)))
    page = open_page(StoreSource(store), panels=("log",))
    page('[data-revision="40"]').wait_for()
    inside = """() => {
      const tape = document.querySelector('.k8s-tape').getBoundingClientRect();
      const last = document.querySelector('[data-revision="40"]').getBoundingClientRect();
      return last.left >= tape.left && last.right <= tape.right + 1;
    }"""
    page.page.wait_for_function(inside)
    assert page.problems == []


@pytest.fixture
def request_page(open_page: Any) -> Any:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Web"}, "spec": {"containers": []}}
    page = open_page(follow(Simulation(nodes=1)).create(pod), panels=("pipeline",))
    yield page
    assert page.problems == []


def test_stations_open_as_the_request_passes_them(request_page: Any) -> None:
    page = request_page
    assert page('.k8s-stop[data-state="ahead"]').count() == page(".k8s-stop").count() - 1
    page(".k8s-step").click()
    page('[data-stop="1"][aria-pressed="true"]').wait_for()
    assert "kubernetes-admin is in system:masters" in page(".k8s-station").inner_text()
    filled = 2 + pipeline.CREATE.index(pipeline.fill_defaults)  # after "sent" and "authorize"
    page(".k8s-stop").nth(filled).click()
    page(f'[data-stop="{filled}"][aria-pressed="true"]').wait_for()
    assert page('.k8s-diff [data-mark="added"]').count() == 6


def test_who_refuses_says_why_and_the_rest_is_never_reached(request_page: Any) -> None:
    page = request_page
    last = page(".k8s-stop").count() - 1
    page(".k8s-stop").nth(last).click()
    page(f'[data-stop="{last}"][aria-pressed="true"]').wait_for()
    assert page('.k8s-stop[data-state="refused"]').count() == 2
    assert "code: 422" in page(".k8s-station").inner_text()
    store = page(".k8s-stop").nth(last - 1)
    assert store.get_attribute("data-state") == "ahead"
    store.click()
    page(f'[data-stop="{last - 1}"][aria-pressed="true"]').wait_for()
    assert page(".k8s-station").inner_text() == "The request never came here."


@pytest.mark.parametrize("panel", ["log", "pipeline"])
def test_no_text_is_small(tape: Any, request_page: Any, panel: str) -> None:
    page = {"log": tape, "pipeline": request_page}[panel]
    sizes = """[...host.querySelectorAll('b, i, span, li, p, code, h4, pre div, s')]
      .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12


def test_nothing_glides_for_who_asked_for_less_motion(open_page: Any) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": []}}
    page = open_page(follow(Simulation(nodes=1)).create(pod), panels=("pipeline",), reduced_motion="reduce")
    page(".k8s-step").click()
    page('[data-stop="1"][aria-pressed="true"]').wait_for()
    assert page.page.evaluate("document.getAnimations().length") == 0
    assert page.problems == []
