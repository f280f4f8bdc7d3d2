"""The desk: watchers moved by hand, one act at a time, and a past that can be gone back to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn import Simulation
from k8slearn.lab import studio, watchers
from k8slearn.lab.desk import AT_THE_DESK, Desk
from k8slearn.lab.exercises.lesson02 import deployment
from k8slearn.lab.panels import sheet_png
from k8slearn.lab.watcher import NotNow

PEOPLE = ("ada", "grace")


@pytest.fixture
def desk() -> Desk:
    """Two notes; ada watches all, grace the kitchen."""
    desk = watchers(ada="", grace="room=kitchen")
    desk.write("tea", room="kitchen")
    desk.write("milk", room="garden")
    for who in PEOPLE:
        desk.list(who)
        desk.watch(who)
    return desk


def watcher(desk: Desk, who: str) -> dict[str, Any]:
    return next(each for each in desk.frame({})["watches"]["watchers"] if each["name"] == who)


def test_nothing_falls_between_a_list_and_its_watch() -> None:
    desk = watchers(ada="")
    desk.list("ada")
    desk.write("tea")
    desk.watch("ada")
    desk.deliver_all("ada")
    assert desk.told("ada") == ["LIST     0 @4", "ADDED    tea @5"]


def test_who_watches_from_now_misses_what_was_between() -> None:
    desk = watchers(eve="")
    desk.list("eve")
    desk.write("tea")
    desk.watch("eve", "now")
    desk.deliver_all("eve")
    assert desk.believes("eve") == []
    assert watcher(desk, "eve")["unknown"] == ["tea"]


def test_a_cut_watch_goes_on_from_its_version(desk: Desk) -> None:
    desk.cut("ada")
    desk.write("tea", text="five")
    desk.remove("milk")
    desk.watch("ada")
    desk.deliver_all("ada")
    assert desk.told("ada")[-2:] == ["MODIFIED tea @7", "DELETED  milk @8"]
    assert desk.version("ada") == 8


def test_out_of_sight_is_deleted_and_back_is_added(desk: Desk) -> None:
    desk.move("tea")
    desk.move("tea")
    desk.move("milk")
    for who in PEOPLE:
        desk.deliver_all(who)
    assert desk.told("grace")[1:] == ["DELETED  tea @7", "ADDED    tea @8", "ADDED    milk @9"]
    assert [line.split()[0] for line in desk.told("ada")[1:]] == ["MODIFIED"] * 3


def test_a_bookmark_keeps_a_quiet_watch_young(desk: Desk) -> None:
    desk.elsewhere()
    desk.bookmark("grace")
    desk.compact()
    for who in PEOPLE:
        desk.cut(who)
    assert desk.watch("ada") == "410 Expired: too old resource version: 6 (7). It has to list again."
    assert desk.watch("grace") == "A watch from @7 on."


def test_after_a_410_it_lists_and_notices_what_is_gone(desk: Desk) -> None:
    desk.cut("ada")
    desk.remove("tea")
    desk.compact()
    desk.watch("ada")
    assert watcher(desk, "ada")["state"] == "expired"
    assert [each["level"] for each in watcher(desk, "ada")["believes"]] == ["level", "gone"]
    assert "New to it: tea (gone)." in desk.list("ada")
    assert desk.believes("ada") == ["milk"]


def test_a_slow_reader_finds_out_when_it_reads_on(desk: Desk) -> None:
    desk.write("tea", text="five")
    desk.compact()
    assert watcher(desk, "ada")["lag"] == 1
    assert desk.deliver("ada").startswith("410 Expired")


def test_the_initial_events_have_an_end_and_only_it_has_a_version() -> None:
    desk = watchers(kim="")
    desk.write("tea")
    desk.write("cake")
    desk.watch("kim", "initial")
    desk.deliver("kim")
    assert desk.version("kim") == 0
    desk.deliver_all("kim")
    assert desk.told("kim")[-1] == "BOOKMARK @6, the end of what is there"
    assert desk.version("kim") == 6


@pytest.mark.parametrize(
    ("verb", "who"),
    [("deliver", "kim"), ("cut", "kim"), ("watch", "kim"), ("bookmark", "kim"), ("watch", "ada")],
)
def test_what_cannot_be_done_is_refused_and_is_no_act(verb: str, who: str) -> None:
    desk = watchers(ada="", kim="")
    desk.list("ada")
    desk.watch("ada")
    with pytest.raises(NotNow, match=who):
        desk.act(verb, who)
    assert (desk.position, desk.length) == (2, 2)


def test_stepping_delivers_to_who_is_furthest_behind(desk: Desk) -> None:
    world = studio(desk)
    desk.write("tea", text="five")
    assert world.step()
    assert world.step()
    assert not world.step()
    assert world.notice.startswith("Nobody has anything waiting")
    assert [watcher(desk, who)["version"] for who in PEOPLE] == [7, 7]


def test_a_change_is_a_change_whatever_was_written(desk: Desk) -> None:
    desk.write("tea", text="at five")
    for _ in range(2):
        desk.obey("change", "", "default/tea")
    desk.deliver_all("ada")
    assert desk.told("ada")[-3:] == ["MODIFIED tea @7", "MODIFIED tea @8", "MODIFIED tea @9"]


def test_an_act_in_the_past_begins_another_history(desk: Desk) -> None:
    desk.goto(2)
    desk.write("jam")
    assert [act.verb for act in desk.acts] == ["write", "write", "write"]
    assert desk.length == desk.position == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*AT_THE_DESK, "list", "watch", "deliver", "cut", "bookmark"]),
            st.sampled_from(PEOPLE),
        ),
        max_size=25,
    )
)
def test_going_back_and_forth_shows_the_same(orders: list[tuple[str, str]]) -> None:
    """And whoever has heard of everything believes what is there, whatever happened before."""
    desk = watchers(ada="", grace="room=kitchen")
    frames = [desk.frame({})]
    for verb, who in orders:
        try:
            desk.obey(verb, "" if verb in AT_THE_DESK else who, "")
        except NotNow:
            continue
        frames.append(desk.frame({}))
    last = {"last": desk.length}
    for n in (*range(desk.length, -1, -3), desk.length):
        desk.goto(n)
        assert desk.frame({}) == frames[n] | last
    for each in desk.frame({})["watches"]["watchers"]:
        if each["state"] == "connected" and not each["lag"]:
            assert all(belief["level"] == "level" for belief in each["believes"])
            assert not each["unknown"]


def test_the_twins_say_the_same(desk: Desk) -> None:
    desk.remove("milk")
    text = studio(desk).text("watches")
    assert "ada (all notes): connected, remembers @6, 1 behind" in text
    assert "believes: milk @6 garden (gone, and it does not know)" in text
    assert text.endswith(repr(desk).rpartition("\n")[2])
    assert sheet_png(["log", "watches"], desk.frame({})).startswith(b"\x89PNG")


def test_the_informers_of_a_simulation_are_watchers_too() -> None:
    sim = Simulation(nodes=1)
    world = studio(sim)
    assert "Nobody is behind" in world.text("watches")
    world.order("hold", "replicaset-controller: pods")
    sim.create(deployment(replicas=1))
    sim.run()
    first = world.frame()["watches"]["watchers"][0]
    assert (first["name"], first["state"], first["lag"]) == ("replicaset-controller: pods", "held", 4)
    assert [each["do"] for each in first["orders"]] == ["release"]
    world.order("release", "replicaset-controller: pods")
    world.order("deliver", "replicaset-controller: pods")
    world.select("replicaset-controller")
    pods = world.frame()["watches"]["watchers"][0]
    assert pods["told"][0][:2] == ["+", "ADDED"]
    assert pods["believes"][0]["level"] == "old"
    world.order("drop", "replicaset-controller: pods")
    world.order("deliver", "replicaset-controller: pods")
    pods = next(each for each in world.frame()["watches"]["watchers"] if each["asks"] == "pods")
    assert pods["told"][-1] == ["≡", "LIST", f"everything @{sim.store.revision}"]
    assert pods["believes"][0]["level"] == "level"
