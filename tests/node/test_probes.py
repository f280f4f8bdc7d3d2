"""Startup, liveness and readiness: who is asked when, what people are told, and what it costs."""

from __future__ import annotations

import pytest

from k8slearn.node.probes import advance, begin, foresee
from tests.fakes import pod
from tests.node.machine import (
    conditions,
    container,
    first,
    get,
    kubelet_steps,
    one_node,
    status,
    texts,
    told,
)

INF = float("inf")


def started(*containers, until: str = "running", **spec):
    sim = one_node()
    sim.create(pod("p", containers=list(containers), **spec))
    sim.run(until=lambda s: until in (status(s).get("containerStatuses") or [{"state": ()}])[0]["state"])
    return sim, sim.now


def http(path: str = "/", port: int | str = 8080, **rest):
    return {"httpGet": {"path": path, "port": port}, **rest}


# --- readiness -----------------------------------------------------------------------------------


def test_a_server_is_ready_when_a_probe_finds_it_listening():
    web = container("k8slearn/web:1", STARTS_IN=12, readinessProbe=http(periodSeconds=5))
    sim, began = started(web)
    sim.run()
    assert sim.now == pytest.approx(began + 15)  # asked after 0, 5, 10 and 15 seconds
    assert (first(sim)["ready"], conditions(sim)["Ready"]) == (True, "True")
    (_, _, text, count), *rest = told(sim, "p", "Unhealthy")
    address = status(sim)["podIP"]
    refused = f'Get "http://{address}:8080/": dial tcp {address}:8080: connect: connection refused'
    assert (text, count, rest) == (f"Readiness probe failed: {refused}", 3, [])


def test_thresholds_count_answers_in_a_row():
    probe = http(periodSeconds=2, successThreshold=3, failureThreshold=2, initialDelaySeconds=1)
    web = container("k8slearn/web:1", STARTS_IN=0, HANGS_AFTER=20, readinessProbe=probe)
    sim, began = started(web)
    sim.run(until=lambda s: first(s)["ready"])
    assert sim.now == pytest.approx(began + 5)  # 1, 3, 5
    sim.run()
    assert sim.now == pytest.approx(began + 23)  # 21, 23
    assert not first(sim)["ready"]
    assert {
        c: v for c, v in conditions(sim).items() if "Ready" in c and c != "PodReadyToStartContainers"
    } == {
        "Ready": "False",
        "ContainersReady": "False",
    }
    (text,) = texts(sim, "Unhealthy")
    assert text.endswith("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
    assert first(sim)["restartCount"] == 0


def test_a_lesson_can_turn_readiness_off_and_on():
    sim, _ = started(container(readinessProbe=http(periodSeconds=3, failureThreshold=1)))
    sim.run()
    assert first(sim)["ready"]
    for knob, ready in (("readiness", False), ("", True)):
        sim.client.patch(
            "pods", "default/p", patch={"metadata": {"annotations": {"fake/fails-probes": knob}}}
        )
        sim.advance(4)
        assert first(sim)["ready"] is ready
    assert texts(sim, "Unhealthy") == ["Readiness probe failed: HTTP probe failed with statuscode: 503"]


def test_a_probe_that_fails_for_good_does_not_keep_a_cluster_awake_but_is_told_of():
    sim, began = started(container("nginx", readinessProbe=http(port=8080)))
    sim.run()
    assert sim.now < began + 1
    sim.advance(60)
    ((_, _, _, count),) = told(sim, "p", "Unhealthy")
    assert count == 7
    assert not first(sim)["ready"]


# --- liveness ------------------------------------------------------------------------------------


def test_what_hangs_is_killed_and_started_again():
    probe = http("/healthz", periodSeconds=5, failureThreshold=2, timeoutSeconds=1)
    hanger = container("k8slearn/hanger:1", HANGS_AFTER=12, livenessProbe=probe)
    sim, began = started(hanger, terminationGracePeriodSeconds=10)
    sim.run(until=lambda s: texts(s, "Killing"))
    assert sim.now == pytest.approx(began + 20)  # hangs after 12, asked after 15 and 20
    assert texts(sim, "Killing") == ["Container c failed liveness probe, will be restarted"]
    sim.run(until=lambda s: first(s)["restartCount"] == 1)
    assert sim.now == pytest.approx(began + 20 + 10 + 0.5)  # it does not obey SIGTERM
    assert first(sim)["lastState"]["terminated"]["exitCode"] == 137
    address = status(sim)["podIP"]
    assert texts(sim, "Unhealthy") == [
        f'Liveness probe failed: Get "http://{address}:8080/healthz": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)"
    ]


def test_a_socket_that_accepts_connections_says_nothing_about_a_hanging_program():
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 5}
    sim, _ = started(container("k8slearn/hanger:1", HANGS_AFTER=1, livenessProbe=probe))
    sim.advance(300)
    assert (texts(sim, "Unhealthy"), first(sim)["restartCount"]) == ([], 0)


