"""Exercise 02.3: give a field to another manager, and keep its value all the while."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from k8slearn.api.objects import Object, dig, edit
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import Carrier, api_server, deployment
from k8slearn.lab.logs import StoreSource
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson02")

STEADY = Promise("the number of replicas does not change, not for a moment")
HANDED = Promise("in the end the autoscaler owns spec.replicas, and the team does not")
OWNS = Promise("the team still owns everything else in its file")

TEAM, AUTOSCALER = "team", "autoscaler"


def apply(client: Client, config: Object, manager: str, force: bool = False) -> Object:
    """``kubectl apply --server-side --field-manager=MANAGER``"""
    options: dict[str, Any] = {"force": True} if force else {}
    return client.patch(config, patch=config, patch_type="apply", fieldManager=manager, **options)


def only_replicas(replicas: int) -> Object:
    """A configuration that has an opinion about one field."""
    whole = deployment()
    return {**whole, "spec": {"replicas": replicas}}


def without_replicas(config: Object) -> Object:
    """The same configuration with no opinion about that field."""
    spec = {name: value for name, value in config["spec"].items() if name != "replicas"}
    return {**config, "spec": spec}


def _scaled(client: Client, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    client.patch("deployments", "default/web", patch=body, subresource="scale", fieldManager="kubectl-scale")


def _hand_overs() -> Iterator[Case]:
    yield Case("as the file says", partial(_hand_over, 0))
    for replicas in (5, 2, 7):
        yield Case("somebody has scaled by hand", partial(_hand_over, replicas))


def _hand_over(scaled: int, scene: Scene, hand_over: Any) -> None:
    server = api_server()
    client, mine = Client(server), deployment()
    scene.source = StoreSource(server.store)
    apply(client, mine, TEAM)
    scene.tell("the team applies its file: replicas 3, manager team")
    if scaled:
        _scaled(client, scaled)
        scene.tell(f"somebody scales by hand: replicas {scaled}", "luck")
    began = server.store.revision
    hand_over(Client(Counter(server, scene)), edit(mine))
    if server.store.revision == began:
        raise Unsolved
    _steady(scene, server, scaled or 3, began)
    _handed(scene, server)


@dataclass
class Counter(Carrier):
    """And tells of the writes."""

    def handle(self, request: Request) -> Any:
        who = request.options.get("fieldManager", "")
        self.scene.facts.add(f"as {who}")
        answer = self.server.handle(request)
        if request.writes:
            force = ", force" if request.options.get("force") else ""
            replicas = dig(answer, "spec", "replicas")
            self.scene.tell(f"you: {request.verb} as {who}{force} → replicas {replicas}")
        return answer


def _steady(scene: Scene, server: ApiServer, due: int, began: int) -> None:
    fell = ["dip"] if "as autoscaler" in scene.facts else ["nobody holds it"]
    for entry in server.store.log[began:]:
        now = entry.object["spec"]["replicas"]
        message = f"at @{entry.revision} there are {now} replicas wanted, and not {due}"
        scene.demand(now == due, STEADY, message, *(fell if now == 1 else ["other number"]))


def _handed(scene: Scene, server: ApiServer) -> None:
    stored = server.store.get("deployments", "default/web")
    assert stored is not None
    owned = {
        m["manager"]: m["fieldsV1"].get("f:spec", {}) for m in stored["metadata"].get("managedFields", ())
    }
    holders = sorted(name for name, fields in owned.items() if "f:replicas" in fields)
    right = AUTOSCALER in holders and TEAM not in holders
    said = f"spec.replicas belongs to {' and '.join(holders) or 'nobody'}"
    scene.demand(right, HANDED, said, "team holds on" if TEAM in holders else "nobody holds it")
    scene.demand("f:template" in owned.get(TEAM, {}), OWNS, "the team owns no template any more")


HANDING_OVER = Drill(
    id="02.3",
    words=WORDS["02.3"],
    cases=_hand_overs,
    promises=[STEADY, HANDED, OWNS],
    diagnoses=[
        WORDS["02.3"].diagnosis("takes apply for a patch", RAISES, evidence=noted("Invalid")),
        WORDS["02.3"].diagnosis("knows the number better", RAISES, evidence=noted("Conflict")),
        WORDS["02.3"].diagnosis(
            "lets go before anybody holds it", STEADY.name, evidence=noted("nobody holds it")
        ),
        WORDS["02.3"].diagnosis("hands over in the wrong order", STEADY.name, evidence=noted("dip")),
        WORDS["02.3"].diagnosis("insists on its own number", STEADY.name, evidence=noted("other number")),
        WORDS["02.3"].diagnosis("holds on", HANDED.name),
    ],
)
