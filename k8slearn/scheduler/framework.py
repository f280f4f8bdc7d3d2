"""The seam between the scheduler and its rules: what a plugin is, and how plugins are run.

A plugin is a class with a name and any of these methods; the order of the list is the order of filtering:

    filter(pod, node)    -> None if the pod may run there, otherwise the reason (or a list of reasons)
    score(pod, node)     -> 0 to 100, more is better; or any number, if there is also
    normalize(scores)    -> {node: score} brought to 0 to 100, seeing all candidates at once
    looks_at(pod)        -> the part of the pod that the plugin looks at: pods that are alike in what all
                            plugins look at share their results. Without it, nothing is shared.
    helped_by_preemption(pod, node) -> could the filter pass if other pods were gone? (default: no)

Kubernetes: pkg/scheduler/framework/interface.go; `looks_at` is its SignPlugin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

Reasons = str | list[str] | None
Scores = dict[str, int]  # node -> score

MAX_SCORE = 100


class Plugin:
    """Does nothing yet: derive from it, or write any class with the same names."""

    name: str = ""
    weight: int = 1

    def looks_at(self, pod: PodInfo) -> Any:
        """None: at everything, so results are never shared between pods."""
        return None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo) -> bool:
        return False


class Refusal(NamedTuple):
    """Why a node will not do."""

    plugin: str
    reasons: tuple[str, ...]
    preemption_may_help: bool


class Framework:
    """The plugins of one scheduler, sorted by what they can do."""

    def __init__(self, plugins: Sequence[Any]) -> None:
        self.plugins = tuple(plugins)
        self.filters = tuple(p for p in plugins if hasattr(p, "filter"))
        self.scorers = tuple(p for p in plugins if hasattr(p, "score"))

    def signature(self, pod: PodInfo) -> str | None:
        """Pods with the same signature get the same results from every plugin; None: share with nobody."""
        parts: list[Any] = []
        for plugin in self.plugins:
            part = plugin.looks_at(pod) if hasattr(plugin, "looks_at") else None
            if part is None:
                return None
            if not any(part is other for other in parts):  # two plugins look at tolerations
                parts.append(part)
        return repr(parts)

    def refusal(self, pod: PodInfo, node: NodeInfo) -> Refusal | None:
        """What the first filter that says no says; None if the pod may run there."""
        for plugin in self.filters:
            said = plugin.filter(pod, node)
            if said is not None:
                helped = getattr(plugin, "helped_by_preemption", None)
                reasons = (said,) if isinstance(said, str) else tuple(said)
                return Refusal(plugin.name, reasons, bool(helped and helped(pod, node)))
        return None


def normalize(scores: Mapping[str, int], *, reverse: bool = False) -> Scores:
    """Scaled so that the greatest becomes 100; `reverse`: so that the greatest becomes 0.

    Kubernetes: plugins/helper/normalize_score.go (DefaultNormalizeScore)
    """
    greatest = max(scores.values(), default=0)
    if greatest == 0:
        return dict.fromkeys(scores, MAX_SCORE) if reverse else dict(scores)
    scaled = {node: MAX_SCORE * score // greatest for node, score in scores.items()}
    return {node: MAX_SCORE - score for node, score in scaled.items()} if reverse else scaled