def test_a_probe_may_have_a_grace_period_of_its_own():
    probe = http(periodSeconds=5, failureThreshold=1, terminationGracePeriodSeconds=3)
    sim, began = started(container("k8slearn/hanger:1", HANGS_AFTER=1, livenessProbe=probe))
    sim.run(until=lambda s: first(s)["restartCount"] == 1)
    assert sim.now == pytest.approx(began + 5 + 3 + 0.5)


def test_a_container_that_is_never_restarted_fails_with_its_liveness():
    probe = http(periodSeconds=5, failureThreshold=1)
    sim, _ = started(
        container("k8slearn/hanger:1", HANGS_AFTER=1, livenessProbe=probe), restartPolicy="Never"
    )
    sim.run()
    assert (status(sim)["phase"], first(sim)["restartCount"]) == ("Failed", 0)


def test_a_program_that_stops_well_is_restarted_all_the_same():
    probe = http(periodSeconds=5, failureThreshold=1)
    stuck = container("nginx", HANGS_AFTER=1, livenessProbe={**probe, "httpGet": {"port": 80}})
    sim, _ = started(stuck, restartPolicy="OnFailure")
    sim.run(until=lambda s: first(s)["restartCount"] == 1)
    assert first(sim)["lastState"]["terminated"]["exitCode"] == 0


def test_the_example_of_the_documentation():
    script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    sim, began = started(container("busybox", command=["/bin/sh", "-c", script], livenessProbe=probe))
    sim.run(until=lambda s: texts(s, "Killing"))
    assert sim.now == pytest.approx(began + 40)  # gone after 30 s: asked after 30, 35 and 40
    assert told(sim, "p", "Unhealthy")[0][2:] == (
        "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory",
        3,
    )


# --- startup -------------------------------------------------------------------------------------


def slow(**probes):
    return container("k8slearn/web:1", STARTS_IN=35, **probes)


def test_a_startup_probe_holds_the_others_off():
    startup = http(periodSeconds=10, failureThreshold=30)
    liveness = http(periodSeconds=1, failureThreshold=1)
    sim, began = started(slow(startupProbe=startup, livenessProbe=liveness, readinessProbe=http()))
    assert (first(sim)["started"], first(sim)["ready"]) == (False, False)
    sim.run()
    assert sim.now == pytest.approx(began + 40)
    assert (first(sim)["started"], first(sim)["ready"], first(sim)["restartCount"]) == (True, True, 0)
    assert {text.split()[0] for text in texts(sim, "Unhealthy")} == {"Startup"}


def test_without_one_liveness_kills_what_starts_slowly_again_and_again():
    sim, _ = started(slow(livenessProbe=http(periodSeconds=10, failureThreshold=3)))
    sim.advance(300)
    assert first(sim)["restartCount"] >= 3
    assert len(texts(sim, "Killing")) == 1


def test_a_start_that_takes_too_long_is_given_up():
    sim, began = started(slow(startupProbe=http(periodSeconds=5, failureThreshold=3)))
    sim.run(until=lambda s: texts(s, "Killing"))
    assert sim.now == pytest.approx(began + 10)
    assert texts(sim, "Killing") == ["Container c failed startup probe, will be restarted"]


