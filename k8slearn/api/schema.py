"""Decoding: is this the kind of data it claims to be? Types are checked; nulls and zeros vanish.

`types.json` says which fields each built-in type has (`tools/generate_types.py` writes it). Each type is
compiled once into the checkers of `checkers.py`, which copy what they accept: a decoded object is nobody
else's. Rules about *values* (a port below 65536) are not here but in `apiserver/validation`.

The messages are those of Go's JSON decoder.
Kubernetes: apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from k8slearn.api.checkers import SCALARS, Field, List, Map, Struct, Trouble, Type
from k8slearn.api.errors import BadRequest
from k8slearn.api.jsonbody import merged
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit


def decode(
    resource: Resource, obj: Object, *, field_validation: str = "Warn", duplicates: list[str] | None = None
) -> tuple[Object, list[str]]:
    """(a checked copy, warnings). Unknown fields: ``Ignore`` and ``Warn`` drop them, ``Strict`` refuses.

    The same goes for `duplicates`, which `jsonbody` has found in the text that was sent. Kinds without a table
    entry (custom resources) are copied as they are, but for their metadata.
    """
    root, trouble = _root(resource.api_version, resource.kind), Trouble()
    try:
        found = _whole(root, obj, trouble) if root else _custom(resource, obj, trouble)
    except ValueError as wrong:
        raise _refused(resource, str(wrong)) from None
    if trouble.mismatch:
        raise _refused(resource, trouble.mismatch)
    strict = merged(duplicates, trouble.unknown) if duplicates else trouble.unknown
    if strict and field_validation == "Strict":
        raise _refused(resource, f"strict decoding error: {', '.join(strict)}")
    named = {"apiVersion": resource.api_version, "kind": resource.kind} if root else {}
    return {**named, **found}, strict if field_validation == "Warn" else []


def _whole(root: Struct, obj: Object, trouble: Trouble) -> Object:
    """An object of a built-in kind. Its spec is a struct, and written even when it is empty."""
    found: Object = root.decode(obj, None, trouble)
    if found is not None and "spec" in root.fields and "spec" not in found:
        found["spec"] = root.fields["spec"][0].decode({}, None, trouble)
    return found


def _custom(resource: Resource, obj: Object, trouble: Trouble) -> Object:
    """A custom resource: its definition says what is kept, but for the metadata, which is like everybody's.

    (Who keeps book of it, `managedfields` looks after.)
    """
    metadata, book = obj.get("metadata"), "managedFields"
    rest = {f: v for f, v in obj.items() if f != "metadata"}
    if resource.definition is not None:
        rest, trouble.unknown = resource.definition.prune(rest)
        trouble.unknown = [f'unknown field "{path}"' for path in trouble.unknown]
    else:
        rest = edit(rest)
    if not metadata:
        return rest
    plain = {f: v for f, v in metadata.items() if f != book} if isinstance(metadata, dict) else metadata
    checked = _type("v1.ObjectMeta").decode(plain, (None, "metadata", ""), trouble)
    if checked and book in metadata:
        checked[book] = edit(metadata[book])
    return {**rest, "metadata": checked}


def fitting(spelt: str, value: Any) -> Any:
    """A checked copy of a part of an object, or None if it is not of this type."""
    trouble = Trouble()
    try:
        found = _type(spelt).decode(value, None, trouble)
    except ValueError:
        return None
    return None if trouble.mismatch else found


def _refused(resource: Resource, why: str) -> BadRequest:
    kind = resource.kind
    return BadRequest(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def fields_of(resource: Resource) -> dict[str, str] | None:
    """The top-level fields of a kind and their types as types.json spells them; None for custom kinds."""
    name = _table()["kinds"].get(f"{resource.api_version} {resource.kind}")
    return _table()["types"][name] if name else None


def kind_type(resource: Resource) -> str | None:
    """The name of a kind's type, as `types` knows it; None for custom kinds."""
    name: str | None = _table()["kinds"].get(f"{resource.api_version} {resource.kind}")
    return name


def kinds() -> dict[str, str]:
    """``apps/v1 Deployment`` and the like: the types that are sent as a whole, by what they call themselves."""
    table: dict[str, str] = _table()["kinds"]
    return table


def types() -> dict[str, dict[str, str]]:
    """Every built-in type: its fields and their types as types.json spells them."""
    table: dict[str, dict[str, str]] = _table()["types"]
    return table


@cache
def packages() -> dict[str, str]:
    """Which API group each built-in type belongs to: ``apps``, ``core``, or ``meta`` for what they share."""
    table: dict[str, str] = _table()["packages"]
    return {name: package for package, names in table.items() for name in names.split()}


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("types.json").read_bytes())
    return table


@cache
def _root(api_version: str, kind: str) -> Struct | None:
    name = _table()["kinds"].get(f"{api_version} {kind}")
    return Struct(name, _fields) if name else None


@cache
def _type(spelt: str) -> Type:
    """The checker for a type: ``int32``, ``[v1.Container]``, ``{quantity}``, ``v1.PodSpec``."""
    if spelt in SCALARS:
        return SCALARS[spelt]
    if spelt[0] == "[":
        return List(_type(spelt[1:-1]))
    if spelt[0] == "{":
        return Map(_type(spelt[1:-1]))
    return Struct(spelt, _fields)


def _fields(name: str) -> dict[str, Field]:
    return {field: _field(spelt) for field, spelt in _table()["types"][name].items()}


def _field(spelt: str) -> Field:
    """The marks at the end. ``?``: a zero is kept, as empty structs always are. ``!``: it is written in any
    case; ``!!``: as null."""
    of = _type(spelt.rstrip("!?"))
    absent = None if spelt.endswith("!!") else of.zero if spelt[-1] == "!" and of.zero in (0, "") else ...
    return Field(of, spelt[-1] in "!?" or isinstance(of, Struct) or type(of) is Type, absent)
