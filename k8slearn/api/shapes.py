"""How values of each type merge: scalars, maps and lists, and which of those are one thing.

The shape of a built-in kind follows from `types.json` and the table in `mergerules`. Whoever brings his own
schema (custom resources) builds the same few classes from it; without a schema there is `UNKNOWN`.

Kubernetes: sigs.k8s.io/structured-merge-diff/schema (there a shape is an Atom)
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, ClassVar

from k8slearn.api import checkers, schema
from k8slearn.api.kinds import Resource
from k8slearn.api.mergerules import GRANULAR, KEY_DEFAULTS, Rule, is_always_there, rule_of


class Absent:
    """Said by nobody: not even null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = Absent()


class Shape:
    """Base of all shapes. An `atomic` one has a single owner, whatever is in it."""

    form: ClassVar[str] = "scalar"
    atomic = True

    def of(self, value: Any) -> Shape:
        """The shape of this very value. Only types that allow several forms have to look."""
        return self


class Scalar(Shape):
    """wants: "string", "numeric", "boolean" or "untyped"."""

    def __init__(self, wants: str) -> None:
        self.wants = wants


class Listing(Shape):
    """A list. If it is not `atomic`, its items are told apart by `keys`, or, without any, by their value."""

    form = "list"

    def __init__(self, item: Shape, rule: Rule, defaults: dict[str, Any] | None = None) -> None:
        self.item, self.rule, self.keys = item, rule, rule.keys
        self.atomic = rule.relation not in ("map", "set")
        self.defaults = defaults or {}  # what a key says in an item that does not mention it


class Mapping(Shape):
    """An object: with known fields, with values of one shape (`other`), or both."""

    form = "map"

    def __init__(
        self, fields: dict[str, Shape] | None = None, other: Shape | None = None, rule: Rule = GRANULAR
    ) -> None:
        self._fields, self.other, self.rule = fields or {}, other, rule
        self.atomic = rule.relation == "atomic"

    @cached_property
    def fields(self) -> dict[str, Shape]:
        return self._fields

    @cached_property
    def zeros(self) -> dict[str, Any]:
        """What fields hold of which nobody spoke: Go writes structs and required fields in any case."""
        return {}

    def field(self, name: str) -> Shape | None:
        return self.fields.get(name) or self.other


class Struct(Mapping):
    """A Go struct. Its fields are looked up on first use, for types may contain each other."""

    def __init__(self, spelt: str, rule: Rule) -> None:
        super().__init__(rule=rule)
        self.spelt, self.name = spelt, spelt.rpartition(".")[2]

    @cached_property
    def fields(self) -> dict[str, Shape]:
        types = schema.types()[self.spelt]
        return {name: shape_of_type(spelt, rule_of(self.spelt, name, spelt)) for name, spelt in types.items()}

    @cached_property
    def zeros(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, spelt in schema.types()[self.spelt].items():
            bare = spelt.rstrip("!?")
            if bare in schema.types() and is_always_there(self.spelt, name):
                found[name] = {}
            elif spelt.endswith("!"):
                known = bare in checkers.SCALARS and not spelt.endswith("!!")
                found[name] = checkers.SCALARS[bare].zero if known else None
        return found


class Anything(Shape):
    """A value without a schema: what it looks like is what it is. Lists are one thing, maps are not."""

    def of(self, value: Any) -> Shape:
        if isinstance(value, dict) or value is None:
            return self._map
        return self._list if isinstance(value, list) else self._scalar

    @cached_property
    def _map(self) -> Shape:
        return Mapping(other=self)

    @cached_property
    def _list(self) -> Shape:
        return Listing(self, Rule("atomic"))

    @cached_property
    def _scalar(self) -> Shape:
        return Scalar("untyped")


UNKNOWN = Anything()

SCALARS = {
    **dict.fromkeys(["int32", "int64", "float"], "numeric"),
    **dict.fromkeys(["string", "bytes"], "string"),
    **dict.fromkeys(["time", "microtime", "quantity", "intorstring"], "untyped"),
    "bool": "boolean",
}


@cache
def shape_of(resource: Resource) -> Shape:
    """The shape of a kind's objects; of custom resources, only that they have metadata like everybody's."""
    if resource.definition is not None:
        return resource.definition.shape
    name = schema.kind_type(resource)
    if name is None:
        metadata = shape_of_type("v1.ObjectMeta", GRANULAR)
        return Mapping({"metadata": metadata}, other=UNKNOWN)
    return shape_of_type(name, GRANULAR)


@cache
def shape_of_type(spelt: str, rule: Rule) -> Shape:
    """The shape of a type as types.json spells it: ``int32``, ``[v1.Container]``, ``{quantity}``, ``v1.PodSpec``."""
    spelt = spelt.rstrip("!?")
    if spelt in SCALARS:
        return Scalar(SCALARS[spelt])
    if spelt == "any":
        return UNKNOWN
    if spelt[0] == "{":
        inner = spelt[1:-1]
        return Mapping(other=shape_of_type(inner, rule_of("", "", inner)), rule=rule)
    if spelt[0] == "[":
        inner = spelt[1:-1]
        defaults = KEY_DEFAULTS.get(inner.rpartition(".")[2])
        return Listing(shape_of_type(inner, rule_of("", "", inner)), rule, defaults)
    return Struct(spelt, rule)
