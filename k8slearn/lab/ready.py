"""Is everything as it was asked for? And if not, in Kubernetes' own words, why not?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k8slearn.api.objects import Object, controller_of, dig, is_deleting, key_of
from k8slearn.sim import Simulation

#: Kinds that become something only if somebody looks after them; nobody here does yet.
UNATTENDED = ("statefulsets", "daemonsets", "jobs", "cronjobs", "replicationcontrollers")


def is_ready(sim: Simulation) -> bool:
    return not problems(sim)


def problems(sim: Simulation) -> list[str]:
    """One line for each object that is not as it was asked for; an empty list when all is well."""
    found = [line for kind, check in CHECKS.items() for obj in _all(sim, kind) for line in check(obj)]
    unattended = [
        f"{obj['kind']} {key_of(obj)}: stored, but this cluster has no controller for its kind"
        for kind in UNATTENDED
        for obj in _all(sim, kind)
        if obj["kind"] not in _looked_after(sim)
    ]
    return found + unattended


def _all(sim: Simulation, resource: str) -> list[Object]:
    return list(sim.state().get(resource, {}).values())


def _looked_after(sim: Simulation) -> set[str]:
    return {p.resource.kind for p in sim.manager.players.values() if p.resource is not None}


def _deployment(obj: Object) -> Iterator[str]:
    wanted, status = obj["spec"]["replicas"], obj.get("status") or {}
    available, updated = status.get("availableReplicas", 0), status.get("updatedReplicas", 0)
    if status.get("observedGeneration") != obj["metadata"]["generation"] or (available, updated) != (
        wanted,
        wanted,
    ):
        yield f"Deployment {key_of(obj)}: {available} of {wanted} replicas available"
    for condition in status.get("conditions") or []:
        if (condition["type"], condition["status"]) in (("Progressing", "False"), ("ReplicaFailure", "True")):
            yield f"Deployment {key_of(obj)}: {condition['reason']}: {condition['message']}"


def _replicaset(obj: Object) -> Iterator[str]:
    wanted, ready = obj["spec"]["replicas"], dig(obj, "status", "readyReplicas", default=0)
    if controller_of(obj) is None and wanted != ready:
        yield f"ReplicaSet {key_of(obj)}: {ready} of {wanted} replicas ready"


def _pod(obj: Object) -> Iterator[str]:
    conditions = {c["type"]: c for c in dig(obj, "status", "conditions", default=[])}
    if dig(obj, "status", "phase") == "Succeeded" or dig(conditions, "Ready", "status") == "True":
        return
    yield f"Pod {key_of(obj)}: {_why(obj, conditions)}"


def _why(pod: Object, conditions: dict[str, Object]) -> str:
    if is_deleting(pod):
        return "is being deleted"
    scheduled = conditions.get("PodScheduled")
    if scheduled and scheduled["status"] == "False":
        return f"{scheduled['reason']}: {scheduled['message']}"
    for container in dig(pod, "status", "containerStatuses", default=[]):
        waiting = dig(container, "state", "waiting")
        if waiting:
            return f"{waiting['reason']}: {waiting.get('message', 'container ' + container['name'])}"
    return f"{dig(pod, 'status', 'phase')}, not ready"


CHECKS: dict[str, Callable[[Object], Iterator[str]]] = {
    "deployments": _deployment,
    "replicasets": _replicaset,
    "pods": _pod,
}
