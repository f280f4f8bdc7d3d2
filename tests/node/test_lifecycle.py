"""Init containers, sidecars, ephemeral containers, restarts, and how a pod stops."""

from __future__ import annotations

from itertools import pairwise

import pytest

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import dig
from tests.fakes import pod
from tests.node.machine import conditions, container, first, get, last_words, one_node, status, texts, told


def sidecar(name: str, image: str = "side:1", **rest):
    return container(image, name, restartPolicy="Always", **rest)


def created(sim=None, until=None, **spec):
    sim = sim or one_node()
    sim.create(pod("p", **spec))
    sim.run(until)
    return sim


def statuses(sim, field: str = "initContainerStatuses"):
    return {s["name"]: s for s in status(sim)[field]}


def times(sim, what: str) -> dict[str, float]:
    """name of a container -> when it started or finished, in its last words"""
    every = [s for f in ("initContainerStatuses", "containerStatuses") for s in last_words(sim).get(f, ())]
    return {s["name"]: seconds_of(s["state"]["terminated"][what]) for s in every}


# --- init containers -----------------------------------------------------------------------------


def test_init_containers_run_one_after_the_other():
    init = [container("busybox", n, command=["sleep", str(i)]) for n, i in (("a", 3), ("b", 4))]
    sim = created(initContainers=init)
    a, b = (statuses(sim)[n]["state"]["terminated"] for n in "ab")
    assert seconds_of(a["finishedAt"]) <= seconds_of(b["startedAt"])
    assert seconds_of(b["finishedAt"]) <= seconds_of(first(sim)["state"]["running"]["startedAt"])


def test_an_init_container_that_fails_is_tried_again():
    sim = created(until=lambda s: sim_waits(s), initContainers=[container("busybox", "i", command=["false"])])
    assert (status(sim)["phase"], conditions(sim)["Initialized"]) == ("Pending", "False")
    uid = get(sim)["metadata"]["uid"]
    assert statuses(sim)["i"]["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=i pod=p_default({uid})",
    }
    assert first(sim)["state"] == {"waiting": {"reason": "PodInitializing"}}


def sim_waits(sim):
    init = status(sim).get("initContainerStatuses")
    return init and dig(init[0], "state", "waiting", "reason") == "CrashLoopBackOff"


def test_an_init_container_that_fails_is_the_end_of_a_pod_that_is_never_restarted():
    sim = created(restartPolicy="Never", initContainers=[container("busybox", "i", command=["false"])])
    assert status(sim)["phase"] == "Failed"


def test_a_post_start_hook_is_over_before_the_container_counts_as_running():
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "sleep 4"]}}}
    sim = created(containers=[container(name="a", lifecycle=hook), container(name="b")])
    a, b = (seconds_of(s["state"]["running"]["startedAt"]) for s in status(sim)["containerStatuses"])
    assert (int(a), int(b)) == (int(sim.now - 0.5), int(sim.now))
    assert sim.now == pytest.approx(pulled(sim) + 4 + 0.5 + 0.5, abs=1)


def pulled(sim) -> float:
    """When the image was there."""
    return told(sim, "p", "Pulled")[0][0]


# --- sidecars --------------------------------------------------------------------------------------


def test_sidecars_start_first_wait_for_their_startup_and_stop_last():
    probe = {"httpGet": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 30}
    proxy = sidecar("proxy", "k8slearn/web:1", STARTS_IN=5, DRAINS_FOR=2, startupProbe=probe)
    sim = created(
        initContainers=[sidecar("log"), proxy], containers=[container("k8slearn/web:1", DRAINS_FOR=4)]
    )
    assert conditions(sim)["Initialized"] == "True"
    ready = seconds_of(statuses(sim)["proxy"]["state"]["running"]["startedAt"]) + 5
    assert seconds_of(first(sim)["state"]["running"]["startedAt"]) >= ready
    began = sim.now
    sim.client.delete("pods", "default/p")
    sim.run()
    assert sim.now == pytest.approx(began + 4 + 2 + 0.5)
    ended = times(sim, "finishedAt")
    assert [int(began + 4), int(began + 6), int(began + 6.5)] == [ended["c"], ended["proxy"], ended["log"]]
    assert sorted(texts(sim, "Killing")) == [f"Stopping container {n}" for n in ("c", "log", "proxy")]
    assert {at for at, *_ in told(sim, "p", "Killing")} == {float(int(began))}


def test_sidecars_have_what_is_left_of_the_grace_period():
    slow = container("k8slearn/web:1", DRAINS_FOR=60)
    sim = created(
        initContainers=[sidecar("s", "k8slearn/web:1", DRAINS_FOR=60)],
        containers=[slow],
        terminationGracePeriodSeconds=10,
    )
    began = sim.now
    sim.client.delete("pods", "default/p")
    sim.run()
    assert sim.now == pytest.approx(began + 10 + 2)  # everybody has two seconds
    codes = {
        s["name"]: s["state"]["terminated"]["exitCode"] for s in last_words(sim)["initContainerStatuses"]
    }
    assert codes == {"s": 137}


