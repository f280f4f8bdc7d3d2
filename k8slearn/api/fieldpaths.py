"""Sets of fields, in the form in which ``managedFields`` carries them: FieldsV1.

A set is a tree of plain dicts. Its keys are *steps*: ``f:name`` into an object, ``k:{"name":"web"}`` to the item
of a list with that key, ``v:"x"`` to the value x in a list, ``i:0`` by position. A field is in the set if its
node holds ``"."``; so ``{"f:spec": {"f:replicas": {".": {}}}}`` is {.spec.replicas}, and spec is not in it.
On the wire a node with nothing but the dot is written ``{}``: `parse` and `dump` translate.

Kubernetes: sigs.k8s.io/structured-merge-diff/fieldpath (Set, PathElement, serialize.go)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

FieldSet = dict[str, Any]
Path = tuple[str, ...]

HERE = "."
MEMBER: FieldSet = {HERE: {}}


# --- steps -----------------------------------------------------------------------------------


def field_step(name: str) -> str:
    return f"f:{name}"


def key_step(keys: dict[str, Any]) -> str:
    """``k:{"containerPort":80,"protocol":"TCP"}``"""
    return f"k:{_json(dict(sorted(keys.items())))}"


def value_step(value: Any) -> str:
    return f"v:{_json(value)}"


def _json(value: Any) -> str:
    """As Go's encoder writes it: compact, with the three letters escaped that could end an HTML script."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


@lru_cache(4096)
def step_text(step: str) -> str:
    """How messages show a step: ``.spec``, ``[name="web"]``, ``[="x"]``, ``[0]``."""
    kind, content = step[0], step[2:]
    if kind == "f":
        return f".{content}"
    if kind == "k":
        return f"[{','.join(f'{k}={_shown(v)}' for k, v in json.loads(content).items())}]"
    return f"[={_shown(json.loads(content))}]" if kind == "v" else f"[{content}]"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def path_text(path: Iterable[str]) -> str:
    """``.spec.containers[name="web"].image``"""
    return "".join(map(step_text, path))


@lru_cache(4096)
def _rank(step: str) -> tuple[Any, ...]:
    """Where a step stands among its siblings: fields, then keys, then values, then positions."""
    kind, content = step[0], step[2:]
    if kind == "f":
        return (0, content)
    if kind == "k":
        return (1, [(name, *_value_rank(v)) for name, v in json.loads(content).items()])
    return (2, *_value_rank(json.loads(content))) if kind == "v" else (3, int(content))


def _value_rank(value: Any) -> tuple[int, Any]:
    """Numbers before strings before booleans; anything else by its text."""
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, value) if isinstance(value, str) else (3, _json(value))


# --- the algebra -----------------------------------------------------------------------------


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    """The fields in either. (Parts that only one has are shared, not copied: nobody edits a set.)"""
    if not a or not b:
        return a or b
    return {**a, **{step: union(a[step], node) if step in a else node for step, node in b.items()}}


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    """The fields in both."""
    found = {
        step: node if step == HERE else intersection(node, b[step]) for step, node in a.items() if step in b
    }
    return {step: node for step, node in found.items() if node or step == HERE}


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """The fields of `a` that are not in `b`. A field is taken away alone, what is below it stays."""
    if not a or not b:
        return a
    found = {step: difference(node, b[step]) if step in b else node for step, node in a.items()}
    return {step: node for step, node in found.items() if (step not in b if step == HERE else node)}


def without(a: FieldSet, roots: FieldSet) -> FieldSet:
    """`a` less the fields in `roots` and everything below them. Kubernetes: RecursiveDifference"""
    if not a or not roots:
        return a
    kept = {
        step: without(node, roots.get(step, {}))
        for step, node in a.items()
        if HERE not in roots.get(step, {})
    }
    return {step: node for step, node in kept.items() if node or step == HERE}


def has(fields: FieldSet, path: Iterable[str]) -> bool:
    for step in path:
        fields = fields.get(step, {})
    return HERE in fields


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """The paths of all fields in the set: those of one level first, then what is below them."""
    steps = [(step, fields[step]) for step in sorted(fields.keys() - {HERE}, key=_rank)]
    yield from ((*prefix, step) for step, node in steps if HERE in node)
    for step, node in steps:
        yield from paths(node, (*prefix, step))


def of_paths(*given: str) -> FieldSet:
    """The set of some plain fields: ``of_paths("metadata.name", "status")``."""
    found: FieldSet = {}
    for path in given:
        node = MEMBER
        for name in reversed(path.split(".")):
            node = {field_step(name): node}
        found = union(found, node)
    return found


# --- the wire --------------------------------------------------------------------------------


def dump(fields: FieldSet) -> FieldSet:
    """The set as FieldsV1, in the order in which Kubernetes writes it."""
    steps = sorted(fields.keys() - {HERE}, key=_rank)
    below = {step: dump(fields[step]) for step in steps}
    return {HERE: {}, **below} if HERE in fields and below else below


def parse(wire: Any) -> FieldSet:
    """The inverse of `dump`; steps in any other spelling are rewritten. Raises ValueError."""
    if not isinstance(wire, dict):
        raise ValueError("fieldsV1 is not an object")
    found: FieldSet = {}
    for text, below in wire.items():
        step = _parse_step(text)
        if step:
            node = parse(below)
            member = MEMBER if not node or HERE in below else {}
            found[step] = union(found.get(step, {}), union(node, member))
    return found


@lru_cache(4096)
def _parse_step(text: str) -> str:
    """A step in its one canonical spelling; "" for the dot, and for kinds of steps that nobody knows yet."""
    if text == HERE:
        return ""
    if len(text) < 2:
        raise ValueError("key must be 2 characters long:")
    if text[1] != ":":
        raise ValueError(f"missing colon: {text}")
    kind, content = text[0], text[2:]
    if kind == "k":
        keys = json.loads(content)
        if not isinstance(keys, dict):
            raise ValueError(f"not an object: {text}")
        return key_step(keys)
    if kind == "v":
        return value_step(json.loads(content))
    return {"f": text, "i": f"i:{int(content)}" if kind == "i" else ""}.get(kind, "")
