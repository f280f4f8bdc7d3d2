"""The Job controller: enough successes, not too many failures, and every pod counted exactly once.

Facts recorded from Kubernetes v1.36: scenarios job-completions and job-suspend-ttl.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster
from k8slearn.controllers import GarbageCollector, JobController, TTLAfterFinishedController
from k8slearn.controllers.jobpolicy import parse_indexes, write_indexes
from k8slearn.node import HOLLOW, REALISTIC, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import condition, named, objects

INDEX = "batch.kubernetes.io/job-completion-index"


def world(nodes: int = 2, policy: str = "prompt", seed: int = 0, stages: Any = HOLLOW) -> Simulation:
    machines = [partial(Kubelet, f"node-{i}", stages=stages) for i in range(nodes)]
    components = (JobController, TTLAfterFinishedController, GarbageCollector, Scheduler)
    return Simulation(Cluster(machines, components=components), policy=policy, seed=seed)


def a_job(name: str = "j", exits: int | None = None, restart: str = "Never", **spec: Any) -> Object:
    template: Object = {"spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "i:1"}]}}
    if exits is not None:
        template["metadata"] = {"annotations": {"fake/exit": str(exits)}}
    return named("Job", name, "batch/v1", spec={"template": template, **spec})


def run(job: Object, sim: Simulation | None = None) -> tuple[Simulation, Object]:
    sim = sim or world()
    sim.create(job)
    sim.run()
    assert not sim.errors()
    return sim, sim.client.get("jobs", f"default/{job['metadata']['name']}")


def told(sim: Simulation, about: str = "j") -> list[str]:
    return [e["reason"] for e in objects(sim, "events") if e["involvedObject"]["name"] == about]


def ends(job: Object) -> list[tuple[str, str, str]]:
    return [(c["type"], c["status"], c["reason"]) for c in job["status"]["conditions"]]


def test_enough_successes():
    sim, job = run(a_job(completions=3, parallelism=2))
    status = {
        k: v for k, v in job["status"].items() if k not in ("conditions", "startTime", "completionTime")
    }
    assert status == {"ready": 0, "succeeded": 3, "terminating": 0, "uncountedTerminatedPods": {}}
    assert ends(job) == [
        ("SuccessCriteriaMet", "True", "CompletionsReached"),
        ("Complete", "True", "CompletionsReached"),
    ]
    assert {c["message"] for c in job["status"]["conditions"]} == {
        "Reached expected number of succeeded pods"
    }
    assert job["status"]["completionTime"] >= job["status"]["startTime"]
    assert [dig(p, "metadata", "finalizers") for p in objects(sim, "pods")] == [None] * 3
    assert told(sim) == ["SuccessfulCreate"] * 3 + ["Completed"]


def test_never_more_at_once_than_may_be():
    sim = world()
    sim.create(a_job(completions=5, parallelism=2))
    while sim.step() is not None or sim.advance(0.1):
        active = [p for p in objects(sim, "pods") if p["status"]["phase"] in ("Pending", "Running")]
        assert len(active) <= 2
        if condition(objects(sim, "jobs")[0], "Complete"):
            break
    assert len(objects(sim, "pods")) == 5


def test_without_a_number_one_success_is_enough():
    _, job = run(a_job(parallelism=2))
    assert job["status"]["succeeded"] == 2
    assert ends(job)[-1][0] == "Complete"


def test_failures_are_replaced_ever_more_slowly_until_there_are_too_many():
    sim, job = run(a_job(exits=3, backoffLimit=2))
    assert job["status"]["failed"] == 3
    assert ends(job) == [
        ("FailureTarget", "True", "BackoffLimitExceeded"),
        ("Failed", "True", "BackoffLimitExceeded"),
    ]
    assert 30 <= sim.now <= 32  # ten seconds after the first failure, twenty after the second
    assert told(sim)[-1] == "BackoffLimitExceeded"
    assert "completionTime" not in job["status"]


def test_restarts_in_place_count_too():
    sim, job = run(a_job(exits=1, restart="OnFailure", backoffLimit=2), world(stages=REALISTIC))
    assert ends(job)[-1] == ("Failed", "True", "BackoffLimitExceeded")
    assert not objects(sim, "pods")


def test_a_job_that_is_active_for_too_long():
    sim, job = run(a_job(activeDeadlineSeconds=5), world(nodes=0))
    assert (ends(job)[-1], job["status"]["failed"]) == (("Failed", "True", "DeadlineExceeded"), 1)
    assert condition(job, "Failed")["message"] == "Job was active longer than specified deadline"
    assert not objects(sim, "pods")


def test_suspended_and_resumed():
    sim, job = run(a_job(suspend=True))
    assert not objects(sim, "pods")
    assert "startTime" not in job["status"]
    assert ends(job) == [("Suspended", "True", "JobSuspended")]
    sim.client.patch("jobs", "default/j", patch={"spec": {"suspend": False}})
    sim.run()
    job = sim.client.get("jobs", "default/j")
    assert [end[:2] for end in ends(job)] == [
        ("Suspended", "False"),
        ("SuccessCriteriaMet", "True"),
        ("Complete", "True"),
    ]
    assert told(sim) == ["Suspended", "SuccessfulCreate", "Resumed", "Completed"]


def test_suspending_takes_the_pods_away():
    sim, _ = run(a_job(parallelism=2), world(nodes=0))
    assert len(objects(sim, "pods")) == 2
    sim.client.patch("jobs", "default/j", patch={"spec": {"suspend": True}})
    sim.run()
    assert not objects(sim, "pods")
    assert "active" not in sim.client.get("jobs", "default/j")["status"]


def test_less_parallelism():
    sim, _ = run(a_job(parallelism=3, completions=9), world(nodes=0))
    sim.client.patch("jobs", "default/j", patch={"spec": {"parallelism": 1}})
    sim.run()
    assert len(objects(sim, "pods")) == sim.client.get("jobs", "default/j")["status"]["active"] == 1


# --- indexes -----------------------------------------------------------------------------------


def test_indexed():
    sim, job = run(a_job(completionMode="Indexed", completions=4, parallelism=2))
    assert (job["status"]["completedIndexes"], job["status"]["succeeded"]) == ("0-3", 4)
    for i, pod in enumerate(sorted(objects(sim, "pods"), key=lambda p: p["metadata"]["name"])):
        assert pod["metadata"]["name"].startswith(f"j-{i}-")
        assert pod["metadata"]["annotations"][INDEX] == pod["metadata"]["labels"][INDEX] == str(i)
        assert pod["spec"]["hostname"] == f"j-{i}"
        (variable,) = pod["spec"]["containers"][0]["env"]
        assert variable["name"] == "JOB_COMPLETION_INDEX"
        assert variable["valueFrom"]["fieldRef"]["fieldPath"] == f"metadata.labels['{INDEX}']"


def test_a_limit_per_index():
    spec = {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1}
    sim, job = run(a_job(exits=1, **spec))
    assert ends(job)[-1] == ("Failed", "True", "FailedIndexes")
    assert (job["status"]["failedIndexes"], job["status"]["failed"]) == ("0,1", 4)
    counts = sorted(p["metadata"]["annotations"][INDEX.replace("completion-index", "index-failure-count")]
                    for p in objects(sim, "pods"))  # fmt: skip
    assert counts == ["0", "0", "1", "1"]


def test_success_policy():
    policy = {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}
    spec = {"completionMode": "Indexed", "completions": 3, "parallelism": 1, "successPolicy": policy}
    _, job = run(a_job(**spec))
    assert (job["status"]["succeeded"], job["status"]["completedIndexes"]) == (1, "0")
    assert ends(job) == [
        ("SuccessCriteriaMet", "True", "SuccessPolicy"),
        ("Complete", "True", "SuccessPolicy"),
    ]
    assert condition(job, "Complete")["message"] == "Matched rules at index 0"


@pytest.mark.parametrize(
    ("action", "expected"),
    [("FailJob", ("PodFailurePolicy", 1)), ("Count", ("BackoffLimitExceeded", 2)), ("Ignore", None)],
)
def test_pod_failure_policy(action, expected):
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [7]}}
    sim = world()
    sim.create(a_job(exits=7, backoffLimit=1, podFailurePolicy={"rules": [rule]}))
    sim.advance(100)
    job = sim.client.get("jobs", "default/j")
    failed = condition(job, "Failed")
    if expected is None:
        assert not failed
        assert "failed" not in job["status"]
        return
    assert (failed["reason"], job["status"]["failed"]) == expected
    if action == "FailJob":
        pod = objects(sim, "pods")[0]["metadata"]["name"]
        what = f"Container c for pod default/{pod} failed with exit code 7 matching FailJob rule at index 0"
        assert failed["message"] == what


@given(st.frozensets(st.integers(0, 40)))
def test_indexes_are_read_as_they_are_written(indexes):
    assert parse_indexes(write_indexes(indexes), 41) == indexes


def test_how_indexes_are_written():
    assert [write_indexes(i) for i in ([], [3], [1, 2], [0, 1, 2, 5, 7, 8])] == ["", "3", "1,2", "0-2,5,7,8"]


# --- going -------------------------------------------------------------------------------------


def test_when_the_job_goes_alone_its_pods_stay_and_nothing_holds_them():
    sim, _ = run(a_job(completions=2))
    sim.client.delete("jobs", "default/j", propagationPolicy="Orphan")
    sim.run()
    assert not objects(sim, "jobs")
    assert [(p["metadata"].get("ownerReferences"), p["metadata"].get("finalizers"))
            for p in objects(sim, "pods")] == [(None, None)] * 2  # fmt: skip


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_pods_go_with_their_job(policy):
    sim, _ = run(a_job(parallelism=3), world(nodes=0))
    sim.client.delete("jobs", "default/j", propagationPolicy=policy)
    sim.run()
    assert not objects(sim, "jobs")
    assert not objects(sim, "pods")


def test_a_finished_job_goes_after_its_time():
    sim = world()
    sim.create(
        [
            a_job("soon", ttlSecondsAfterFinished=5),
            a_job("never"),
            a_job("at-once", ttlSecondsAfterFinished=0),
        ]
    )
    sim.run(lambda s: "at-once" not in [j["metadata"]["name"] for j in objects(s, "jobs")])
    assert sim.now < 5
    sim.run()
    assert [j["metadata"]["name"] for j in objects(sim, "jobs")] == ["never"]
    assert 5 <= sim.now < 7


def test_a_finished_job_whose_deletion_is_refused_goes_all_the_same():
    sim = world()
    sim.fault("refuse", "ttl-after-finished-controller", 1, "Conflict")
    sim.create(a_job("soon", ttlSecondsAfterFinished=5))
    sim.run()
    assert objects(sim, "jobs") == []


# --- every order of news, and bad luck -----------------------------------------------------------

TROUBLE = ("drop", "crash", "hold", "release", "reconnect", "resync", "crash_after", "refuse")


def some_trouble(sim: Simulation, dice: Dice, step: int) -> None:
    fault = TROUBLE[dice.below(len(TROUBLE), "fault", step)]
    nth = 1 + dice.below(4, "nth", step)
    more = {"crash_after": (nth,), "refuse": (nth, "Conflict")}.get(fault, ())
    sim.fault(fault, "job-controller", *more)


@pytest.mark.parametrize("mode", ["NonIndexed", "Indexed"])
@pytest.mark.parametrize("seed", range(20))
def test_every_pod_is_counted_once_whatever_happens(seed, mode):
    sim, dice = world(policy="shuffled", seed=seed), Dice(seed)
    sim.create(a_job(completions=4, parallelism=3, completionMode=mode))
    for step in range(150):
        if dice.below(15, "trouble", step) == 0:
            some_trouble(sim, dice, step)
        sim.step()
    sim.fault("release", "job-controller")
    for _ in range(40):
        sim.run()
        if condition(sim.client.get("jobs", "default/j"), "Complete"):
            break
        sim.advance(20)
    job, pods = sim.client.get("jobs", "default/j"), objects(sim, "pods")
    assert ends(job)[-1][:2] == ("Complete", "True")
    assert job["status"]["succeeded"] == 4
    assert "failed" not in job["status"]
    assert 4 <= sum(p["status"]["phase"] == "Succeeded" for p in pods) <= 5  # a crash may make one too many
    assert not any(p["metadata"].get("finalizers") for p in pods)
