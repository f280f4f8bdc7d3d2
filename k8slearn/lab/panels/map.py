"""The architecture map: players in their rooms, pods on their nodes, and the traffic that really happened.

Kubernetes: the "cluster architecture" picture, except that nothing is drawn that was not recorded.
The browser's half is `js/map.js`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..text import first, player_line, pod_line, section
from .panel import Frame, Panel

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

NODES = 12


def text(frame: Frame) -> str:
    """The map in words: messages, players, workloads, nodes."""
    return "\n".join(
        [
            section("Messages", (message_line(each) for each in frame.get("messages", []))),
            section("Players", map(player_line, frame.get("players", []))),
            section("Workloads", map(workload_line, frame.get("workloads", []))),
            section("Nodes", node_lines(frame)),
        ]
    )


def message_line(message: dict[str, Any]) -> str:
    """One hop: who told whom what."""
    refused = "" if message.get("ok", True) else "  (refused)"
    return f"{message['from']} → {message['to']}: {message['verb']} {message.get('label', '')}{refused}"


def workload_line(workload: dict[str, Any]) -> str:
    """A workload's numbers."""
    there = f"{workload.get('actual', 0)} of {workload.get('desired', 0)} there"
    return f"{workload['kind']} {workload['key']}: {there}, {workload.get('ready', 0)} ready"


def node_lines(frame: Frame) -> Iterator[str]:
    """A line for each node, then the pods that have none."""
    nodes, more = first(frame.get("nodes", []), NODES, "nodes")
    for node in nodes:
        health = "ready" if node.get("ready") else "not ready"
        yield f"{node['name']} ({health}): {', '.join(map(pod_line, node.get('pods', []))) or 'no pods'}"
    yield from more
    if waiting := frame.get("unscheduled"):
        yield f"no node yet: {', '.join(map(pod_line, waiting))}"


def traffic(frame: Frame) -> nx.DiGraph:
    """The recorded traffic as a graph: `calls` on an edge counts the messages, `verbs` splits them."""
    import networkx as nx

    graph: nx.DiGraph = nx.DiGraph()
    for player in frame.get("players", []):
        graph.add_node(player["id"], room=player["room"])
    for edge in frame.get("edges", []):
        verbs = edge.get("verbs", {})
        graph.add_edge(edge["from"], edge["to"], verbs=verbs, calls=sum(verbs.values()))
    return graph


def paint(axes: Axes, frame: Frame) -> None:
    """The map as a picture; each message's verb stands at its road, with its place in the sequence."""
    from .map_figure import draw  # here, so that matplotlib is loaded only for a picture

    draw(axes, frame, traffic(frame))


MAP = Panel("map", "The architecture", (10, 6.2), paint, text)
