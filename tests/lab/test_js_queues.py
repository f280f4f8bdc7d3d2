"""Queues and caches in a real browser: what is drawn, what can be pressed, and what follows elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Cluster, Controller, Simulation
from k8slearn.lab.frames import SimSource
from k8slearn.lab.podset import PODSET, pod_for, podset

pytestmark = pytest.mark.browser
ME = "pod-set-controller"


class PodSetController(Controller):
    primary, owns = "podsets", ["pods"]

    def reconcile(self, key):
        wish = self.cache.get("podsets", key)
        if wish is not None:
            for _ in range(wish["spec"]["replicas"] - len(self.cache.owned_by(wish, "pods"))):
                self.client.create(pod_for(wish))


@pytest.fixture
def sim() -> Simulation:
    """Two pods are made and nobody has heard of them; `shop` wants another look, `cafe` was refused."""
    sim = Simulation(Cluster(nodes=0, components=(), kinds=[PODSET], adding=[PodSetController]))
    sim.fault("hold", ME, "pods")
    sim.create(podset("shop", replicas=2))
    sim.run()
    sim.fault("refuse", ME, 1, "InternalError")
    sim.create(podset("cafe", replicas=1))
    sim.step()
    sim.step()
    sim.client.patch("podsets", "default/shop", patch={"metadata": {"labels": {"seen": "again"}}})
    sim.step()
    return sim


@pytest.fixture
def page(open_page: Any, sim: Simulation) -> Any:
    page = open_page(SimSource(sim), panels=("queues", "loop"))
    yield page
    assert page.problems == []


def step_is(page: Any, n: int) -> None:
    page.page.wait_for_function("n => model.get('frame').step === n", arg=n)


def part(page: Any, name: str) -> Any:
    return page(f'[data-queue="{ME}"] [data-part="{name}"]')


def test_a_cache_says_which_events_it_has_not_heard(page: Any, sim: Simulation) -> None:
    pods = sorted(p["metadata"]["name"] for p in sim.client.list("pods"))
    cache = page('[data-cache="pods"]')
    assert "held" in cache.inner_text()
    assert "2 behind" in cache.inner_text()
    heard = cache.locator(".k8s-cause").all_inner_texts()
    assert sorted(words.split()[1] for words in heard) == pods
    cache.locator(".k8s-cause").first.click()
    step_is(page, 4)  # that in which the pod was written: nobody could be behind before


def test_a_key_says_why_it_is_there_and_leads_to_that_step(page: Any, sim: Simulation) -> None:
    last = sim.position
    ready = part(page, "ready")
    assert ready.locator(".k8s-ticket").all_inner_texts() == ["default/shop"]
    ready.locator(".k8s-cause", has_text="podsets shop MODIFIED").click()
    step_is(page, last)
    assert ready.locator(".k8s-cause").all_inner_texts() == [f"step {last}: podsets shop MODIFIED"]


def test_what_failed_waits_and_says_how_often_and_until_when(page: Any) -> None:
    later = part(page, "later").inner_text()
    assert "default/cafe" in later
    assert "in 0.005 s" in later
    assert "failed once: InternalError" in later


def test_the_key_that_was_worked_on_in_this_step_is_shown_with_its_end(page: Any, sim: Simulation) -> None:
    page(".k8s-step").click()
    step_is(page, sim.position)
    working = page('[data-state="working"]')
    assert working.inner_text() == "default/shop"
    told = part(page, "working").inner_text()
    assert " ".join(told.split()) == "has looked at in this step default/shop done"


def test_a_key_that_is_chosen_is_chosen_everywhere(page: Any) -> None:
    page('[data-state="ready"]').click()
    page('[data-state="ready"][aria-pressed="true"]').wait_for()
    assert page.studio.selection == {"player": ME, "object": "default/shop"}
    assert page.page.evaluate("document.activeElement.dataset.order") == f"ready {ME} default/shop"
    assert "default/shop @9, in the store @9" in page('[data-cache="podsets"]').inner_text()
    page('[data-state="ready"]').click()
    page('[data-state="ready"][aria-pressed="false"]').wait_for()
    assert page.studio.selection == {"player": None, "object": None}


def test_a_player_chosen_here_is_chosen_in_the_loop(page: Any) -> None:
    page(f'[data-order="player {ME}"]').click()
    page(f'[data-order="player {ME}"][aria-pressed="true"]').wait_for()
    assert page.studio.selection["player"] == ME
    assert "PodSet" in page('[data-panel="loop"]').inner_text()


def test_a_cluster_at_rest_says_so(open_page: Any) -> None:
    page = open_page(SimSource(Simulation(nodes=1)), panels=("queues",))
    assert "every queue is empty" in page('[data-panel="queues"]').inner_text()
    assert page.problems == []


@pytest.mark.parametrize("width", [664, 1000])
@pytest.mark.parametrize("dark", [False, True])
def test_no_text_is_small_and_nothing_sticks_out(
    open_page: Any, sim: Simulation, width: int, dark: bool
) -> None:
    scheme = "dark" if dark else "light"
    page = open_page(
        SimSource(sim), panels=("queues",), viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    sizes = """[...host.querySelectorAll('b, span, li, p, code, h4, button')]
      .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12
    out = """() => [...document.querySelectorAll('.k8s-watcher *')].filter(each =>
      each.getBoundingClientRect().right > each.closest('.k8s-watcher').getBoundingClientRect().right + 1).length"""
    assert page.page.evaluate(out) == 0
