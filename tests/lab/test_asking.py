"""What lesson 14 works with: requests as one writes them down, a table of points, a neighbour that can be stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from k8slearn import Simulation
from k8slearn.extension import WeatherServer, apiservices, service
from k8slearn.lab.asking import Answer, asking
from k8slearn.lab.comparison import Comparison
from k8slearn.lab.neighbour import AGGREGATING, Hosted, Machine

PLACE = "service/default/weather:443"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
TEA = {"metadata": {"name": "tea"}, "data": {"at": "four"}}
STATIONS = "/apis/weather.example.com/v2/namespaces/default/stations"

Ask = Callable[..., Answer]


@pytest.fixture
def sim() -> Simulation:
    return Simulation(AGGREGATING, world={"machine": Machine()})


@pytest.fixture
def ask(sim: Simulation) -> Ask:
    return asking(sim)


def test_an_answer_has_a_code_an_object_and_one_line(ask: Ask) -> None:
    made = ask(f"POST {CONFIGMAPS}", TEA)
    assert (made.code, made.object["data"], made.brief) == (201, {"at": "four"}, "201 ConfigMap")
    assert repr(made).startswith("201 application/json\n")
    assert "at: four" in repr(made)
    assert ask(f"GET {CONFIGMAPS}/milk").brief == '404 NotFound: configmaps "milk" not found'
    assert ask("GET /healthz").brief == "200 ok"
    assert ask("GET /nowhere").brief == "404 page not found"


def test_whoever_is_named_asks(ask: Ask) -> None:
    assert ask(f"GET {CONFIGMAPS}", user="ada").brief.startswith(
        '403 Forbidden: configmaps is forbidden: User "ada"'
    )


def test_headers_can_be_given_by_name(ask: Ask) -> None:
    ask(f"POST {CONFIGMAPS}", TEA)
    patch = {"data": {"at": "five"}}
    done = ask(f"PATCH {CONFIGMAPS}/tea", patch, content_type="application/merge-patch+json")
    assert done.object["data"] == {"at": "five"}


def test_of_a_watch_one_gets_what_there_is_so_far(ask: Ask) -> None:
    ask(f"POST {CONFIGMAPS}", TEA)
    events = ask(f"GET {CONFIGMAPS}?watch=1&resourceVersion=0")
    assert events.brief == "200 ADDED"
    assert [event["object"]["metadata"]["name"] for event in events.documents] == ["tea"]


def test_text_is_markup_nowhere(ask: Ask) -> None:
    odd = Answer(200, "text/plain", b"<b>rain</b>")
    assert "<b>rain" not in odd._repr_html_()
    assert "<i>" not in Comparison("<i>", "b")("<i>", "<i>", 1)._repr_html_()


def test_points_stand_in_one_table_in_the_order_in_which_they_were_first_made() -> None:
    point = Comparison("left", "the right")
    point("one", 1, "first")
    point("two", Answer(404, "text/plain", b"nothing\n"), 2)
    assert repr(point("one", 1, "second")) == "one\n  left       1\n  the right  second"
    assert (
        repr(point)
        == "one\n  left       1\n  the right  second\ntwo\n  left       404 nothing\n  the right  2"
    )


def test_a_neighbours_machine_is_rewound_with_the_cluster(sim: Simulation, ask: Ask) -> None:
    sim.programs[PLACE] = hosted = Hosted(sim, WeatherServer(sim.clock))
    sim.create([service(), *apiservices()])
    sim.run()
    assert ask(f"GET {STATIONS}").code == 200
    before, heard = sim.position, len(hosted.heard)
    sim.meddle("machine", "stop")
    refused = "503 error trying to reach service: dial tcp localhost:443: connect: connection refused"
    assert ask(f"GET {STATIONS}").brief == refused
    assert len(hosted.heard) == heard
    sim.goto(before)
    assert ask(f"GET {STATIONS}").code == 200
    sim.step()
    assert ask(f"GET {STATIONS}").code == 503


def test_a_namespace_that_hangs_comes_out_the_same_when_history_is_repeated(
    sim: Simulation, ask: Ask
) -> None:
    """Nothing of the neighbour's was deleted, so it says the same again."""
    sim.programs[PLACE] = Hosted(sim, WeatherServer(sim.clock))
    sim.create(
        [service(), *apiservices(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}}]
    )
    sim.run()
    sim.meddle("machine", "stop")
    sim.advance(31)
    sim.client.delete("namespaces", "far")
    sim.advance(5)
    assert ask("GET /api/v1/namespaces/far").object["status"]["phase"] == "Terminating"
    sim.meddle("machine", "start")
    sim.advance(10)
    end, state = sim.position, sim.state()
    assert ask("GET /api/v1/namespaces/far").code == 404
    sim.goto(5)
    sim.goto(end)
    assert sim.state() == state
