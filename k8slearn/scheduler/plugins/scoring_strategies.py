"""What is a good use of a node: to leave much of it free, to fill it up, or a curve of one's own.

Each is a function of ``(requested, capacity)`` of one resource, with the pod on it, and gives 0 to 100.

Kubernetes: pkg/scheduler/framework/plugins/noderesources (least_allocated.go, most_allocated.go,
requested_to_capacity_ratio.go)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

MAX, MAX_OF_SHAPE = 100, 10  # points of a curve have scores from 0 to 10


class LeastAllocated:
    """The percentage that would be left."""

    def __init__(self, arguments: Mapping[str, Any] | None = None) -> None:
        """It has no arguments."""

    def score(self, requested: int, capacity: int) -> int:
        return max(capacity - requested, 0) * MAX // capacity

    def mean(self, scores: Sequence[tuple[int, int]]) -> int:
        """Of ``(score, weight)``."""
        weights = sum(weight for _, weight in scores)
        return sum(score * weight for score, weight in scores) // weights if weights else 0


class MostAllocated(LeastAllocated):
    """The percentage that would be used."""

    def score(self, requested: int, capacity: int) -> int:
        return min(requested, capacity) * MAX // capacity


class RequestedToCapacityRatio(LeastAllocated):
    """A curve over the percentage that would be used: straight lines between the points of `shape`."""

    def __init__(self, arguments: Mapping[str, Any] | None = None) -> None:
        """`arguments`: ``{"shape": [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]}``"""
        shape = (arguments or {}).get("shape") or ()
        self.points = [(p["utilization"], p["score"] * MAX // MAX_OF_SHAPE) for p in shape]
        rising = all(a[0] < b[0] for a, b in zip(self.points, self.points[1:], strict=False))
        if not self.points or not rising:
            raise ValueError("requestedToCapacityRatio: shape needs points with growing utilization")

    def score(self, requested: int, capacity: int) -> int:
        used = min(requested, capacity) * MAX // capacity if requested <= capacity else MAX
        last = (0, self.points[0][1])
        for point in self.points:
            if used <= point[0]:
                width = point[0] - last[0]
                rise = (point[1] - last[1]) * (used - last[0])
                return last[1] + int(rise / width) if width else point[1]
            last = point
        return last[1]

    def mean(self, scores: Sequence[tuple[int, int]]) -> int:
        """Resources that score nothing do not count."""
        counted = [(score, weight) for score, weight in scores if score > 0]
        weights = sum(weight for _, weight in counted)
        return floor(sum(s * w for s, w in counted) / weights + 0.5) if weights else 0


STRATEGIES = {s.__name__: s for s in (LeastAllocated, MostAllocated, RequestedToCapacityRatio)}
