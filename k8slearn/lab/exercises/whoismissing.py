"""Exercise 15.1: what stands in the store tells who is missing. A detective's work: no player can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, edit, freeze, is_controlled_by, labels_of, name_of
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.sim import Simulation

WORDS = words_of("lesson15")

NAMES = Promise("it names who is missing")
ACQUITS = Promise("it suspects nobody when all are there")

KINDS = ("deployments", "replicasets", "pods", "services", "endpointslices", "nodes")
NOBODY = "nobody"
DEPLOYMENT, REPLICASET, SLICES = "deployment-controller", "replicaset-controller", "endpointslice-controller"
SCHEDULER, COLLECTOR = "default-scheduler", "garbage-collector-controller"
TOO_MUCH = "1000"  # cpus that no machine has

Objects = dict[str, list[Object]]


class Riddle(NamedTuple):
    """`who` leaves, at the beginning or right before `then` happens; nobody at all, if it is `NOBODY`."""

    kind: str
    who: str
    then: Callable[[Simulation], object] | None = None
    cpu: str = ""
    asleep: bool = False  # look while the images are being fetched


def owned_by(owner: Object, things: list[Object]) -> list[Object]:
    """Those among the things whose note says that this owner controls them."""
    return [thing for thing in things if is_controlled_by(thing, owner)]


def chosen_by(service: Object, pods: list[Object]) -> list[Object]:
    """The pods with an address that a Service chooses; none, if it has no selector."""
    wanted = (dig(service, "spec", "selector") or {}).items()
    return [
        pod for pod in pods if wanted and wanted <= labels_of(pod).items() and dig(pod, "status", "podIP")
    ]


def app(name: str, replicas: int, cpu: str = "") -> list[Object]:
    """A Deployment and its Service."""
    labels = {"app": name}
    container: Object = {"name": "app", "image": "registry.example/app:1", "ports": [{"containerPort": 8080}]}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"port": 80, "targetPort": 8080}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": ports},
        },
    ]


def _scale(sim: Simulation) -> None:
    deployment = sim.client.list("deployments")[0]
    sim.client.patch(deployment, patch={"spec": {"replicas": deployment["spec"]["replicas"] + 2}})


def _scale_to_nothing(sim: Simulation) -> None:
    sim.client.patch(sim.client.list("deployments")[0], patch={"spec": {"replicas": 0}})


def _delete(sim: Simulation) -> None:
    sim.client.delete(sim.client.list("deployments")[0])


def _stand_alone(sim: Simulation) -> None:
    """A Service that chooses no pods: whoever made it writes its addresses himself."""
    ports = [{"port": 80}]
    sim.create(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "outside"}, "spec": {"ports": ports}}
    )


RIDDLES = (
    Riddle("a player was never there", REPLICASET),
    Riddle("a player was never there", DEPLOYMENT),
    Riddle("a player was never there", SCHEDULER),
    Riddle("a player was never there", "kubelet/node-1"),
    Riddle("a player was never there", SLICES),
    Riddle("nobody is missing", NOBODY),
    Riddle("it was deleted", COLLECTOR, _delete),
    Riddle("it was deleted", NOBODY, _delete),
    Riddle("it does not fit anywhere", NOBODY, cpu=TOO_MUCH),
    Riddle("images are on their way", NOBODY, asleep=True),
    Riddle("scaled to nothing", NOBODY, _scale_to_nothing),
    Riddle("a Service without a selector", NOBODY, _stand_alone),
    Riddle("a player has left later", DEPLOYMENT, _scale),
    Riddle("a player has left later", REPLICASET, _scale),
    Riddle("a player has left later", SCHEDULER, _scale),
    Riddle("a player has left later", SLICES, _scale),
    Riddle("a player has left later", NOBODY, _scale),
)


@cache
def scene_of(riddle: Riddle, seed: int) -> Objects:
    """Everything that is stored, by kind, when nothing moves any more. Frozen: the same for all who ask."""
    dice = Dice(seed)
    name, replicas = ("shop", "web", "cafe")[dice.below(3, "name")], 2 + dice.below(3, "replicas")
    sim = Simulation(nodes=2, seed=seed)
    if riddle.then is None and riddle.who != NOBODY:
        sim.leave(riddle.who)
    sim.apply(app(name, replicas, riddle.cpu))
    sim.run(until=_all_are_fetching if riddle.asleep else None)
    if riddle.then is not None:
        if riddle.who != NOBODY:
            sim.leave(riddle.who)
        riddle.then(sim)
        sim.run()
    return {kind: [freeze(obj) for obj in sim.store.list(kind)] for kind in KINDS}


def _all_are_fetching(sim: Simulation) -> bool:
    """Has every kubelet begun, and has everybody heard of it?"""
    pods = sim.store.list("pods")
    return len(pods) > 1 and not sim.moves() and all(dig(pod, "status", "startTime") for pod in pods)


def _cases() -> Iterator[Case]:
    for seed in range(3):
        for riddle in RIDDLES:
            yield Case(riddle.kind, partial(_asked, riddle, scene_of(riddle, seed)))


def _asked(riddle: Riddle, objects: Objects, scene: Scene, who_is_missing: Any) -> None:
    for kind in KINDS[:-1]:
        for obj in objects[kind]:
            scene.tell(f"{obj['kind']} {name_of(obj)}{_seen(kind, obj)}")
    said = who_is_missing({kind: [edit(obj) for obj in found] for kind, found in objects.items()})
    if said is None:
        raise Unsolved
    message = f"missing is {riddle.who}, and your function says {said!r} ({riddle.kind})"
    promise = ACQUITS if riddle.who == NOBODY else NAMES
    scene.demand(said == riddle.who, promise, message, *_facts(riddle, said))


def _seen(kind: str, obj: Object) -> str:
    """What a detective would look at first."""
    if kind in ("deployments", "replicasets"):
        return f", wants {obj['spec']['replicas']}"
    if kind == "pods":
        place = dig(obj, "spec", "nodeName", default="no node")
        return f", on {place}, {dig(obj, 'status', 'phase')}"
    return f", {len(obj.get('endpoints') or ())} addresses" if kind == "endpointslices" else ""


def _facts(riddle: Riddle, said: Any) -> list[str]:
    """What somebody who says this seems to believe."""
    beliefs = {
        "the boss": said == DEPLOYMENT and riddle.who == REPLICASET and riddle.then is None,
        "told": said == SCHEDULER and riddle.who.startswith("kubelet/"),
        "cascade": riddle.who == COLLECTOR,
        "no room": said == SCHEDULER and bool(riddle.cpu),
        "slow": str(said).startswith("kubelet/") and riddle.asleep,
        "no selector": said == SLICES and riddle.then is _stand_alone,
        "no pods to list": said == SLICES and riddle.who == NOBODY,
        "nothing wanted": said in (DEPLOYMENT, REPLICASET) and riddle.then is _scale_to_nothing,
        "there is one": said == NOBODY and riddle.then is _scale,
    }
    return [belief for belief, held in beliefs.items() if held][:1]


WHO_IS_MISSING = Drill(
    id="15.1",
    words=WORDS["15.1"],
    cases=_cases,
    promises=[NAMES, ACQUITS],
    diagnoses=[
        WORDS["15.1"].diagnosis("believes that a Deployment makes pods", evidence=noted("the boss")),
        WORDS["15.1"].diagnosis("believes that the scheduler tells the kubelet", evidence=noted("told")),
        WORDS["15.1"].diagnosis("expects a deletion to cascade by itself", evidence=noted("cascade")),
        WORDS["15.1"].diagnosis("takes no room for no scheduler", evidence=noted("no room")),
        WORDS["15.1"].diagnosis("takes slow for missing", evidence=noted("slow")),
        WORDS["15.1"].diagnosis("misses addresses that nobody wants", evidence=noted("no selector")),
        WORDS["15.1"].diagnosis(
            "misses addresses of pods that do not run", evidence=noted("no pods to list")
        ),
        WORDS["15.1"].diagnosis("misses pods that nobody wants", evidence=noted("nothing wanted")),
        WORDS["15.1"].diagnosis("asks whether there is one", evidence=noted("there is one")),
    ],
)
