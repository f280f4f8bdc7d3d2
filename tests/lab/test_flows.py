"""Traffic at one step: what was counted, beside what each endpoint is and is believed to be."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab import studio
from k8slearn.lab.flows import flows
from k8slearn.lab.panels.traffic import TRAFFIC, text
from k8slearn.lab.routes import routes, rows
from k8slearn.sim import Simulation
from tests.traffic.scenes import service, settle, start, town, web


@pytest.fixture(scope="module")
def sim() -> Simulation:
    """Three pods under ninety requests a second; one is gone from one moment to the next."""
    sim = town(3)
    sim.create([*(web(f"web-{i}", f"node-{i}") for i in range(3)), service()])
    settle(sim)
    start(sim, "shoppers", rate=90)
    sim.advance(5)
    sim.client.delete("pods", "default/web-1", gracePeriodSeconds=0)
    sim.advance(5)
    return sim


def told(sim: Simulation, step: int) -> dict[str, Any]:
    sim.goto(step)
    found = flows(sim)
    assert found is not None
    return found


def gone(sim: Simulation) -> int:
    """The step in which web-1 goes."""
    return next(
        s.number for s in sim.trace if any(c.verb == "delete" and c.resource == "pods" for c in s.writes)
    )


def test_streams_add_up_to_what_was_sent(sim: Simulation) -> None:
    for step in (gone(sim) - 1, len(sim.trace)):
        found = told(sim, step)
        counted = sum(s["ok"] + s["lost"] + s["waiting"] for s in found["streams"])
        assert counted == found["total"]["sent"] == 90
        assert sum(r["ok"] + r["waiting"] + r["lost"] for r in found["routers"]) == counted
        assert sum(e["ok"] + e["waiting"] + e["lost"] for e in found["endpoints"]) == counted
        assert {s["via"] for s in found["streams"]} == {"node-0", "node-1", "node-2"}


def test_a_pod_that_is_gone_stays_as_long_as_a_router_believes_in_it(sim: Simulation) -> None:
    first = told(sim, gone(sim))
    (missing,) = [e for e in first["endpoints"] if e["truth"] == "gone"]
    assert (missing["key"], missing["listed"], missing["sent_by"]) == ("default/web-1", "ready", 3)
    assert "gone; listed as ready; 3 of 3 routers send there" in repr(routes(sim, "default/web"))
    sim.goto(len(sim.trace))
    assert [row.pod for row in rows(sim, "default/web")] == ["default/web-0", "default/web-2"]


def test_what_was_lost_is_lost_in_the_stream_of_its_pod(sim: Simulation) -> None:
    losses = {}
    for step in range(gone(sim), len(sim.trace) + 1):
        found = told(sim, step)
        losses[found["second"]] = {s["to"] for s in found["streams"] if s["lost"]}
    seen = set().union(*losses.values())
    sim.goto(gone(sim))
    assert seen == {f"{row.address} web-1" for row in rows(sim, "default/web") if row.truth == "gone"}
    last = told(sim, len(sim.trace))
    assert sum(lost for _, _, lost in last["history"]) == sim.world["traffic"].total("shoppers").lost
    seconds = [at for at, _, _ in last["history"]]
    assert seconds == list(range(seconds[0], last["second"] + 1))


def test_before_the_first_request_and_where_nobody_asks_there_is_nothing_to_draw(sim: Simulation) -> None:
    first = told(sim, 0)
    assert (first["streams"], first["history"], first["total"]["sent"]) == ([], [], 0)
    quiet = studio(Simulation(nodes=1))
    assert quiet.frame()["traffic"] is None
    assert "Nobody asks anything in this world." in quiet.text("traffic")
    assert quiet.figure("traffic").axes


def test_without_an_endpoint_requests_go_to_nobody() -> None:
    sim = town(1)
    sim.create(service())
    settle(sim)
    start(sim, rate=10)
    sim.advance(3)
    found = told(sim, len(sim.trace))
    (end,) = found["endpoints"]
    assert (end["key"], end["truth"], end["why"]) == ("", "nobody", {"refused": 10})


def test_the_twins_say_the_same(sim: Simulation) -> None:
    sim.goto(gone(sim))
    said = text({"traffic": flows(sim)})
    assert "web-1: gone, but 3 of 3 routers send there" in said
    figure = TRAFFIC.figure(studio(sim).frame())
    painted = [t.get_text() for ax in figure.axes for t in ax.texts]
    assert painted[painted.index("web-1") :][:3] == ["web-1", "gone", "3/3 routers"]


def test_what_is_shown_is_forgotten_soon_and_the_same_after_going_back(sim: Simulation) -> None:
    end = len(sim.trace)
    there = told(sim, end)
    assert len(sim.world["traffic"].trips.seconds) <= 4
    told(sim, end // 2)
    assert told(sim, end) == there


def test_a_headless_service_beside_another_hides_nothing() -> None:
    sim = town(1)
    sim.create([web(), service(), {**service(clusterIP="None"), "metadata": {"name": "each"}}])
    settle(sim)
    found = told(sim, len(sim.trace))
    assert [(e["key"], e["sent_by"]) for e in found["endpoints"]] == [("default/web-0", 1)]
