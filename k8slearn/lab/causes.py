"""Who caused what: the steps of a history as a graph, an arrow from each step to those that it made necessary.

Nothing is guessed here. When an event is heard, the trace notes which step wrote it; when a key is worked on, which
events and timers had put it into the queue. A real cluster keeps no such book.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from k8slearn.lab.palette import INK, PAPER, QUIET, room, tint
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation
from k8slearn.sim.trace import Step

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]
OWN_ROOMS = {"client": "client", "fault": "outside"}  # of those who are no players


def cause_graph(steps: Iterable[Step]) -> nx.DiGraph:
    """A node for each step, by number; an arrow from a cause to what came of it."""
    import networkx as nx

    graph = nx.DiGraph()
    for step in steps:
        graph.add_node(step.number, step=step)
        graph.add_edges_from((cause, step.number) for cause in step.causes)
    return graph


def deeds(graph: nx.DiGraph) -> nx.DiGraph:
    """Only the steps that wrote something: an arrow stands for all the hearing and waiting in between."""
    import networkx as nx

    kept = nx.DiGraph()
    for number, step in graph.nodes(data="step"):
        if step.writes:
            kept.add_node(number, step=step)
            kept.add_edges_from((before, number) for before in _deeds_before(graph, number))
    return kept


def _deeds_before(graph: nx.DiGraph, number: int) -> Iterator[int]:
    """The nearest deeds on every way back."""
    seen: set[int] = set()
    todo = list(graph.predecessors(number))
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if graph.nodes[at]["step"].writes:
            yield at
        else:
            todo += graph.predecessors(at)


def causes(sim: Simulation, since: int = 0) -> Picture:
    """The deeds of a history after step `since`, a lane for each player. Thick: the longest chain."""
    import networkx as nx

    graph = deeds(cause_graph(step for step in sim.trace if step.number > since))
    chain = nx.dag_longest_path(graph)
    return Picture(_draw(sim, graph, chain), "\n".join(_words(graph, chain)))


def _words(graph: nx.DiGraph, chain: list[int]) -> Iterator[str]:
    steps = dict(graph.nodes(data="step"))
    yield f"{len(steps)} steps that wrote something, by {len({s.player for s in steps.values()})} players"
    for number in chain:
        yield f"  step {number}, {steps[number].player}: {', '.join(_written(steps[number]))}"


def _written(step: Step) -> list[str]:
    """``pods, replicasets/status``; Events are left out, if there is anything else."""
    written = [f"{c.resource}/{c.subresource}".strip("/") for c in step.writes]
    return list(dict.fromkeys(w for w in written if w != "events")) or ["events"]


def _draw(sim: Simulation, graph: nx.DiGraph, chain: list[int]) -> Figure:
    from matplotlib.figure import Figure

    lanes = _order(graph, chain)
    figure = Figure(figsize=(9.4, 0.9 + 0.62 * len(lanes)), facecolor=PAPER)
    axes = figure.add_axes((0.25, 0.08, 0.74, 0.9))
    where = {
        number: (x, -lanes.index(graph.nodes[number]["step"].player))
        for x, number in enumerate(sorted(graph))
    }
    _lanes(axes, graph, lanes, len(where))
    colours = {lane: _colour(sim, lane) for lane in lanes}
    links = set(pairwise(chain))
    for before, after in graph.edges:
        colour = colours[graph.nodes[after]["step"].player]
        _arrow(axes, where[before], where[after], colour, thick=(before, after) in links)
    for number, at in where.items():
        _dot(axes, at, number, colours[graph.nodes[number]["step"].player], marked=number in chain)
    axes.set_xlabel(
        "from left to right in the order in which they happened; the number is the step's", color=QUIET
    )
    return figure


def _order(graph: nx.DiGraph, chain: list[int]) -> list[str]:
    """The chain's players, the others, and last those whose deeds had no consequences: few arrows cross a dot then."""
    player = {number: step.player for number, step in graph.nodes(data="step")}
    answered = {player[number] for number in graph if graph.out_degree(number)}
    order = list(dict.fromkeys(player[number] for number in [*chain, *sorted(graph)]))
    return sorted(order, key=lambda name: name not in answered)


def _lanes(axes: Axes, graph: nx.DiGraph, lanes: list[str], width: int) -> None:
    """A line for each player, with what it writes."""
    for row, lane in enumerate(lanes):
        axes.plot([-0.6, width - 0.4], [-row, -row], color=tint(QUIET, 0.3), linewidth=0.8, zorder=1)
        steps = [step for _, step in graph.nodes(data="step") if step.player == lane]
        kinds = ", ".join(dict.fromkeys(kind for step in steps for kind in _written(step)))
        look: dict[str, Any] = {"ha": "right", "transform": axes.get_yaxis_transform()}
        axes.text(-0.015, -row + 0.02, lane, va="bottom", fontsize=9, color=INK, **look)
        axes.text(-0.015, -row - 0.06, kinds, va="top", fontsize=7.5, color=QUIET, **look)
    axes.set(xlim=(-0.6, width - 0.4), ylim=(-len(lanes) + 0.45, 0.55), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _colour(sim: Simulation, player: str) -> str:
    known = sim.manager.players.get(player)
    return room(known.room if known else OWN_ROOMS.get(player, "")).colour


def _arrow(axes: Axes, start: Point, end: Point, colour: str, *, thick: bool) -> None:
    bend = -0.25 if start[1] == end[1] else 0.0
    look = {
        "arrowstyle": "-|>",
        "connectionstyle": f"arc3,rad={bend}",
        "shrinkA": 7,
        "shrinkB": 7,
        "color": colour,
    }
    line = {"linewidth": 2.4, "alpha": 1.0} if thick else {"linewidth": 1.0, "alpha": 0.55}
    axes.annotate("", end, start, arrowprops={**look, **line}, zorder=3 if thick else 2)


def _dot(axes: Axes, at: Point, number: int, colour: str, *, marked: bool) -> None:
    edge = INK if marked else colour
    axes.plot(*at, "o", markersize=14, markerfacecolor=tint(colour, 0.3), markeredgecolor=edge, zorder=4)
    axes.text(*at, str(number), ha="center", va="center", fontsize=6.5, color=INK, zorder=5)
