"""The life of containers as lanes over time: `lanes(sim, "web")`. Read off what the kubelet wrote into the pods.

    web           ┆ waits ┆  ready                      ▨ stopping ▨

A lane for each container, in the order of their start. `pauses` counts how long each wait of a crashing one took.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.objects import Object, is_deleting, name_of
from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.node.life import statuses_of
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAITS, RUNS, READY, STOPS, BACKS_OFF, ENDED = (
    "waits",
    "runs",
    "ready",
    "is stopping",
    "backs off",
    "has ended",
)

#: how strong the colour of the nodes is, the hatching, the line around it
LOOKS: dict[str, tuple[float, str, str]] = {
    WAITS: (0.0, "", "--"),
    RUNS: (0.4, "", "-"),
    READY: (1.0, "", "-"),
    STOPS: (0.4, "///", "-"),
    BACKS_OFF: (0.0, "...", "-"),
    ENDED: (0.0, "", ":"),
}
LONG = 300.0  # seconds: no wait is longer


class Span(NamedTuple):
    """One container in one state, from second to second. `why`: a reason or an exit code."""

    lane: str
    start: float
    end: float
    state: str
    why: str


def lanes(sim: Simulation, *names: str, since: float = 0.0, until: float | None = None) -> Picture:
    """The containers of these pods of the namespace default; times are virtual seconds."""
    end = sim.now if until is None else until
    found = [s for name in names for s in spans(sim, name) if s.end > since and s.start < end]
    cut = [s._replace(start=max(s.start, since), end=min(s.end, end)) for s in found]
    return Picture(_draw(cut, since, end), _words(cut))


def spans(sim: Simulation, name: str) -> list[Span]:
    """Everything that the containers of this pod have been, lane by lane."""
    found: dict[str, list[Span]] = {}
    for at, pod in _history(sim, name):
        if pod is None:
            found = {lane: [*row[:-1], row[-1]._replace(end=at)] for lane, row in found.items()}
            break
        for status in statuses_of(pod):
            state, why = _told(status, deleting=is_deleting(pod))
            row = found.setdefault(_lane(pod, status), [])
            if row and (row[-1].state, row[-1].why) == (state, why):
                continue
            if row:
                row[-1] = row[-1]._replace(end=at)
            row.append(Span(_lane(pod, status), at, sim.now, state, why))
    return [_measured(span, sim.now) for row in found.values() for span in row if span.end > span.start]


def _measured(span: Span, now: float) -> Span:
    """A pause that is over says how long it was."""
    over = span.state == BACKS_OFF and span.end < now
    return span._replace(why=f"{span.end - span.start:g} s") if over else span


def _lane(pod: Object, status: Object) -> str:
    alone = len(statuses_of(pod)) == 1
    return name_of(pod) if alone else f"{name_of(pod)}: {status['name']}"


def _history(sim: Simulation, name: str) -> Iterator[tuple[float, Object | None]]:
    """(second, the pod from then on); None when it is gone. The last of that name, if there were several."""
    found: list[tuple[float, Object | None]] = []
    for entry in sim.store.log:
        if entry.resource == "pods" and entry.key == f"default/{name}":
            found = [] if entry.type == "ADDED" else found
            step = sim.trace.writer.get(entry.revision)
            at = sim.trace[step].time if step else 0.0
            found.append((at, None if entry.type == "DELETED" else entry.object))
    yield from found


def _told(status: Object, *, deleting: bool) -> tuple[str, str]:
    ((state, more),) = status["state"].items()
    reason = str(more.get("reason", ""))
    if state == "terminated":
        bad = f"exit {more['exitCode']}" if reason in ("Error", "Completed") else reason
        return ENDED, bad
    if state == "waiting":
        return (BACKS_OFF, "") if reason == "CrashLoopBackOff" else (WAITS, reason)
    return STOPS if deleting else READY if status["ready"] else RUNS, ""


def pauses(sim: Simulation, name: str) -> Picture:
    """How long a crashing container was made to wait before each restart, from recorded times."""
    over = (span for span in spans(sim, name) if span.state == BACKS_OFF and span.end < sim.now)
    waited = [round(span.end - span.start, 3) for span in over]
    return Picture(_bars(waited), f"seconds waited: {', '.join(f'{seconds:g}' for seconds in waited)}")


def _words(found: list[Span]) -> str:
    lines: dict[str, list[str]] = {}
    for s in found:
        why = f" ({s.why})" if s.why else ""
        lines.setdefault(s.lane, []).append(f"{s.state}{why} {s.start:g} to {s.end:g} s")
    return "\n".join(f"{lane}: {'; '.join(told)}" for lane, told in lines.items())


# --- pictures --------------------------------------------------------------------------------


def _draw(found: list[Span], since: float, end: float) -> Figure:
    from matplotlib.figure import Figure

    order = list(dict.fromkeys(span.lane for span in found))
    high = 0.5 * max(len(order), 1) + 1.25
    figure = Figure(figsize=(9.5, high), facecolor=PAPER)
    left = min(0.05 + 0.009 * max(map(len, order), default=4), 0.3)
    axes = figure.add_axes((left, 0.55 / high, 0.97 - left, 1 - 1.1 / high))
    for span in found:
        _bar(axes, span, order.index(span.lane), (end - since) / (9.5 * (0.97 - left)))
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(max(len(order), 1) - 0.4, -0.6)
    axes.set_xlim(since, end)
    axes.set_xlabel("virtual seconds")
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _legend(axes, [state for state in LOOKS if any(span.state == state for span in found)])
    return figure


def _bar(axes: Axes, span: Span, row: int, an_inch: float) -> None:
    """`an_inch`: so many seconds are an inch, so that words stand only where there is room."""
    long = span.end - span.start
    axes.barh(row, long, left=span.start, height=0.62, linewidth=1.1, **_look(span.state))
    words = span.why
    if words and len(words) * 0.078 * an_inch < long:
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
        middle = span.start + long / 2
        axes.text(middle, row, words, ha="center", va="center", fontsize=8.5, color=INK, bbox=box)


def _look(state: str) -> dict[str, Any]:
    from k8slearn.lab.figures import tint

    strength, hatch, line = LOOKS[state]
    colour = room("node").colour
    edge = QUIET if state == ENDED else colour
    return {"facecolor": tint(colour, strength), "edgecolor": edge, "hatch": hatch, "linestyle": line}


def _legend(axes: Axes, states: list[str]) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(label=state, linewidth=1.1, **_look(state)) for state in states]
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(handles=patches, ncols=len(patches) or 1, frameon=False, fontsize=9, **place)


def _bars(waited: list[float]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9.5, 3), facecolor=PAPER)
    axes = figure.add_axes((0.07, 0.17, 0.9, 0.76))
    numbers = range(1, len(waited) + 1)
    axes.bar(numbers, waited, width=0.6, linewidth=1.1, **_look(BACKS_OFF))
    for number, seconds in zip(numbers, waited, strict=True):
        axes.text(number, seconds + 6, f"{seconds:g} s", ha="center", va="bottom", color=INK)
    axes.set_ylim(0, LONG * 1.18)
    axes.set_xlabel("pauses, one after the other")
    axes.set_ylabel("seconds")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
