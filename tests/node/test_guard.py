"""Who may come in, who must go, and how a machine goes down."""

from __future__ import annotations

from itertools import pairwise

import pytest

from k8slearn.api.clock import seconds_of
from k8slearn.node import eviction
from k8slearn.sim import Simulation
from tests.fakes import condition, deployment, pod
from tests.node.machine import container, first, kubelet_steps, one_node, status, texts, told

PHASES = ("Pending", "Running", "Succeeded", "Failed")


def asks(cpu: str = "0", memory: str = "0", **rest):
    return container(resources={"requests": {"cpu": cpu, "memory": memory}}, **rest)


def here(name: str = "p", *containers, **spec):
    """A pod that somebody has put on the node without asking the scheduler."""
    return pod(name, nodeName="node-0", containers=list(containers) or [container()], **spec)


def node(sim):
    return sim.client.get("nodes", "node-0")


def health(sim) -> dict[str, tuple[str, str, str]]:
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in node(sim)["status"]["conditions"]}


# --- admission -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "spec", "reason", "message"),
    [
        (
            {"cpu": "4"},
            {"containers": [asks(cpu="3500m")]},
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000",
        ),
        (
            {"memory": "1Gi"},
            {"containers": [asks(memory="2Gi")]},
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
        ),
        (
            {"pods": "1"},
            {},
            "OutOfpods",
            "Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1",
        ),
        (
            {},
            {"nodeSelector": {"disk": "ssd"}},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
    ],
)
def test_a_pod_that_does_not_belong_here_fails(machine, spec, reason, message):
    sim = one_node(machine=machine)
    sim.create(here("first", asks(cpu="1")))
    sim.run()
    sim.create(pod("p", nodeName="node-0", **spec))
    sim.run()
    told_ = status(sim)
    assert (told_["phase"], told_["reason"], told_["message"]) == (
        "Failed",
        reason,
        f"Pod was rejected: {message}",
    )
    assert "containerStatuses" not in told_
    assert [t[1:3] for t in told(sim)] == [(reason, message)]
    sim.client.delete("pods", "default/p")
    sim.run()
    assert [p["metadata"]["name"] for p in sim.client.list("pods")] == ["first"]


def test_room_is_free_again_when_a_pod_has_ended_or_gone():
    sim = one_node(machine={"cpu": "1"})
    sim.create(
        here("a", container("k8slearn/batch:1", resources={"requests": {"cpu": "1"}}), restartPolicy="Never")
    )
    sim.run()
    for name in "bc":
        sim.create(here(name, asks(cpu="1")))
        sim.run()
        assert status(sim, name)["phase"] == "Running"
        sim.client.delete("pods", f"default/{name}")
        sim.run()


def test_labels_that_came_later_count():
    sim = one_node()
    sim.client.patch("nodes", "node-0", patch={"metadata": {"labels": {"disk": "ssd"}}})
    sim.create(here(nodeSelector={"disk": "ssd"}))
    sim.run()
    assert status(sim)["phase"] == "Running"


def test_a_restarted_kubelet_sends_nobody_away():
    sim = one_node(machine={"cpu": "1"})
    sim.create(here("p", asks(cpu="1")))
    sim.run()
    sim.crash("kubelet/node-0")
    sim.create(here("q", asks(cpu="1")))
    sim.run()
    assert (status(sim)["phase"], status(sim, "q")["reason"]) == ("Running", "OutOfcpu")


# --- deadlines -------------------------------------------------------------------------------------


def test_a_pod_with_a_deadline_is_ended():
    sim = one_node()
    sim.create(pod("p", activeDeadlineSeconds=60, containers=[container("k8slearn/web:1", DRAINS_FOR=5)]))
    sim.run()
    assert sim.now == 65
    text = "Pod was active on the node longer than the specified deadline"
    assert (status(sim)["phase"], status(sim)["reason"], status(sim)["message"]) == (
        "Failed",
        "DeadlineExceeded",
        text,
    )
    assert [t[1:3] for t in told(sim)][-2:] == [
        ("DeadlineExceeded", text),
        ("Killing", "Stopping container c"),
    ]
    assert first(sim)["state"]["terminated"]["exitCode"] == 0
    assert condition(sim.client.get("pods", "default/p"), "DisruptionTarget") == {}


