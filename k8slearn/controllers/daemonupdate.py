"""One step of a DaemonSet's rolling update: which nodes get a new pod, which old pods go.

Kubernetes: pkg/controller/daemon/update.go
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.controllers.daemonpods import is_updated, may_run_on
from k8slearn.controllers.rollout import resolve


class Rollout:
    """One step of a rolling update: which nodes get a new pod, which old pods go."""

    def __init__(
        self,
        is_available: Callable[[Object, Object], bool],
        ds: Object,
        nodes: list[Object],
        by_node: dict[str, list[Object]],
        present: str,
    ) -> None:
        self.is_available, self.ds, self.present = is_available, ds, present
        desired = sum(may_run_on(ds, n)[0] for n in nodes)
        self.surge = number(ds, "maxSurge", desired)
        self.missing_allowed = number(ds, "maxUnavailable", desired)
        if not self.surge and not self.missing_allowed:
            self.missing_allowed = 1
        self.pairs = {node: self._pair(pods) for node, pods in by_node.items()}

    def _pair(self, pods: list[Object]) -> tuple[Object | None, Object | None] | None:
        """(new, old) of a node; None while there are several of either, which others put right."""
        new = [p for p in pods if is_updated(p, self.present)]
        old = [p for p in pods if not is_updated(p, self.present)]
        if len(new) > 1 or len(old) > 1:
            return None
        staying = [next((p for p in found if not is_deleting(p)), None) for found in (new, old)]
        return staying[0], staying[1]

    def step(self) -> tuple[list[str], list[Object]]:
        return self._surge() if self.surge else ([], self._replace())

    def _available(self, pod: Object) -> bool:
        return self.is_available(self.ds, pod)

    def _replace(self) -> list[Object]:
        """Take old pods away: those that do not work anyway, and as many others as may be missing."""
        missing = 0
        broken, candidates = list[Object](), list[Object]()
        for pair in self.pairs.values():
            new, old = pair or (None, None)
            if (new is None) == (old is None):
                missing += 1
            elif new is not None:
                missing += not self._available(new)
            elif old is not None and not self._available(old):
                broken.append(old)
                missing += 1
            elif old is not None:
                candidates.append(old)
        return broken + candidates[: max(self.missing_allowed - missing, 0)]

    def _surge(self) -> tuple[list[str], list[Object]]:
        """Put new pods beside old ones, and take the old one away where the new one works."""
        extra, doomed = 0, list[Object]()
        broken, candidates = list[str](), list[str]()
        for node, pair in self.pairs.items():
            new, old = pair or (None, None)
            if pair is None:
                extra += 1
            elif old is not None and new is None:
                (candidates if self._available(old) else broken).append(node)
            elif old is not None and new is not None:
                if self._available(old):
                    extra += 1
                if not self._available(old) or self._available(new):
                    doomed.append(old)
        return broken + candidates[: max(self.surge - extra, 0)], doomed


def number(ds: Object, field: str, nodes: int) -> int:
    value = dig(ds, "spec", "updateStrategy", "rollingUpdate", field, default=0)
    return resolve(value, nodes, up=True)
