"""How many requests there are and when, what they meet in a container's life, and how long they wait."""

from __future__ import annotations

import pytest

from k8slearn.traffic.crowd import Crowd
from tests.traffic.scenes import ask, endpoints, service, settle, start, town, web


def moments(*rates, until, ramps=False, **how):
    return [round(at, 6) for at in Crowd("c", "http://x/", rates, ramps=ramps, **how).arrivals(until)]


def test_a_rate_is_that_many_a_second_evenly():
    assert moments((0.0, 4.0), until=1.0) == [0, 0.25, 0.5, 0.75]
    assert len(moments((3.0, 300.0), until=13.0)) == 3000
    assert moments((0.0, 2.0), until=9.0, ends=1.0) == [0, 0.5]


def test_steps_and_ramps():
    assert moments((0.0, 2.0), (1.0, 0.0), (3.0, 1.0), until=5.0) == [0, 0.5, 3, 4]
    up = moments((0.0, 0.0), (10.0, 100.0), until=10.0, ramps=True)
    assert 499 <= len(up) <= 501  # the area under the ramp
    assert len([t for t in up if t < 5]) == pytest.approx(125, abs=1)
    down = moments((0.0, 100.0), (10.0, 0.0), (20.0, 0.0), until=30.0, ramps=True)
    assert len(down) == pytest.approx(500, abs=1)


def test_it_does_not_matter_how_time_is_cut_into_pieces():
    whole = Crowd("c", "http://x/", ((0.0, 30.0), (2.0, 70.0)), ramps=True)
    cut = Crowd("c", "http://x/", ((0.0, 30.0), (2.0, 70.0)), ramps=True)
    pieces = [at for until in (0.1, 0.1, 1.999, 2.0, 3.3, 5.0) for at in cut.arrivals(until)]
    assert pieces == list(whole.arrivals(5.0))


# --- a container's life --------------------------------------------------------------------------


def test_before_it_has_started_a_pod_that_counts_as_ready_refuses():
    sim = town(1, lag=0.0)
    sim.create([web(STARTS_IN=5), service()])
    sim.run(endpoints)
    seen = ask(sim, seconds=10, rate=100)
    assert seen.errors["refused"] == pytest.approx(500, abs=5)
    assert seen.ok == 1000 - seen.errors["refused"]


def test_a_program_that_hangs_lets_people_wait_until_they_have_had_enough():
    sim = town(1)
    sim.create([web(image="k8slearn/hanger", HANGS_AFTER=20), service()])
    settle(sim)
    start(sim, rate=10, patience=3.0)
    sim.advance(20)
    points = sim.world["traffic"].series("people")
    assert {kind for p in points for kind in p.errors} == {"timed out"}
    assert points[1].ok == 10
    assert points[-5].errors == {"timed out": 10}
    total = sim.world["traffic"].total("people")
    assert total.sent - total.ok - total.lost == pytest.approx(30, abs=1)  # the last three seconds


def test_the_impatient_do_not_wait_for_the_patient():
    sim = town(1)
    sim.create([web(image="k8slearn/hanger", HANGS_AFTER=5), service()])
    settle(sim, 20)
    start(sim, "patient", rate=10, patience=60.0)
    start(sim, "impatient", rate=10, patience=1.0)
    sim.advance(5)
    lost = {name: sim.world["traffic"].total(name).lost for name in ("patient", "impatient")}
    assert lost == {"patient": 0, "impatient": pytest.approx(40, abs=1)}
    with pytest.raises(LookupError, match="nobody called x has asked: there are patient, impatient"):
        sim.world["traffic"].series("x")


def test_a_killed_program_loses_what_it_was_working_on_and_nothing_else():
    sim = town(1, lag=0.0)
    sim.create([web(ANSWERS_IN=2), service()])
    settle(sim)
    start(sim, rate=10)
    sim.advance(5)
    sim.client.delete("pods", "default/web-0", gracePeriodSeconds=0)
    sim.advance(5)
    assert sim.world["traffic"].total("people").errors == {"refused": 50, "reset": 20}


def test_a_program_that_ignores_the_signal_answers_until_it_is_killed():
    sim = town(1, lag=100.0)
    sim.create([web(image="k8slearn/hanger", HANGS_AFTER=1000, grace=10), service()])
    settle(sim, 120)
    sim.client.delete("pods", "default/web-0")
    assert ask(sim, seconds=20, rate=10).errors["refused"] == pytest.approx(100, abs=3)


def test_the_wrong_port_refuses():
    sim = town(1)
    sim.create([web(), service(ports=[{"port": 80, "targetPort": 9999}])])
    assert ask(settle(sim)).errors == {"refused": 500}


# --- load ----------------------------------------------------------------------------------------


def test_latency_grows_towards_the_limit_and_without_end_beyond_it():
    """50m of CPU, of which 2m are for itself, and a thousandth of a CPU second each: 48 requests a second."""
    seen = {}
    for rate in (20, 47, 96):
        sim = town(1)
        sim.create([web(resources={"limits": {"cpu": "50m"}}), service()])
        seen[rate] = ask(settle(sim), rate=rate, seconds=30)
    assert [seen[r].errors for r in (20, 47)] == [{}, {}]
    assert seen[20].p99 == pytest.approx(0.02 + 1 / 48, rel=0.06)
    assert seen[96].ok == pytest.approx(48 * (30 / 3 + 5), rel=0.45)
    assert seen[96].errors["timed out"] > 500


def test_a_restarted_kubelet_is_no_interruption():
    sim = town(1)
    sim.create([web(), service()])
    settle(sim)
    start(sim, rate=50)
    sim.advance(3)
    sim.crash("kubelet/node-0")
    sim.advance(5)
    assert sim.world["traffic"].total("people").errors == {}


def test_a_dead_machine_costs_requests_only_until_its_endpoints_are_gone():
    sim = town(3)
    sim.create([*(web(f"web-{i}", f"node-{i}") for i in range(3)), service()])
    settle(sim)
    start(sim, rate=60, by=["node-0", "node-1"], patience=1.0)
    sim.advance(5)
    died = sim.now
    sim.fault("cut_off", "kubelet/node-2")
    sim.advance(90)
    points = sim.world["traffic"].series("people")
    bad = [p.second for p in points if p.errors]
    assert {kind for p in points for kind in p.errors} == {"timed out"}
    assert bad[0] >= int(died) - 1
    gone = next(
        s.time for s in sim.trace if s.player == "endpointslice-controller" and s.time > died and s.writes
    )
    assert 40 <= gone - died <= 60
    assert bad[-1] <= gone + 1.0
    assert all(10 < sum(p.errors.values()) < 32 for p in points if died + 1 < p.second < gone - 1)
