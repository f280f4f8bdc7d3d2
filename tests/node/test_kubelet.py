"""What people see of a machine: its Node and lease, and the life of the pods on it, to the second."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster
from k8slearn.node import HOLLOW, Kubelet, load_stages
from k8slearn.sim import Simulation
from tests.fakes import hollow, pod
from tests.node.machine import conditions, last_words, one_node, status, told


def program(**annotations: str) -> Object:
    return {"annotations": {f"fake/{k.replace('_', '-')}": v for k, v in annotations.items()}}


def state(sim: Simulation, name: str = "p") -> tuple[str, str]:
    """(phase, what the first container does or why it waits)"""
    told = status(sim, name)
    found = told["containerStatuses"][0]["state"]
    kind = next(iter(found))
    return told["phase"], found[kind].get("reason", kind)


# --- the machine -------------------------------------------------------------------------------


def test_a_machine_registers_its_node_and_takes_a_lease() -> None:
    machine = partial(Kubelet, "node-7", cpu="4", memory="8Gi", pods="20", labels={"disk": "ssd"})
    sim = Simulation(Cluster([machine], components=[]))
    node = sim.client.get("nodes", "node-7")
    assert node["metadata"]["labels"] == {
        "disk": "ssd",
        "kubernetes.io/hostname": "node-7",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }
    capacity = node["status"]["capacity"]
    assert {k: capacity[k] for k in ("cpu", "memory", "pods")} == {"cpu": "4", "memory": "8Gi", "pods": "20"}
    assert node["status"]["allocatable"] == capacity
    assert [(c["type"], c["status"], c["reason"]) for c in node["status"]["conditions"]] == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    lease = sim.client.get("leases", "kube-node-lease/node-7")
    assert lease["spec"]["holderIdentity"] == "node-7"
    assert lease["spec"]["leaseDurationSeconds"] == 40
    assert lease["metadata"]["ownerReferences"][0]["name"] == "node-7"


def test_an_idle_machine_is_idle_but_its_heart_beats() -> None:
    sim = one_node()
    assert sim.step() is None
    sim.advance(600)
    beats = [c for s in sim.trace for c in s.writes if c.resource == "leases"]
    reports = [s.time for s in sim.trace for c in s.writes if c.resource == "nodes"]
    assert len(beats) == 60
    assert reports == [300.0, 600.0]


def test_a_kubelet_watches_only_its_own_pods() -> None:
    sim = hollow(3)
    sim.create([pod(f"p{i}", nodeName="node-1") for i in range(3)])
    sim.run()
    assert not [s for s in sim.trace if s.player in ("kubelet/node-0", "kubelet/node-2")]


def test_a_restarted_kubelet_finds_its_node_and_a_deleted_node_stays_away_until_then() -> None:
    sim = one_node()
    sim.client.delete("nodes", "node-0")
    sim.advance(30)
    assert sim.client.list("nodes") == []
    sim.crash("kubelet/node-0")
    sim.advance(1)
    assert [n["metadata"]["name"] for n in sim.client.list("nodes")] == ["node-0"]
    assert sim.client.get("leases", "kube-node-lease/node-0")


# --- hollow ------------------------------------------------------------------------------------


def test_hollow_one_reconcile_and_one_write_for_each_pod() -> None:
    sim = one_node(HOLLOW)
    sim.create([pod(f"p{i}") for i in range(5)])
    sim.run()
    steps = [s for s in sim.trace if s.player == "kubelet/node-0" and s.action == "reconcile"]
    assert len(steps) == 5
    assert all([c.verb for c in s.calls] == ["update"] for s in steps)
    assert sim.now == 0
    assert {state(sim, f"p{i}") for i in range(5)} == {("Running", "running")}
    assert conditions(sim, "p0") == dict.fromkeys(
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], "True"
    )
    addresses = {status(sim, f"p{i}")["podIP"] for i in range(5)}
    assert addresses == {f"10.244.0.{n}" for n in range(2, 7)}


def test_hollow_deletion_is_at_once() -> None:
    sim = one_node(HOLLOW)
    sim.create(pod("p"))
    sim.run()
    sim.client.delete("pods", "default/p")
    sim.run()
    assert (sim.client.list("pods"), sim.now) == ([], 0)


@pytest.mark.parametrize(
    ("code", "phase", "reason"), [("0", "Succeeded", "Completed"), ("3", "Failed", "Error")]
)
def test_hollow_programs_end_after_a_third_of_a_second(code: str, phase: str, reason: str) -> None:
    sim = one_node(HOLLOW)
    sim.create(pod("p", restartPolicy="Never", metadata=program(exit=code)))
    sim.run()
    assert (state(sim), sim.now) == ((phase, reason), 0.333)
    assert status(sim)["containerStatuses"][0]["state"]["terminated"]["exitCode"] == int(code)
    assert conditions(sim)["Ready"] == "False"


def test_a_jobs_pod_succeeds() -> None:
    sim = one_node(HOLLOW)
    job = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "1", "controller": True}
    sim.create(pod("p", restartPolicy="Never", metadata={"ownerReferences": [job]}))
    sim.run()
    assert state(sim) == ("Succeeded", "Completed")


# --- realistic ---------------------------------------------------------------------------------


def test_a_pod_is_pulled_created_started_and_ready() -> None:
    sim = one_node()
    sim.create(pod("p"))
    sim.run(until=lambda s: dig(s.client.get("pods", "default/p"), "status", "containerStatuses"))
    assert state(sim) == ("Pending", "ContainerCreating")
    assert conditions(sim)["Ready"] == "False"
    sim.run()
    assert state(sim) == ("Running", "running")
    (_, pulling, *_), (pulled_at, _, pulled, _), created, started = told(sim)
    took = pulled.split(" in ")[1].split("s ")[0]
    assert (pulling, pulled_at) == ("Pulling", float(int(float(took))))
    assert pulled.startswith(
        f'Successfully pulled image "app:1" in {took}s ({took}s including waiting). Image size: '
    )
    assert 1 <= float(took) <= 3
    assert (created[1:], started[1:]) == (
        ("Created", "Container created", 1),
        ("Started", "Container started", 1),
    )
    assert sim.now == round(float(took) + 0.5, 3)


def test_the_second_pod_finds_the_image_there() -> None:
    sim = one_node()
    sim.create(pod("p"))
    sim.run()
    began = sim.now
    sim.create(pod("q"))
    sim.run()
    text = 'Container image "app:1" already present on machine and can be accessed by the pod'
    assert [t[2] for t in told(sim, "q")] == [text, "Container created", "Container started"]
    assert sim.now == round(began + 0.5, 3)


def test_a_readiness_probe_delays_readiness() -> None:
    probe = {"httpGet": {"port": 80}, "initialDelaySeconds": 7}
    sim = one_node()
    sim.create(pod("p", containers=[{"name": "c", "image": "app:1", "readinessProbe": probe}]))
    sim.run(until=lambda s: status(s)["phase"] == "Running")
    assert (conditions(sim)["Ready"], status(sim)["containerStatuses"][0]["ready"]) == ("False", False)
    began = sim.now
    sim.run()
    assert (conditions(sim)["Ready"], sim.now) == ("True", round(began + 7, 3))


def test_a_readiness_gate_is_opened_by_somebody_else() -> None:
    sim = one_node(HOLLOW)
    sim.create(pod("p", readinessGates=[{"conditionType": "example.com/lb"}]))
    sim.run()
    told = next(c for c in status(sim)["conditions"] if c["type"] == "Ready")
    assert (told["status"], told["reason"]) == ("False", "ReadinessGatesNotReady")
    text = 'corresponding condition of pod readiness gate "example.com/lb" does not exist.'
    assert told["message"] == text
    gate = {"type": "example.com/lb", "status": "True", "lastTransitionTime": timestamp(0)}
    sim.client.patch_status("pods", "default/p", patch={"conditions": [*status(sim)["conditions"], gate]})
    sim.run()
    assert (conditions(sim)["Ready"], conditions(sim)["example.com/lb"]) == ("True", "True")


def test_containers_start_one_after_the_other() -> None:
    sim = one_node()
    sim.create(pod("p", containers=[{"name": n, "image": f"{n}:1"} for n in ("a", "b")]))
    sim.run()
    assert [t[1] for t in told(sim)] == ["Pulling", "Pulled", "Created", "Started", "Pulling", "Pulled"]
    assert [s["name"] for s in status(sim)["containerStatuses"]] == ["a", "b"]


def test_init_containers_end_before_the_others_begin() -> None:
    init = [{"name": "i", "image": "init:1"}, {"name": "s", "image": "side:1", "restartPolicy": "Always"}]
    sim = one_node()
    sim.create(pod("p", initContainers=init))
    sim.run(until=lambda s: dig(s.client.get("pods", "default/p"), "status", "initContainerStatuses"))
    assert state(sim) == ("Pending", "PodInitializing")
    assert conditions(sim)["Initialized"] == "False"
    sim.run()
    ended, sidecar = status(sim)["initContainerStatuses"]
    assert ended["state"]["terminated"]["reason"] == "Completed"
    assert "running" in sidecar["state"]
    assert (state(sim)[0], conditions(sim)["Initialized"]) == ("Running", "True")
    assert ended["state"]["terminated"]["finishedAt"] <= sidecar["state"]["running"]["startedAt"]


def test_a_crash_loop_backs_off_ten_seconds_and_doubles_up_to_five_minutes() -> None:
    sim = one_node()
    sim.create(pod("p", metadata=program(exit="1", runs_for="1")))
    starts: list[float] = []
    seen: set[str] = set()
    for _ in range(3000):
        sim.step()
        for s in status(sim).get("containerStatuses", ()):
            if "running" in s["state"] and s["containerID"] not in seen:
                seen.add(s["containerID"])
                starts.append(sim.now)
        if len(starts) == 9:
            break
    gaps = [round(b - a, 3) for a, b in pairwise(starts)]
    assert gaps == [1 + 0.5, 1 + 10, 1 + 20, 1 + 40, 1 + 80, 1 + 160, 1 + 300, 1 + 300]
    assert status(sim)["containerStatuses"][0]["restartCount"] == 8


def test_what_a_crash_loop_says() -> None:
    sim = one_node()
    sim.create(pod("p", metadata=program(exit="1", runs_for="1")))
    sim.run(
        until=lambda s: state(s)[1] == "CrashLoopBackOff" if status(s).get("containerStatuses") else False
    )
    uid = sim.client.get("pods", "default/p")["metadata"]["uid"]
    texts = {t[1]: t[2] for t in told(sim)}
    assert texts["BackOff"] == f"Back-off restarting failed container c in pod p_default({uid})"
    assert status(sim)["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
    assert state(sim) == ("Running", "CrashLoopBackOff")
    assert (conditions(sim)["Ready"], conditions(sim)["Initialized"]) == ("False", "True")


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [
        ("Never", "1", "Failed"),
        ("Never", "0", "Succeeded"),
        ("OnFailure", "0", "Succeeded"),
        ("OnFailure", "1", "Running"),
    ],
)
def test_restart_policies(policy: str, code: str, phase: str) -> None:
    sim = one_node()
    sim.create(pod("p", restartPolicy=policy, metadata=program(exit=code, runs_for="2")))
    sim.advance(30)
    assert status(sim)["phase"] == phase
    assert (status(sim)["containerStatuses"][0]["restartCount"] > 0) == (phase == "Running")


def test_an_image_that_cannot_be_pulled() -> None:
    sim = one_node()
    sim.create(pod("p", metadata=program(image_error="true")))
    sim.advance(1)
    assert state(sim) == ("Pending", "ErrImagePull")
    sim.advance(1)
    assert state(sim) == ("Pending", "ImagePullBackOff")
    sim.advance(10)
    assert state(sim) == ("Pending", "ErrImagePull")
    warnings = [t[2] for t in told(sim)]
    assert warnings[1:4] == [
        'Failed to pull image "app:1": failed to resolve image: app:1: not found',
        "Error: ErrImagePull",
        'Back-off pulling image "app:1"',
    ]


# --- the end -----------------------------------------------------------------------------------


def running_pod(**spec: Any) -> Simulation:
    sim = one_node()
    sim.create(pod("p", **spec))
    sim.run()
    return sim


def test_a_deleted_pod_is_stopped_and_then_goes() -> None:
    sim = running_pod()
    began = sim.now
    sim.client.delete("pods", "default/p")
    sim.run()
    assert sim.client.list("pods") == []
    assert sim.now == round(began + 0.5, 3)
    assert told(sim)[-1][1:3] == ("Killing", "Stopping container c")
    writes = [
        (c.verb, c.resource, c.subresource)
        for s in sim.trace.steps[-8:]
        for c in s.writes
        if c.resource == "pods"
    ]
    assert writes == [("update", "pods", "status"), ("delete", "pods", "")]


def test_a_program_that_does_not_stop_is_killed_at_the_end_of_its_grace() -> None:
    sim = running_pod(terminationGracePeriodSeconds=5, metadata=program(stops_in="99"))
    began = sim.now
    sim.client.delete("pods", "default/p")
    sim.run()
    assert (sim.client.list("pods"), sim.now) == ([], round(began + 5, 3))
    assert last_words(sim)["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_a_pod_deleted_while_its_image_is_pulled_goes_at_once() -> None:
    sim = one_node()
    sim.create(pod("p"))
    sim.advance(0.5)
    sim.client.delete("pods", "default/p")
    assert sim.run(until=lambda s: not s.client.list("pods"))
    assert sim.now == 0.5


def test_a_pod_deleted_by_force_is_forgotten_and_its_successor_starts_anew() -> None:
    sim = running_pod()
    sim.client.delete("pods", "default/p", gracePeriodSeconds=0)
    sim.create(pod("p"))
    sim.run()
    assert state(sim) == ("Running", "running")
    assert status(sim)["containerStatuses"][0]["restartCount"] == 0


# --- trouble -----------------------------------------------------------------------------------


def test_a_crash_of_the_kubelet_restarts_no_container() -> None:
    sim = running_pod()
    before = status(sim)
    sim.crash("kubelet/node-0")
    sim.advance(60)
    assert status(sim) == before


def test_after_a_crash_at_any_write_the_pod_ends_up_running_all_the_same() -> None:
    for write in range(1, 12):
        sim = one_node()
        sim.fault("crash_after", "kubelet/node-0", write)
        sim.create([pod("p"), pod("q")])
        sim.run()
        assert (state(sim, "p"), state(sim, "q")) == (("Running", "running"),) * 2, write
        assert status(sim, "p")["podIP"] != status(sim, "q")["podIP"], write
        assert status(sim)["containerStatuses"][0]["restartCount"] == 0, write


def test_a_refused_status_write_is_repeated() -> None:
    sim = one_node(HOLLOW)
    sim.fault("refuse", "kubelet/node-0", 1, "Conflict")
    sim.create(pod("p"))
    sim.run()
    assert state(sim) == ("Running", "running")
    assert not sim.errors()


def test_what_happened_while_cut_off_is_told_afterwards() -> None:
    sim = running_pod(restartPolicy="Never", metadata=program(exit="0", runs_for="20"))
    # the run is over; a second one is cut off while it runs
    sim.create(pod("q", restartPolicy="Never", metadata=program(exit="0", runs_for="20")))
    sim.run(until=lambda s: status(s, "q")["phase"] == "Running")
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(100)
    assert status(sim, "q")["phase"] == "Running"
    sim.fault("heal", "kubelet/node-0")
    sim.advance(15)
    assert status(sim, "q")["phase"] == "Succeeded"
    ended = status(sim, "q")["containerStatuses"][0]["state"]["terminated"]
    assert seconds_of(ended["finishedAt"]) - seconds_of(ended["startedAt"]) == 20


def test_a_condition_of_somebody_else_is_kept() -> None:
    sim = running_pod()
    mine = {"type": "example.com/fine", "status": "True", "lastTransitionTime": timestamp(0)}
    mine["lastProbeTime"] = None  # as the server writes it
    found = status(sim)["conditions"]
    sim.client.patch_status("pods", "default/p", patch={"conditions": [*found, mine]})
    sim.client.delete("pods", "default/p")
    sim.run()
    ended = last_words(sim)
    assert "terminated" in ended["containerStatuses"][0]["state"]
    assert mine in ended["conditions"]


@pytest.mark.parametrize("policy", ["prompt", "shuffled"])
def test_rewinding_and_going_on_gives_the_same_history(policy: str) -> None:
    sim = one_node(policy=policy, seed=5)
    sim.create([pod("p"), pod("q", metadata=program(exit="1", runs_for="2"))])
    sim.advance(40)
    sim.client.delete("pods", "default/p")
    sim.advance(20)
    text, final, end = sim.trace.text(), sim.state(), sim.position
    for position in range(0, end, max(end // 10, 1)):
        sim.goto(position)
        assert [str(sim.step()) for _ in range(end - position)] == text.splitlines()[position:]
        assert sim.state() == final


# --- the table ---------------------------------------------------------------------------------


def test_a_table_of_stages_can_be_loaded_from_plain_data() -> None:
    rows = [
        {"name": "vanish", "when": {"deleting": True}, "becomes": "gone"},
        {
            "name": "slow",
            "when": {"state": "starting"},
            "becomes": "running and ready",
            "delay": 42,
            "ends": ["Started"],
        },
    ]
    sim = one_node(load_stages(rows))
    sim.create(pod("p"))
    sim.run()
    assert (state(sim), sim.now) == (("Running", "running"), 42)
    assert [t[1] for t in told(sim)] == ["Started"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"name": "x", "when": {}}, "stage 1 (x): no becomes"),
        ({"name": "x", "when": {}, "becomes": "gone", "dealy": 1}, "stage 1 (x): unknown field dealy"),
        ({"name": "x", "when": {}, "becomes": "gone", "ends": ["Stared"]}, 'stage 1 (x): no event "Stared"'),
        ({"name": "x", "when": {"colour": "red"}, "becomes": "gone"}, 'stage 1 (x): no fact "colour"'),
        ({"name": "x", "when": {}, "becomes": "happy"}, 'stage 1 (x): a container cannot become "happy"'),
        ({"name": "x", "when": {}, "becomes": "gone", "delay": "a while"}, 'stage 1 (x): no delay "a while"'),
    ],
)
def test_a_bad_row_is_named(row: Object, problem: str) -> None:
    with pytest.raises(ValueError, match="stage 1") as error:
        load_stages([row])
    assert str(error.value).startswith(problem)


def test_a_table_that_goes_in_circles_is_an_error_not_a_hang() -> None:
    rows = [{"name": "again", "when": {"state": "starting"}, "becomes": "waiting: ContainerCreating"}]
    sim = one_node(load_stages(rows))
    sim.create(pod("p"))
    sim.advance(0.001)
    assert "went through 50 stages without waiting" in str(sim.errors()["kubelet/node-0"]["default/p"])