@pytest.mark.parametrize("ends", ["by itself", "by force"])
def test_nobody_waits_for_the_deadline_of_a_pod_that_is_gone(ends):
    batch = container("k8slearn/batch:1", RUNS_FOR=5 if ends == "by itself" else 500)
    sim = one_node()
    sim.create(pod("p", restartPolicy="Never", activeDeadlineSeconds=300, containers=[batch]))
    sim.run(until=lambda s: status(s)["phase"] == ("Succeeded" if ends == "by itself" else "Running"))
    if ends == "by force":
        sim.client.delete("pods", "default/p", gracePeriodSeconds=0)
    sim.run()
    assert sim.now < 20


def test_a_deadline_that_has_passed_while_the_kubelet_was_away_counts():
    sim = one_node()
    sim.create(pod("p", activeDeadlineSeconds=60))
    sim.run(until=lambda s: status(s)["phase"] == "Running")
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(100)
    sim.fault("heal", "kubelet/node-0")
    sim.advance(20)
    assert status(sim)["reason"] == "DeadlineExceeded"


def test_what_writes_more_than_its_limit_is_evicted():
    limits = {"limits": {"ephemeral-storage": "1Gi"}}
    sim = one_node()
    sim.create(
        pod(
            "p",
            restartPolicy="Never",
            containers=[container("k8slearn/writer:1", WRITES="1Gi", resources=limits)],
        )
    )
    sim.run()
    assert (status(sim)["phase"], status(sim)["reason"]) == ("Failed", "Evicted")
    text = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "
    assert (status(sim)["message"], texts(sim, "Evicted")) == (text, [text])
    assert 60 < sim.now < 80


# --- pressure ----------------------------------------------------------------------------------------


def crowded(*pods, **machine) -> Simulation:
    sim = one_node(machine={"memory": "1Gi", **machine})
    sim.create(list(pods))
    sim.run(until=lambda s: any(p["status"].get("reason") == "Evicted" for p in s.client.list("pods")))
    return sim


def leaks(name: str, per_minute: str = "64Mi", request: str = "", **spec):
    sizes = {"resources": {"requests": {"memory": request}}} if request else {}
    return pod(name, containers=[container("k8slearn/leaker:1", LEAKS=per_minute, **sizes)], **spec)


def test_memory_that_runs_out_makes_pressure_and_a_victim():
    sim = crowded(leaks("p"), pod("calm"))
    memory = status(sim)
    assert (memory["phase"], memory["reason"]) == ("Failed", "Evicted")
    available = memory["message"].split("available: ")[1].split("Ki")[0]
    used = memory["message"].split("was using ")[1].split("Ki")[0]
    assert int(available) < 100 * 1024
    assert memory["message"] == (
        f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {available}Ki. "
        f"Container c was using {used}Ki, request is 0, has larger consumption of memory. "
    )
    target = condition(sim.client.get("pods", "default/p"), "DisruptionTarget")
    assert (target["status"], target["reason"], target["message"]) == (
        "True",
        "TerminationByKubelet",
        memory["message"],
    )
    assert health(sim)["MemoryPressure"] == (
        "True",
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
    )
    assert [t[1:3] for t in told(sim, "node-0")] == [
        ("NodeHasInsufficientMemory", "Node node-0 status is now: NodeHasInsufficientMemory"),
        ("EvictionThresholdMet", "Attempting to reclaim memory"),
    ]
    assert status(sim, "calm")["phase"] == "Running"


def test_pressure_is_over_five_minutes_after_it_was_last_seen():
    sim = crowded(leaks("p"))
    began = sim.now
    sim.run()
    assert began + 295 < sim.now <= began + 310
    assert health(sim)["MemoryPressure"][0] == "False"
    assert texts(sim, "NodeHasSufficientMemory", name="node-0")


def test_under_memory_pressure_nobody_comes_in_who_asks_for_nothing():
    sim = crowded(leaks("p"))
    sim.create([here("best-effort"), here("burstable", asks(memory="10Mi"))])
    sim.advance(10)
    refused = status(sim, "best-effort")
    assert (refused["reason"], refused["message"]) == (
        "Evicted",
        "Pod was rejected: The node had condition: [MemoryPressure]. ",
    )
    assert status(sim, "burstable")["phase"] == "Running"


