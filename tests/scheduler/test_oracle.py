"""The fast scheduler against the slow one: the same nodes will do, for the same reasons not, with the same scores.

Between two pods something happens: pods come and go, nodes change, come and go, so that what is remembered has to be
brought up to date in every way that there is.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from k8slearn.api.clock import Dice
from k8slearn.scheduler import DEFAULT_PLUGINS, Framework, PodInfo
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.ranking import Ranking, choose
from k8slearn.scheduler.snapshot import Snapshot
from tests.scheduler import oracle, worlds


class Both:
    """One world, told to both."""

    def __init__(self, seed: int) -> None:
        self.dice, self.seed = Random(seed), seed
        found = worlds.others()
        self.world = oracle.World({}, [], found)
        self.snapshot = Snapshot()
        self.handle = Imagined(self.snapshot, worlds.as_objects(found))
        self.framework, self.rankings = Framework(DEFAULT_PLUGINS), dict[str | None, Ranking]()
        self.kinds = [worlds.pod(self.dice, f"kind-{i}") for i in range(self.dice.randint(1, 5))]
        self.made = 0
        for i in range(self.dice.randint(2, 7)):
            self.set_node(f"n{i}")

    def set_node(self, name: str) -> None:
        self.world.nodes[name] = worlds.node(self.dice, name)
        self.snapshot.set_node(self.world.nodes[name])

    def remove_node(self, name: str) -> None:
        del self.world.nodes[name]
        self.snapshot.remove_node(name)

    def place(self, pod: Any, node: str) -> None:
        self.world.placed.append((pod, node))
        self.snapshot.add_pod(PodInfo(pod), node)

    def remove(self, number: int) -> None:
        pod, _ = self.world.placed.pop(number)
        self.snapshot.remove_pod(PodInfo(pod).key)

    def next_pod(self) -> Any:
        self.made += 1
        kind = self.dice.choice(self.kinds)
        name = f"p{self.made}"
        return {**kind, "metadata": {**kind["metadata"], "name": name, "uid": name}}

    def something_happens(self) -> None:
        what, names = self.dice.random(), sorted(self.world.nodes)
        if what < 0.3 and self.world.placed:
            self.remove(self.dice.randrange(len(self.world.placed)))
        elif what < 0.4 and len(names) > 1:
            self.remove_node(self.dice.choice(names))
        elif what < 0.6:
            self.set_node(f"n{self.dice.randint(0, 7)}")
        elif what < 0.7 and names:
            self.place(self.next_pod(), self.dice.choice(names))

    def ranking(self, info: PodInfo) -> Ranking:
        signature = self.framework.signature(info, self.handle)
        fresh = Ranking(self.framework, self.snapshot, self.handle)
        return fresh if signature is None else self.rankings.setdefault(signature, fresh)

    def compare(self) -> None:
        """Both are asked about a pod; then it is put where the fast one says."""
        pod, world = self.next_pod(), self.world
        info = PodInfo(pod)
        ranking = self.ranking(info)
        ranking.update(info)
        said = {n: oracle.reasons(pod, node, world) for n, node in world.nodes.items()}
        assert {n: list(r.reasons) for n, r in ranking.refused.items()} == {
            n: r for n, r in said.items() if r
        }
        will_do = {n: node for n, node in world.nodes.items() if not said[n]}
        totals = oracle.totals(pod, will_do, world)
        assert ranking.total == totals
        best = sorted(n for n, t in totals.items() if t == max(totals.values()))
        assert ranking.winners() == best
        if best:
            chosen = choose(best, info, Dice(self.seed))
            assert chosen == choose(best, info, Dice(self.seed)), "ties are broken by the seed"
            self.place(pod, chosen)


def compare(seed: int) -> None:
    both = Both(seed)
    for _ in range(8):
        both.compare()
        both.something_happens()


@pytest.mark.parametrize("hundred", range(3))
def test_both_say_the_same(hundred: int) -> None:
    for seed in range(hundred * 50, hundred * 50 + 50):
        compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(20))
def test_both_say_the_same_of_two_thousand_clusters(hundred: int) -> None:
    for seed in range(10_000 + hundred * 100, 10_000 + hundred * 100 + 100):
        compare(seed)


def test_the_worlds_are_such_that_every_rule_has_something_to_say() -> None:
    """Or else agreeing with each other would mean little."""
    seen: set[str] = set()
    for seed in range(60):
        both = Both(seed)
        for _ in range(6):
            pod = both.next_pod()
            for node in both.world.nodes.values():
                seen.update(oracle.reasons(pod, node, both.world))
            both.place(pod, both.dice.choice(sorted(both.world.nodes)))
    assert len(seen) >= 17, sorted(seen)
