"""A machine falls silent: who notices when, what is marked, who is driven away, and if it comes back."""

from __future__ import annotations

import pytest

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig
from k8slearn.controllers.nodelifecycle import eviction_pause
from k8slearn.controllers.tainteviction import tolerated_for
from k8slearn.sim import Simulation
from tests.fakes import hollow, pod, replicaset

UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
SILENT_FROM = 21.0  # the last lease was renewed at 20 s


def silent(nodes: int = 3, *, objects: list[Object] | None = None, **rest: object) -> Simulation:
    """A cluster whose node-0 is cut off at 21 s, with a ReplicaSet of one pod for each node."""
    sim = hollow(nodes, **rest)  # type: ignore[arg-type]
    sim.create(objects if objects is not None else [replicaset(replicas=nodes)])
    sim.run()
    sim.advance(SILENT_FROM - sim.now)
    sim.fault("cut_off", "kubelet/node-0")
    return sim


def until(sim: Simulation, seconds: float) -> None:
    sim.advance(seconds - sim.now)


def node(sim: Simulation, name: str = "node-0") -> Object:
    return sim.client.get("nodes", name)


def ready(sim: Simulation, name: str = "node-0") -> Object:
    return next(c for c in node(sim, name)["status"]["conditions"] if c["type"] == "Ready")


def taints(sim: Simulation, name: str = "node-0") -> list[tuple[str, str, float]]:
    found = dig(node(sim, name), "spec", "taints", default=[])
    return [(t["key"], t["effect"], seconds_of(t["timeAdded"])) for t in found]


def pods_on(sim: Simulation, name: str = "node-0") -> list[Object]:
    return list(sim.client.list("pods", fields=f"spec.nodeName={name}"))


def events(sim: Simulation, reason: str) -> list[tuple[str, str, str, float]]:
    found = [e for e in sim.client.list("events") if e["reason"] == reason]
    return [
        (e["type"], e["message"], e["source"]["component"], seconds_of(e["firstTimestamp"])) for e in found
    ]


# --- silence -----------------------------------------------------------------------------------


def test_fifty_seconds_of_silence_make_a_node_unknown() -> None:
    sim = silent()
    until(sim, 74.9)
    assert ready(sim)["status"] == "True"
    until(sim, 75)  # the first look that is more than 50 s after the last lease
    assert {
        c["type"]: (c["status"], c["reason"], c["message"]) for c in node(sim)["status"]["conditions"]
    } == dict.fromkeys(
        ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"],
        ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
    )
    assert seconds_of(ready(sim)["lastTransitionTime"]) == 75
    assert events(sim, "NodeNotReady")[0] == (
        "Normal",
        "Node node-0 status is now: NodeNotReady",
        "node-controller",
        75,
    )


def test_taints_follow_first_against_new_pods_then_against_those_that_are_there() -> None:
    sim = silent()
    until(sim, 75)
    assert taints(sim) == [(UNREACHABLE, "NoSchedule", 75)]
    until(sim, 80)
    assert taints(sim) == [(UNREACHABLE, "NoSchedule", 75), (UNREACHABLE, "NoExecute", 80)]


def test_its_pods_are_marked_as_not_ready_at_once() -> None:
    sim = silent()
    until(sim, 75)
    (lost,) = pods_on(sim)
    found = {c["type"]: c for c in lost["status"]["conditions"]}
    assert (found["Ready"]["status"], seconds_of(found["Ready"]["lastTransitionTime"])) == ("False", 75)
    assert found["ContainersReady"]["status"] == "True"
    assert lost["status"]["phase"] == "Running"
    assert ("Warning", "Node is not ready", "node-controller", 75) in events(sim, "NodeNotReady")


