"""What server-side apply does to objects: check them, merge them, and cut fields out of them.

Kubernetes: sigs.k8s.io/structured-merge-diff/typed (validate.go, merge.go, remove.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api import gotext
from k8slearn.api.fieldpaths import HERE, FieldSet, field_step, step_text
from k8slearn.api.fieldsets import by_step, is_bare, item_step
from k8slearn.api.shapes import ABSENT, Listing, Mapping, Scalar, Shape

# --- checking --------------------------------------------------------------------------------


def mistakes(shape: Shape, value: Any, duplicates: bool = False) -> Iterator[tuple[str, str]]:
    """(path, what is wrong there) for everything that does not fit. `duplicates` may be allowed."""
    shape = shape.of(value)
    if value is None:
        return
    if isinstance(shape, Mapping):
        yield from _mapping_mistakes(shape, value, duplicates)
    elif isinstance(shape, Listing):
        yield from _listing_mistakes(shape, value, duplicates)
    elif isinstance(shape, Scalar) and not _SCALAR[shape.wants][0](value):
        yield "", _SCALAR[shape.wants][1](value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SCALAR: dict[str, Any] = {
    "numeric": (_is_number, lambda v: f"expected numeric (int or float), got {gotext.type_name(v)}"),
    "string": (
        lambda v: isinstance(v, str),
        lambda v: f"expected string, got &value.valueUnstructured{{Value:{gotext.syntax(v)}}}",
    ),
    "boolean": (lambda v: isinstance(v, bool), lambda v: f"expected boolean, got &{{{gotext.plain(v)}}}"),
    "untyped": (
        lambda v: not isinstance(v, (dict, list)),
        lambda v: f"expected any scalar, got &{{{gotext.plain(v)}}}",
    ),
}


def _mapping_mistakes(shape: Mapping, value: Any, duplicates: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield "", f"expected map, got &{{{gotext.plain(value)}}}"
        return
    for name, item in value.items():
        field = shape.field(name)
        if field is None:
            yield f".{name}", "field not declared in schema"
            return
        for path, wrong in mistakes(field, item, duplicates):
            yield f".{name}{path}", wrong


def _listing_mistakes(shape: Listing, value: Any, duplicates: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield "", f"expected list, got &{{{gotext.plain(value)}}}"
        return
    seen: set[str] = set()
    for i, item in enumerate(value):
        try:
            step = f"i:{i}" if shape.atomic else item_step(shape, item)
        except ValueError as wrong:
            yield "", f"element {i}: {wrong}"
            return
        if step in seen and not duplicates:
            yield "", f"duplicate entries for key {step_text(step)}"
        seen.add(step)
        for path, wrong_there in mistakes(shape.item, item, duplicates):
            yield step_text(step) + path, wrong_there


# --- merging ---------------------------------------------------------------------------------


def merge(shape: Shape, live: Any, config: Any) -> Any:
    """`live` with everything that `config` says. Nothing is taken away; either may be ABSENT."""
    if live is ABSENT or config is ABSENT:
        return live if config is ABSENT else config
    before, shape = shape.of(live), shape.of(config)
    if shape.atomic or before is not shape or (is_bare(live) and is_bare(config)):
        return config
    if isinstance(shape, Listing):
        return _merge_items(shape, live or [], config or [])
    assert isinstance(shape, Mapping)
    return _merge_fields(shape, live or {}, config or {})


def _merge_fields(shape: Mapping, live: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    for name, item in config.items():
        field = shape.field(name)
        assert field is not None, f"{name} has been checked"
        merged[name] = merge(field, live.get(name, ABSENT), item)
    return merged


def _merge_items(shape: Listing, live: list[Any], config: list[Any]) -> list[Any]:
    left = {step: same[0] if len(same) == 1 else ABSENT for step, same in by_step(shape, live).items()}
    right = {step: same[0] for step, same in by_step(shape, config).items()}
    before = [(item_step(shape, item), item) for item in live]
    merged = [(step, merge(shape.item, left.get(step, ABSENT), item)) for step, item in right.items()]
    return [item for _, item in zipped(before, merged)]


def zipped(live: list[tuple[str, Any]], config: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Both lists in one: `config` in its own order, and what only `live` has between the same neighbours as before.

    Where the two disagree about the order of what they share, `config` wins.
    """
    wanted, known = {step for step, _ in config}, {step for step, _ in live}
    shared = [step for step, _ in config if step in known]  # in the order in which they shall come
    found: list[tuple[str, Any]] = []
    i = 0
    for step, item in config:
        while i < len(live) and live[i][0] != step:
            if live[i][0] not in wanted:
                found.append(live[i])
            elif shared and live[i][0] == shared[0]:
                break  # its turn comes after this one
            i += 1
        found.append((step, item))
        if i < len(live) and live[i][0] == step:
            i += 1
        if shared and shared[0] == step:
            shared.pop(0)
    return found + [entry for entry in live[i:] if entry[0] not in wanted]


# --- cutting out -----------------------------------------------------------------------------


def remove(shape: Shape, value: Any, gone: FieldSet) -> Any:
    """`value` without the fields and items in `gone`; None where nothing is left."""
    shape = shape.of(value)
    if isinstance(shape, Scalar):
        return value
    if shape.atomic or not value:
        return None
    if isinstance(shape, Listing):
        steps = [(item, gone.get(item_step(shape, item), {})) for item in value]
        kept = [remove(shape.item, item, node) if node else item for item, node in steps if HERE not in node]
        return kept or None
    assert isinstance(shape, Mapping)
    left = {}
    for name, item in value.items():
        node, field = gone.get(field_step(name), {}), shape.field(name)
        if HERE not in node:
            left[name] = remove(field, item, node) if node and field else item
    return left or None
