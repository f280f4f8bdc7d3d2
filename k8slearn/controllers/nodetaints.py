"""Which taints a node has because of how it is. Pure functions; `nodelifecycle` writes them.

| what is so                         | taint (node.kubernetes.io/...) | effect                           |
|------------------------------------|--------------------------------|----------------------------------|
| Ready is False                     | not-ready                      | NoSchedule, later also NoExecute |
| Ready is Unknown                   | unreachable                    | NoSchedule, later also NoExecute |
| MemoryPressure, DiskPressure, ...  | memory-pressure, ...           | NoSchedule                       |
| spec.unschedulable (cordoned)      | unschedulable                  | NoSchedule                       |

Kubernetes: pkg/controller/nodelifecycle (nodeConditionToTaintKeyStatusMap, doNoScheduleTaintingPass)
"""

from __future__ import annotations

from k8slearn.api.objects import Object, dig
from k8slearn.api.taints import NO_EXECUTE, NO_SCHEDULE, taints_of

READY_TAINTS = {"False": "node.kubernetes.io/not-ready", "Unknown": "node.kubernetes.io/unreachable"}
CORDONED = "node.kubernetes.io/unschedulable"
#: (condition, its status) -> the taint that says so
TAINTS = {
    **{("Ready", status): key for status, key in READY_TAINTS.items()},
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}

Wanted = list[tuple[str, str]]  # key and effect


def in_line(node: Object, evicting: str | None, now: str) -> list[Object]:
    """The node's taints as they should be: its own and other people's that stay, then the new ones.

    `evicting`: the NoExecute taint that was decided on, "" for none; None: leave that as it is.
    """
    present = taints_of(node)
    wanted = [(key, NO_SCHEDULE) for key in _schedule_taints(node)] + _execute_taints(present, evicting)
    kept = [t for t in present if not _is_ours(t) or (t["key"], t["effect"]) in wanted]
    have = {(t["key"], t["effect"]) for t in kept}
    return kept + [{"key": k, "effect": e, "timeAdded": now} for k, e in wanted if (k, e) not in have]


def _schedule_taints(node: Object) -> list[str]:
    conditions = dig(node, "status", "conditions", default=[])
    keys = [TAINTS[c["type"], c["status"]] for c in conditions if (c["type"], c["status"]) in TAINTS]
    return [*keys, CORDONED] if dig(node, "spec", "unschedulable") else keys


def _execute_taints(present: list[Object], evicting: str | None) -> Wanted:
    if evicting is None:
        return [(t["key"], NO_EXECUTE) for t in present if t["effect"] == NO_EXECUTE]
    return [(evicting, NO_EXECUTE)] if evicting else []


def _is_ours(taint: Object) -> bool:
    """Taints that follow from conditions; people's own taints are left alone."""
    if taint["effect"] == NO_EXECUTE:
        return taint["key"] in READY_TAINTS.values()
    return taint["effect"] == NO_SCHEDULE and taint["key"] in (*TAINTS.values(), CORDONED)