def test_a_job_ends_although_its_sidecar_does_not():
    sim = created(
        restartPolicy="Never",
        initContainers=[sidecar("s")],
        containers=[container("k8slearn/batch:1", RUNS_FOR=5)],
    )
    assert status(sim)["phase"] == "Succeeded"
    assert "terminated" in statuses(sim)["s"]["state"]
    assert texts(sim, "Killing") == ["Stopping container s"]


def test_a_sidecar_that_crashes_makes_the_pod_unready_but_not_pending():
    sim = created(
        until=lambda s: sim_waits(s), initContainers=[sidecar("s", "k8slearn/crasher:1", RUNS_FOR=3)]
    )
    assert (status(sim)["phase"], conditions(sim)["Ready"], conditions(sim)["Initialized"]) == (
        "Running",
        "False",
        "True",
    )
    assert first(sim)["ready"]
    ready = next(c for c in status(sim)["conditions"] if c["type"] == "Ready")
    assert ready["message"] == "containers with unready status: [s]"


# --- ephemeral containers ----------------------------------------------------------------------------


def test_an_ephemeral_container_is_started_in_a_running_pod():
    sim = created()
    debug = {"name": "debug", "image": "busybox", "targetContainerName": "c"}
    patch = {"spec": {"ephemeralContainers": [debug]}}
    sim.client.patch(
        "pods", "default/p", patch=patch, patch_type="strategic", subresource="ephemeralcontainers"
    )
    sim.run()
    found = statuses(sim, "ephemeralContainerStatuses")["debug"]
    assert ("running" in found["state"], found["restartCount"]) == (True, 0)
    assert (status(sim)["phase"], conditions(sim)["Ready"]) == ("Running", "True")
    assert status(sim)["observedGeneration"] == get(sim)["metadata"]["generation"]
    sim.client.delete("pods", "default/p")
    sim.run()
    assert "terminated" in last_words(sim)["ephemeralContainerStatuses"][0]["state"]


def test_an_ephemeral_container_is_never_started_again():
    sim = created()
    debug = {"name": "debug", "image": "busybox", "command": ["sh", "-c", "exit 3"]}
    patch = {"spec": {"ephemeralContainers": [debug]}}
    sim.client.patch(
        "pods", "default/p", patch=patch, patch_type="strategic", subresource="ephemeralcontainers"
    )
    sim.advance(60)
    found = statuses(sim, "ephemeralContainerStatuses")["debug"]
    assert (found["state"]["terminated"]["exitCode"], found["restartCount"]) == (3, 0)
    assert status(sim)["phase"] == "Running"


# --- starting again ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "rules", "code", "restarts"),
    [
        ("Never", [], 3, False),
        ("OnFailure", [], 3, True),
        ("OnFailure", [], 0, False),
        ("Always", [], 0, True),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "In", "values": [3]}}], 3, True),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "In", "values": [4]}}], 3, False),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [4]}}], 3, True),
    ],
)
def test_a_container_may_have_a_restart_policy_of_its_own(policy, rules, code, restarts):
    own = {"restartPolicy": policy, **({"restartPolicyRules": rules} if rules else {})}
    sim = one_node()
    sim.create(
        pod("p", restartPolicy="Never", containers=[container("k8slearn/crasher:1", EXIT_CODE=code, **own)])
    )
    sim.advance(60)
    assert (first(sim)["restartCount"] > 0) is restarts
    assert (status(sim)["phase"] == "Running") is restarts


def test_a_crash_loop_is_forgiven_after_ten_minutes():
    """Crashes three times at once, then runs for 700 seconds each time."""
    sim = created(until=lambda s: sim_crashes(s, 3), containers=[container("k8slearn/crasher:1", RUNS_FOR=1)])
    starts = []
    run = sim.manager.players["kubelet/node-0"].runs["default/p"]
    assert run.lives["c"].crashes == 3
    well = {"metadata": {"annotations": {"fake/exit": "1", "fake/runs-for": "700"}}}
    sim.client.patch("pods", "default/p", patch=well)
    sim.run(until=lambda s: sim_crashes(s, 4))
    starts.append(seconds_of(first(sim)["state"]["running"]["startedAt"]))
    sim.client.patch("pods", "default/p", patch={"metadata": {"annotations": {"fake/runs-for": "1"}}})
    for n in (5, 6):
        sim.run(until=lambda s, n=n: sim_crashes(s, n))
        starts.append(seconds_of(first(sim)["state"]["running"]["startedAt"]))
    assert [b - a for a, b in pairwise(starts)] == [pytest.approx(11, abs=1), pytest.approx(21, abs=1)]


