"""Traffic in a real browser: streams and endpoints, what can be pressed, and that nothing jumps."""

from __future__ import annotations

import os
from typing import Any

import pytest

from k8slearn.lab.frames import SimSource
from k8slearn.sim import Simulation
from tests.traffic.scenes import service, settle, start, town, web

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("K8SLEARN_SHOTS")


@pytest.fixture(scope="module")
def world() -> tuple[Simulation, int]:
    """Five pods, of which one is gone; and the step in which it goes."""
    sim = town(3)
    sim.create([*(web(f"web-{i}", f"node-{i % 3}") for i in range(5)), service()])
    settle(sim)
    start(sim, "shoppers", rate=200)
    sim.advance(5)
    sim.client.delete("pods", "default/web-1", gracePeriodSeconds=0)
    went = sim.position
    sim.advance(8)
    return sim, went


@pytest.fixture(params=["light", "dark"])
def page(open_page: Any, world: tuple[Simulation, int], request: Any) -> Any:
    sim, went = world
    sim.goto(went)
    page = open_page(SimSource(sim), panels=("traffic", "loop"), color_scheme=request.param)
    if SHOTS:
        page.page.add_style_tag(content=":root { color-scheme: light dark } body { background: Canvas }")
    yield page
    if SHOTS:
        page.page.screenshot(path=f"{SHOTS}/traffic-{request.param}-{request.node.originalname}.png")
    assert page.problems == []


def endpoint(page: Any, pod: str) -> Any:
    return page(f'[data-endpoint="default/{pod}"]')


def to_step(page: Any, step: int) -> None:
    page.page.evaluate("step => model.send({ do: 'goto', step })", step)
    page.page.wait_for_function("n => model.get('frame').step === n", arg=step)


def test_a_pod_that_is_gone_is_still_sent_to_and_says_so(page: Any) -> None:
    gone = endpoint(page, "web-1")
    assert gone.get_attribute("data-truth") == "gone"
    assert "3/3" in gone.text_content()
    assert page(".k8s-stream.k8s-answered").count() == 3 + 3 * 5
    assert page(".k8s-stream.k8s-lost").count() == 0  # the second that is over was a good one


def test_losses_are_dashed_and_carry_a_cross(page: Any, world: tuple[Simulation, int]) -> None:
    sim, went = world
    after = next(s.number for s in sim.trace.steps[went:] if s.time >= int(sim.trace[went].time) + 1)
    to_step(page, after)
    lost = page(".k8s-stream.k8s-lost").first
    assert lost.evaluate("path => getComputedStyle(path).strokeDasharray") != "none"
    assert "lost ×" in page(".k8s-second").inner_text()
    assert "×" in page(".k8s-past text").first.text_content()


def test_pressing_an_endpoint_or_a_router_selects_it_everywhere(page: Any) -> None:
    endpoint(page, "web-2").click()
    page.page.wait_for_function("model.get('frame').selection.object === 'default/web-2'")
    assert endpoint(page, "web-2").get_attribute("aria-pressed") == "true"
    page('[aria-label="router node-1"]').click()
    page.page.wait_for_function("model.get('frame').selection.player === 'service-router/node-1'")
    assert "node-1" in page('[data-panel="loop"]').inner_text()


def test_whoever_stays_keeps_its_line(page: Any, world: tuple[Simulation, int]) -> None:
    sim, _ = world
    names = [f"web-{i}" for i in (0, 2, 3, 4)]

    def places() -> list[Any]:
        return [endpoint(page, name).get_attribute("transform") for name in names]

    before, size = places(), page(".k8s-traffic").bounding_box()
    to_step(page, len(sim.trace))
    assert endpoint(page, "web-1").count() == 0
    assert (places(), page(".k8s-traffic").bounding_box()) == (before, size)


def test_no_word_is_smaller_than_twelve_pixels(page: Any) -> None:
    sizes = page.page.evaluate(
        """[...document.querySelectorAll('[data-panel="traffic"] text, [data-panel="traffic"] span')].map(each => {
          const scale = each.getScreenCTM ? each.getScreenCTM().a : 1;
          return parseFloat(getComputedStyle(each).fontSize) * scale; })"""
    )
    assert sizes
    assert min(sizes) >= 12
