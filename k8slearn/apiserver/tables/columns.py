"""From the text in `columns.txt` to columns that can be asked for their cell.

Kubernetes: pkg/printers/tablegenerator.go; for custom resources apiextensions-apiserver/pkg/registry/
customresource/tableconvertor
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.tables import cells, cluster, events, networking, pods, workloads
from k8slearn.apiserver.tables.cells import Formatter
from k8slearn.apiserver.tables.custom import AGE, CustomColumn

#: Every public function of these modules, by its name.
FORMATTERS: dict[str, Formatter] = {
    f.__name__: f
    for module in (cells, cluster, events, networking, pods, workloads)
    for f in vars(module).values()
    if callable(f) and getattr(f, "__module__", "") == module.__name__ and not f.__name__.startswith("_")
}
STANDARD = {
    "Name": "Name | name | metadata.name",
    "Age": "Age | string | age(metadata.creationTimestamp, now)",
    "Created At": "Created At | date | metadata.creationTimestamp",
}
EMPTY: dict[str, Any] = {"integer": 0, "boolean": False}  # what a path shows where nothing is written
CALL = re.compile(r"(\w+)\((.*)\)")

FieldPath = tuple[str | int, ...]
WHOLE: FieldPath = ()
NOW: FieldPath = ("now",)


class Column(NamedTuple):
    """One column. A cell is the formatter's answer to what stands at the paths, or what stands there itself."""

    name: str
    type: str
    wide: bool  # only for `kubectl get -o wide`
    formatter: Formatter | None
    arguments: tuple[Any, ...]  # paths; the literal texts among them are no tuples
    default: Any

    def cell(self, obj: Object, now: float) -> Any:
        """What the column shows of this object. Odd data is no reason to show no table at all."""
        try:
            found = [_argument(a, obj, now) for a in self.arguments]
            if self.formatter is not None:
                return self.formatter(*found)
            return self.default if found[0] in (None, "") else found[0]
        except (TypeError, ValueError, AttributeError, LookupError):
            return cells.UNKNOWN

    def definition(self) -> dict[str, Any]:
        """Kubernetes: metav1.TableColumnDefinition"""
        named = self.type == "name"
        return {
            "name": self.name,
            "type": "string" if named else self.type,
            "format": "name" if named else "",
            "description": self._description(),
            "priority": 1 if self.wide else 0,
        }

    def _description(self) -> str:
        """What the formatter says of itself, and what it looks at."""
        fields = [a for a in self.arguments if isinstance(a, tuple) and a not in (WHOLE, NOW)]
        paths = ", ".join(".".join(map(str, path)) for path in fields)
        if self.formatter is None:
            return f"What {paths} says."
        does = (self.formatter.__doc__ or "").split("\n")[0]
        return f"{does} ({paths})" if paths else does


def _argument(argument: Any, obj: Object, now: float) -> Any:
    if argument == NOW:
        return now
    return dig(obj, *argument) if isinstance(argument, tuple) else argument


def column(line: str) -> Column:
    """Read one line of `columns.txt`."""
    name, kind, cell = (part.strip() for part in STANDARD.get(line, line).split("|"))
    kind, _, wide = kind.partition(" ")
    called = CALL.fullmatch(cell)
    if called:
        arguments = tuple(_read(a.strip()) for a in called[2].split(","))
        return Column(name, kind, bool(wide), FORMATTERS[called[1]], arguments, None)
    path, _, default = cell.partition(" or ")
    empty = _literal(default) if default else EMPTY.get(kind, "")
    return Column(name, kind, bool(wide), None, (_path(path),), empty)


def _read(argument: str) -> Any:
    return argument.strip("'") if argument.startswith("'") else _path(argument)


def _path(text: str) -> FieldPath:
    return tuple(int(p) if p.isdigit() else p for p in text.split(".") if p)


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@lru_cache(maxsize=1)
def _lines() -> dict[str, list[str]]:
    """The lines of each kind."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in Path(__file__).with_name("columns.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            current.append(line.strip())
        elif line and not line.startswith("#"):
            current = []
            found.update(dict.fromkeys(line.split(), current))
    return found


@lru_cache(maxsize=512)
def columns(resource: Resource) -> tuple[Column | CustomColumn, ...]:
    """The columns of a kind, in order."""
    if not resource.builtin:
        return custom_columns(resource)
    return tuple(column(line) for line in _lines().get(resource.kind, ["Name", "Created At"]))


def custom_columns(resource: Resource) -> tuple[Column | CustomColumn, ...]:
    """A custom resource shows its name, then what its definition asks for; its age if that asks for nothing."""
    told = resource.definition.columns if resource.definition is not None else []
    return column("Name"), *(CustomColumn(one) for one in told or [AGE])


def has_table(resource: Resource) -> bool:
    """Has the kind columns of its own, or only those that every object can fill?"""
    return not resource.builtin or resource.kind in _lines()
