"""Resizing a running pod: is there room for what it asks for now, and what is said about it? Pure functions.

Kubernetes: pkg/kubelet/allocation/allocation_manager.go (canResizePod), pkg/kubelet/events/pod_resize.go
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, dig
from k8slearn.node.admission import COUNTED, Booked, amount
from k8slearn.node.life import Resize

CONDITIONS = ("PodResizePending", "PodResizeInProgress")


def sizes(container: Object) -> Object:
    """What a container of the spec asks for, as its status says it."""
    return {k: v for k, v in (container.get("resources") or {}).items() if k != "claims"}


def how(container: Object, status: Object) -> str:
    """in place; restart, if the container wants to be started anew for that; "": there is nothing to do."""
    has, wants = status.get("resources"), sizes(container)
    if has is None or has == wants:
        return ""
    changed = {r for which in ("requests", "limits") for r in _changed(has.get(which), wants.get(which))}
    policies = {p["resourceName"]: p["restartPolicy"] for p in container.get("resizePolicy") or ()}
    return "restart" if any(policies.get(r) == "RestartContainer" for r in changed) else "in place"


def _changed(before: Object | None, now: Object | None) -> set[str]:
    before, now = before or {}, now or {}
    return {resource for resource in before.keys() | now.keys() if before.get(resource) != now.get(resource)}


def is_wanted(pod: Object, containers: Mapping[str, Object]) -> bool:
    """Does any container that runs ask for something else than it has?"""
    specs = (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"])
    found = ((spec, containers.get(spec["name"])) for spec in specs)
    return any(
        status is not None and "running" in status["state"] and how(spec, status) for spec, status in found
    )


def verdict(asked: Booked, others: Iterable[Booked], capacity: Mapping[str, str]) -> tuple[str, str]:
    """(Infeasible: there will never be room, Deferred: there is none now, or ""; a message)"""
    used = [sum(column) for column in zip(*others, strict=True)] or [0] * len(COUNTED)
    rows = [row for row in zip(COUNTED, asked, used, strict=True) if row[0] in ("cpu", "memory")]
    for resource, wanted, _ in reversed(rows):
        if wanted > (there := amount(resource, capacity[resource])):
            text = f"Node didn't have enough capacity: {resource}, requested: {wanted}, capacity: {there}"
            return "Infeasible", text
    for resource, wanted, taken in rows:
        if wanted > (there := amount(resource, capacity[resource])) - taken:
            figures = f"{resource}, requested: {wanted}, used: {taken}, capacity: {there}"
            return "Deferred", f"Node didn't have enough resource: {figures}"
    return "", ""


def summary(pod: Object, error: str = "") -> str:
    """What a pod asks for, as events spell it out."""
    told: Object = {}
    for field in ("initContainers", "containers"):
        if found := pod["spec"].get(field):
            told[field] = [{"name": c["name"], "resources": _sorted(sizes(c))} for c in found]
    told["generation"] = dig(pod, "metadata", "generation", default=1)
    return json.dumps({**told, "error": error} if error else told, separators=(",", ":"))


def _sorted(found: Object) -> Object:
    return {which: dict(sorted(found[which].items())) for which in ("limits", "requests") if which in found}


def with_conditions(conditions: list[Object], resize: Resize | None, now: float) -> list[Object]:
    """The conditions of a pod, with what there is to say about its resize and without what there was."""
    others = [c for c in conditions if c["type"] not in CONDITIONS]
    if resize is None:
        return others
    kind = "PodResizePending" if resize.reason else "PodResizeInProgress"
    before = next((c for c in conditions if c["type"] == kind), {})
    told = {"type": kind, "observedGeneration": resize.generation, "status": "True"}
    told["lastTransitionTime"] = before.get("lastTransitionTime") or timestamp(now)
    if "lastProbeTime" in before:
        told["lastProbeTime"] = before["lastProbeTime"]
    if resize.reason:
        told |= {"reason": resize.reason, "message": resize.message}
    return [*others, told]
