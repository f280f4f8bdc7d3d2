"""How fast an autoscaler may follow its wishes: it looks at recent ones, and at how much has changed of late.

Going down waits until all wishes of five minutes were lower; going up at once, at most to twice the size (or to four).
With `spec.behavior` both have windows and rates of their own. Pure functions.

Kubernetes: pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas, ...WithBehaviors)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

from k8slearn.api.objects import Object, dig

DOWN_WINDOW = 300.0  # seconds: downscaleStabilizationWindow

Past = Sequence[tuple[float, int]]  # (second, how many): wishes, or changes of the size

HIGHER = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
LOWER = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
SAME = ("ReadyForNewScale", "recommended size matches current size")
WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FAST = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
TOO_FAST_DOWN = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)


class Size(NamedTuple):
    replicas: int
    able: tuple[str, str]  # reason and message of AbleToScale
    limited: tuple[str, str]  # ... and of ScalingLimited


class History(NamedTuple):
    wishes: Past = ()
    ups: Past = ()
    downs: Past = ()


def normalized(spec: Object, current: int, wish: int, history: History, now: float) -> Size:
    """The size to have now. `wish`: what the metrics ask for."""
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    behavior = spec.get("behavior")
    if behavior:
        stable = _stable(behavior, current, wish, history.wishes, now)
        able = SAME if stable == wish else LOWER if wish >= current else HIGHER
        size, why = _with_rates(behavior, current, stable, (least, most), history, now)
    else:
        stable = max([wish, *(n for at, n in history.wishes if at > now - DOWN_WINDOW)])
        able = SAME if stable == wish else HIGHER
        size, why = _within(current, stable, least, most)
    return Size(size, able, WITHIN if size == stable else why)


def _within(current: int, wish: int, least: int, most: int) -> tuple[int, tuple[str, str]]:
    limit = max(2 * current, 4)
    if wish < least:
        return least, TOO_FEW
    if wish > min(most, limit):
        return min(most, limit), TOO_FAST if most > limit else TOO_MANY
    return wish, WITHIN


def _stable(behavior: Object, current: int, wish: int, wishes: Past, now: float) -> int:
    """Up to the lowest wish of one window, down to the highest of the other."""
    up, down = _window(behavior, "scaleUp", 0.0), _window(behavior, "scaleDown", DOWN_WINDOW)
    lowest = min([wish, *(n for at, n in wishes if at > now - up)])
    highest = max([wish, *(n for at, n in wishes if at > now - down)])
    return min(max(current, lowest), highest)


def _window(behavior: Object, which: str, default: float) -> float:
    return float(dig(behavior, which, "stabilizationWindowSeconds", default=default))


def longest_window(spec: Object) -> float:
    """Seconds for which wishes must be remembered."""
    behavior = spec.get("behavior") or {}
    return max(_window(behavior, "scaleUp", 0.0), _window(behavior, "scaleDown", DOWN_WINDOW))


def longest_period(spec: Object) -> float:
    """Seconds for which changes must be remembered."""
    rules = (spec.get("behavior") or {}).values()
    return max((p["periodSeconds"] for r in rules for p in r.get("policies") or ()), default=0)


def _with_rates(
    behavior: Object, current: int, wish: int, bounds: tuple[int, int], history: History, now: float
) -> tuple[int, tuple[str, str]]:
    least, most = bounds
    if wish > current:
        limit = max(_limit(behavior["scaleUp"], current, history, now, UP), current)
        if wish > min(most, limit):
            return min(most, limit), TOO_FAST if most > limit else TOO_MANY
    elif wish < current:
        limit = min(_limit(behavior["scaleDown"], current, history, now, DOWN), current)
        if wish < max(least, limit):
            return max(least, limit), TOO_FAST_DOWN if least < limit else TOO_FEW
    return wish, WITHIN


class Direction(NamedTuple):
    by_pods: Callable[[int, int], int]
    by_percent: Callable[[int, int], int]
    boldest: Callable[[list[int]], int]
    shyest: Callable[[list[int]], int]


UP = Direction(lambda n, v: n + v, lambda n, v: ceil(n * (100 + v) / 100), max, min)
DOWN = Direction(lambda n, v: n - v, lambda n, v: n * (100 - v) // 100, min, max)


def _limit(rules: Object, current: int, history: History, now: float, way: Direction) -> int:
    """How far the policies let it go, from where it was when their period began."""
    if rules.get("selectPolicy") == "Disabled":
        return current
    found = []
    for policy in rules["policies"]:
        since = now - policy["periodSeconds"]
        changed = sum(n for at, n in history.ups if at > since) - sum(
            n for at, n in history.downs if at > since
        )
        rule = way.by_pods if policy["type"] == "Pods" else way.by_percent
        found.append(rule(current - changed, policy["value"]))
    return way.shyest(found) if rules.get("selectPolicy") == "Min" else way.boldest(found)
