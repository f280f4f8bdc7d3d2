"""Every panel's twins, and what a widget leaves in a notebook: text and picture say what the frame says."""

from __future__ import annotations

import base64
import itertools
import re
from typing import Any

import pytest

from k8slearn.lab import bundle
from k8slearn.lab.palette import ROOMS
from k8slearn.lab.panels import PANELS, sheet_png, sheet_text
from k8slearn.lab.panels.map import traffic
from k8slearn.lab.studio import Studio

PNG = b"\x89PNG\r\n"


@pytest.fixture
def studio(recorded: Any, new_source: Any) -> Studio:
    return Studio(new_source(recorded["deployment"]))


def crowd(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame with a hundred nodes, fifty pods on each."""
    pods = [{"key": f"default/p{i}", "phase": "Running", "ready": True} for i in range(50)]
    nodes = [{"name": f"node-{i}", "ready": True, "pods": pods} for i in range(100)]
    return {**frame, "nodes": nodes}


@pytest.mark.parametrize("name", PANELS)
def test_every_frame_has_a_picture_and_a_text(recorded: Any, name: str) -> None:
    for frame in itertools.chain(*recorded.values()):
        assert PANELS[name].text(frame).strip()
    for frames in recorded.values():
        assert sheet_png([name], frames[-1]).startswith(PNG)


@pytest.mark.parametrize("name", PANELS)
def test_the_twins_survive_odd_frames(recorded: Any, name: str) -> None:
    frame = recorded["deployment"][7]
    stranger = {"wave": 0, "from": "nobody", "to": "apiserver", "verb": "get", "label": "", "ok": True}
    odd = [
        {},
        {**frame, "players": [], "nodes": []},
        crowd(frame),
        {**frame, "messages": [stranger]},
        {**frame, "players": [{"id": "x" * 90, "label": "A long name " * 9, "room": "attic"}]},
    ]
    for each in odd:
        assert PANELS[name].text(each)
        assert sheet_png([name], each).startswith(PNG)


def test_pictures_are_the_same_bytes_each_time(recorded: Any) -> None:
    frame = recorded["dead_node"][3]
    assert sheet_png(["map", "loop"], frame) == sheet_png(["map", "loop"], frame)


def test_the_map_in_words_tells_messages_queues_lag_and_pods(recorded: Any) -> None:
    text = PANELS["map"].text(recorded["conflict"][2])
    assert (
        "deployment-controller → apiserver: update 409 Conflict: deployments default/web  (refused)" in text
    )
    assert "Deployment controller (default/web again in 0.005 s; cache 1 behind; held: deployments)" in text
    assert "Deployment default/web: 3 of 5 there, 3 ready" in text
    assert "node-0 (ready): default/web-5d9c-x7k2p Ready" in text
    assert "+88 more nodes" in PANELS["map"].text(crowd(recorded["conflict"][2]))


def test_the_loop_in_words_tells_staleness_difference_and_result(recorded: Any) -> None:
    text = PANELS["loop"].text(recorded["conflict"][2])
    assert "observe: cache @35, 1 behind the store @36" in text
    assert "act: update deployments default/web → refused" in text
    assert "result: error: 409 Conflict, again in 0.005 s" in text
    assert "caused by step 1" in text


def test_a_dead_nodes_pod_is_told_as_terminating(recorded: Any) -> None:
    assert "node-1 (not ready): default/web-5d9c-b4wqz Terminating" in PANELS["map"].text(
        recorded["dead_node"][3]
    )


def test_the_traffic_graph_holds_only_recorded_edges(recorded: Any) -> None:
    assert not traffic(recorded["deployment"][0]).edges
    graph = traffic(recorded["deployment"][3])
    assert graph["replicaset-controller"]["apiserver"]["verbs"] == {"create": 3}
    assert not graph.has_edge("deployment-controller", "replicaset-controller")


def test_a_widget_leaves_a_text_and_a_picture_beside_the_live_view(studio: Studio) -> None:
    studio.step()
    data, _ = studio.show("map", "loop")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == sheet_text(["map", "loop"], studio.frame())
    assert base64.b64decode(data["image/png"]).startswith(PNG)


def test_without_matplotlib_a_widget_still_leaves_its_text(studio: Studio, monkeypatch: Any) -> None:
    def missing(*_: object) -> bytes:
        raise ImportError("matplotlib")

    monkeypatch.setattr("k8slearn.lab.widget.sheet_png", missing)
    data, _ = studio.map()._repr_mimebundle_()
    assert "image/png" not in data
    assert data["text/plain"].startswith("step 0 of 0")


def test_all_widgets_of_a_studio_follow_and_a_closed_one_does_not(studio: Studio) -> None:
    shown, pinned, closed = studio.map(), studio.loop("scheduler"), studio.loop()
    closed.close()
    studio.step()
    studio.select(player="store")
    assert [widget.frame["step"] for widget in (shown, pinned, closed)] == [1, 1, 0]
    assert [widget.frame["selection"]["player"] for widget in (shown, pinned)] == ["store", "scheduler"]


def test_a_message_from_the_browser_is_a_command(studio: Studio) -> None:
    widget = studio.map()
    widget._handle_custom_msg({"do": "step"}, [])
    widget._handle_custom_msg({"do": "nonsense"}, [])
    assert widget.frame["step"] == 1
    assert widget.state["error"] == "KeyError: 'nonsense'"


def test_an_unknown_panel_is_named(studio: Studio) -> None:
    with pytest.raises(ValueError, match=r"no panel called 'maps'; there are: map, loop"):
        studio.show("maps")


def test_the_front_end_stays_small_and_carries_only_what_is_shown() -> None:
    both, one = bundle.esm(["map", "loop"]), bundle.esm(["map"])
    assert len(both) + len(bundle.css(["map", "loop"])) < 60_000, "a notebook repeats this for every widget"
    assert len(one) < len(both)
    assert len(bundle.css(["map"])) < len(bundle.css(["map", "loop"]))
    assert "http://www.w3.org/2000/svg" in both
    assert both.count("http") == 1, "the front end loads nothing from elsewhere"


def test_colours_are_written_down_once() -> None:
    sheet = bundle.css([])
    for room in ROOMS.values():
        assert room.colour in sheet
        files = [*bundle.JS.glob("*.js"), *bundle.JS.glob("*.css")]
        written = [file.name for file in files if room.colour.lower() in file.read_text("utf-8").lower()]
        assert written == []


@pytest.mark.parametrize("name", PANELS)
def test_a_widget_carries_the_styles_of_everything_it_draws(name: str) -> None:
    """A class that is styled at all is styled in a sheet that comes along with the panel."""
    carried, everything = bundle.css([name]), "".join(sheet.read_text() for sheet in bundle.JS.glob("*.css"))
    used = set(re.findall(r"k8s-[\w-]+", bundle.esm([name])))
    styled = set(re.findall(r"\.(k8s-[\w-]+)", everything))
    assert used & styled - set(re.findall(r"\.(k8s-[\w-]+)", carried)) == set()
