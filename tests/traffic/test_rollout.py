"""A rollout of twenty replicas under five hundred requests a second: a number, and not a word."""

from __future__ import annotations

import pytest

from k8slearn.lab import traffic
from k8slearn.lab.traffic import CARE, SHOPPERS, deployment, rollout, total
from k8slearn.sim import Simulation

SEEDS = range(3)


def test_with_care_no_request_is_lost():
    for seed in SEEDS:
        sim = rollout(deployment(), seed=seed)
        seen = total(sim)
        assert seen.sent > 500 * 25
        assert (seen.ok, seen.lost) == (seen.sent, 0)
        images = {p["spec"]["containers"][0]["image"] for p in sim.client.list("pods")}
        assert images == {"k8slearn/web:2"}
        assert len(sim.client.list("pods")) == 20


def test_with_the_classic_mistakes_some_are():
    for seed in SEEDS:
        seen = total(rollout(deployment(careful=False), seed=seed))
        assert seen.errors["refused"] > 100
        assert seen.errors["reset"] > 0
        assert seen.ok + seen.lost == seen.sent


@pytest.mark.parametrize("mistake", ["readinessProbe", "lifecycle"])
def test_without_a_probe_or_a_pause_before_the_end_requests_are_refused(mistake):
    assert total(rollout(deployment(8, without=(mistake,)), rate=200)).errors["refused"] > 0
    assert mistake in CARE


def test_long_answers_are_cut_off_unless_the_program_finishes_what_it_has_begun():
    for drains, lost in ((0, True), (9, False)):
        web = deployment(4)
        (container,) = web["spec"]["template"]["spec"]["containers"]
        container["env"] = [
            {"name": "ANSWERS_IN", "value": "7"},
            {"name": "DRAINS_FOR", "value": str(drains)},
        ]
        sim = rollout(web, rate=50, patience=20)
        assert (total(sim).errors.get("reset", 0) > 0) == lost
        assert total(sim).ok > 0


def test_it_is_the_lag_of_the_routers_that_sends_people_to_pods_that_are_gone():
    for lag, loses in ((0.0, False), (2.0, True)):
        seen = total(rollout(deployment(8, without=("lifecycle",)), rate=200, lag=lag))
        assert (seen.errors.get("refused", 0) > 0) == loses


def series(sim: Simulation) -> list[traffic.Point]:
    return sim.world["traffic"].series(SHOPPERS)


def test_the_same_seed_gives_the_same_series_and_another_seed_another():
    one, same, other = (rollout(deployment(8, careful=False), seed=s, rate=200) for s in (1, 1, 2))
    assert series(one) == series(same) != series(other)


def test_what_came_back_is_undone_and_comes_back_again():
    sim = rollout(deployment(8, careful=False), rate=200)
    before, end = series(sim), sim.position
    for number in (end // 2, end - 3):
        sim.goto(number)
        assert total(sim).sent < sum(p.sent for p in before) or number > end // 2
    sim.goto(end)
    assert series(sim) == before
    sim.goto(end // 2)
    fork = sim.fork()
    assert fork.world["traffic"].series(SHOPPERS) == series(sim) != before


def test_the_figure_says_in_words_what_it_draws():
    worlds = {
        "with care": rollout(deployment(6), rate=100),
        "by mistake": rollout(deployment(6, careful=False), rate=100),
    }
    picture = traffic.figure(worlds)
    good, bad = picture.text.splitlines()
    assert good.startswith("with care: ")
    assert "refused" not in good
    assert "ok (half within" in good
    assert bad.startswith("by mistake: ")
    assert "refused" in bad
    titles = [ax.get_title(loc="left") for ax in picture.figure.axes]
    assert titles[0].startswith("with care: none of ")
    assert titles[2].startswith("by mistake: ")
    assert picture.png()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="no world to draw"):
        traffic.figure({})
