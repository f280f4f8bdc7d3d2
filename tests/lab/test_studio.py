"""The studio without a browser: one position, one selection, and every view told."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from k8slearn.lab import studio as studio_module
from k8slearn.lab.studio import NOTHING_LEFT, VERBS, Studio


class Listener:
    def __init__(self) -> None:
        self.told: list[str] = []

    def refresh(self) -> None:
        self.told.append("refresh")

    def show_state(self) -> None:
        self.told.append("state")


class Broken:
    """A source none of whose verbs work."""

    position, length = 0, 3

    def step(self) -> bool:
        raise RuntimeError("the store is gone")

    def frame(self, selection: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no frame either")


@pytest.fixture
def studio(recorded: Any, new_source: Any) -> Studio:
    return Studio(new_source(recorded["conflict"]))


def test_step_back_and_goto_move_the_source(studio: Studio) -> None:
    assert studio.step()
    assert studio.step()
    assert studio.frame()["step"] == 2
    studio.back()
    assert (studio.frame()["step"], studio.frame()["last"]) == (1, 2)
    studio.goto(0)
    assert studio.frame()["step"] == 0


@pytest.mark.parametrize(("wanted", "reached"), [(-3, 0), (1, 1), (99, 2)])
def test_goto_stays_within_what_is_recorded(studio: Studio, wanted: int, reached: int) -> None:
    studio.step()
    studio.step()
    studio.goto(wanted)
    assert studio.source.position == reached


def test_step_says_so_when_nothing_is_left(studio: Studio) -> None:
    studio.play()
    while studio.step():
        assert studio.notice == ""
    assert not studio.playing
    assert studio.notice == NOTHING_LEFT
    studio.back()
    assert studio.notice == ""


def test_every_attached_view_is_told_and_a_detached_one_is_not(studio: Studio) -> None:
    one, other = Listener(), Listener()
    studio.attach(one)
    studio.attach(other)
    studio.step()
    studio.detach(other)
    studio.select(player="scheduler")
    assert (one.told, other.told) == (["refresh", "refresh"], ["refresh"])


def test_a_change_made_elsewhere_is_shown_by_a_refresh(studio: Studio) -> None:
    view = Listener()
    studio.attach(view)
    studio.source.step()
    assert view.told == []
    studio.refresh()
    assert view.told == ["refresh"]


def test_selection_reaches_the_frame_and_survives_steps(studio: Studio) -> None:
    studio.select(player="scheduler", object="default/web")
    studio.step()
    assert studio.frame()["selection"] == {"player": "scheduler", "object": "default/web"}
    assert studio.frame("store")["selection"]["player"] == "store"
    studio.select()
    assert studio.frame()["selection"] == {"player": None, "object": None}


def test_of_several_players_asking_for_the_next_step_the_first_wins(studio: Studio) -> None:
    studio.play()
    studio.obey({"do": "next", "at": 0})
    studio.obey({"do": "next", "at": 0})
    assert studio.source.position == 1
    studio.pause()
    studio.obey({"do": "next", "at": 1})
    assert studio.source.position == 1


def test_each_command_a_view_may_send_is_obeyed(studio: Studio) -> None:
    said = {"at": 0, "step": 1, "speed": 2, "player": "store", "object": None, "order": "cut", "who": "ada"}
    for verb in VERBS:
        studio.obey({"do": verb, **said})
    assert studio.errors == []
    assert studio.source.obeyed == [("cut", "ada", "")]  # type: ignore[attr-defined]
    assert studio.speed == 2
    assert studio.selection["player"] == "store"


def test_an_error_is_kept_and_shown_even_if_no_frame_can_be_made() -> None:
    studio, view = Studio(Broken()), Listener()  # type: ignore[arg-type]
    studio.attach(view)
    studio.playing = True
    studio.obey({"do": "step"})
    assert [str(error) for error in studio.errors] == ["the store is gone"]
    assert studio.error == "RuntimeError: the store is gone"
    assert (studio.playing, view.told) == (False, ["state"])


@pytest.mark.parametrize("command", [{"do": "explode"}, {}, {"do": "goto"}, {"do": "speed", "speed": 0}])
def test_a_command_that_makes_no_sense_is_an_error_to_show(studio: Studio, command: dict[str, Any]) -> None:
    studio.obey(command)
    assert len(studio.errors) == 1
    assert studio.error


def test_errors_of_a_cell_reach_the_cell() -> None:
    with pytest.raises(RuntimeError, match="store is gone"):
        Studio(Broken()).step()  # type: ignore[arg-type]


def test_the_studio_needs_no_widget_library(monkeypatch: pytest.MonkeyPatch, studio: Studio) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "k8slearn.lab.widget", raising=False)
    monkeypatch.delattr(sys.modules["k8slearn.lab"], "widget", raising=False)
    assert studio.step()
    assert "Reconcile loop" in studio.text("loop")
    with pytest.raises(ImportError):
        studio.map()
    assert not hasattr(studio_module, "anywidget")