def sim_crashes(sim, n: int) -> bool:
    found = status(sim).get("containerStatuses")
    return bool(found) and found[0]["restartCount"] == n and "running" in found[0]["state"]


def test_a_restarted_kubelet_does_not_remember_the_crashes():
    sim = created(until=lambda s: sim_crashes(s, 4), containers=[container("k8slearn/crasher:1", RUNS_FOR=1)])
    sim.run(until=lambda s: dig(first(s), "state", "waiting", "reason") == "CrashLoopBackOff")
    now = sim.now
    sim.crash("kubelet/node-0")
    sim.run(until=lambda s: sim_crashes(s, 5))
    assert sim.now == now


def test_the_time_until_its_end_counts_from_its_start_whoever_looks():
    sim = created(
        until=lambda s: status(s)["phase"] == "Running",
        restartPolicy="Never",
        containers=[container("k8slearn/batch:1", RUNS_FOR=100)],
    )
    began = sim.now
    sim.advance(50)
    sim.crash("kubelet/node-0")
    sim.run()
    assert status(sim)["phase"] == "Succeeded"
    assert sim.now == pytest.approx(began + 100, abs=1)


# --- stopping --------------------------------------------------------------------------------------------


def stopped(grace: float | None = None, **spec):
    """(seconds it took, exit code)"""
    sim = created(**spec)
    began = sim.now
    options = {} if grace is None else {"gracePeriodSeconds": grace}
    sim.client.delete("pods", "default/p", **options)
    sim.run()
    return round(sim.now - began, 3), last_words(sim)["containerStatuses"][0]["state"]["terminated"][
        "exitCode"
    ]


def sleeps(seconds: int):
    return {"preStop": {"sleep": {"seconds": seconds}}}


@pytest.mark.parametrize(
    ("spec", "took"),
    [
        ({"containers": [container("k8slearn/web:1", DRAINS_FOR=7)]}, (7, 0)),
        ({"containers": [container("k8slearn/web:1")]}, (0, 143)),
        ({"containers": [container("k8slearn/hanger:1")]}, (30, 137)),
        ({"containers": [container("busybox", command=["sleep", "3600"])]}, (30, 137)),
        ({"containers": [container("k8slearn/web:1", DRAINS_FOR=7, lifecycle=sleeps(5))]}, (12, 0)),
        (
            {
                "containers": [
                    container("nginx", lifecycle={"preStop": {"exec": {"command": ["sleep", "9"]}}})
                ]
            },
            (9.5, 0),
        ),
        (
            {
                "containers": [container("k8slearn/web:1", DRAINS_FOR=7, lifecycle=sleeps(5))],
                "terminationGracePeriodSeconds": 8,
            },
            (8, 137),
        ),
        (
            {
                "containers": [
                    container(
                        "k8slearn/hanger:1", lifecycle={"preStop": {"exec": {"command": ["sleep", "9"]}}}
                    )
                ],
                "terminationGracePeriodSeconds": 4,
            },
            (6, 137),
        ),
        ({"containers": [container("k8slearn/hanger:1")], "terminationGracePeriodSeconds": 1}, (2, 137)),
    ],
)
def test_how_long_a_program_takes_to_stop(spec, took):
    assert stopped(**spec) == took


def test_a_second_deletion_may_shorten_the_grace_period():
    sim = created(containers=[container("k8slearn/hanger:1")])
    began = sim.now
    sim.client.delete("pods", "default/p")
    sim.advance(3)
    sim.client.delete("pods", "default/p", gracePeriodSeconds=10)
    sim.run()
    assert sim.now == pytest.approx(began + 10)


def test_memory_that_leaks_is_killed_at_its_limit():
    limits = {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}}
    sim = created(
        until=lambda s: sim_crashes(s, 1),
        containers=[container("k8slearn/leaker:1", LEAKS="32Mi", resources=limits)],
    )
    ended = first(sim)["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert seconds_of(ended["finishedAt"]) - seconds_of(ended["startedAt"]) == 60


def test_a_batch_fails_with_its_probability_and_always_the_same():
    def outcome(seed: int) -> list[str]:
        sim = one_node(seed=seed)
        sim.create(
            [
                pod(f"p{i}", restartPolicy="Never", containers=[container("k8slearn/batch:1", FAILS=0.5)])
                for i in range(20)
            ]
        )
        sim.run()
        return [status(sim, f"p{i}")["phase"] for i in range(20)]

    found = outcome(1)
    assert found == outcome(1)
    assert 4 <= found.count("Failed") <= 16