@pytest.mark.parametrize(
    ("other", "victim"),
    [
        (leaks("other", "16Mi"), "leaker"),  # it uses less
        (pod("other"), "leaker"),  # hardly anything
    ],
)
def test_the_one_with_the_most_above_its_request_goes(other, victim):
    sim = crowded(leaks("leaker", "64Mi"), other)
    assert status(sim, victim)["reason"] == "Evicted"
    assert "reason" not in status(sim, "other")


def test_who_keeps_to_its_request_stays():
    sim = crowded(leaks("big", "64Mi", request="1000Mi"), leaks("small", "4Mi"))
    assert status(sim, "small")["reason"] == "Evicted"
    assert "reason" not in status(sim, "big")


def test_lower_priority_goes_first_and_critical_pods_never():
    def run(name: str, priority: int, uses: str):
        c = container("k8slearn/leaker:1", LEAKS="1Mi", MEMORY=uses)
        return eviction.Run.of(
            {
                **pod(name, containers=[c], priority=priority),
                "status": {
                    "containerStatuses": [
                        {
                            "name": "c",
                            "image": c["image"],
                            "imageID": "x",
                            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                        }
                    ]
                },
            }
        )

    runs = [run("a", 10, "50Mi"), run("b", 5, "10Mi"), run("c", 2_000_000_000, "90Mi"), run("d", 5, "20Mi")]
    (memory, *_) = eviction.thresholds({"memory.available": "1Mi"}, {"memory": 2**30})
    assert [r.latest["metadata"]["name"] for r in eviction.ranked(runs, memory, 0)] == ["d", "b", "a"]


def test_only_one_pod_goes_at_a_time():
    sim = crowded(*(leaks(f"p{i}", "32Mi") for i in range(4)))
    sim.advance(100)
    gone = sorted(
        seconds_of(condition(p, "DisruptionTarget")["lastTransitionTime"])
        for p in sim.client.list("pods")
        if p["status"].get("reason") == "Evicted"
    )
    assert 1 <= len(gone) < 4
    assert all(b - a >= 10 for a, b in pairwise(gone))


def test_a_full_disk_loses_unused_images_first():
    sim = one_node(machine={"eviction_hard": {"nodefs.available": "99%"}})
    sim.create(pod("old", containers=[container(f"{n}:1", n) for n in "abcdefghij"]))
    sim.run()
    sim.client.delete("pods", "default/old")
    sim.create(pod("p", containers=[container("k8slearn/writer:1", WRITES="100Mi")]))
    sim.advance(90)
    assert texts(sim, "EvictionThresholdMet", name="node-0") == ["Attempting to reclaim ephemeral-storage"]
    assert status(sim)["phase"] == "Running"
    assert list(sim.manager.players["kubelet/node-0"].images.sizes) == ["k8slearn/writer:1"]
    sim.run(until=lambda s: status(s).get("reason"))
    assert (status(sim)["reason"], health(sim)["DiskPressure"][1]) == ("Evicted", "KubeletHasDiskPressure")
    assert status(sim)["message"].startswith(
        "The node was low on resource: ephemeral-storage. Threshold quantity: 99Gi,"
    )


def test_processes_run_out_where_a_threshold_says_so():
    sim = one_node(machine={"eviction_hard": {"pid.available": "90%"}})
    sim.create(pod("p", containers=[container("k8slearn/forker:1", FORKS=6000)]))
    sim.run(until=lambda s: status(s).get("reason"))
    assert health(sim)["PIDPressure"] == (
        "True",
        "KubeletHasInsufficientPID",
        "kubelet has insufficient PID available",
    )
    assert status(sim)["message"].startswith(
        "The node was low on resource: pids. Threshold quantity: 29491, available: "
    )


def test_an_unknown_signal_is_named():
    with pytest.raises(ValueError, match=r"unknown eviction signal memory: choose one of memory\.available"):
        eviction.thresholds({"memory": "1Mi"}, {})


