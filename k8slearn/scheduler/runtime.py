"""The plugins of one profile: who has a say where, and what they say when they are asked.

Kubernetes: pkg/scheduler/framework/runtime/framework.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k8slearn.scheduler.framework import (
    POINTS,
    STATEFUL,
    CycleState,
    PluginFailed,
    Refusal,
    States,
    reasons_of,
)
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo


class Framework:
    """The plugins of one profile, in the order in which they are asked. `points` names those of single extension
    points, where they are not all that can."""

    def __init__(self, plugins: Sequence[Any], points: Mapping[str, Sequence[str]] | None = None) -> None:
        self.plugins = tuple(plugins)
        check(self.plugins)
        self._points = dict(points or {})
        self._at = {point: self._able(point) for point in (*POINTS, "counts")}
        self.filters, self.scorers = self.at("filter"), self.at("score")
        self.counting, self.pre_filters = self.at("counts"), self.at("pre_filter")
        self.pre_scorers = tuple(p for p in self.at("pre_score") if p in self.scorers)
        self.stateful = {p.name for p in plugins if any(hasattr(p, method) for method in STATEFUL)}
        self.names = {point: tuple(p.name for p in self.at(point)) for point in POINTS}
        deciding = (*self.pre_filters, *self.filters, *self.scorers)
        self._deciding = tuple(p for p in self.plugins if p in deciding)

    def with_plugins(self, plugins: Sequence[Any]) -> Framework:
        return Framework(plugins, self._points)

    def at(self, point: str) -> tuple[Any, ...]:
        """Those that have a say at this extension point, in their order."""
        return self._at[point]

    def _able(self, point: str) -> tuple[Any, ...]:
        able = {p.name: p for p in self.plugins if hasattr(p, point)}
        names = self._points.get(point)
        return tuple(able.values() if names is None else (able[n] for n in names if n in able))

    def first(self, point: str) -> Any:
        return next(iter(self.at(point)), None)

    def states(self, handle: Any) -> States:
        return {p.name: CycleState(handle) if p.name in self.stateful else None for p in self.plugins}

    def signature(self, pod: PodInfo, handle: Any) -> str | None:
        """Pods with the same signature get the same results from every plugin; None: share with nobody."""
        parts: list[Any] = []
        for plugin in self._deciding:
            try:
                part = plugin.looks_at(pod, handle) if hasattr(plugin, "looks_at") else None
            except Exception as error:
                raise PluginFailed(plugin, "pre_filter", error) from error
            if part is None:
                return None
            if not any(part is other for other in parts):  # two plugins look at tolerations
                parts.append(part)
        return repr(parts)

    # --- asking about one node ---

    def refusal(self, pod: PodInfo, node: NodeInfo, states: States) -> Refusal | None:
        """What the first filter that says no says; None if the pod may run there."""
        for plugin in self.filters:
            refusal = self.refused_by(plugin, pod, node, states[plugin.name])
            if refusal is not None:
                return refusal
        return None

    def refused_by(
        self, plugin: Any, pod: PodInfo, node: NodeInfo, state: CycleState | None
    ) -> Refusal | None:
        """What this one says. Raises PluginFailed."""
        try:
            said = plugin.filter(pod, node) if state is None else plugin.filter(pod, node, state)
            if said is None:
                return None
            reasons = reasons_of(plugin, "filter", said)
            helped = getattr(plugin, "helped_by_preemption", None)
            return Refusal(plugin.name, reasons, bool(helped and helped(pod, node, reasons)))
        except PluginFailed:
            raise
        except Exception as error:
            raise PluginFailed(plugin, "filter", error) from error

    def score(self, plugin: Any, pod: PodInfo, node: NodeInfo, state: CycleState | None) -> int | None:
        """Raises PluginFailed."""
        try:
            found = plugin.score(pod, node) if state is None else plugin.score(pod, node, state)
        except Exception as error:
            raise PluginFailed(plugin, "score", error) from error
        if found is not None and type(found) is not int:
            raise PluginFailed(plugin, "score", f"the score is a whole number, not {found!r}")
        return found


def check(plugins: Sequence[Any]) -> None:
    """Has each a name of its own, and a weight that makes sense? Raises ValueError."""
    names = [getattr(plugin, "name", None) for plugin in plugins]
    for plugin, name in zip(plugins, names, strict=True):
        if not isinstance(name, str) or not name:
            raise ValueError(f"{type(plugin).__name__}: a plugin needs a name")
        if names.count(name) > 1:
            raise ValueError(f'plugin "{name}" is there twice')
        weight = weight_of(plugin)
        if type(weight) is not int or weight < 0:
            raise ValueError(f'plugin "{name}": its weight is a whole number from 0 on, not {weight!r}')


def weight_of(plugin: Any) -> int:
    """How much its scores count; 1 if it says nothing."""
    return getattr(plugin, "weight", 1)
