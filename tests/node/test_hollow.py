"""Hollow nodes: running and ready at once, ended a third of a second later, gone as soon as they are deleted."""

from __future__ import annotations

import pytest

from tests.fakes import condition, hollow, objects, pod


def only(sim):
    (found,) = objects(sim, "pods")
    return found


def test_running_and_ready_at_once():
    sim = hollow(1)
    sim.create(pod(initContainers=[{"name": "first", "image": "i"}]))
    sim.run()
    assert sim.now == 0
    assert only(sim)["status"]["phase"] == "Running"
    assert condition(only(sim), "Ready")["status"] == "True"


@pytest.mark.parametrize("policy", ["Never", "OnFailure", "Always"])
@pytest.mark.parametrize(("code", "phase"), [("0", "Succeeded"), ("3", "Failed")])
def test_a_program_that_ends_is_the_end_of_its_pod(policy, code, phase):
    sim = hollow(1)
    sim.create(pod(metadata={"annotations": {"fake/exit": code}}, restartPolicy=policy))
    sim.run()
    assert sim.now == pytest.approx(0.333)
    assert only(sim)["status"]["phase"] == phase
    (status,) = only(sim)["status"]["containerStatuses"]
    assert (status["state"]["terminated"]["exitCode"], status["restartCount"]) == (int(code), 0)


def test_gone_at_once():
    sim = hollow(1)
    sim.create(pod(terminationGracePeriodSeconds=300))
    sim.run()
    sim.client.delete("pods", "default/web")
    sim.run()
    assert (objects(sim, "pods"), sim.now) == ([], 0)
