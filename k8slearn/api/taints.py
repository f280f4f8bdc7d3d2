"""Taints push pods away from a node; tolerations let a pod stay. Two lists, and who fits whom.

| effect           | a pod that does not tolerate it                    |
|------------------|----------------------------------------------------|
| NoSchedule       | is not put on the node                             |
| PreferNoSchedule | is put there only if it scores best all the same   |
| NoExecute        | is not put there, and is evicted if it is there    |

Kubernetes: component-helpers/scheduling/corev1/helpers.go, api/core/v1/toleration.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slearn.api.objects import Object, dig

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"


def taints_of(node: Object, *effects: str) -> list[Object]:
    """The node's taints that have one of these effects (none named: all)."""
    return [t for t in dig(node, "spec", "taints", default=()) if not effects or t["effect"] in effects]


def tolerations_of(pod: Object) -> Sequence[Object]:
    return dig(pod, "spec", "tolerations", default=())


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """An absent effect or key matches every one. Kubernetes: Toleration.ToleratesTaint"""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return toleration.get("value", "") == taint.get("value", "")


def is_tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    return any(tolerates(toleration, taint) for toleration in tolerations)