def test_pods_are_evicted_when_their_toleration_of_300_seconds_is_over() -> None:
    sim = silent()
    (name,) = [p["metadata"]["name"] for p in pods_on(sim)]
    until(sim, 379.9)
    assert "deletionTimestamp" not in pods_on(sim)[0]["metadata"]
    until(sim, 380)
    (lost,) = pods_on(sim)
    assert seconds_of(lost["metadata"]["deletionTimestamp"]) == 380 + 30
    target = next(c for c in lost["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["message"]) == (
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )
    text = f"Marking for deletion Pod default/{name}"
    assert events(sim, "TaintManagerEviction") == [("Normal", text, "taint-eviction-controller", 380)]
    others = [p for p in sim.client.list("pods") if p["spec"]["nodeName"] != "node-0"]
    assert len(others) == 3  # its replacement runs elsewhere
    until(sim, 900)
    assert pods_on(sim) != []  # nobody can confirm its end: it stays Terminating


# --- coming back -------------------------------------------------------------------------------


def test_a_node_that_comes_back_in_time_keeps_its_pods() -> None:
    sim = silent()
    (before,) = pods_on(sim)
    until(sim, 100)
    sim.fault("heal", "kubelet/node-0")
    until(sim, 120)
    assert (ready(sim)["status"], taints(sim)) == ("True", [])
    (after,) = pods_on(sim)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert {c["type"]: c["status"] for c in after["status"]["conditions"]}["Ready"] == "True"
    name = before["metadata"]["name"]
    assert [e[1] for e in events(sim, "TaintManagerEviction")] == [
        f"Cancelling deletion of Pod default/{name}"
    ]
    until(sim, 600)
    assert len(pods_on(sim)) == 1


def test_a_node_that_comes_back_too_late_lets_go_of_its_pods() -> None:
    sim = silent()
    until(sim, 400)
    sim.fault("heal", "kubelet/node-0")
    until(sim, 420)
    assert pods_on(sim) == []
    assert len(sim.client.list("pods")) == 3
    assert not sim.errors()


def test_a_short_silence_changes_nothing() -> None:
    sim = silent()
    until(sim, 65)
    sim.fault("heal", "kubelet/node-0")
    until(sim, 300)
    assert seconds_of(ready(sim)["lastTransitionTime"]) == 0
    assert events(sim, "NodeNotReady") == []


# --- many --------------------------------------------------------------------------------------


def test_evictions_are_paced_one_node_in_ten_seconds() -> None:
    sim = silent(8)
    sim.fault("cut_off", "kubelet/node-1")
    sim.fault("cut_off", "kubelet/node-2")
    until(sim, 120)
    execute = sorted(
        t for i in range(3) for _, effect, t in taints(sim, f"node-{i}") if effect == "NoExecute"
    )
    assert execute == [80, 90, 100]


def test_when_nobody_answers_nobody_is_evicted() -> None:
    sim = silent(2)
    sim.fault("cut_off", "kubelet/node-1")
    until(sim, 800)
    assert [taints(sim, f"node-{i}") for i in range(2)] == [[(UNREACHABLE, "NoSchedule", 75)]] * 2
    assert not [p for p in sim.client.list("pods") if "deletionTimestamp" in p["metadata"]]


@pytest.mark.parametrize(
    ("ready", "unready", "pause"),
    [(2, 1, 10), (1, 2, 10), (3, 3, 10), (3, 4, 0), (30, 40, 100), (0, 1, 0), (0, 60, 0), (5, 0, 10)],
)
def test_how_fast(ready: int, unready: int, pause: float) -> None:
    assert eviction_pause([True] * ready + [False] * unready) == pause


# --- other taints ------------------------------------------------------------------------------


def test_cordoning_taints_and_uncordoning_takes_it_off() -> None:
    sim = hollow(1)
    sim.client.patch("nodes", "node-0", patch={"spec": {"unschedulable": True}})
    sim.run()
    assert [t[:2] for t in taints(sim)] == [("node.kubernetes.io/unschedulable", "NoSchedule")]
    sim.client.patch("nodes", "node-0", patch={"spec": {"unschedulable": None}})
    sim.run()
    assert taints(sim) == []


def test_peoples_own_taints_are_left_alone() -> None:
    own = {"key": "mine", "effect": "NoSchedule"}
    sim = silent(objects=[])
    sim.client.patch("nodes", "node-0", patch={"spec": {"taints": [own]}})
    until(sim, 100)
    found = node(sim)["spec"]["taints"]
    assert found[0] == own
    assert [t["key"] for t in found[1:]] == [UNREACHABLE, UNREACHABLE]


def test_a_node_that_says_it_is_not_ready_gets_the_other_taint() -> None:
    sim = hollow(2)
    sim.fault("hold", "kubelet/node-0")
    told = node(sim)["status"]["conditions"]
    told = [{**c, "status": "False"} if c["type"] == "Ready" else c for c in told]
    sim.client.patch_status("nodes", "node-0", patch={"conditions": told})
    sim.run()
    assert [t[:2] for t in taints(sim)] == [(NOT_READY, "NoSchedule")]


def test_a_no_execute_taint_evicts_at_once_those_that_do_not_tolerate_it() -> None:
    """As recorded from Kubernetes: sched-noexecute."""
    sim = hollow(1)
    tolerating = [{"key": "fid", "operator": "Exists", "effect": "NoExecute"}]
    sim.create([pod("a"), pod("b", tolerations=tolerating)])
    sim.run()
    sim.client.patch("nodes", "node-0", patch={"spec": {"taints": [{"key": "fid", "effect": "NoExecute"}]}})
    sim.run()
    assert [p["metadata"]["name"] for p in sim.client.list("pods")] == ["b"]
    text = "Marking for deletion Pod default/a"
    assert [e[:3] for e in events(sim, "TaintManagerEviction")] == [
        ("Normal", text, "taint-eviction-controller")
    ]


def test_how_long_a_pod_tolerates() -> None:
    taints = [{"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoExecute"}]

    def stays(*tolerations: Object) -> float:
        return tolerated_for(taints, {"spec": {"tolerations": list(tolerations)}})

    a = {"key": "a", "operator": "Exists"}
    assert stays() == 0
    assert stays(a) == 0
    assert stays({"operator": "Exists"}) == float("inf")
    assert stays(a, {"key": "b", "operator": "Exists", "tolerationSeconds": 20}) == 20
    assert (
        stays({**a, "tolerationSeconds": 7}, {"key": "b", "operator": "Exists", "tolerationSeconds": 20}) == 7
    )
    assert stays({**a, "tolerationSeconds": -7}, {"key": "b", "operator": "Exists"}) == 0


# --- nodes that nobody has heard of, and nodes that are gone -----------------------------------


def test_a_node_without_a_kubelet() -> None:
    """As recorded from Kubernetes: node-unknown."""
    sim = hollow(1)
    old = {"lastHeartbeatTime": "2001-01-01T00:00:00Z", "lastTransitionTime": "2001-01-01T00:00:00Z"}
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok", **old}
    sim.client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    sim.client.patch_status("nodes", "n", patch={"conditions": [condition]})
    sim.advance(70)
    found = node(sim, "n")["status"]["conditions"]
    assert [c["type"] for c in found] == ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]
    assert [c["reason"] for c in found] == ["NodeStatusUnknown", *["NodeStatusNeverUpdated"] * 3]
    assert [c["message"] for c in found] == [
        "Kubelet stopped posting node status.",
        *["Kubelet never posted node status."] * 3,
    ]
    assert (UNREACHABLE, "NoSchedule") in [t[:2] for t in taints(sim, "n")]


