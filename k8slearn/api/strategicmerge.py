"""Strategic merge patch: a merge patch that knows which lists are maps, and that can give orders.

Orders stand among the fields, marked with a dollar sign:

* ``$patch: replace`` in an object: do not merge, this is all of it; ``delete``: empty it. In an item of a list:
  replace the list by the other items, or delete the item with this key.
* ``$deleteFromPrimitiveList/x: [...]``: take these values out of the list x.
* ``$setElementOrder/x: [...]``: afterwards, the items of x that are named here shall stand in this order.
* ``$retainKeys: [...]``: fields that are not named here go.

Kubernetes: apimachinery/pkg/util/strategicpatch/patch.go (mergeMap, mergeSlice, normalizeElementOrder)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api import gotext
from k8slearn.api.errors import ApiError, BadRequest, Invalid
from k8slearn.api.shapes import Listing, Mapping, Shape, Struct

Fields = dict[str, Any]

PATCH, RETAIN_KEYS = "$patch", "$retainKeys"
DELETE_FROM, ORDER = "$deleteFromPrimitiveList", "$setElementOrder"


class BadPatch(ApiError):
    """A patch that makes no sense for this object. Kubernetes answers 500, without a reason."""


def strategic_merge(shape: Shape | None, original: Fields, patch: Fields) -> Fields:
    """`original` with `patch` applied; neither is changed. Raises ApiError."""
    if PATCH in patch:
        return _ordered(patch)
    patch = dict(patch)
    result = _retain(dict(original), patch)
    _set_orders(shape, result, patch)
    for name, value in patch.items():
        if name.startswith(DELETE_FROM):
            _delete_from(result, _target(name, DELETE_FROM), value)
        elif value is None:
            result.pop(name, None)
        else:
            _merge_field(shape, result, name, value)
    return result


def _merge_field(shape: Shape | None, result: Fields, name: str, value: Any) -> None:
    old = result.get(name)
    if isinstance(old, dict) and isinstance(value, dict):
        inner = _field(shape, name)
        replaced = isinstance(inner, Mapping) and inner.rule.patch == "replace"
        result[name] = value if replaced else strategic_merge(inner, old, value)
    elif isinstance(old, list) and isinstance(value, list):
        result[name] = _merge_lists(_field(shape, name), old, value)
    else:
        fresh = _fresh(value)
        if fresh is _NOTHING:
            result.pop(name, None)
        else:
            result[name] = fresh


def _ordered(patch: Fields) -> Fields:
    """An object with ``$patch`` in it."""
    if patch[PATCH] == "replace":
        return {name: value for name, value in patch.items() if name != PATCH}
    if patch[PATCH] == "delete":
        return {}
    raise _unknown_order(patch)


def _unknown_order(patch: Fields) -> BadPatch:
    return BadPatch(f"unknown patch type: {gotext.plain(patch[PATCH])} in map: {gotext.plain(patch)}")


def _retain(result: Fields, patch: Fields) -> Fields:
    """Carry out ``$retainKeys``, which must name whatever the patch sets."""
    if RETAIN_KEYS not in patch:
        return result
    keys = patch.pop(RETAIN_KEYS)
    if not isinstance(keys, list):
        raise BadRequest("invalid patch format of retainKeys")
    for name, value in patch.items():
        if value is not None and not name.startswith((DELETE_FROM, ORDER)) and name not in keys:
            raise BadRequest("invalid patch format of retainKeys")
    return {name: value for name, value in result.items() if name in keys}


_NOTHING: Any = object()


def _fresh(value: Any) -> Any:
    """A value for a place where there is none yet: orders and nulls have nothing to act on."""
    if isinstance(value, dict):
        if PATCH in value:
            return _NOTHING
        found = {name: _fresh(item) for name, item in value.items() if item is not None}
        return {name: item for name, item in found.items() if item is not _NOTHING}
    if isinstance(value, list):
        return [item for item in map(_fresh, value) if item is not _NOTHING]
    return value


# --- lists -----------------------------------------------------------------------------------


def _merge_lists(shape: Shape | None, old: list[Any], patch: list[Any]) -> list[Any]:
    if not isinstance(shape, Listing) or shape.rule.patch != "merge":
        return patch
    if not old and not patch:
        return old
    if _kind_of(old, patch) is not dict:
        both = list(dict.fromkeys([*old, *patch]))
        return _in_order(both, patch, old, "")
    key = shape.rule.patch_key
    if not key:
        raise BadPatch("cannot merge lists without merge key for struct")
    old, items = _carry_out(old, patch, key)
    return _in_order(_merge_items(shape, old, items, key), items, old, key)


def _kind_of(*lists: list[Any]) -> type | None:
    """The one type of all items; lists of lists and mixtures are refused."""
    kinds = [type(item) if not isinstance(item, dict) else dict for items in lists for item in items]
    if kinds and issubclass(kinds[0], list):
        raise _unprocessable()
    if len(set(kinds)) > 1:
        raise BadPatch(f"list element types are not identical: {gotext.plain(list(lists))}")
    return kinds[0] if kinds else None


def _unprocessable() -> Invalid:
    return Invalid("the server rejected our request due to an error in our request", details={})


def _carry_out(old: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """(the old items, those to merge) after the orders among the items of a patch."""
    items = [item for item in patch if PATCH not in item]
    for item in patch:
        if item.get(PATCH) == "delete":
            gone = _key_of(item, key)
            old = [o for o in old if key not in o or o[key] != gone]
        elif item.get(PATCH) == "merge":
            raise BadPatch("merging lists cannot yet be specified in the patch")
        elif PATCH in item and item[PATCH] != "replace":
            raise _unknown_order(item)
    return (items, []) if any(item.get(PATCH) == "replace" for item in patch) else (old, items)


def _key_of(item: Fields, key: str) -> Any:
    if key not in item:
        raise BadPatch(f"map: {gotext.plain(item)} does not contain declared merge key: {key}")
    return item[key]


def _merge_items(shape: Listing, old: list[Any], items: list[Any], key: str) -> list[Any]:
    merged = list(old)
    for item in items:
        value = _key_of(item, key)
        at = next((i for i, o in enumerate(merged) if key in o and o[key] == value), None)
        if at is None:
            merged.append(item)
        else:
            merged[at] = strategic_merge(shape.item, merged[at], item)
    return merged


def _delete_from(result: Fields, name: str, gone: Any) -> None:
    if isinstance(result.get(name), list) and isinstance(gone, list):
        result[name] = [item for item in result[name] if item not in gone]


# --- order -----------------------------------------------------------------------------------


def _set_orders(shape: Shape | None, result: Fields, patch: Fields) -> None:
    """Carry out every ``$setElementOrder/x``, together with x itself, and take both out of the patch."""
    for directive in [name for name in patch if name.startswith(ORDER)]:
        order = patch.pop(directive)
        name = _target(directive, ORDER)
        for value in (order, result.get(name, []), patch.get(name, [])):
            if not isinstance(value, list):
                got = gotext.type_name(value)
                raise BadPatch(f"expected a []interface {{}}, but received a {got}")
        inner = _field(shape, name)
        key = inner.rule.patch_key if isinstance(inner, Listing) else ""
        old, items = result.get(name), patch.pop(name, None)
        _check_order(items or [], order, key)
        if old is None and items is None:
            continue
        merged = _fresh(items) if old is None else old if items is None else _merge_lists(inner, old, items)
        result[name] = _in_order(merged, order, old or [], key)


def _check_order(items: list[Any], order: list[Any], key: str) -> None:
    """What a patch sets must stand in the order that it gives."""
    if not items or not order:
        return
    given = iter([_key_of(o, key) if isinstance(o, dict) and key else o for o in order])
    for item in items:
        if isinstance(item, dict) and PATCH in item:
            continue
        wanted = _key_of(item, key) if isinstance(item, dict) and key else item
        if wanted not in given:  # `in` reads on from where it stopped
            shown = gotext.plain(items), gotext.plain(order)
            raise BadPatch(
                f"The order in patch list:\n{shown[0]}\n doesn't match $setElementOrder list:\n{shown[1]}\n"
            )


def _in_order(merged: list[Any], order: list[Any], old: list[Any], key: str) -> list[Any]:
    """The items named in `order` in that order, and the others where they stood, seen from their neighbours."""
    places = _places(order, key)
    if key:
        for item in merged:
            _key_of(item, key)
    named = sorted((m for m in merged if _id(m, key) in places), key=lambda m: places[_id(m, key)])
    others = [m for m in merged if _id(m, key) not in places]
    return _interleave(named, others, _places(old, key), key)


def _interleave(named: list[Any], others: list[Any], before: dict[Any, int], key: str) -> list[Any]:
    """One list of two: one of `others` goes first if it stood before the next of `named` until now."""
    found: list[Any] = []
    waiting = sorted(others, key=lambda m: before.get(_id(m, key), -1))
    for item in named:
        place = before.get(_id(item, key), -1)
        while waiting and 0 <= before.get(_id(waiting[0], key), -1) < place:
            found.append(waiting.pop(0))
        found.append(item)
    return found + waiting


def _places(items: list[Any], key: str) -> dict[Any, int]:
    """Where each item stands first."""
    found: dict[Any, int] = {}
    for i, item in enumerate(items):
        found.setdefault(_id(item, key), i)
    return found


def _id(item: Any, key: str) -> Any:
    value = item.get(key) if isinstance(item, dict) else item
    return gotext.syntax(value)


# --- names and types -------------------------------------------------------------------------


def _target(directive: str, prefix: str) -> str:
    """``$setElementOrder/finalizers`` speaks of ``finalizers``."""
    found, slash, name = directive.partition("/")
    if not slash or found != prefix:
        what = "primitive list" if prefix == DELETE_FROM else "setElementOrder list"
        raise BadRequest(f"invalid patch format of {what}")
    return name


def _field(shape: Shape | None, name: str) -> Shape | None:
    if not isinstance(shape, Mapping):
        return None
    found = shape.field(name)
    if found is None and isinstance(shape, Struct):
        raise BadPatch(f'unable to find api field in struct {shape.name} for the json field "{name}"')
    return found
