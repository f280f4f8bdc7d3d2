"""The trace: who, what, when and why; causes that point backwards and lead to somebody's hand or to time."""

from __future__ import annotations

import pytest

from k8slearn.sim import Simulation
from tests.fakes import configmap, deployment, hollow, service
from tests.sim.worlds import rollout, troubled

HISTORIES = {
    "prompt": rollout,
    "shuffled": lambda: rollout("shuffled", 5),
    "fair": lambda: rollout("fair"),
    "with every fault": troubled,
    "machines and time": lambda: machines(),
    "nothing but time": lambda: nothing_but_time(),
}


def nothing_but_time() -> Simulation:
    """Whatever happens was set in motion before history began."""
    sim = Simulation(nodes=3)
    sim.advance(25)
    return sim


def machines() -> Simulation:
    """Real kubelets, whose timers were set before history began; and time passing."""
    sim = Simulation(nodes=2)
    sim.create([deployment(replicas=3), service()])
    sim.advance(30)
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(60)
    return sim


@pytest.fixture(params=HISTORIES.values(), ids=HISTORIES.keys(), scope="module")
def sim(request):
    return request.param()


def test_causes_point_backwards(sim):
    for step in sim.trace:
        assert all(1 <= cause < step.number for cause in step.causes), step.line()


def begins_something(step) -> bool:
    return (
        step.player in ("client", "fault", "clock")
        or step.action == "timer"
        or step.result.startswith("listed")
    )


def test_every_write_leads_back_to_a_request_a_fault_or_a_timer(sim):
    for step in sim.trace:
        if step.writes:
            assert any(map(begins_something, sim.trace.why(step.number))), step.line()


def test_a_delivery_is_caused_by_the_step_that_wrote_what_is_heard(sim):
    for step in sim.trace:
        if step.action == "deliver" and step.result.split(" @")[0] in ("ADDED", "MODIFIED", "DELETED"):
            revision = int(step.result.split("@")[1])
            for cause in step.causes:
                assert sim.trace[cause].before < revision <= sim.trace[cause].after


def test_a_reconcile_is_caused_by_what_put_its_key_there(sim):
    for step in sim.trace:
        if step.action == "reconcile":
            assert all(
                sim.trace[c].player in (step.player, "fault") and sim.trace[c].action != "request"
                for c in step.causes
            ), step.line()


def test_steps_are_numbered_time_does_not_go_back_and_revisions_are_whole(sim):
    assert [s.number for s in sim.trace] == list(range(1, len(sim.trace) + 1))
    times = [s.time for s in sim.trace]
    assert times == sorted(times)
    assert all(a.after == b.before for a, b in zip(sim.trace.steps, sim.trace.steps[1:], strict=False))
    assert sim.trace[-1].after == sim.store.revision


def test_every_revision_of_the_history_has_its_writer_and_its_call(sim):
    for revision in range(sim.trace[1].before + 1, sim.store.revision + 1):
        writer = sim.trace[sim.trace.writer[revision]]
        assert writer.before < revision <= writer.after
        assert revision in [c.revision for c in writer.writes]


def test_only_calls_of_the_player_itself_are_in_its_step(sim):
    for step in sim.trace:
        if step.action in ("timer", "wait"):
            assert not step.calls, step.line()
        if step.action == "deliver":
            assert {c.verb for c in step.calls} <= {"list"}, step.line()


def test_why_is_a_story_from_the_oldest_cause_to_the_step_itself():
    sim = rollout()
    pod_made = next(s for s in sim.trace if any(c.resource == "pods" for c in s.writes))
    story = sim.trace.why(pod_made.number)
    players = list(dict.fromkeys(s.player for s in story))
    assert players == ["client", "deployment-controller", "replicaset-controller"]
    assert story[-1] is pod_made
    assert [s.number for s in story] == sorted(s.number for s in story)


def test_the_hash_is_of_the_text_and_tells_histories_apart():
    one, two = rollout(), rollout()
    assert one.trace.hash() == two.trace.hash()
    assert one.trace.hash(20) == two.trace.hash(20) != one.trace.hash()
    two.client.create(configmap("x"))
    assert one.trace.hash() != two.trace.hash()


def test_steps_are_counted_from_one_and_from_the_end():
    sim = rollout()
    assert sim.trace[1].number == 1
    assert sim.trace[-1].number == len(sim.trace)


def test_a_line_says_who_did_what_why_and_with_which_answer():
    sim = hollow(1)
    sim.create(configmap("a"))
    line = sim.trace[1].line().split()
    assert line[:2] == ["1", "0.000"]
    assert line[2:6] == ["client", "request", "configmaps", "default/a"]
    assert "{create" in line
    assert f"@{sim.store.revision}}}" in line
