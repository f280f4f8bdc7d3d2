"""The tree of owners in a real browser: what is drawn, what can be pressed, and that nothing jumps."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Cluster, Simulation
from k8slearn.lab.frames import SimSource
from tests.fakes import deployment

pytestmark = pytest.mark.browser
KEY = "default/web"


@pytest.fixture(scope="module")
def rolled_out() -> Simulation:
    """Two pods were replaced by two others."""
    sim = Simulation(Cluster(nodes=1))
    sim.create(deployment(replicas=2))
    sim.run()
    obj = sim.client.get("deployments", KEY)
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/app:2"
    sim.client.update(obj)
    sim.run()
    return sim


@pytest.fixture
def sim(rolled_out: Simulation) -> Simulation:
    return rolled_out.fork()


@pytest.fixture
def page(open_page: Any, sim: Simulation) -> Any:
    page = open_page(SimSource(sim), panels=("owners", "map"))
    yield page
    assert page.problems == []


def step_is(page: Any, n: int) -> None:
    page.page.wait_for_function("n => model.get('frame').step === n", arg=n)


def changed(sim: Simulation) -> int:
    """The step that made the old ReplicaSet smaller for the first time."""
    writes = ((step.number, call) for step in sim.trace.of("deployment-controller") for call in step.writes)
    return next(number for number, call in writes if call.verb == "update" and call.resource == "replicasets")


def test_each_stands_below_its_owner_and_who_is_gone_is_struck_through(page: Any) -> None:
    kinds = page(".k8s-kin li b").all_inner_texts()
    assert kinds == ["Deployment", "ReplicaSet", "Pod", "Pod", "ReplicaSet", "Pod", "Pod"]
    assert page('.k8s-kin [data-there="false"] .k8s-changed').all_inner_texts() == ["gone", "gone"]
    assert page(".k8s-kin [data-state=Ready]").count() == 2


def test_a_step_says_what_it_has_changed(page: Any, sim: Simulation) -> None:
    at = changed(sim)
    page.studio.goto(at)
    page.tell()
    step_is(page, at)
    told = page('.k8s-changed[data-mark="~"]').all_inner_texts()
    assert any("spec.replicas 2 → 1" in words for words in told)


def test_a_click_chooses_in_all_panels_and_tells_what_differs(page: Any, sim: Simulation) -> None:
    page.studio.goto(changed(sim))
    page.tell()
    old = min(sim.client.list("replicasets"), key=lambda rs: rs["metadata"]["creationTimestamp"])
    name = old["metadata"]["name"]
    page(f'.k8s-kinsman:has-text("ReplicaSet {name}")').click()
    page('.k8s-kinsman[aria-pressed="true"]').wait_for()
    assert page.studio.selection["object"] == f"default/{name}"
    assert "replicas: 1" in page(".k8s-kin-diff .k8s-diff [data-mark=changed]").all_inner_texts()[2]
    page(f'.k8s-kinsman:has-text("ReplicaSet {name}")').click()
    page('.k8s-kin-diff :text("Click an object")').wait_for()
    assert page.studio.selection["object"] is None


def test_what_is_chosen_elsewhere_is_chosen_here(page: Any) -> None:
    page.studio.select(object=KEY)
    page.tell()
    page('[data-object="Deployment web"]').wait_for()
    assert page('.k8s-kinsman[aria-pressed="true"]').inner_text().split() == ["Deployment", "web"]


def test_a_revision_is_picked_and_let_go(page: Any) -> None:
    page(".k8s-kinsman").first.click()
    choice = page(".k8s-kin-diff select")
    choice.wait_for()
    assert choice.evaluate("each => each.value") == "0"
    first = choice.locator("option").nth(1)
    revision = first.get_attribute("value")
    choice.select_option(revision)
    page(".k8s-kin-back").wait_for()
    assert f"since @{revision}" in page(".k8s-kin-head").inner_text()
    assert choice.evaluate("each => each.value") == revision
    assert page('.k8s-changed[data-mark="+"]').count() == 3, "all that were made since"
    page(".k8s-kin-back").click()
    page(".k8s-kin-back").wait_for(state="detached")
    assert page(".k8s-kin-head").inner_text() == "What has changed in this step."
    assert choice.evaluate("each => each.value") == "0"


def test_the_panel_keeps_its_size_and_its_rows_their_places(page: Any, sim: Simulation) -> None:
    places = """() => Object.fromEntries([...host.querySelectorAll('.k8s-kinsman')].map(each =>
      [each.dataset.order, each.getBoundingClientRect().y]))"""
    high, last = page("[data-panel=owners]").bounding_box()["height"], page.page.evaluate(places)
    for step in range(0, len(sim.trace), 30):
        page.studio.goto(step)
        page.tell()
        step_is(page, step)
        assert page("[data-panel=owners]").bounding_box()["height"] == high
        here = page.page.evaluate(places)
        assert here.items() <= last.items(), f"something has jumped at step {step}"


@pytest.mark.parametrize("width", [664, 1000])
@pytest.mark.parametrize("dark", [False, True])
def test_no_text_is_small_and_nothing_sticks_out(
    open_page: Any, sim: Simulation, width: int, dark: bool
) -> None:
    scheme = "dark" if dark else "light"
    page = open_page(
        SimSource(sim), panels=("owners",), viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page(".k8s-kinsman").first.click()
    page(".k8s-kin-diff select").wait_for()
    sizes = """[...host.querySelectorAll('b, span, li, p, h4, button, select, pre, label')]
      .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12
    out = """() => [...host.querySelectorAll('.k8s-kin, .k8s-kin-diff, .k8s-kin-diff select')].filter(each =>
      each.getBoundingClientRect().right > host.querySelector('.k8s-studio').getBoundingClientRect().right).length"""
    assert page.page.evaluate(out) == 0
    assert page.problems == []
