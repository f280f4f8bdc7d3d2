"""What is different between two objects, as marked lines of YAML.

A line is "+" (it is new), "-" (it is gone), "~" (it says something else now) or " " (it only says where
we are). The items of a list are told apart by what Kubernetes merges them by: their name, type, manager.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from k8slearn.api.objects import dig, edit

IDENTITIES = ("name", "type", "manager", "containerPort", "port", "uid", "ip")
MOST = 40  # lines


class Line(NamedTuple):
    """One line: its mark, its words with their indentation; of a "~" line also what it said before."""

    mark: str
    text: str
    before: str = ""

    def __str__(self) -> str:
        return f"{self.mark} {self.text}" + (f"   (was {self.before})" if self.mark == "~" else "")


def diff(before: Any, after: Any) -> list[Line]:
    """The lines that differ, each under the keys that lead to it; nothing when nothing does."""
    before, after = _readable(before), _readable(after)
    if before is None or after is None:
        found = [*_whole("-", before, "")] if after is None else [*_whole("+", after, "")]
    else:
        found = [*_inside(before, after, "")]
    rest = len(found) - MOST
    return found if rest <= 0 else [*found[:MOST], Line(" ", f"... and {rest} lines more")]


def _readable(obj: Any) -> Any:
    """The object, but of managed fields only their names: the tree they are stored in fills a page."""
    owners = dig(obj, "metadata", "managedFields")
    if not isinstance(owners, list) or not all(isinstance(owner, dict) for owner in owners):
        return obj
    named = [{**owner, "fieldsV1": ", ".join(_fields(owner.get("fieldsV1") or {}))} for owner in owners]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": named}}


def _fields(tree: dict[str, Any]) -> Iterator[str]:
    """``metadata.labels``, ``spec.replicas``: two levels say enough."""
    for field, below in tree.items():
        names = below if isinstance(below, dict) else {}
        inner = [f".{each.removeprefix('f:')}" for each in names if each.startswith("f:")]
        yield from (field.removeprefix("f:") + each for each in inner or [""])


def counted(lines: list[Line]) -> str:
    """``+3 ~1``"""
    marks = [line.mark for line in lines]
    return " ".join(f"{mark}{marks.count(mark)}" for mark in "+~-" if mark in marks)


def _inside(before: Any, after: Any, indent: str) -> Iterator[Line]:
    if isinstance(after, list):
        yield from _items(before, after, indent)
        return
    for key in [*after, *(key for key in before if key not in after)]:
        if key not in before:
            yield from _whole("+", {key: after[key]}, indent)
        elif key not in after:
            yield from _whole("-", {key: before[key]}, indent)
        elif before[key] != after[key]:
            yield from _changed(f"{key}:", before[key], after[key], indent)


def _items(before: list[Any], after: list[Any], indent: str) -> Iterator[Line]:
    old, new = _named(before), _named(after)
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old:
            yield from _whole("+", [new[name]], indent)
        elif name not in new:
            yield from _whole("-", [old[name]], indent)
        elif old[name] != new[name]:
            yield from _changed(f"- {name}", old[name], new[name], indent)


def _named(items: list[Any]) -> dict[str, Any]:
    """The items by what tells them apart: ``name: web``, else their place in the list."""
    names = [_identity(item) for item in items]
    good = all(names) and len(set(names)) == len(names)
    return dict(zip(names if good else [f"#{i}" for i in range(len(items))], items, strict=True))


def _identity(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    return next((f"{key}: {item[key]}" for key in IDENTITIES if key in item), "")


def _changed(head: str, before: Any, after: Any, indent: str) -> Iterator[Line]:
    nested = isinstance(after, (dict, list)) and type(edit(after)) is type(edit(before))
    if not nested:
        yield Line("~", f"{indent}{head} {short(after)}", short(before))
        return
    inner = list(_inside(before, after, indent + "  "))
    if inner:
        yield Line(" ", indent + head)
        yield from inner


def short(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(edit(value), default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _whole(mark: str, value: Any, indent: str) -> Iterator[Line]:
    text = yaml.safe_dump(edit(value), sort_keys=False, allow_unicode=True, width=100)
    for line in text.splitlines():
        yield Line(mark, indent + line)
