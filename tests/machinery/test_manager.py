"""Who could move: announced once, fairly, and with timers that are still wanted."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.machinery import Controller, Done, Manager, Move
from tests.fakes import Clock, configmap, pod, server


class Quiet(Controller):
    primary = "configmaps"

    def reconcile(self, key):
        return None


class Other(Quiet):
    primary = "pods"


class Periodic(Quiet):
    """Comes back every 10 seconds, as housekeeping."""

    def reconcile(self, key):
        return Done(again_in=10, background=True)


@pytest.fixture
def manager():
    clock = Clock()
    made = Manager(clock)
    made.api = server(clock)
    return made


def settle(manager: Manager) -> list[Move]:
    moves = []
    while (move := manager.first()) is not None:
        manager.clock.step += 1
        manager.make(move)
        moves.append(move)
    return moves


def write(manager: Manager, obj) -> None:
    from k8slearn.client import Client

    manager.clock.step += 1
    Client(manager.api).create(obj)


def test_a_newcomer_begins_by_listing(manager):
    manager.add(Quiet(), manager.api)
    assert manager.moves() == [Move("quiet", "deliver", "configmaps")]
    settle(manager)
    assert manager.moves() == []


def test_only_those_whom_a_write_concerns_can_move(manager):
    manager.add(Quiet(), manager.api)
    manager.add(Other(), manager.api)
    settle(manager)
    write(manager, configmap("a"))
    assert manager.moves() == [Move("quiet", "deliver", "configmaps")]
    manager.make(manager.first())
    assert manager.moves() == [Move("quiet", "reconcile")]


def test_nobody_works_before_everything_has_been_listed_once(manager):
    """Kubernetes: WaitForCacheSync. Who knew a ReplicaSet and not its pods would make them all again."""

    class Two(Quiet):
        watches = ("pods",)

    write(manager, configmap("a"))
    manager.add(Two(), manager.api)
    manager.make(Move("two", "deliver", "configmaps"))
    assert manager.moves() == [Move("two", "deliver", "pods")]
    manager.make(Move("two", "deliver", "pods"))
    assert manager.moves() == [Move("two", "reconcile")]


def test_prompt_delivers_before_it_works_and_fair_goes_by_time(manager):
    manager.add(Quiet(), manager.api)
    settle(manager)
    write(manager, configmap("a"))
    manager.make(manager.first())
    write(manager, configmap("b"))
    deliver, reconcile = Move("quiet", "deliver", "configmaps"), Move("quiet", "reconcile")
    assert manager.first(prompt=True) == deliver
    assert manager.first(prompt=False) == reconcile
    assert manager.moves() == [reconcile, deliver]


def test_two_busy_players_take_turns(manager):
    """Each has ten keys; neither waits for the other to finish."""
    manager.add(Quiet(), manager.api)
    manager.add(Other(), manager.api)
    settle(manager)
    for i in range(10):
        write(manager, configmap(f"a{i}"))
        write(manager, pod(f"p{i}"))
    worked = [m.player for m in settle(manager) if m.action == "reconcile"]
    assert sorted(worked) == ["other"] * 10 + ["quiet"] * 10
    longest = max(
        len(run) for run in "".join(p[0] for p in worked).replace("oq", "o q").replace("qo", "q o").split()
    )
    assert longest <= 2


def test_held_news_is_no_possible_move(manager):
    manager.add(Quiet(), manager.api)
    settle(manager)
    informer = manager.players["quiet"].informers["configmaps"]
    informer.held = True
    write(manager, configmap("a"))
    assert (manager.moves(), manager.first()) == ([], None)
    informer.held = False
    manager.touch("quiet")
    assert manager.first() == Move("quiet", "deliver", "configmaps")


def test_a_player_that_was_removed_has_no_moves(manager):
    manager.add(Quiet(), manager.api)
    settle(manager)
    write(manager, configmap("a"))
    manager.remove("quiet")
    assert (manager.moves(), manager.first()) == ([], None)
    write(manager, configmap("b"))
    assert manager.moves() == []


# --- time ------------------------------------------------------------------------------------


def test_an_informer_that_was_refused_has_an_alarm_and_no_move(manager, monkeypatch):
    manager.add(Quiet(), manager.api)
    quiet = manager.players["quiet"]
    listed, deliver = quiet.client.list, manager.first()

    def refuse(*_, **__):
        raise errors.ServiceUnavailable("no")

    monkeypatch.setattr(quiet.client, "list", refuse)
    outcome = manager.make(deliver)
    assert outcome.result.startswith("error: cannot list or watch: ServiceUnavailable: no; again in ")
    alarm = manager.next_alarm(background=False)
    assert (manager.moves(), alarm.player, alarm.timer.key) == ([], "quiet", "configmaps")
    monkeypatch.setattr(quiet.client, "list", listed)
    manager.clock.now = alarm.due
    manager.make(Move("quiet", "timer"))
    assert (manager.moves(), manager.next_alarm(background=True)) == ([deliver], None)
    assert manager.make(deliver).result == ""


def test_the_alarm_of_an_informer_dies_with_its_process(manager, monkeypatch):
    manager.add(Quiet(), manager.api)

    def refuse(*_, **__):
        raise errors.ServiceUnavailable("no")

    monkeypatch.setattr(manager.players["quiet"].client, "list", refuse)
    manager.make(manager.first())
    manager.add(Quiet(), manager.api)
    assert manager.next_alarm(background=True) is None
    assert manager.first() == Move("quiet", "deliver", "configmaps")


def set_timer(manager: Manager, player: str, key: str, delay: float, *, background: bool) -> None:
    manager.players[player].queue.add_after(key, delay, background=background)
    manager.touch(player)


def next_due(manager: Manager, *, background: bool = False) -> float | None:
    alarm = manager.next_alarm(background=background)
    return alarm.due if alarm else None


def test_housekeeping_is_not_waited_for(manager):
    manager.add(Quiet(), manager.api)
    set_timer(manager, "quiet", "a", 3, background=True)
    assert (next_due(manager), next_due(manager, background=True)) == (None, 3)


def test_housekeeping_on_the_way_to_an_awaited_timer_comes_first(manager):
    manager.add(Quiet(), manager.api)
    set_timer(manager, "quiet", "a", 3, background=True)
    set_timer(manager, "quiet", "b", 5, background=False)
    assert next_due(manager) == 3


def test_a_timer_that_has_fired_is_not_set_any_more(manager):
    manager.add(Quiet(), manager.api)
    manager.make(Move("quiet", "deliver", "configmaps"))
    set_timer(manager, "quiet", "a", 3, background=False)
    manager.clock.now = 3
    manager.make(Move("quiet", "timer"))
    assert next_due(manager, background=True) is None
    assert Move("quiet", "reconcile") in manager.moves()


def test_the_timers_of_a_dead_process_are_not_waited_for(manager):
    """Its successor keeps house, but nobody waits for what the dead one wanted at t=500."""
    manager.add(Periodic(), manager.api)
    set_timer(manager, "periodic", "a", 500, background=False)
    manager.remove("periodic")
    manager.add(Periodic(), manager.api)
    set_timer(manager, "periodic", "k", 10, background=True)
    assert (next_due(manager), next_due(manager, background=True)) == (None, 10)


# --- going back ------------------------------------------------------------------------------


def test_saving_and_loading(manager):
    manager.add(Quiet(), manager.api)
    settle(manager)
    write(manager, configmap("a"))
    mark, saved, possible = manager.api.store.mark(), manager.save(), manager.moves()
    settle(manager)
    manager.api.store.rewind(mark)
    manager.load(saved)
    assert manager.moves() == possible
    assert manager.players["quiet"].cache.list("configmaps") == []


def test_players_that_have_not_moved_are_shared_between_checkpoints(manager):
    manager.add(Quiet(), manager.api)
    manager.add(Other(), manager.api)
    settle(manager)
    before = manager.save()["players"]
    write(manager, configmap("a"))
    settle(manager)
    after = manager.save()["players"]
    assert after["other"] is before["other"]
    assert after["quiet"] is not before["quiet"]


def test_a_reader_that_passed_over_others_news_can_be_rewound_without_having_moved(manager):
    """It looked ahead, found nothing for itself, and did not move; its place must still be taken back."""

    class Choosy(Quiet):
        def selectors(self, resource):
            return {"labels": "app=web"}

    manager.add(Choosy(), manager.api)
    settle(manager)
    mark, saved = manager.api.store.mark(), manager.save()
    for name in "abc":
        write(manager, configmap(name))
    assert manager.moves() == []
    manager.api.store.rewind(mark)
    manager.load(saved)
    write(manager, configmap("mine", metadata={"labels": {"app": "web"}}))
    settle(manager)
    assert [o["metadata"]["name"] for o in manager.players["choosy"].cache.list("configmaps")] == ["mine"]
