"""The fields of objects as sets: which there are, and which have changed.

Both functions walk values along their `shapes`; neither knows about managers or time.

Kubernetes: sigs.k8s.io/structured-merge-diff/typed (tofieldset.go, compare.go)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.api.fieldpaths import HERE, MEMBER, FieldSet, field_step, key_step, union, value_step
from k8slearn.api.shapes import ABSENT, Listing, Mapping, Shape

# --- telling the items of a list apart -------------------------------------------------------


def item_step(shape: Listing, item: Any) -> str:
    """The step to an item of a set or of a list with keys. Raises ValueError."""
    if not shape.keys:
        if isinstance(item, (dict, list)) or item is None:
            raise ValueError(_NO_SET_ITEM[type(item)])
        return value_step(item)
    if not isinstance(item, dict):
        what = "a null element" if item is None else "non-map elements"
        raise ValueError(f"associative list with keys may not have {what}")
    found = {**shape.defaults, **item}
    keys = {key: found[key] for key in shape.keys if key in found}
    if not keys:
        named = " ".join(f'"{key}"' for key in shape.keys)
        raise ValueError(
            f"associative list with keys has an element that omits all key fields [{named}]"
            " (and doesn't have default values for any key fields)"
        )
    return key_step(keys)


_NO_SET_ITEM = {
    dict: "associative list without keys has an element that's a map type",
    list: "not supported: associative list with lists as elements",
    type(None): "associative list without keys has an element that's an explicit null",
}


def by_step(shape: Listing, items: list[Any]) -> dict[str, list[Any]]:
    """The items, by their steps; more than one under a step are duplicates."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item_step(shape, item), []).append(item)
    return found


# --- naming ----------------------------------------------------------------------------------


def field_set(shape: Shape, value: Any) -> FieldSet:
    """Every leaf and every item that `value` mentions: what its sender wants to own."""
    shape = shape.of(value)
    if shape.atomic:
        return MEMBER
    if isinstance(shape, Listing):
        return _items_set(shape, value or [])
    assert isinstance(shape, Mapping)
    found: FieldSet = {}
    for name, item in (value or {}).items():
        field = shape.field(name)
        assert field is not None
        below = field_set(field, item)
        if item is None or item == {} or name not in shape.fields:
            below = union(below, MEMBER)
        if below:
            found[field_step(name)] = below
    return found


def _items_set(shape: Listing, items: list[Any]) -> FieldSet:
    return {
        step: union(field_set(shape.item, same[0]), MEMBER) if len(same) == 1 else MEMBER
        for step, same in by_step(shape, items).items()
    }


def with_structs(shape: Shape | None, fields: FieldSet) -> FieldSet:
    """The set with all structs on the way to its fields. Kubernetes: EnsureNamedFieldsAreMembers"""
    found: FieldSet = {}
    for step, node in fields.items():
        if step == HERE:
            found[step] = {}
            continue
        inner, named = _below(shape, step)
        node = with_structs(inner, node)
        found[step] = union(node, MEMBER) if named else node
    return found


def _below(shape: Shape | None, step: str) -> tuple[Shape | None, bool]:
    """(the shape behind a step, is it a field of a struct?)"""
    shape = shape.of({} if step[0] == "f" else []) if shape is not None else None
    if isinstance(shape, Mapping) and step[0] == "f":
        return shape.field(step[2:]), step[2:] in shape.fields
    return (shape.item if isinstance(shape, Listing) else None), False


# --- comparing -------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """What became of the fields of one object in another. No field is in two of the sets."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    @property
    def changed(self) -> FieldSet:
        return union(self.modified, self.added)


SAME = Comparison({}, {}, {})


def compare(shape: Shape, old: Any, new: Any) -> Comparison:
    """What changed from `old` to `new`; either may be ABSENT. Equal parts are not looked into."""
    if old is new or (old == new and isinstance(old, bool) == isinstance(new, bool)):
        return SAME
    before, after = shape.of(old), shape.of(new)
    if old is ABSENT or new is ABSENT or before is after:
        return _compare(before if new is ABSENT else after, old, new)
    gone, come = _compare(before, old, ABSENT), _compare(after, ABSENT, new)
    return Comparison(_inside(gone.removed), MEMBER, _inside(come.added))


def _inside(fields: FieldSet) -> FieldSet:
    return {step: node for step, node in fields.items() if step != HERE}


def _compare(shape: Shape, old: Any, new: Any) -> Comparison:
    if shape.atomic or (is_bare(old) and is_bare(new)):
        return _leaf(old, new)
    if isinstance(shape, Listing):
        below = _compare_items(shape, old, new)
    else:
        assert isinstance(shape, Mapping)
        below = _compare_fields(shape, old, new)
    if old is ABSENT:
        return below._replace(added=union(below.added, MEMBER))
    return below._replace(removed=union(below.removed, MEMBER)) if new is ABSENT else below


def is_bare(value: Any) -> bool:
    """Nothing, or a container with nothing in it."""
    return value is ABSENT or value is None or value in ({}, [])


def _leaf(old: Any, new: Any) -> Comparison:
    if old is ABSENT:
        return Comparison({}, {}, MEMBER)
    return Comparison(MEMBER, {}, {}) if new is ABSENT else Comparison({}, MEMBER, {})


def _compare_fields(shape: Mapping, old: Any, new: Any) -> Comparison:
    removed: FieldSet = {}
    modified: FieldSet = {}
    added: FieldSet = {}
    left, right = _with_zeros(shape, old), _with_zeros(shape, new)
    for name in {**left, **right}:
        field = shape.field(name)
        if field is None:  # decoding has dropped what is unknown
            continue
        found = compare(field, left.get(name, ABSENT), right.get(name, ABSENT))
        if found is not SAME:
            step = field_step(name)
            for whole, part in zip((removed, modified, added), found, strict=True):
                if part:
                    whole[step] = part
    return Comparison(removed, modified, added)


def _with_zeros(shape: Mapping, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {**shape.zeros, **value} if shape.zeros else value


def _compare_items(shape: Listing, old: Any, new: Any) -> Comparison:
    parts: tuple[FieldSet, FieldSet, FieldSet] = ({}, {}, {})
    left = by_step(shape, old if isinstance(old, list) else [])
    right = by_step(shape, new if isinstance(new, list) else [])
    for step in {**left, **right}:
        found = _compare_same(shape.item, left.get(step, []), right.get(step, []))
        for whole, part in zip(parts, found, strict=True):
            if part:
                whole[step] = part
    return Comparison(*parts)


def _compare_same(shape: Shape, old: list[Any], new: list[Any]) -> Comparison:
    """Items under one step. Duplicates are owned together, as one thing."""
    if len(old) > 1 and len(new) > 1:
        return SAME if old == new else Comparison({}, MEMBER, {})
    if len(old) > 1:
        come = compare(shape, ABSENT, new[0]) if new else SAME
        return come._replace(removed=MEMBER)
    if len(new) > 1:
        gone = compare(shape, old[0], ABSENT) if old else SAME
        return gone._replace(added=MEMBER)
    return compare(shape, old[0] if old else ABSENT, new[0] if new else ABSENT)