# --- the other ways to ask -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ({"tcpSocket": {"port": 9}}, "dial tcp {ip}:9: connect: connection refused"),
        (
            {"grpc": {"port": 9}, "timeoutSeconds": 2},
            'timeout: failed to connect service "{ip}:9" within 2s: context deadline exceeded',
        ),
        ({"exec": {"command": ["sh", "-c", "echo not yet; exit 1"]}}, "not yet"),
        ({"exec": {"command": ["test", "-f", "/ready"]}}, None),
        ({"httpGet": {"port": "web", "scheme": "HTTPS"}}, None),
        ({"httpGet": {"port": 80, "host": "10.9.9.9"}}, None),
    ],
)
def test_handlers(handler, said):
    nginx = container("nginx", readinessProbe=handler, ports=[{"name": "web", "containerPort": 80}])
    sim, _ = started(nginx)
    sim.run()
    expected = [] if said is None else [f"Readiness probe failed: {said.format(ip=status(sim)['podIP'])}"]
    assert texts(sim, "Unhealthy") == expected
    assert first(sim)["ready"] is (said is None)


# --- what it costs -----------------------------------------------------------------------------------


def test_probes_that_keep_succeeding_cost_no_steps():
    everything = {
        kind: http(periodSeconds=1, port=80) for kind in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    sim, _ = started(container("nginx", **everything))
    sim.run()
    before = kubelet_steps(sim)
    sim.advance(3600)
    assert kubelet_steps(sim) == before
    assert first(sim)["ready"]


def test_a_restarted_kubelet_goes_on_asking():
    web = container("k8slearn/web:1", STARTS_IN=0, HANGS_AFTER=100, readinessProbe=http(periodSeconds=10))
    sim, _ = started(web)
    sim.run(until=lambda s: first(s)["ready"])
    sim.crash("kubelet/node-0")
    sim.advance(90)
    assert first(sim)["ready"]
    sim.advance(60)
    assert not first(sim)["ready"]
    assert get(sim)["status"]["containerStatuses"][0]["restartCount"] == 0


@pytest.mark.parametrize("policy", ["prompt", "shuffled"])
def test_rewinding_and_going_on_gives_the_same_history(policy):
    sim = one_node(policy=policy, seed=4)
    readiness = http(periodSeconds=4, failureThreshold=1)
    hanger = container(
        "k8slearn/hanger:1", HANGS_AFTER=25, readinessProbe=readiness, livenessProbe=http(periodSeconds=9)
    )
    sim.create(
        pod("p", containers=[hanger], initContainers=[container("nginx", "s", restartPolicy="Always")])
    )
    sim.advance(150)
    text, final, end = sim.trace.text(), sim.state(), sim.position
    for position in range(0, end, max(end // 8, 1)):
        sim.goto(position)
        assert [str(sim.step()) for _ in range(end - position)] == text.splitlines()[position:]
        assert sim.state() == final


# --- the arithmetic ------------------------------------------------------------------------------------


def answers(*changes: float):
    """No at first; changes its mind at these seconds."""

    def ask(at: float):
        after = [c for c in changes if c > at]
        ok = (len(changes) - len(after)) % 2 == 1
        return (None if ok else "no"), min(after, default=INF)

    return ask


@pytest.mark.parametrize(
    "changes", [(), (12.0,), (0.0, 31.0), (5.0, 9.0, 13.0, 40.0), (3.0, 8.0, 44.0, 47.0, 90.0)]
)
@pytest.mark.parametrize("kind", ["startupProbe", "livenessProbe", "readinessProbe"])
@pytest.mark.parametrize("thresholds", [(1, 3), (2, 1), (3, 2)])
def test_what_is_foreseen_is_what_happens(kind, changes, thresholds):
    probe = {"periodSeconds": 4, "successThreshold": thresholds[0], "failureThreshold": thresholds[1]}
    ask, state = answers(*changes), begin(kind, probe, 0.0, 0.0)
    foreseen, happened = foresee(probe, state, ask), None
    for second in range(0, 200, 4):
        before = state.verdict
        state, _ = advance(probe, state, ask, float(second))
        if state.verdict != before:
            happened = float(second)
            break
    assert foreseen == happened


def test_many_questions_at_once_are_answered_as_one_by_one():
    probe = {"periodSeconds": 4, "failureThreshold": 2}
    ask, slowly = answers(0.0, 50.0), begin("readinessProbe", probe, 0.0, 0.0)
    for second in range(45):
        slowly, _ = advance(probe, slowly, ask, float(second))
    first_verdict, _ = advance(probe, begin("readinessProbe", probe, 0.0, 0.0), ask, 44.0)
    at_once, _ = advance(probe, first_verdict, ask, 44.0)
    assert at_once == slowly
