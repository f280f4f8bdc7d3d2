"""The way of a request: every station, what it changed, and who said no."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Simulation
from k8slearn.apiserver import pipeline
from k8slearn.lab import follow
from k8slearn.lab.exercises.lesson02 import deployment
from k8slearn.lab.journey import END, Journey
from k8slearn.lab.panels import panel, sheet_png
from k8slearn.lab.studio import Studio

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "registry.example/web:1"}]},
}


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(nodes=1)
    sim.create(deployment())
    sim.run()
    return sim


def names(journey: Journey) -> list[str]:
    return [station.name for station in journey.stations]


def station(journey: Journey, name: str) -> list[str]:
    return [str(line) for each in journey.stations if each.name == name for line in each.lines]


def test_a_new_object_passes_every_stage_and_each_says_what_it_added(sim: Simulation) -> None:
    journey = follow(sim).create(POD)
    stages = [stage.__name__.replace("_", " ") for stage in pipeline.CREATE]
    assert names(journey) == ["sent", "authorize", *stages, "store", "answer"]
    assert journey.code == 201
    assert "+   namespace: default" in station(journey, "match url")
    assert "+   restartPolicy: Always" in station(journey, "fill defaults")
    assert "+   priority: 0" in station(journey, "admit")


def test_it_is_a_rehearsal(sim: Simulation) -> None:
    before = sim.store.revision, len(sim.trace)
    follow(sim).create(POD)
    follow(sim).delete("deployments", "default/web")
    follow(sim).patch("deployments", "default/web", patch={"spec": {"replicas": 9}})
    assert (sim.store.revision, len(sim.trace)) == before


def test_what_it_shows_is_what_really_comes(sim: Simulation) -> None:
    answer = follow(sim).create(POD).answer
    assert sim.server.store.get("pods", "default/web") is None
    (stored,) = sim.create(POD)
    assert {**stored["metadata"], "resourceVersion": 0} == {**answer["metadata"], "resourceVersion": 0}
    assert stored["spec"] == answer["spec"]


def test_who_may_not_is_stopped_before_anybody_looks(sim: Simulation) -> None:
    journey = follow(sim, "ada").create({**POD, "spec": "nonsense"})
    assert (journey.code, journey.refused_at) == (403, "authorize")
    assert journey.error is not None
    assert journey.error.message == (
        'pods is forbidden: User "ada" cannot create resource "pods" in API group "" in the namespace "default"'
    )


def old_copy(sim: Simulation) -> dict[str, Any]:
    copy = sim.client.get("deployments", "default/web")
    sim.client.patch("deployments", "default/web", patch={"metadata": {"labels": {"a": "b"}}})
    return copy


@pytest.mark.parametrize(
    ("request_of", "code", "at"),
    [
        (lambda sim: follow(sim).create(deployment()), 409, "store"),
        (lambda sim: follow(sim).update(old_copy(sim)), 409, "compare revision"),
        (lambda sim: follow(sim).delete("pods", "default/nobody"), 404, "find"),
        (lambda sim: follow(sim).create({**POD, "spec": {"containers": []}}), 422, "check"),
        (lambda sim: follow(sim).create({**POD, "spec": {"containers": "none"}}), 400, "decode"),
        (lambda sim: follow(sim).patch("pods", "default/nobody", patch={}), 404, "find"),
    ],
)
def test_a_refusal_stands_at_its_station(sim: Simulation, request_of: Any, code: int, at: str) -> None:
    journey = request_of(sim)
    assert (journey.code, journey.refused_at) == (code, at)
    behind = journey.stations[names(journey).index(at) + 1 : -1]
    assert {each.state for each in behind} <= {"ahead"}
    assert names(journey)[-1] == "answer"
    assert f"  code: {code}" in station(journey, "answer")


def test_a_status_does_not_pass_through_the_door_of_the_spec(sim: Simulation) -> None:
    web = sim.client.get("deployments", "default/web")
    web["status"]["replicas"] = 99
    journey = follow(sim).update(web)
    assert station(journey, "sent") == ["  status:", "~   replicas: 99   (was 3)"]
    assert "~   replicas: 3   (was 99)" in station(journey, "prepare update")
    assert journey.stations[-2].remark == "this would change nothing, so nothing is written"


def test_an_apply_and_a_subresource_can_be_followed(sim: Simulation) -> None:
    config = deployment(replicas=2)
    applied = follow(sim).patch(config, patch=config, patch_type="apply", fieldManager="team", force=True)
    assert applied.code == 200
    assert "~   replicas: 2   (was 3)" in station(applied, "patch")
    status = follow(sim).patch_status("deployments", "default/web", patch={"replicas": 5})
    assert "prepare status" in names(status)
    assert status.code == 200


def test_it_is_a_source_for_a_studio(sim: Simulation) -> None:
    world = Studio(follow(sim).create(POD))
    assert world.frame()["title"] == "sent"
    assert world.step()
    assert world.frame()["title"] == "authorize"
    world.goto(99)
    assert world.frame()["title"] == "answer"
    assert not world.step()
    assert world.notice == END


def test_its_twins_tell_all_stations_wherever_it_stands(sim: Simulation) -> None:
    journey = follow(sim).create(POD)
    text = panel("pipeline").text(journey.frame({}))
    assert text.startswith("POST /api/v1/namespaces/default/pods   by kubernetes-admin")
    assert "✓ fill defaults  +10" in text
    journey.goto(journey.length)
    assert panel("pipeline").text(journey.frame({})) == text == repr(journey)
    assert sheet_png(["pipeline"], journey.frame({})).startswith(b"\x89PNG")
    data, _ = journey._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/plain", "image/png"} <= set(data)


@pytest.mark.parametrize(
    ("journey", "line"),
    [
        (
            lambda to: to.patch("deployments", "default/web", patch={}, patch_type="strategic"),
            "PATCH /apis/apps/v1/namespaces/default/deployments/web  (strategic-merge-patch)",
        ),
        (lambda to: to.get("nodes", "node-0"), "GET /api/v1/nodes/node-0"),
        (
            lambda to: to.patch_status("deployments", "default/web", patch={}),
            "PATCH /apis/apps/v1/namespaces/default/deployments/web/status  (merge-patch)",
        ),
    ],
)
def test_it_says_what_the_request_is_over_http(sim: Simulation, journey: Any, line: str) -> None:
    assert journey(follow(sim)).frame({})["journey"]["line"] == line
