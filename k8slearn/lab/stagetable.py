"""The stages of a container as a table to be read: `stage_table(REALISTIC)`."""

from __future__ import annotations

import html
from collections.abc import Iterable

from k8slearn.lab.show import Shown
from k8slearn.node.stages import Stage

HEAD = ("stage", "when", "takes", "becomes")


def stage_table(stages: Iterable[Stage], *names: str) -> Shown:
    """The rows called `names`, or all of them, in the order in which they are tried. ValueError: no such stage."""
    known = {stage.name: stage for stage in stages}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no stage {unknown[0]!r}: there are {', '.join(known)}")
    rows = [_row(stage) for stage in known.values() if not names or stage.name in names]
    wide = [max(len(row[i]) for row in (HEAD, *rows)) for i in range(len(HEAD))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)).rstrip() for row in (HEAD, *rows)]
    markup = "".join([_html("th", HEAD), *(_html("td", row) for row in rows)])
    return Shown("\n".join(lines), f"<table class='k8s-stages'>{markup}</table>")


def _row(stage: Stage) -> tuple[str, str, str, str]:
    when = ", ".join(_fact(name, value) for name, value in stage.when.items())
    return stage.name, when, _takes(stage), stage.becomes


def _fact(name: str, value: object) -> str:
    return {True: name, False: f"not {name}"}[value] if isinstance(value, bool) else f"{name} is {value}"


def _takes(stage: Stage) -> str:
    """Seconds; or the name of a function in `node/delays.py` that works them out."""
    delay = stage.delay
    if isinstance(delay, str):
        return delay.replace("_", " ")
    return (
        f"{delay[0]:g} to {delay[1]:g} s"
        if isinstance(delay, (tuple, list))
        else f"{delay:g} s" * bool(delay)
    )


def _html(tag: str, cells: Iterable[str]) -> str:
    style = "text-align:left;vertical-align:top;white-space:normal"
    inner = "".join(f"<{tag} style='{style}'>{html.escape(cell)}</{tag}>" for cell in cells)
    return f"<tr>{inner}</tr>"
