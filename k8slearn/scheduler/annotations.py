"""A decision in the form in which kube-scheduler-simulator writes it into a pod's annotations.

So results can be laid side by side: everything is text, and what is more than a word is JSON, with sorted keys.

sigs.k8s.io/kube-scheduler-simulator: simulator/scheduler/plugin/resultstore
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from k8slearn.scheduler.decision import Decision

PREFIX = "kube-scheduler-simulator.sigs.k8s.io/"
PASSED, SUCCESS = "passed", "success"


def as_annotations(decision: Decision) -> dict[str, str]:
    """``{annotation: text}`` of the nodes that the decision remembers."""
    said: dict[str, Any] = {
        "filter-result": _filters(decision),
        "score-result": {n: _scores(decision, n, raw=True) for n in sorted(decision.total)},
        "finalscore-result": {n: _scores(decision, n, raw=False) for n in sorted(decision.total)},
        "prefilter-result-status": dict.fromkeys(decision.ran("pre_filter"), SUCCESS),
        "prefilter-result": {},
        "prescore-result": dict.fromkeys(decision.ran("pre_score"), SUCCESS) if decision.total else {},
        "postfilter-result": {},
        "reserve-result": dict.fromkeys(decision.ran("reserve"), SUCCESS) if decision.node else {},
        "permit-result": dict.fromkeys(decision.ran("permit"), SUCCESS) if decision.node else {},
        "permit-result-timeout": {},
        "prebind-result": dict.fromkeys(decision.ran("pre_bind"), SUCCESS) if decision.node else {},
        "bind-result": dict.fromkeys(decision.ran("bind")[:1], SUCCESS) if decision.node else {},
    }
    if decision.rejected is not None:
        reasons = ", ".join(decision.rejected.reasons)
        said["prefilter-result-status"][decision.rejected.plugin] = reasons
        said["filter-result"] = {}
    if decision.nominated:
        said["postfilter-result"] = {decision.nominated: {"DefaultPreemption": "preemption victim"}}
    text = {f"{PREFIX}{name}": _json(value) for name, value in said.items()}
    return {**text, f"{PREFIX}selected-node": decision.node}


def _filters(decision: Decision) -> dict[str, dict[str, str]]:
    """node -> plugin -> ``passed``, or why not; who comes after the first that says no is not asked."""
    made = {}
    for node in sorted({*decision.total, *decision.refused}):
        refusal = decision.refused.get(node)
        said: dict[str, str] = {}
        for plugin in decision.ran("filter"):
            if refusal is not None and plugin == refusal.plugin:
                said[plugin] = ", ".join(refusal.reasons)
                break
            said[plugin] = PASSED
        made[node] = said
    return made


def _scores(decision: Decision, node: str, *, raw: bool) -> dict[str, str]:
    made = {}
    for plugin, weight in decision.weights.items():
        score = decision.raw[plugin][node]
        if score is not None:
            made[plugin] = str(score if raw else weight * decision.normalized[plugin][node])
    return made


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
