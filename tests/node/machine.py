"""What tests of a machine share: one node, a pod on it, and looks at what its kubelet says."""

from __future__ import annotations

from functools import partial
from typing import Any

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster
from k8slearn.node import REALISTIC, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation


def one_node(stages: Any = REALISTIC, machine: dict[str, Any] | None = None, **rest: Any) -> Simulation:
    kubelet = partial(Kubelet, "node-0", stages=stages, **(machine or {}))
    return Simulation(Cluster([kubelet], components=[Scheduler]), **rest)


def container(image: str = "app:1", name: str = "c", **rest: Any) -> Object:
    """With upper-case names as environment variables: settings of its program."""
    env = [{"name": k, "value": str(rest.pop(k))} for k in [k for k in rest if k.isupper()]]
    return {"name": name, "image": image, **({"env": env} if env else {}), **rest}


def get(sim: Simulation, name: str = "p") -> Object:
    return sim.client.get("pods", f"default/{name}")


def status(sim: Simulation, name: str = "p") -> Object:
    return get(sim, name)["status"]


def first(sim: Simulation, name: str = "p") -> Object:
    """The status of the first container."""
    return status(sim, name)["containerStatuses"][0]


def conditions(sim: Simulation, name: str = "p") -> dict[str, str]:
    return {c["type"]: c["status"] for c in status(sim, name).get("conditions", ())}


def told(sim: Simulation, name: str = "p", *reasons: str) -> list[tuple[float, str, str, int]]:
    """The kubelet's events about an object in the order of telling: when first, reason, text, how often."""
    rows = [s.calls for s in sim.trace if s.player.startswith("kubelet/")]
    order = [c.key for calls in rows for c in calls if c.resource == "events" and c.verb == "create"]
    mine = [e for e in map(partial(sim.client.get, "events"), order) if e["involvedObject"]["name"] == name]
    found = [(seconds_of(e["firstTimestamp"]), e["reason"], e["message"], e["count"]) for e in mine]
    return [row for row in found if not reasons or row[1] in reasons]


def texts(sim: Simulation, *reasons: str, name: str = "p") -> list[str]:
    return [text for _, _, text, _ in told(sim, name, *reasons)]


def last_words(sim: Simulation) -> Object:
    """The status that the pod deleted last had in the end."""
    return next(
        e.object["status"] for e in reversed(sim.store.log) if (e.resource, e.type) == ("pods", "DELETED")
    )


def since_start(sim: Simulation, name: str = "p") -> float:
    return sim.now - seconds_of(dig(first(sim, name), "state", "running", "startedAt"))


def kubelet_steps(sim: Simulation) -> int:
    """How often the kubelet looked at a pod."""
    return len([s for s in sim.trace if s.player == "kubelet/node-0" and s.key.startswith("default/")])