def test_a_machine_where_nothing_grows_never_looks():
    sim = one_node(machine={"memory": "1Gi"})
    sim.create([pod(f"p{i}", containers=[container("nginx")]) for i in range(3)])
    sim.run()
    before = kubelet_steps(sim)
    sim.advance(3600)
    assert kubelet_steps(sim) == before
    assert not [s for s in sim.trace if s.key == "eviction-manager"]


# --- going down ----------------------------------------------------------------------------------------


def press_button(sim):
    sim.client.patch("nodes", "node-0", patch={"metadata": {"annotations": {"fake/shutdown": "true"}}})


def going_down(*pods):
    sim = one_node()
    sim.create(list(pods))
    sim.run()
    press_button(sim)
    sim.run(until=lambda s: health(s)["Ready"][0] == "False", seconds=20)
    return sim, sim.now


def test_a_machine_goes_down_in_good_order():
    drains = container("k8slearn/web:1", DRAINS_FOR=60)
    critical = {"priority": None, "priorityClassName": "system-cluster-critical"}
    sim = one_node()
    sim.create(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "value": 2_000_000_000,
            "metadata": {"name": "system-cluster-critical"},
        }
    )
    sim.create([pod("p", containers=[drains]), here("dns", drains, **critical)])
    sim.run()
    press_button(sim)
    sim.run(until=lambda s: health(s)["Ready"][0] == "False", seconds=20)
    began = sim.now
    assert health(sim)["Ready"] == ("False", "KubeletNotReady", "node is shutting down")
    assert texts(sim, "Shutdown", name="node-0") == ["Shutdown manager detected shutdown event"]
    sim.advance(40)
    text = "Pod was terminated in response to imminent node shutdown."
    for name, after in (("p", 20), ("dns", 30)):
        told_ = status(sim, name)
        assert (told_["phase"], told_["reason"], told_["message"]) == ("Failed", "Terminated", text)
        ended = seconds_of(told_["containerStatuses"][0]["state"]["terminated"]["finishedAt"])
        assert ended == pytest.approx(began + after, abs=1), name
        assert (
            condition(sim.client.get("pods", f"default/{name}"), "DisruptionTarget")["reason"]
            == "TerminationByKubelet"
        )


def test_while_it_goes_down_nobody_comes_in():
    sim, _ = going_down(pod("p", containers=[container("k8slearn/web:1", DRAINS_FOR=60)]))
    sim.create(here("late"))
    sim.advance(1)
    assert (status(sim, "late")["reason"], status(sim, "late")["message"]) == (
        "NodeShutdown",
        "Pod was rejected: Pod was rejected as the node is shutting down.",
    )


def test_a_machine_that_is_off_says_nothing_until_it_is_started_again():
    sim, _ = going_down(pod("p"))
    sim.advance(60)
    lease = sim.client.get("leases", "kube-node-lease/node-0")["spec"]["renewTime"]
    sim.create(here("late"))
    sim.advance(120)
    assert sim.client.get("leases", "kube-node-lease/node-0")["spec"]["renewTime"] == lease
    sim.crash("kubelet/node-0")
    sim.advance(20)
    assert health(sim)["Ready"][0] == "True"
    assert status(sim, "late")["phase"] == "Running"


def test_a_deployment_moves_to_the_other_machines():
    sim = Simulation(nodes=3)
    sim.create(deployment("web", 6))
    sim.run()
    press_button(sim)
    sim.advance(120)
    pods = [p for p in sim.client.list("pods") if p["status"]["phase"] == "Running"]
    assert len(pods) == 6
    assert {p["spec"]["nodeName"] for p in pods} == {"node-1", "node-2"}
    assert {p["status"]["reason"] for p in sim.client.list("pods") if p["status"]["phase"] == "Failed"} <= {
        "Terminated"
    }


# --- going back ------------------------------------------------------------------------------------------


def test_rewinding_under_pressure_gives_the_same_history():
    sim = one_node(machine={"memory": "1Gi"}, policy="shuffled", seed=3)
    sim.create([leaks("a", "256Mi"), leaks("b", "128Mi"), pod("c")])
    sim.advance(400)
    text, final, end = sim.trace.text(), sim.state(), sim.position
    for position in range(0, end, max(end // 10, 1)):
        sim.goto(position)
        assert [str(sim.step()) for _ in range(end - position)] == text.splitlines()[position:]
        assert sim.state() == final
