"""What lies outside of the cluster: handed to those who ask for it, broken like a wire, rewound like the rest."""

from __future__ import annotations

import pytest

from k8slearn.cluster import Cluster
from k8slearn.lab.story import sentence
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim.fingerprint import Fingerprints
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.trial import Act, Invariant, Trial
from tests.fakes import configmap


class Post:
    """Sends letters."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def list(self) -> list[str]:
        return self.sent

    def send(self, letter: str) -> int:
        self.sent.append(letter)
        return len(self.sent)


class Writer(Controller):
    """Sends one letter for each ConfigMap, and looks first whether it has."""

    name, primary, outside = "writer", "configmaps", ("post",)
    post: Post

    def reconcile(self, key):
        if key not in self.post.list():
            self.post.send(key)


class Bringer(Writer):
    post = Post()


@pytest.fixture
def sim() -> Simulation:
    return Simulation(Cluster(0, components=(), adding=[Writer]), world={"post": Post()})


def sent(sim: Simulation) -> list[str]:
    return sim.world["post"].sent


def test_a_player_is_handed_what_it_asks_for_and_calls_are_in_the_trace(sim):
    sim.create(configmap("a"))
    sim.run()
    assert sent(sim) == ["default/a"]
    (step,) = sim.trace.of("writer", "reconcile")
    assert [str(c) for c in step.calls] == ["list post (done)", "send post default/a (done)"]
    assert [c.took_effect for c in step.calls] == [False, True]


def test_who_asks_for_what_is_not_there_is_told_how_to_say_it():
    with pytest.raises(ValueError, match=r'Simulation\(\.\.\., world=\{"post": \.\.\.\}\)'):
        Simulation(Cluster(0, components=(), adding=[Writer]))


def test_what_a_class_brings_along_is_copied():
    sim = Simulation(Cluster(0, components=(), adding=[Bringer]))
    sim.create(configmap("a"))
    sim.run()
    assert sent(sim) == ["default/a"]
    assert Bringer.post.sent == []


def test_a_real_system_may_say_what_stands_in_for_it():
    class Real(Post):
        def simulated(self) -> Post:
            return Post()

    sim = Simulation(Cluster(0, components=(), adding=[type("Writer", (Writer,), {"post": Real()})]))
    assert type(sim.world["post"]) is Post


def test_an_answer_is_a_copy(sim):
    sim.create(configmap("a"))
    sim.run()
    sim.manager.players["writer"].post.list().append("forged")
    assert sent(sim) == ["default/a"]


@pytest.mark.parametrize(
    ("fault", "written", "error"),
    [
        (("refuse", "writer", 1), [], "ConnectionError"),
        (("lose", "writer", 1), ["default/a"], "TimeoutError"),
        (("crash_after", "writer", 1), ["default/a"], "crashed after its write number 1"),
    ],
)
def test_it_goes_wrong_by_the_same_faults(sim, fault, written, error):
    sim.fault(*fault)
    sim.create(configmap("a"))
    sim.run(lambda s: s.trace.of("writer", "reconcile"))
    assert sent(sim) == written
    assert error in sim.trace[-1].result
    sim.run()
    assert sent(sim) == ["default/a"]


def test_who_is_cut_off_reaches_nobody(sim):
    sim.create(configmap("a"))
    sim.run(lambda s: s.manager.players["writer"].queue.ready)
    sim.fault("cut_off", "writer")
    sim.step()
    assert "ConnectionError: the post does not answer" in sim.trace[-1].result
    sim.fault("heal", "writer")
    sim.run()
    assert sent(sim) == ["default/a"]


def test_meddling_is_a_step_and_everything_can_be_taken_back(sim):
    sim.create(configmap("a"))
    sim.run()
    step = sim.meddle("post", "send", "spam")
    assert (step.player, step.resource, step.key) == ("world", "post", "spam")
    assert sentence(step) == "Outside of the cluster, in the post, somebody calls send spam."
    sim.goto(step.number - 1)
    assert sent(sim) == ["default/a"]
    sim.goto(step.number)
    assert sent(sim) == ["default/a", "spam"]
    sim.goto(0)
    assert sent(sim) == []


def test_a_fork_has_a_world_of_its_own(sim):
    sim.create(configmap("a"))
    sim.run()
    other = sim.fork()
    other.meddle("post", "send", "spam")
    other.create(configmap("b"))
    other.run()
    assert sent(other) == ["default/a", "spam", "default/b"]
    assert sent(sim) == ["default/a"]


def test_two_simulations_share_nothing():
    post = Post()
    for _ in range(2):
        sim = Simulation(Cluster(0, components=(), adding=[Writer]), world={"post": post})
        sim.create(configmap("a"))
        sim.run()
        assert sent(sim) == ["default/a"]
    assert post.sent == []


def test_states_that_differ_only_outside_are_not_the_same(sim):
    prints = Fingerprints()
    before = prints.of(sim)
    sim.world["post"].send("spam")
    assert prints.of(sim) != before


class Meter:
    """Goes on all the time, and notes what it sees of the cluster."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float, int]] = []

    def pass_time(self, around, until: float) -> None:
        known = around.players["writer"].cache.objects.get("configmaps", {})
        self.seen.append((around.now, until, len(known)))


def test_whatever_does_not_stand_still_hears_of_each_stretch_of_time_once():
    world = {"post": Post(), "meter": Meter()}
    sim = Simulation(Cluster(0, components=(), adding=[Writer]), world=world)
    sim.advance(2)
    sim.create(configmap("a"))
    sim.run()
    sim.advance(3)
    seen = sim.world["meter"].seen
    assert seen == [(0.0, 2.0, 0), (2.0, 5.0, 1)]
    end = sim.position
    sim.goto(0)
    assert sim.world["meter"].seen == []
    sim.goto(end)
    assert sim.world["meter"].seen == seen
    assert sim.fork().world["meter"].seen == seen


# --- promises ------------------------------------------------------------------------------------


def _no_letter(sim: Simulation) -> str | None:
    return f"{len(sent(sim))} letters are out" if sent(sim) else None


def _with_post() -> Simulation:
    return Simulation(Cluster(0, components=(), adding=[Writer]), world={"post": Post()})


def test_a_promise_is_asked_after_each_turn_though_only_the_world_outside_has_changed():
    """The letter is out, nothing was written into the store since, and then it is as if it had never been."""
    story = [
        Act("a map", lambda sim: sim.create(configmap("a"))),
        Act("the letter is lost", lambda sim: sim.meddle("post", "__init__")),
    ]
    trial = Trial(_with_post, story, [Invariant("no letters", _no_letter, "always")], ("writer",))
    failure = Play(trial, Schedule("lost", (Deviation(1, "fault", ("crash_after", "writer", 1)),))).run()
    assert failure is not None
    assert failure.message == "1 letters are out"
