"""Exercise 02.2: is a Deployment rolled out? Asked at every moment of real rollouts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, dig, edit
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import deployment
from k8slearn.lab.frames import SimSource
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson02")

EARLY = Promise("it never says done before everything is as the newest spec asks")
AT_LAST = Promise("it says done when it is")

Deeds = list[tuple[str, Any]]
ROLLOUTS: tuple[Deeds, ...] = (
    [
        (
            "change the image",
            {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:2"}]}}}},
        )
    ],
    [("put a label on the Deployment itself", {"metadata": {"labels": {"team": "blue"}}})],
    [("ask for four", {"spec": {"replicas": 4}}), ("ask for one", {"spec": {"replicas": 1}})],
)


def enough(obj: Object) -> bool:
    """What ``kubectl rollout status`` waits for. Too many pods of the newest kind do not trouble it."""
    want, status = obj["spec"]["replicas"], obj.get("status") or {}
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return False
    updated = status.get("updatedReplicas", 0)
    return updated >= want and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)


def exactly(obj: Object) -> bool:
    """As many as are wanted, and not one more."""
    return enough(obj) and dig(obj, "status", "replicas") == obj["spec"]["replicas"]


class History(NamedTuple):
    """A real rollout: who did what at which step, and the Deployment at each step that changed it."""

    sim: Simulation
    deeds: list[tuple[int, str]]
    moments: list[tuple[int, Object]]


@cache
def _histories() -> list[History]:
    return [_history(deeds) for deeds in ROLLOUTS]


def _history(deeds: Deeds) -> History:
    sim = Simulation(nodes=2)
    sim.create(deployment())
    done = [(1, "create the Deployment: three copies")]
    sim.run()
    for text, patch in deeds:
        sim.client.patch("deployments", "default/web", patch=patch, patch_type="strategic")
        done.append((len(sim.trace), text))
        sim.run()
    written = [entry for entry in sim.store.log if entry.resource == "deployments"]
    return History(sim, done, [(sim.trace.writer[entry.revision], entry.object) for entry in written])


def _moments() -> Iterator[Case]:
    for history in _histories():
        for step, obj in history.moments:
            yield Case("every moment of real rollouts", partial(_ask, history, step, obj))


def _ask(history: History, step: int, obj: Object, scene: Scene, rolled_out: Any) -> None:
    for at, text in history.deeds:
        if at <= step:
            scene.tell(f"you: {text}", "you")
    status, generation = obj.get("status") or {}, obj["metadata"]["generation"]
    scene.tell(f"the Deployment is at generation {generation}, and its status says {_told(status)}")
    answer = rolled_out(edit(obj))
    if answer is None:
        raise Unsolved
    if answer not in (enough(obj), exactly(obj)):
        history.sim.goto(step)
        scene.source, scene.panel = SimSource(history.sim), "map"
    old_news = status.get("observedGeneration", 0) < generation
    message = "it is not done yet, and your function says that it is"
    scene.demand(enough(obj) or not answer, EARLY, message, "old status" if old_news else "old pods")
    scene.demand(answer or not exactly(obj), AT_LAST, "it is done, and your function says that it is not")


def _told(status: Object) -> str:
    names = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas")
    return ", ".join(f"{name} {status[name]}" for name in names if name in status) or "nothing"


ROLLED_OUT = Drill(
    id="02.2",
    words=WORDS["02.2"],
    cases=_moments,
    promises=[EARLY, AT_LAST],
    diagnoses=[
        WORDS["02.2"].diagnosis("believes an old status", EARLY.name, evidence=noted("old status")),
        WORDS["02.2"].diagnosis("counts pods of any age", EARLY.name, evidence=noted("old pods")),
        WORDS["02.2"].diagnosis("waits for a number that never comes", AT_LAST.name),
        WORDS["02.2"].diagnosis("expects a status from the first moment", RAISES, evidence=noted("KeyError")),
    ],
)
