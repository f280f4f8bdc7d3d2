"""A workload's size against the load: whose hand wrote which number, and what it cost."""

from __future__ import annotations

import pytest

from k8slearn.lab.scaling import resizes, scaling
from k8slearn.lab.traffic import SERVICE, deployment
from k8slearn.sim import Simulation
from tests.traffic.scenes import settle, start, town

KEY = "default/web"


@pytest.fixture(scope="module")
def sim() -> Simulation:
    """Three by hand, then one by hand in the middle of everything, then three again."""
    sim = town(2)
    sim.create([deployment(3), SERVICE])
    settle(sim, 15)
    start(sim, "shoppers", rate=120)
    sim.advance(5)
    for replicas in (1, 3):
        sim.client.patch("deployments", KEY, patch={"spec": {"replicas": replicas}})
        sim.advance(20)
    return sim


def test_every_change_of_the_size_has_a_hand(sim: Simulation) -> None:
    found = resizes(sim, KEY)
    assert [(each.replicas, each.by) for each in found] == [(3, "you"), (1, "you"), (3, "you")]
    assert found[2].time - found[1].time == pytest.approx(20, abs=0.1)
    sim.client.patch("deployments", KEY, patch={"metadata": {"labels": {"a": "b"}}})
    assert resizes(sim, KEY) == found


def test_the_picture_says_in_words_what_it_draws(sim: Simulation) -> None:
    picture = scaling({"by hand": sim}, KEY)
    assert picture.text.startswith("by hand: 3 by you at 0 s, 1 by you at ")
    lost = sim.world["traffic"].total("shoppers").lost
    assert lost > 0
    assert picture.text.endswith(f"; {lost} of {sim.world['traffic'].total('shoppers').sent} requests lost")
    load, size = picture.figure.axes
    assert load.get_title(loc="left").startswith(f"by hand: {lost} of ")
    assert [text.get_text() for text in size.texts] == ["3", "1", "3"]
