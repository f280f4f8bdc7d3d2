"""``k8slearn play``: a manifest comes alive in the terminal, and says who caused what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.manifests import ManifestError, load
from k8slearn.api.objects import Object
from k8slearn.client.messages import message_for
from k8slearn.cluster import Cluster, Component, is_definition
from k8slearn.lab import frames, story
from k8slearn.lab.palette import room
from k8slearn.lab.ready import problems
from k8slearn.sim import Simulation, Step

PATIENCE = 200_000  # steps


class Refused(Exception):
    """The input is not something that can be played; the message says what is wrong with it."""


def play(
    file: str, *, seed: int, nodes: int, policy: str, seconds: float, every_step: bool, cloud: str = ""
) -> bool:
    """Tell the story of `file` on a fresh cluster. Returns whether everything became ready.

    Raises Refused, with kubectl's message, when the file or an object in it is bad.
    """
    name = "STDIN" if file == "-" else file
    objects = _read(file, name)
    sim = Simulation(Cluster(nodes, cloud=cloud), seed=seed, policy=policy)
    console = Console(highlight=False)
    try:
        sim.create(objects)
    except ApiError as error:
        raise Refused(message_for(error, name)) from None
    console.print(f"[bold]{name}[/bold] on {nodes} nodes{f' of cloud {cloud}' * bool(cloud)}, seed {seed}\n")
    _run(sim, console, seconds)
    _tell(sim, console, every_step)
    left = problems(sim)
    _summary(sim, console, left)
    return not left


def play_operators(
    operators: list[Component],
    files: Sequence[str],
    *,
    seed: int,
    nodes: int,
    seconds: float,
    every_step: bool,
) -> bool:
    """The same with controllers of one's own. Definitions among the objects are established before the beginning."""
    objects = [obj for file in files for obj in _read(file, file)]
    definitions = [obj for obj in objects if is_definition(obj)]
    console = Console(highlight=False)
    try:
        sim = _with_operators(Cluster(nodes, adding=operators, objects=definitions), seed)
        sim.create([obj for obj in objects if not is_definition(obj)])
    except ApiError as error:
        raise Refused(message_for(error, ", ".join(files) or "the operators")) from None
    _run(sim, console, seconds)
    _tell(sim, console, every_step)
    left = problems(sim)
    _summary(sim, console, left)
    return not left


def _with_operators(cluster: Cluster, seed: int) -> Simulation:
    try:
        return Simulation(cluster, seed=seed)
    except NotFound as missing:
        raise Refused(f"{missing.message}: apply the CRD first: --apply FILE.yaml") from None


def _read(file: str, name: str) -> list[Object]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        objects = load(text, name)
    except FileNotFoundError:
        raise Refused(f'error: the path "{file}" does not exist') from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f'error: cannot read "{name}": {error}') from None
    except ManifestError as error:
        raise Refused(str(error)) from None
    if not objects:
        raise Refused(f"error: no objects passed to create: {name} is empty")
    return objects


def _run(sim: Simulation, console: Console, seconds: float) -> None:
    """Until nothing is left to do. A spinner counts the steps when somebody is watching."""
    columns = SpinnerColumn(), TextColumn("{task.completed:.0f} steps, t={task.fields[now]:.1f} s")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("playing", total=None, now=0.0)
        deadline = sim.now + seconds
        for made in range(PATIENCE):
            if sim.now > deadline or sim.step() is None:
                return
            if made % 100 == 0:
                progress.update(task, completed=made, now=sim.now)
    console.print(f"[bold]Still busy after {PATIENCE} steps.[/bold]")


def _tell(sim: Simulation, console: Console, every_step: bool) -> None:
    told = [s for s in sim.trace if every_step or s.writes or s.result.startswith(("error", "refused"))]
    for step in told:
        console.print(_line(sim, step), soft_wrap=True)


def _line(sim: Simulation, step: Step) -> Text:
    player = sim.manager.players.get(step.player)
    colour = room(player.room if player else "client").colour
    text = Text(f"{step.number:>5} {step.time:>8.2f}s  ")
    text.append(f"{step.player:<26}", style=f"bold {colour}")
    text.append(story.deed(step, sim.store.log))
    causes = _causes(sim, step)
    if causes:
        text.append(f"   because of {causes}", style="dim")
    return text


def _causes(sim: Simulation, step: Step) -> str:
    """The steps that wrote what this one reacts to: across the deliveries in between."""
    writers: dict[int, str] = {}
    todo, seen = list(step.causes), set()
    while todo:
        number = todo.pop()
        if number in seen or not 1 <= number <= len(sim.trace):
            continue
        seen.add(number)
        cause = sim.trace[number]
        if cause.writes:
            writers[number] = cause.player
        else:
            todo += cause.causes
    return ", ".join(f"{n} ({writers[n]})" for n in sorted(writers))


def _summary(sim: Simulation, console: Console, left: list[str]) -> None:
    frame = frames.frame(sim, {"player": None, "object": None})
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("kind", "name", "wanted", "there", "ready"):
        table.add_column(column)
    for work in frame["workloads"]:
        row = (work["kind"], work["key"], work["desired"], work["actual"], work["ready"])
        table.add_row(*map(str, row))
    console.print()
    if frame["workloads"]:
        console.print(table)
        console.print()
    for node in frame["nodes"]:
        console.print(f"{node['name']}: {len(node['pods'])} pods")
    console.print(f"{len(sim.trace)} steps, {sim.now:.2f} virtual seconds, trace {sim.trace.hash()}")
    if left:
        console.print("\n[bold]Not everything is ready:[/bold]")
        for line in left:
            console.print(f"  {line}", soft_wrap=True)
    else:
        console.print("[bold]Everything is ready.[/bold]")
