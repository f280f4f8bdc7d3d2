"""The shop of exercise 11.1, and a rollout of it under five hundred requests a second."""

from __future__ import annotations

from typing import Any

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object
from k8slearn.cluster import Cluster
from k8slearn.lab.drill import NOT_YET, Unsolved
from k8slearn.lab.exercises.teahouse import read
from k8slearn.lab.ready import problems
from k8slearn.lab.show import Shown, card
from k8slearn.lab.traffic import SERVICE, SHOPPERS, figure
from k8slearn.sim import Simulation
from k8slearn.traffic import ClusterDNS, Traffic, routers

RATE, PATIENCE = 500, 10.0
CALM, LONGEST = 5.0, 240.0  # virtual seconds: before and after; for a whole rollout

#: A shop as it is found: it needs three seconds to open, and six for an answer.
SHOP: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 12,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "75%"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "terminationGracePeriodSeconds": 2,
                "containers": [
                    {
                        "name": "web",
                        "image": "k8slearn/web:1",
                        "env": [
                            {"name": "STARTS_IN", "value": "3"},
                            {"name": "ANSWERS_IN", "value": "6"},
                            {"name": "DRAINS_FOR", "value": "7"},
                        ],
                        "resources": {"requests": {"cpu": "60m"}, "limits": {"cpu": "60m"}},
                    }
                ],
            },
        },
    },
}


def opened(change: Any, *, seed: int = 0, lag: float = 1.0) -> Simulation:
    """The shop with this laid over its spec, and nobody has moved yet. Raises ApiError."""
    recipe = Cluster(3, adding=[*routers(3, lag), ClusterDNS])
    sim = Simulation(recipe, seed=seed, world={"traffic": Traffic()})
    sim.create([SHOP, SERVICE])
    sim.client.patch("deployments", "default/web", patch={"spec": change}, patch_type="strategic")
    return sim


def renewed(sim: Simulation) -> Simulation:
    """It gets a new image while people ask. Raises Closed."""
    if not sim.run(until=_rolled_out, seconds=LONGEST):
        raise Closed("it does not open", sim)
    sim.advance(CALM)
    sim.meddle("traffic", "start", SHOPPERS, "http://web/", rate=RATE, patience=PATIENCE, lasts=LONGEST)
    sim.advance(CALM)
    container = {"name": "web", "image": "k8slearn/web:2"}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    sim.client.patch("deployments", "default/web", patch=patch, patch_type="strategic")
    if not sim.run(until=_rolled_out, seconds=LONGEST):
        raise Closed("the rollout does not end", sim)
    sim.advance(CALM)
    sim.meddle("traffic", "stop", SHOPPERS)
    sim.advance(PATIENCE + 1)  # the last answers
    return sim


class Closed(Exception):
    """It did not get as far as it should."""

    def __init__(self, message: str, sim: Simulation) -> None:
        super().__init__(": ".join([message, *problems(sim)[:1]]))
        self.sim = sim


def _rolled_out(sim: Simulation) -> bool:
    """As many as are wanted, all of the newest kind, all ready, and nobody is on his way out."""
    web = sim.store.get("deployments", "default/web")
    assert web is not None
    status, want = web.get("status") or {}, web["spec"]["replicas"]
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    seen = status.get("observedGeneration") == web["metadata"]["generation"] and counts == {want}
    return seen and len(sim.state().get("pods", {})) == want


def tried(text: str) -> Any:
    """What comes back of the requests, as a picture; or why it does not come to that."""
    try:
        return figure(renewed(opened(read(text))))
    except Unsolved:
        return Shown(NOT_YET, NOT_YET)
    except (ApiError, yaml.YAMLError, Closed) as error:
        return card(error)
