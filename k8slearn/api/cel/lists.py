"""Lists: what can be asked of them, and those that a schema calls a set or a map.

Kubernetes: apiserver/pkg/cel/library/lists.go, common/values.go; github.com/google/cel-go/ext/lists.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api.cel.operators import Keyed, add, equal, kind

INT, BOOL, LIST, MAP = celtypes.IntType, celtypes.BoolType, celtypes.ListType, celtypes.MapType
LONGEST = 10_000_000  # items that `lists.range` may make


class KeyedList(celtypes.ListType, Keyed):
    """A list in which order means nothing: equal to another with the same items, and adding merges.

    Kubernetes: unstructuredSetList and unstructuredMapList
    """

    def __init__(self, items: list[Any], keys: tuple[str, ...] = ()) -> None:
        super().__init__(items)
        self.keys = keys  # none: an item is its own key

    def by_key(self, items: list[Any]) -> dict[Any, Any]:
        if not self.keys:
            return {repr(item): item for item in items}
        return {tuple(repr(item.get(k)) for k in self.keys): item for item in items}

    def __add__(self, other: Any) -> KeyedList:  # type: ignore[override]
        return KeyedList([*{**self.by_key(self), **self.by_key(other)}.values()], self.keys)


# --- questions ----------------------------------------------------------------------------------


def is_sorted(items: list[Any]) -> Any:
    return BOOL(all(a <= b for a, b in pairwise(items)))


def total(items: list[Any]) -> Any:
    found = items[0] if items else INT(0)
    for item in items[1:]:
        found = add(found, item)
    return found


def _extreme(choose: Callable[[list[Any]], Any], name: str) -> Callable[[list[Any]], Any]:
    def of(items: list[Any]) -> Any:
        if not items:
            raise CELEvalError(f"{name} called on empty list")
        return choose(items)

    return of


def includes(one: list[Any], other: list[Any]) -> bool:
    return all(any(equal(a, b) for a in one) for b in other)


# --- other lists --------------------------------------------------------------------------------


def numbers_up_to(count: Any) -> Any:
    if count < 0:
        raise CELEvalError(f"lists.range: size must be non-negative, got {count}")
    if count > LONGEST:
        raise CELEvalError(f"lists.range: size {count} exceeds maximum allowed ({LONGEST})")
    return LIST([INT(i) for i in range(count)])


def part(items: list[Any], start: Any, end: Any) -> Any:
    asked = f"cannot slice({start}, {end})"
    if start < 0 or end < 0:
        raise CELEvalError(f"{asked}, negative indexes not supported")
    if start > end:
        raise CELEvalError(f"{asked}, start index must be less than or equal to end index")
    if end > len(items):
        raise CELEvalError(f"{asked}, list is length {len(items)}")
    return LIST([*items][int(start) : int(end)])


def flat(items: list[Any], depth: Any = 1) -> Any:
    if depth < 0:
        raise CELEvalError("level must be non-negative")
    return LIST([*_flattened(items, int(depth))])


def _flattened(items: list[Any], depth: int) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list) and depth:
            yield from _flattened(item, depth - 1)
        else:
            yield item


def distinct(items: list[Any]) -> Any:
    found: list[Any] = []
    for item in items:
        if not any(equal(item, other) for other in found):
            found.append(item)
    return LIST(found)


def sorted_by(items: list[Any], keys: list[Any]) -> Any:
    if any(isinstance(key, (list, dict)) for key in keys[:1]):
        raise CELEvalError("list elements must be comparable")
    if len({kind(key) for key in keys}) > 1:
        raise CELEvalError("list elements must have the same type")
    return LIST([items[i] for i in sorted(range(len(items)), key=keys.__getitem__)])


# --- what macros with two names go over, and make (`macros`) --------------------------------------------


def pairs(value: Any) -> Any:
    if isinstance(value, dict):
        return LIST([LIST(pair) for pair in value.items()])
    if isinstance(value, list):
        return LIST([LIST([INT(i), item]) for i, item in enumerate(value)])
    raise CELEvalError("no such overload")


def merged(maps: list[Any]) -> Any:
    found: dict[Any, Any] = {}
    for one in maps:
        for key, item in one.items():
            if key in found:
                raise CELEvalError(f"insert failed: key {key} already exists")
            found[key] = item
    return MAP(found)


FUNCTIONS: dict[str, Any] = {
    "isSorted": is_sorted,
    "sum": total,
    "minOf": _extreme(min, "min"),
    "max": _extreme(max, "max"),
    "lists_range": numbers_up_to,
    "slice": part,
    "flatten": flat,
    "distinct": distinct,
    "reverse": lambda items: LIST([*items][::-1]),
    "sort": lambda items: sorted_by(items, items),
    "sortedBy": sorted_by,
    "sets_contains": lambda one, other: BOOL(includes(one, other)),
    "sets_equivalent": lambda one, other: BOOL(includes(one, other) and includes(other, one)),
    "sets_intersects": lambda one, other: BOOL(any(includes(one, [b]) for b in other)),
    "pairsOf": pairs,
    "mapOf": lambda found: MAP(dict(found)),
    "mergedOf": merged,
}