def test_pods_of_a_deleted_node_are_removed_by_force() -> None:
    sim = silent()
    until(sim, 30)
    sim.client.delete("nodes", "node-0")
    until(sim, 79.9)  # missed at the look at 40 s, and in quarantine for 40 s
    assert len(pods_on(sim)) == 1
    until(sim, 80)
    assert pods_on(sim) == []
    last = next(e.object for e in reversed(sim.store.log) if (e.resource, e.type) == ("pods", "DELETED"))
    assert last["status"]["phase"] == "Failed"
    target = next(c for c in last["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
    sim.run()
    assert len(sim.client.list("pods")) == 3


def test_terminating_pods_of_a_node_out_of_service_are_removed_by_force() -> None:
    sim = silent()
    until(sim, 390)
    assert len(pods_on(sim)) == 1
    out = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    found = node(sim)["spec"]["taints"]
    sim.client.patch("nodes", "node-0", patch={"spec": {"taints": [*found, out]}})
    until(sim, 420)
    assert pods_on(sim) == []


# --- trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who", ["node-lifecycle-controller", "taint-eviction-controller", "pod-garbage-collector"]
)
def test_crashes_after_any_write_do_not_change_the_end(who: str) -> None:
    for write in range(1, 7):
        sim = silent()
        sim.fault("crash_after", who, write)
        until(sim, 900)
        assert ready(sim)["status"] == "Unknown", write
        assert [t[:2] for t in taints(sim)] == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")], (
            write
        )
        (lost,) = pods_on(sim)
        assert "deletionTimestamp" in lost["metadata"], write
        assert {c["type"]: c["status"] for c in lost["status"]["conditions"]}["Ready"] == "False", write
        assert len(sim.client.list("pods")) == 4, write


def test_refused_writes_are_repeated() -> None:
    for write in range(1, 6):
        sim = silent()
        sim.fault("refuse", "node-lifecycle-controller", write, "Conflict")
        until(sim, 400)
        assert [t[:2] for t in taints(sim)] == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")], (
            write
        )
        assert not sim.errors()


@pytest.mark.parametrize("policy", ["prompt", "shuffled"])
def test_rewinding_and_going_on_gives_the_same_history(policy: str) -> None:
    sim = silent(policy=policy, seed=11)
    until(sim, 90)
    sim.fault("heal", "kubelet/node-0")
    until(sim, 130)
    text, final, end = sim.trace.text(), sim.state(), sim.position
    for position in range(0, end, max(end // 8, 1)):
        sim.goto(position)
        assert [str(sim.step()) for _ in range(end - position)] == text.splitlines()[position:]
        assert sim.state() == final


def test_the_same_seed_gives_the_same_trace() -> None:
    def history() -> str:
        sim = silent(seed=4, policy="shuffled")
        until(sim, 200)
        return sim.trace.hash()

    assert history() == history()


@pytest.mark.parametrize("seed", range(8))
def test_news_that_comes_late_changes_only_the_order(seed: int) -> None:
    sim = silent(policy="shuffled", seed=seed)
    until(sim, 100)
    assert [t[:2] for t in taints(sim)] == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    for lost in pods_on(sim):
        assert {c["type"]: c["status"] for c in lost["status"]["conditions"]}["Ready"] == "False"
    assert not sim.errors()
