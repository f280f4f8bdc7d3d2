"""The CronJob controller: a Job at its time, and what to do when the last one still runs or the time is missed.

Facts recorded from Kubernetes v1.36: scenario cronjob-run.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.api.objects import Object, controller_of, dig
from k8slearn.cluster import Cluster
from k8slearn.controllers import CronJobController, GarbageCollector, JobController
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import named, names, objects

FIRST = 1767225660 // 60  # the first whole minute after the world began


def world(nodes: int = 2, policy: str = "prompt", seed: int = 0) -> Simulation:
    machines = [partial(Kubelet, f"node-{i}", stages=HOLLOW) for i in range(nodes)]
    components = (CronJobController, JobController, GarbageCollector, Scheduler)
    return Simulation(Cluster(machines, components=components), policy=policy, seed=seed)


def a_cronjob(schedule: str = "* * * * *", exits: int | None = None, **spec: Any) -> Object:
    template: Object = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
    if exits is not None:
        template["metadata"] = {"annotations": {"fake/exit": str(exits)}}
    job = {"metadata": {"labels": {"from": "template"}}, "spec": {"template": template, "backoffLimit": 0}}
    return named("CronJob", "c", "batch/v1", spec={"schedule": schedule, "jobTemplate": job, **spec})


def the_cronjob(sim: Simulation) -> Object:
    return sim.client.get("cronjobs", "default/c")


def told(sim: Simulation) -> list[str]:
    return [e["reason"] for e in objects(sim, "events") if e["involvedObject"]["kind"] == "CronJob"]


def test_at_its_minute_it_makes_a_job():
    sim = world()
    sim.create(a_cronjob())
    sim.advance(59)
    assert not objects(sim, "jobs")
    sim.advance(3)
    (job,) = objects(sim, "jobs")
    m = job["metadata"]
    assert m["name"] == f"c-{FIRST}"
    assert m["labels"]["from"] == "template"
    assert m["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-01T00:01:00Z"
    assert controller_of(job)["uid"] == the_cronjob(sim)["metadata"]["uid"]
    assert the_cronjob(sim)["status"] == {
        "lastScheduleTime": "2026-01-01T00:01:00Z",
        "lastSuccessfulTime": "2026-01-01T00:01:00Z",
    }
    assert told(sim) == ["SuccessfulCreate", "SawCompletedJob"]
    assert not sim.errors()


def test_while_it_runs_it_is_active():
    sim = world(nodes=0)
    sim.create(a_cronjob())
    sim.advance(61)
    (active,) = the_cronjob(sim)["status"]["active"]
    (job,) = objects(sim, "jobs")
    assert (active["name"], active["uid"]) == (job["metadata"]["name"], job["metadata"]["uid"])
    assert set(active) == {"apiVersion", "kind", "name", "namespace", "uid", "resourceVersion"}


@pytest.mark.parametrize(
    ("policy", "jobs", "event"),
    [
        ("Allow", [f"c-{FIRST}", f"c-{FIRST + 1}"], "SuccessfulCreate"),
        ("Forbid", [f"c-{FIRST}"], "JobAlreadyActive"),
        ("Replace", [f"c-{FIRST + 1}"], "SuccessfulDelete"),
    ],
)
def test_when_the_last_one_still_runs(policy, jobs, event):
    sim = world(nodes=0)
    sim.create(a_cronjob(concurrencyPolicy=policy))
    sim.advance(122)
    assert names(objects(sim, "jobs")) == jobs
    assert len(the_cronjob(sim)["status"]["active"]) == len(jobs)
    assert event in told(sim)


def test_history_limits():
    sim = world()
    sim.create(a_cronjob(successfulJobsHistoryLimit=2))
    sim.advance(60 * 5 + 2)
    assert names(objects(sim, "jobs")) == [f"c-{FIRST + 3}", f"c-{FIRST + 4}"]
    sim = world()
    sim.create(a_cronjob(exits=1))
    sim.advance(60 * 5 + 2)
    assert names(objects(sim, "jobs")) == [f"c-{FIRST + 4}"]
    assert "lastSuccessfulTime" not in the_cronjob(sim)["status"]


def test_suspended():
    sim = world()
    sim.create(a_cronjob(suspend=True))
    sim.advance(300)
    assert not objects(sim, "jobs")


def test_a_time_zone():
    sim = world()
    sim.create(a_cronjob("30 6 * * *", timeZone="Asia/Kolkata"))  # an hour after midnight in UTC
    sim.advance(3602)
    annotation = "batch.kubernetes.io/cronjob-scheduled-timestamp"
    assert objects(sim, "jobs")[0]["metadata"]["annotations"][annotation] == "2026-01-01T06:30:00+05:30"


def test_after_a_long_sleep_only_the_latest_is_made_up_for():
    sim = world()
    sim.create(a_cronjob(suspend=True))
    sim.advance(60 * 150 + 5)
    sim.client.patch("cronjobs", "default/c", patch={"spec": {"suspend": False}})
    sim.advance(3)
    assert names(objects(sim, "jobs")) == [f"c-{FIRST + 149}"]
    assert "TooManyMissedTimes" in told(sim)


def test_who_is_too_late_is_not_started():
    sim = world()
    sim.create(a_cronjob("0 * * * *", suspend=True, startingDeadlineSeconds=20))
    sim.advance(3600 + 30)
    sim.client.patch("cronjobs", "default/c", patch={"spec": {"suspend": False}})
    sim.advance(3)
    assert not objects(sim, "jobs")
    sim.advance(3600)
    assert len(objects(sim, "jobs")) == 1


def test_a_job_that_went_missing():
    sim = world(nodes=0)
    sim.create(a_cronjob(concurrencyPolicy="Forbid"))
    sim.advance(61)
    sim.client.delete("jobs", f"default/c-{FIRST}", propagationPolicy="Background")
    sim.run()
    assert "active" not in the_cronjob(sim)["status"]
    assert "MissingJob" in told(sim)


def test_a_schedule_that_never_comes_is_waited_for_in_peace():
    sim = world()
    sim.create(a_cronjob("0 0 30 2 *"))
    sim.advance(600)
    assert not objects(sim, "jobs")
    assert not sim.errors()
    (event,) = objects(sim, "events")
    assert (event["reason"], event["count"]) == ("InvalidSchedule", 1)
    assert event["message"] == (
        "invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1 second"
    )


@pytest.mark.parametrize("seed", range(15))
def test_no_minute_gets_two_whatever_happens(seed):
    sim = world(policy="shuffled", seed=seed)
    sim.create(a_cronjob(successfulJobsHistoryLimit=20))
    for i in range(6):
        sim.advance(61)
        fault = ("crash", "drop", "resync", "reconnect")[(seed + i) % 4]
        sim.fault(fault, "cronjob-controller")
        if i == seed % 6:
            sim.fault("crash_after", "cronjob-controller", 1)
    sim.advance(5)
    made = sorted(int(j["metadata"]["name"][2:]) for j in objects(sim, "jobs"))
    assert made == list(range(FIRST, FIRST + 6))
    assert not dig(the_cronjob(sim), "status", "active")
