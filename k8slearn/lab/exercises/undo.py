"""Exercise 08.2: the version before, by hand: what ``kubectl rollout undo`` writes. Tried on real histories."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, annotations_of, dig, edit, is_controlled_by
from k8slearn.client import Client
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import deployment
from k8slearn.lab.frames import SimSource
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson08")["08.2"]
KEY, HASH, REVISION = "default/web", "pod-template-hash", "deployment.kubernetes.io/revision"

BEFORE = Promise("the Deployment asks for the version before the present one, and nothing else has changed")
SAME = Promise("the pods of that version come from the ReplicaSet that it had")


def revision(obj: Object) -> int:
    """The number that the Deployment controller has noted in a ReplicaSet, or of the present one in the Deployment."""
    return int(annotations_of(obj).get(REVISION, 0))


def image_of(obj: Object) -> str:
    """The image of the first container in the template."""
    return str(obj["spec"]["template"]["spec"]["containers"][0]["image"])


class History(NamedTuple):
    """`images` in the order in which they were wanted.

    scaled: replicas that somebody asked for afterwards. removed: a revision whose ReplicaSet somebody has deleted.
    """

    kind: str
    images: tuple[int, ...]
    wanted: int
    scaled: int = 3
    neighbour: bool = False
    removed: int = 0


HISTORIES = (
    History("two versions", (1, 2), 1),
    History("three versions", (1, 2, 3), 2),
    History("back and forth", (1, 2, 1), 2),
    History("an old one again", (1, 2, 3, 1), 3),
    History("one that somebody has cleaned up", (1, 2, 3), 1, removed=2),
    History("scaled since", (1, 2), 1, scaled=5),
    History("another shop with the same labels", (1, 2), 1, neighbour=True),
    History("eleven versions", tuple(range(1, 12)), 10),
)


def _cases() -> Iterator[Case]:
    for history in HISTORIES:
        yield Case(history.kind, partial(_play, history, _lived(history)))


def _play(history: History, lived: Simulation, scene: Scene, undo: Any) -> None:
    sim = lived.fork()
    for rs in sorted(_mine(sim), key=revision):
        scene.tell(
            f"ReplicaSet of revision {revision(rs)}: {image_of(rs)}, {rs['spec']['replicas']} replicas"
        )
    before, written = sim.client.get("deployments", KEY), sim.store.revision
    undo(Client(sim.server), KEY)
    if sim.store.revision == written:
        raise Unsolved
    after = sim.client.get("deployments", KEY)
    scene.source, scene.panel = SimSource(sim), "owners"
    scene.tell(f"your function: image {image_of(after)}, {after['spec']['replicas']} replicas", "you")
    _judge(history, before, after, scene)
    known = [rs for rs in _mine(sim) if _bare(rs) == after["spec"]["template"]]
    scene.demand(
        bool(known), SAME, "no ReplicaSet was made from the template that stands there now", "another set"
    )


def _bare(rs: Object) -> Object:
    """The template that a ReplicaSet was made from: without the label that was added."""
    template: Object = edit(rs["spec"]["template"])
    template["metadata"]["labels"].pop(HASH)
    return template


@cache
def _lived(history: History) -> Simulation:
    sim = Simulation(nodes=2)
    if history.neighbour:
        sim.create(_shop("their-web", "theirs:9"))
        sim.run()
    sim.create(_shop("web", f"app:{history.images[0]}"))
    sim.run()
    for number in history.images[1:]:
        obj = sim.client.get("deployments", KEY)
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = f"app:{number}"
        sim.client.update(obj)
        sim.run()
    if history.scaled != 3:
        sim.client.patch("deployments", KEY, patch={"spec": {"replicas": history.scaled}})
        sim.run()
    for rs in [rs for rs in _mine(sim) if revision(rs) == history.removed]:
        sim.client.delete(rs)
        sim.run()
    return sim


def _shop(name: str, image: str) -> Object:
    """All of them with the same labels."""
    obj = deployment()
    obj["metadata"]["name"] = name
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return obj


def _mine(sim: Simulation) -> list[Object]:
    owner = sim.store.get("deployments", KEY)
    return [rs for rs in sim.store.list("replicasets") if owner is not None and is_controlled_by(rs, owner)]


def _judge(history: History, before: Object, after: Object, scene: Scene) -> None:
    labels = dig(after, "spec", "template", "metadata", "labels", default={})
    scene.demand(HASH not in labels, SAME, f"the Deployment's template carries the label {HASH}", "hash")
    replicas = after["spec"]["replicas"]
    message = f"{before['spec']['replicas']} replicas were wanted, and now {replicas}"
    scene.demand(replicas == before["spec"]["replicas"], BEFORE, message, "scaled")
    got, wanted = image_of(after), f"app:{history.wanted}"
    fact = "stranger" if got.startswith("theirs") else "unchanged" if got == image_of(before) else "other"
    scene.demand(
        got == wanted, BEFORE, f"{wanted} was the version before, and the Deployment asks for {got}", fact
    )
    rest = [{**obj["spec"], "template": None} for obj in (before, after)]
    scene.demand(rest[0] == rest[1], BEFORE, "something else in the spec is not as it was", "rest")


UNDO = Drill(
    id="08.2",
    words=WORDS,
    cases=_cases,
    promises=[BEFORE, SAME],
    diagnoses=[
        WORDS.diagnosis("takes the label along", SAME.name, evidence=noted("hash", "another set")),
        WORDS.diagnosis("takes the replicas along", BEFORE.name, evidence=noted("scaled", "rest")),
        WORDS.diagnosis("takes another's", BEFORE.name, evidence=noted("stranger")),
        WORDS.diagnosis("works on the ReplicaSet", BEFORE.name, evidence=noted("unchanged")),
        WORDS.diagnosis("takes the wrong one for the one before", BEFORE.name, evidence=noted("other")),
        WORDS.diagnosis(
            "expects no gaps", RAISES, evidence=noted("ValueError", "IndexError", "StopIteration")
        ),
    ],
)
