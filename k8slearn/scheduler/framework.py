"""The seam between the scheduler and its rules: what a plugin is, and how plugins are run.

A plugin is any object with a name and some of these methods. `pod` is a PodInfo, `node` a NodeInfo:

    sort_key(pod)                  a number; pods with a lower one are placed first. One plugin of a scheduler decides
    pre_enqueue(pod)               None, or why the pod is not even to be looked at yet
    pre_filter(pod, state)         None, or why the pod can be on no node at all. Once in each cycle
    filter(pod, node)              None if the pod may run there, otherwise the reason (or a list of reasons)
    post_filter(pod, ranking, handle)  no node will do: a Nomination, or a text: why nothing could be done
    pre_score(pod, nodes, state)   whenever other nodes than before have passed the filters
    score(pod, node)               0 to 100, more is better; or any number, if there is also `normalize`.
                                   None: nothing to say of this node, which counts as 0
    normalize(score, low, high)    brings a score to 0 to 100, given the lowest and highest of all candidates
    reserve(pod, node, handle)     None, or why not after all; `node` is a name from here on
    unreserve(pod, node, handle)   it has come to nothing: undo what `reserve` did
    permit(pod, node, handle)      None, the reason why not, or Wait
    pre_bind(pod, node, handle)    None, or Wait until something is ready that the pod needs there
    bind(pod, node, handle)        whether it has been bound by this. The first who does it ends the matter
    post_bind(pod, node, handle)   it has gone well

and, so that little has to be asked twice:

    looks_at(pod, handle)          the part of the pod that the plugin looks at: pods that are alike in what all
                                   plugins look at share their results. Without it, nothing is shared.
    counts(pod, node, state)       what this node adds to sums over many nodes, see `counts`
    helped_by_preemption(pod, node, reasons)   could the filter pass if other pods were gone? (default: no)
    events, helps(pod, event, handle)  which changes may help a pod that it has refused, see `events`
    watches, needs                 kinds that it looks at besides pods and nodes; without `needs`, it is silent

A plugin with `counts`, `pre_filter` or `pre_score` keeps what it has found out in a CycleState, which `filter` and
`score` are given as third argument. Plugins themselves remember nothing; `handle` (a Handle) knows everything else.

Kubernetes: kube-scheduler/framework/interface.go; `looks_at` is its SignPlugin, `sort_key` says in one word what its
Less(a, b) says of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from k8slearn.api.errors import ApiError
from k8slearn.scheduler.counts import Counts
from k8slearn.scheduler.events import ClusterEvent
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

Reasons = str | list[str] | None
Scores = dict[str, int]  # node -> score

MAX_SCORE = 100
POINTS = (
    "sort_key",
    "pre_enqueue",
    "pre_filter",
    "filter",
    "post_filter",
    "pre_score",
    "score",
    "reserve",
    "unreserve",
    "permit",
    "pre_bind",
    "bind",
    "post_bind",
)
STATEFUL = ("counts", "pre_filter", "pre_score")

#: How Kubernetes tells of a plugin that has failed.
FAILED = {
    "pre_filter": 'running PreFilter plugin "{}"',
    "counts": 'running PreFilter plugin "{}"',
    "filter": 'running "{}" filter plugin',
    "post_filter": 'running PostFilter plugin "{}"',
    "pre_score": 'running PreScore plugin "{}"',
    "score": 'running Score plugins: plugin "{}" failed with',
    "normalize": 'running Normalize on Score plugins: plugin "{}" failed with',
    "weights": "applying score defaultWeights on Score plugins",
    "reserve": 'running Reserve plugin "{}"',
    "permit": 'running Permit plugin "{}"',
    "pre_bind": 'running PreBind plugin "{}"',
    "bind": 'binding rejected: running Bind plugin "{}"',
}


class Plugin:
    """Does nothing yet: derive from it, or write any class with the same names."""

    name: str = ""
    weight: int = 1
    watches: Iterable[str] = ()
    needs: Iterable[str] = ()

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        """None: at everything, so results are never shared between pods."""
        return None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return False

    def helps(self, pod: PodInfo, event: ClusterEvent, handle: Any) -> bool:
        """If it is about one node: would that be let in there now? Otherwise, perhaps."""
        node = handle.snapshot.get(event.node)
        if node is None or any(hasattr(self, method) for method in STATEFUL):
            return True
        return self.filter(pod, node) is None  # type: ignore[attr-defined]


class PluginFailed(Exception):
    """A plugin raised, or said what nobody can make sense of. The pod waits; it is nobody else's concern."""

    def __init__(self, plugin: Any, point: str, why: object) -> None:
        text = f"{type(why).__name__}: {why}" if isinstance(why, Exception) else str(why)
        text = why.message if isinstance(why, ApiError) else text
        super().__init__(f"{FAILED[point].format(plugin.name)}: {text}")
        self.plugin = plugin.name
        self.is_transient = isinstance(why, ApiError)  # it may well go better next time


class Refusal(NamedTuple):
    """Why a node will not do."""

    plugin: str
    reasons: tuple[str, ...]
    preemption_may_help: bool


class Wait(NamedTuple):
    """Not yet; but for no longer than that."""

    seconds: float
    why: str = ""


class Nomination(NamedTuple):
    """Others make room for the pod on this node. It is not bound to it: whoever is quicker gets the room."""

    node: str


class CycleState:
    """What one plugin has found out for one kind of pod. `filtering` and `scoring` are its own: whatever its `filter`
    or `score` looks at besides node and counts, and comparable, for when it changes every node is asked again."""

    __slots__ = ("counts", "filtering", "handle", "notes", "scoring")

    def __init__(self, handle: Any) -> None:
        self.handle = handle  # a Handle: what else is known
        self.counts = Counts()
        self.filtering: Any = None
        self.scoring: Any = None
        self.notes: Any = None  # what follows from the kind of pod alone, worked out once


States = Mapping[str, CycleState | None]


def reasons_of(plugin: Any, point: str, said: Any) -> tuple[str, ...]:
    """What a plugin that says no has said. Raises PluginFailed if it makes no sense."""
    reasons = (said,) if isinstance(said, str) else said
    texts = isinstance(reasons, list | tuple) and all(isinstance(r, str) and r for r in reasons)
    if not texts or not reasons:
        raise PluginFailed(plugin, point, f"it returned {said!r}: None lets the pod in, a text says why not")
    return tuple(reasons)


def normalize(score: int, highest: int, *, reverse: bool = False) -> int:
    """Scaled so that the highest becomes 100; `reverse`: so that the highest becomes 0.

    Kubernetes: plugins/helper/normalize_score.go (DefaultNormalizeScore)
    """
    if highest == 0:
        return MAX_SCORE if reverse else score
    scaled = MAX_SCORE * score // highest
    return MAX_SCORE - scaled if reverse else scaled
