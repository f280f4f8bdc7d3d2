"""Clusters that grow, and what is counted in them."""

from __future__ import annotations

import pytest

from k8slearn.lab.crowd import Audience, crowd, place, pod, watchers_of, with_scheduler
from k8slearn.lab.curves import curves
from k8slearn.sim import Simulation

FIELD, LABEL = "fieldSelector=spec.nodeName%3D{}", "labelSelector=on%3D{}"


def test_a_crowd_is_nodes_and_pods_and_nobody_at_work():
    sim = crowd(3, pods_each=2)
    assert (len(sim.client.list("nodes")), len(sim.client.list("pods"))) == (3, 6)
    assert not sim.manager.players


@pytest.mark.parametrize(("query", "woken", "told"), [("", 9, 9), (FIELD, 1, 1), (LABEL, 9, 1)])
def test_who_is_woken_and_who_is_told(query, woken, told):
    sim = crowd(0)
    audience = Audience(sim, {f"node-{n}": query.format(f"node-{n}") for n in range(9)})
    sim.client.create(pod("web", on="node-7"))
    heard = audience.hear()
    assert (heard.woken, heard.told) == (woken, told)
    assert heard.size % told == 0
    assert audience.hear() == (0, 0, 0), "what was read is read"


class Asked:
    name = "Asked"

    def __init__(self):
        self.times = 0

    def looks_at(self, pod, handle):
        return ()

    def filter(self, pod, node):
        self.times += 1


class Secretive(Asked):
    def looks_at(self, pod, handle):
        return None


@pytest.mark.parametrize(("plugin", "times"), [(Asked, 12 + 4), (Secretive, 12 * 5)])
def test_alike_pods_ask_only_the_node_that_has_changed(plugin, times):
    asked = plugin()
    place(with_scheduler(12, asked), [pod(f"web-{n}") for n in range(5)])
    assert asked.times == times


def test_a_pod_for_which_there_is_no_node_is_named():
    with pytest.raises(AssertionError, match="web-1"):
        place(with_scheduler(1), [pod("web-0"), pod("web-1", cpu="9")])


def test_who_watches_a_whole_kind():
    sim = Simulation(nodes=2)
    assert watchers_of(sim, "leases") == ["node-lifecycle-controller"]
    assert not [name for name in watchers_of(sim, "pods") if name.startswith("kubelet")]


def test_curves_say_what_they_show_but_not_what_was_measured():
    lines = {"all": {10: 500, 100: 50_000.0}, "own": {10: 0.25, 100: 7}}
    counted = curves(lines, "bytes")
    assert counted.text == "bytes against nodes\n  all: 500 at 10, 50,000 at 100\n  own: 0.25 at 10, 7 at 100"
    assert curves(lines, "seconds", measured=True, across="pods").text == "seconds against pods\n  all\n  own"
    assert counted.png().startswith(b"\x89PNG")
