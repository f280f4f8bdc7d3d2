"""Sums over nodes: how many pods of some kind are in each domain of the topology.

Some rules look beyond the node: no two of these in one zone, as many here as there. They would have to look at every
pod of the cluster for each node. So such a plugin says what *one* node adds to the sums of its domains (`counts`),
the sums are kept, and a node that has changed is subtracted as it was and added as it is.

A domain is ``(what, key, value)``: all nodes whose label `key` has that value; `what` is the plugin's own word for
what it counts there. With key "", it is all nodes.

Kubernetes: the preFilterState of interpodaffinity and podtopologyspread, kept up by AddPod and RemovePod
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Domain(NamedTuple):
    what: Any
    key: str
    value: str


Share = Mapping[Domain, int]  # what one node adds


class Counts:
    """The sums of one plugin, for one kind of pod."""

    __slots__ = ("_nodes", "_shares", "_sums")

    def __init__(self) -> None:
        self._shares: dict[str, Share] = {}  # node -> what it adds
        self._sums: dict[Any, dict[tuple[str, str], int]] = {}  # what -> (key, value) -> sum
        self._nodes: dict[Domain, int] = {}  # how many nodes add to it, even if only nought

    def of(self, what: Any, key: str, value: str | None) -> int:
        """The sum in one domain."""
        return self._sums.get(what, {}).get((key, value or ""), 0)

    def all(self, what: Any) -> Mapping[tuple[str, str], int]:
        """``{(key, value): sum}`` of all domains to which some node adds."""
        return self._sums.get(what, {})

    def share(self, node: str) -> Share:
        return self._shares.get(node, {})

    def put(self, node: str, share: Share) -> set[Domain]:
        """The node adds this now, instead of what it added before. Returns the domains whose sum has changed."""
        before = self._shares.get(node, {})
        if share:
            self._shares[node] = share
        else:
            self._shares.pop(node, None)
        if before == share:
            return set()
        changed = {d for d in {*before, *share} if self._add(d, share.get(d, 0) - before.get(d, 0))}
        self._enter(share.keys() - before.keys(), +1)
        self._enter(before.keys() - share.keys(), -1)
        return changed

    def _add(self, domain: Domain, change: int) -> int:
        sums = self._sums.setdefault(domain.what, {})
        sums[domain[1:]] = sums.get(domain[1:], 0) + change
        return change

    def _enter(self, domains: Iterable[Domain], sign: int) -> None:
        for domain in domains:
            self._nodes[domain] = self._nodes.get(domain, 0) + sign
            if not self._nodes[domain]:
                del self._nodes[domain], self._sums[domain.what][domain[1:]]
