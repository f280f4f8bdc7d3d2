"""All nodes as one kind of pod sees them: who refuses it and why, and how the others score.

Pods that came out of one template are alike, so they share a ranking, and between two of them only what may have
changed is asked again: of the nodes that have changed (usually one, the node that the last pod was put on)
everything; of the other nodes in a domain whose sums have changed only what the plugin says that looks at these sums.

Kubernetes: schedule_one.go (findNodesThatFitPod, prioritizeNodes, selectHost); sharing between alike pods
is KEP-5598, Opportunistic Batching.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import uid_of
from k8slearn.scheduler.counts import Domain
from k8slearn.scheduler.framework import PluginFailed, Refusal, Scores, reasons_of
from k8slearn.scheduler.handle import Handle, Imagined
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.runtime import Framework
from k8slearn.scheduler.scoreboard import Column, Scoreboard
from k8slearn.scheduler.snapshot import Snapshot


class Ranking:
    """Brought up to date by `update`; `winners` are the best nodes now. If `update` raises, throw it away."""

    def __init__(self, framework: Framework, snapshot: Snapshot, handle: Handle | None = None) -> None:
        self.framework = framework
        self.snapshot = snapshot
        self.states = framework.states(handle or Imagined(snapshot))
        self.order = {p.name: number for number, p in enumerate(framework.filters)}
        self.seen = 0  # the snapshot's generation up to which this is true
        self.rejected: Refusal | None = None  # the pod itself can be on no node
        self.refused: dict[str, Refusal] = {}
        self.board = Scoreboard(framework.scorers)
        self._labels: dict[str, Any] = {}  # of the nodes, when they were asked
        #: Nodes that only one plugin refuses -> the scores that they had before.
        self._aside: dict[str, dict[str, int | None]] = {}

    def update(self, pod: PodInfo) -> None:
        """Ask again whatever may have changed since the last time. Raises PluginFailed."""
        changed = dict.fromkeys(self.snapshot.changed_since(self.seen))
        others = self._recount(pod, changed)
        self.rejected = self._pre_filter(pod, others)
        if self.rejected is not None:
            self.refused = dict.fromkeys(self.snapshot.names, self.rejected)
            self._forget()
            return
        self.seen = self.snapshot.generation
        joined = [self._ask(name, pod) for name in changed]
        for plugin in self.framework.plugins:
            joined += [self._ask_one(plugin, n, pod) for n in others.get(plugin.name, ()) if n not in changed]
        if any(joined):
            self._pre_score(pod)
        self.board.add_up(changed)

    # --- what is known beyond the node ---

    def _recount(self, pod: PodInfo, changed: Iterable[str]) -> dict[str, Iterable[str]]:
        """Bring the sums up to date. Returns, for each plugin, the nodes that it has to be asked about again."""
        others: dict[str, Iterable[str]] = {}
        for plugin in self.framework.counting:
            moved: set[Domain] = set()
            for name in changed:
                moved |= self._count(plugin, pod, name, self.snapshot.get(name))
            where = {(d.key, d.value): None for d in sorted(moved, key=repr)}
            others[plugin.name] = dict.fromkeys(n for place in where for n in self.snapshot.domain(*place))
        return others

    def _count(self, plugin: Any, pod: PodInfo, name: str, node: NodeInfo | None) -> set[Domain]:
        state = self.states[plugin.name]
        assert state is not None
        try:
            share = plugin.counts(pod, node, state) if node is not None else {}
        except Exception as error:
            raise PluginFailed(plugin, "counts", error) from error
        return state.counts.put(name, share)

    def _pre_filter(self, pod: PodInfo, others: dict[str, Iterable[str]]) -> Refusal | None:
        for plugin in self.framework.pre_filters:
            state: Any = self.states[plugin.name]
            before = state.filtering
            try:
                said = plugin.pre_filter(pod, state)
            except Exception as error:
                raise PluginFailed(plugin, "pre_filter", error) from error
            if said is not None:
                return Refusal(plugin.name, reasons_of(plugin, "pre_filter", said), False)
            if state.filtering != before:
                others[plugin.name] = self.snapshot.names
        return None

    def _pre_score(self, pod: PodInfo) -> None:
        """The candidates are not the same as before."""
        for plugin in self.framework.pre_scorers:
            state: Any = self.states[plugin.name]
            before = state.scoring
            try:
                plugin.pre_score(pod, self._candidates(), state)
            except Exception as error:
                raise PluginFailed(plugin, "pre_score", error) from error
            if state.scoring != before:
                for name in self.total:
                    self._score(plugin, name, pod)

    def _candidates(self) -> Iterator[NodeInfo]:
        return (self.snapshot.nodes[name] for name in self.total)

    # --- asking ---

    def _ask(self, name: str, pod: PodInfo) -> bool:
        """Ask everybody about a node. Returns whether the candidates are others now, or elsewhere."""
        self.refused.pop(name, None)
        self._aside.pop(name, None)
        was, node = name in self.total, self.snapshot.get(name)
        labels = node.labels if node is not None else None
        moved, self._labels[name] = self._labels.get(name) is not labels, labels
        refusal = self._refusal(node, pod) if node is not None else None
        if node is None or refusal is not None:
            self._leave(name, refusal)
            return was
        self._join(name, pod, {})
        return moved or not was

    def _ask_one(self, plugin: Any, name: str, pod: PodInfo) -> bool:
        """Ask only this one. Returns whether the candidates are others now."""
        refusal, node = self.refused.get(name), self.snapshot.get(name)
        if node is None:
            return False
        if self.snapshot.nominated.get(name):
            return self._ask(name, pod)
        if refusal is not None and refusal.plugin != plugin.name:
            return self._ask_other(plugin, refusal, name, pod)
        said = None
        if plugin.name in self.order:
            said = self.framework.refused_by(plugin, pod, node, self.states[plugin.name])
        if refusal is not None:
            return self._reconsider(name, said, pod)
        if said is not None:
            self._aside[name] = {c.plugin.name: c.raw[name] for c in self.columns.values()}
            self._leave(name, said)
        elif plugin.name in self.columns:
            self._score(plugin, name, pod)
        return said is not None

    def _ask_other(self, plugin: Any, refusal: Refusal, name: str, pod: PodInfo) -> bool:
        """Of a node that somebody else has refused: who comes after that one is not asked, and so must be later."""
        place = self.order.get(plugin.name)
        if place is not None and place < self.order.get(refusal.plugin, 0):
            return self._ask(name, pod)
        self._aside.pop(name, None)
        return False

    def _reconsider(self, name: str, said: Refusal | None, pod: PodInfo) -> bool:
        """The only one who has refused this node has been asked once more."""
        if said is not None:
            self.refused[name] = said
            return False
        if name not in self._aside:
            return self._ask(name, pod)
        del self.refused[name]
        self._join(name, pod, self._aside.pop(name))
        return True

    def _join(self, name: str, pod: PodInfo, known: Mapping[str, int | None]) -> None:
        """The node is a candidate. Scores that follow from the node alone may be known already."""
        self.board.enter(name)
        for plugin in self.framework.scorers:
            if plugin.name in known and plugin.name not in self.framework.stateful:
                self.columns[plugin.name].put(name, known[plugin.name])
            else:
                self._score(plugin, name, pod)

    def _refusal(self, node: NodeInfo, pod: PodInfo) -> Refusal | None:
        if self.snapshot.guests(node.name, pod):
            return self.refusal_beside_guests(pod, node)
        return self.framework.refusal(pod, node, self.states)

    def refusal_beside_guests(self, pod: PodInfo, node: NodeInfo) -> Refusal | None:
        """Also when those come for whom others make room there: they must not be done out of it. And without them."""
        guests = self.snapshot.guests(node.name, pod)
        if guests:
            full = node.copy()
            for guest in guests:
                full.add(guest)
            refusal = self.refusal_if(pod, full)
            if refusal is not None:
                return refusal
        return self.refusal_if(pod, node)

    def refusal_if(self, pod: PodInfo, node: NodeInfo) -> Refusal | None:
        """Would the node refuse the pod, were it as `node` says? Nothing here is changed by the question."""
        states, real = self.states, self.snapshot.get(node.name)
        kept = {p.name: (states[p.name].filtering,) for p in self.framework.pre_filters}  # type: ignore[union-attr]
        try:
            for plugin in self.framework.counting:
                self._count(plugin, pod, node.name, node)
            return self._pre_filter(pod, {}) or self.framework.refusal(pod, node, states)
        finally:
            for plugin in self.framework.counting:
                self._count(plugin, pod, node.name, real)
            for name, (filtering,) in kept.items():
                states[name].filtering = filtering  # type: ignore[union-attr]

    def _leave(self, name: str, refusal: Refusal | None) -> None:
        """The node is no candidate; without a refusal, it is gone."""
        if refusal is not None:
            self.refused[name] = refusal
        self.board.remove(name)

    def _forget(self) -> None:
        """The pod itself is refused: every node is to be asked once that is over."""
        self.seen = 0
        self._aside.clear()
        for name in list(self.total):
            self._leave(name, None)

    # --- scores ---

    def _score(self, plugin: Any, name: str, pod: PodInfo) -> None:
        node: Any = self.snapshot.get(name)
        found = self.framework.score(plugin, pod, node, self.states[plugin.name])
        self.columns[plugin.name].put(name, found)

    # --- looking ---

    @property
    def total(self) -> Scores:
        """The candidates, with their weighted scores added up."""
        return self.board.total

    @property
    def columns(self) -> dict[str, Column]:
        return self.board.columns

    def winners(self) -> list[str]:
        """The nodes with the best total, sorted by name; empty when every node refuses."""
        return self.board.winners()


def choose(winners: Sequence[str], pod: PodInfo, dice: Dice) -> str:
    """One of the best. The dice are asked about the pod, so a repeated history chooses the same again."""
    return winners[dice.below(len(winners), "tie", uid_of(pod.object)) if len(winners) > 1 else 0]
