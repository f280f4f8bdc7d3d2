"""The arithmetic of a rolling update: how many more of the new, how many fewer of the old.

Pure functions on numbers and ReplicaSets, so that they can be read, tested and argued about alone.

Kubernetes: pkg/controller/deployment/rolling.go, pkg/controller/deployment/util/deployment_util.go
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from k8slearn.api.objects import Object, annotations_of, dig, oldest_first

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


def resolve(value: int | str, replicas: int, *, up: bool) -> int:
    """``25%`` of the replicas, rounded up or down; a plain number is itself."""
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * replicas / 100
    return math.ceil(share) if up else math.floor(share)


def surge(deployment: Object) -> int:
    """How many pods there may be beyond spec.replicas during the update."""
    if strategy(deployment) != "RollingUpdate":
        return 0
    value = dig(deployment, "spec", "strategy", "rollingUpdate", "maxSurge", default=0)
    return resolve(value, deployment["spec"]["replicas"], up=True)


def unavailable(deployment: Object) -> int:
    """How many of spec.replicas may be missing during the update. Never zero when the surge is."""
    replicas = deployment["spec"]["replicas"]
    if strategy(deployment) != "RollingUpdate" or replicas == 0:
        return 0
    value = dig(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable", default=0)
    allowed = resolve(value, replicas, up=False)
    return min(1 if allowed == 0 and surge(deployment) == 0 else allowed, replicas)


def strategy(deployment: Object) -> str:
    return dig(deployment, "spec", "strategy", "type", default="RollingUpdate")


def wanted(sets: Iterable[Object]) -> int:
    """Pods asked for by these ReplicaSets."""
    return sum(rs["spec"]["replicas"] for rs in sets)


def reported(sets: Iterable[Object], field: str) -> int:
    """The sum of a count in the status of these ReplicaSets."""
    return sum(dig(rs, "status", field, default=0) for rs in sets)


def new_size(deployment: Object, new: Object, old: list[Object]) -> int:
    """How many replicas the new ReplicaSet should ask for now."""
    replicas, current = deployment["spec"]["replicas"], new["spec"]["replicas"]
    if strategy(deployment) == "Recreate" or current >= replicas:
        return replicas
    room = replicas + surge(deployment) - wanted([new, *old])
    return min(current + max(room, 0), replicas)


def old_sizes(deployment: Object, new: Object, old: list[Object]) -> dict[str, int]:
    """Name -> how many replicas each old ReplicaSet may keep, such that enough pods stay available.

    Pods that are not available anyway go first; then the oldest ReplicaSet shrinks first.
    """
    least = deployment["spec"]["replicas"] - unavailable(deployment)
    sizes = {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in old}
    budget = wanted([new, *old]) - least - (new["spec"]["replicas"] - available(new))
    if budget <= 0:
        return sizes
    broken = {rs["metadata"]["name"]: rs["spec"]["replicas"] - available(rs) for rs in old}
    _take(sizes, broken, budget)
    _take(sizes, dict(sizes), sum(map(available, [new, *old])) - least)
    return sizes


def available(rs: Object) -> int:
    """Pods that are available, and will be when the ReplicaSet is as small as it is asked to be.

    Kubernetes takes the reported count as it is, and a late report can cost it a pod too many.
    """
    return min(dig(rs, "status", "availableReplicas", default=0), rs["spec"]["replicas"])


def _take(sizes: dict[str, int], at_most: dict[str, int], count: int) -> None:
    """Take `count` pods away, from one ReplicaSet after the other, no more than `at_most` from each."""
    for name, limit in at_most.items():
        fewer = max(min(count, limit), 0)
        sizes[name] -= fewer
        count -= fewer


def shares(deployment: Object, new: Object | None, every: list[Object]) -> dict[str, int]:
    """Name -> size, when the Deployment as a whole gets another size, perhaps in the middle of a rollout.

    `every`: the new ReplicaSet first, then the old ones, whichever was made last before the others.
    """
    replicas = deployment["spec"]["replicas"]
    active = [rs for rs in every if rs["spec"]["replicas"]]
    if len(active) <= 1:
        return {rs["metadata"]["name"]: replicas for rs in active or every[:1]}
    if new is not None and _is_saturated(deployment, new):
        return {rs["metadata"]["name"]: 0 for rs in active if rs is not new}
    return _in_proportion(deployment, active) if strategy(deployment) == "RollingUpdate" else {}


def _is_saturated(deployment: Object, new: Object) -> bool:
    """It was asked for all the pods that are wanted now, and they are available."""
    noted = int(annotations_of(new).get(DESIRED, -1))
    counts = (noted, new["spec"]["replicas"], dig(new, "status", "availableReplicas", default=0))
    return counts == (deployment["spec"]["replicas"],) * 3


def _in_proportion(deployment: Object, active: list[Object]) -> dict[str, int]:
    """Each ReplicaSet grows or shrinks as the whole does; what rounding leaves goes to the greatest.

    Of equals the one that was made last grows first, and the one that was made first shrinks first.
    """
    replicas = deployment["spec"]["replicas"]
    room = (replicas + surge(deployment) if replicas else 0) - wanted(active)
    by_age = oldest_first(active)
    ordered = sorted(reversed(by_age) if room > 0 else by_age, key=lambda rs: -rs["spec"]["replicas"])
    sizes = {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in ordered}
    left = room
    for rs in ordered:
        share = _fraction(deployment, rs)
        change = min(share, left) if room > 0 else max(share, left)
        sizes[rs["metadata"]["name"]] += change if left else 0
        left -= change if left else 0
    greatest = ordered[0]["metadata"]["name"]
    sizes[greatest] = max(sizes[greatest] + left, 0)
    return sizes


def _fraction(deployment: Object, rs: Object) -> int:
    """By how much this ReplicaSet would change, had it the same part in the new whole as in the old."""
    replicas, size = deployment["spec"]["replicas"], rs["spec"]["replicas"]
    if replicas == 0:
        return -size
    before = int(annotations_of(rs).get(MAXIMUM, 0)) or dig(deployment, "status", "replicas", default=0)
    return math.floor(size * (replicas + surge(deployment)) / before + 0.5) - size if before else 0
