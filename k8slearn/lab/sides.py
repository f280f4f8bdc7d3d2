"""`side_by_side(sim, "teapots", "default/betty")`: one object, as each of its versions shows it.

What the server says of it alone (uid, times, who manages which field) is left out: that is the same in all.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from k8slearn.api.errors import NotFound
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit, split_key
from k8slearn.api.requests import Request
from k8slearn.api.versions import priority
from k8slearn.lab.diff import short
from k8slearn.lab.show import Shown
from k8slearn.sim import Simulation

PEOPLES = ("labels", "annotations")  # of the metadata: what people and converters write
MISSING = "–"
DIFFERS = "≠"


class Column(NamedTuple):
    """One version's view: its heading, and the object."""

    title: str
    obj: Object


class Row(NamedTuple):
    """One line in each version; "" where a version does not have it."""

    cells: list[str]
    differs: bool


def side_by_side(sim: Simulation, resource: str, key: str) -> Shown:
    """`key`: NAMESPACE/NAME. Raises NotFound."""
    columns = list(_columns(sim, sim.server.kinds.named(resource), key))
    rows = list(_rows([_readable(column.obj) for column in columns], ""))
    titles = [column.title for column in columns]
    return Shown(_text(titles, rows), _table(titles, rows))


def _columns(sim: Simulation, resource: Resource, key: str) -> Iterator[Column]:
    """Old versions first. What is stored has a column even when its version is not served."""
    stored = sim.store.get(resource.name, key)
    if stored is None:
        raise NotFound(f'{resource.name} "{key}" not found')
    views = {row.version: row for row in sim.server.kinds if row.name == resource.name}
    lies_in = stored["apiVersion"].rpartition("/")[2]
    for version in sorted({*views, lies_in}, key=priority):
        if version == lies_in:
            yield Column(f"{version} (stored)", stored)
        else:
            yield Column(
                version,
                sim.server.handle(Request("get", views[version], *split_key(key))),
            )


def _readable(obj: Object) -> Object:
    said = {field: value for field in PEOPLES if (value := obj["metadata"].get(field))}
    rest = {field: value for field, value in obj.items() if field not in ("apiVersion", "kind", "metadata")}
    return {**({"metadata": said} if said else {}), **edit(rest)}


def _rows(values: Sequence[Any], indent: str) -> Iterator[Row]:
    """A row for every field that any version has, those of one object together."""
    fields = dict.fromkeys(field for value in values if isinstance(value, dict) for field in value)
    for field in fields:
        inner = [value.get(field, ...) if isinstance(value, dict) else ... for value in values]
        nested = any(isinstance(value, dict) and value for value in inner)
        cells = [_cell(f"{indent}{field}:", value, nested=nested) for value in inner]
        yield Row(cells, differs=len(set(cells)) > 1)
        if nested:
            yield from _rows(inner, indent + "  ")


def _cell(head: str, value: Any, *, nested: bool) -> str:
    if value is ...:
        return ""
    return head if nested and isinstance(value, dict) else f"{head} {short(value)}"


# --- two forms ---------------------------------------------------------------------------------


def _text(titles: Sequence[str], rows: Sequence[Row]) -> str:
    lines = [Row(list(titles), differs=False), *rows]
    widths = [max(len(row.cells[i]) for row in lines) for i in range(len(titles))]
    return "\n".join(_line(row, widths) for row in lines) + "\n"


def _line(row: Row, widths: Sequence[int]) -> str:
    cells = [(cell or MISSING).ljust(width) for cell, width in zip(row.cells, widths, strict=True)]
    return f"{DIFFERS if row.differs else ' '} {'   '.join(cells)}".rstrip()


TABLE = "font-family:var(--jp-code-font-family);font-size:var(--jp-code-font-size);border-collapse:collapse"
CELL = "text-align:left;white-space:pre-wrap;padding:.1em 1.2em .1em .3em;vertical-align:top"
MARKED = f"{CELL};font-weight:600;background:color-mix(in srgb, #E69F00 22%, transparent)"


def _table(titles: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f"<th scope='col' style='{CELL}'>{html.escape(title)}</th>" for title in ("", *titles))
    body = "".join(_tr(row) for row in rows)
    return f"<table class='k8s-sides' style='{TABLE}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _tr(row: Row) -> str:
    style = MARKED if row.differs else CELL
    cells = (DIFFERS if row.differs else "", *(cell or MISSING for cell in row.cells))
    inner = "".join(f"<td style='{style}'>{html.escape(cell)}</td>" for cell in cells)
    return f"<tr style='background:none'{' data-differs' if row.differs else ''}>{inner}</tr>"
