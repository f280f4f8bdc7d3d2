"""A rollout as a picture: what it counts, and what it says in words."""

from __future__ import annotations

import pytest

from k8slearn.lab.rollouts import bounds, moments, rollouts
from k8slearn.sim import Simulation
from tests.fakes import deployment, template

KEY = "default/web"
LABELS = {"app": "web"}


def rolled(**spec: object) -> Simulation:
    sim = Simulation(nodes=2)
    sim.create(deployment(replicas=4, **spec))
    sim.advance(30)
    sim.client.patch("deployments", KEY, patch={"spec": {"template": template(LABELS, "app:2")}})
    sim.run()
    return sim


def strategy(surge: int, unavailable: int) -> dict[str, object]:
    return {"strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), (2, 2), (4, 0)])
def test_the_numbers_stay_between_the_bounds_and_end_with_the_new(surge: int, unavailable: int) -> None:
    sim = rolled(**strategy(surge, unavailable))
    found = moments(sim, KEY, since=29)
    fewest, most = bounds(sim.client.get("deployments", KEY))
    assert (fewest, most) == (4 - unavailable, 4 + surge)
    assert min(m.ready for m in found) >= fewest
    assert max(m.there for m in found) <= most
    assert max(m.there for m in found) > 4 or not surge
    assert found[-1][1:] == (0, 4, 4)


def test_the_bounds_of_recreate_are_nobody_and_all() -> None:
    sim = rolled(strategy={"type": "Recreate"})
    assert bounds(sim.client.get("deployments", KEY)) == (0, 4)
    assert any(m.there == 0 for m in moments(sim, KEY, since=1))


def test_it_says_in_words_what_it_shows() -> None:
    told = rollouts({"calm": rolled(**strategy(1, 0))}, KEY)
    assert repr(told).startswith(
        "calm: at least 0 ready (4 promised), at most 5 there (5 promised), all new after "
    )
    assert told.png().startswith(b"\x89PNG")


def test_a_deployment_that_is_not_there_has_no_pods() -> None:
    assert {m[1:] for m in moments(Simulation(nodes=1), KEY)} <= {(0, 0, 0)}
