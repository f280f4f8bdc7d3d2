"""What if? The same pod in the same cluster, but with other weights, or with other requests. Nothing is written.

A pure function: it takes a scheduler's view of the cluster and gives a Decision, and the scheduler is none the wiser.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from k8slearn.api.objects import Object, edit
from k8slearn.scheduler.decision import Decision, record
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.ranking import Ranking, choose
from k8slearn.scheduler.runtime import Framework
from k8slearn.scheduler.scheduler import Scheduler


def what_if(
    scheduler: Scheduler,
    pod: Object,
    *,
    weights: Mapping[str, int] | None = None,
    requests: Mapping[str, str] | None = None,
) -> Decision:
    """Where would the pod go now? If it is somewhere already, as if it were not.

    `weights`: by plugin; `requests`: of its first container, such as ``{"cpu": "500m"}``. Raises PluginFailed, and
    LookupError for a plugin that does not score or a pod that is somebody else's to place.
    """
    framework = scheduler.framework_of(pod)
    if framework is None:
        raise LookupError(f'"{pod["spec"].get("schedulerName")}" is not a profile of {scheduler.name}')
    info = PodInfo(_asking(pod, requests or {}))
    handle = scheduler.handle
    ranking = Ranking(_weighing(framework, weights or {}), handle.snapshot.without(info.key), handle)
    ranking.update(info)
    winners = ranking.winners()
    node = choose(winners, info, scheduler.dice) if winners else ""
    return record(info, ranking, node, "", scheduler.clock.step, scheduler.clock.now)


def _asking(pod: Object, requests: Mapping[str, str]) -> Object:
    changed = edit(pod)
    changed["spec"].pop("nodeName", None)
    if requests:
        resources: dict[str, Any] = changed["spec"]["containers"][0].setdefault("resources", {})
        resources["requests"] = {**resources.get("requests", {}), **requests}
    return changed


def _weighing(framework: Framework, weights: Mapping[str, int]) -> Framework:
    unknown = sorted(set(weights) - {p.name for p in framework.scorers})
    if unknown:
        known = ", ".join(p.name for p in framework.scorers)
        raise LookupError(f'plugin "{unknown[0]}" does not score; those that do: {known}')
    plugins = []
    for plugin in framework.plugins:
        if plugin.name in weights:
            plugin = copy(plugin)
            plugin.weight = weights[plugin.name]
        plugins.append(plugin)
    return framework.with_plugins(plugins)
