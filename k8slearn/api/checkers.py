"""One small checker per type of field: string, int32, a list, a struct ... `schema` builds and runs them.

A checker takes a value and answers with a copy in canonical form. What does not fit is noted in `Trouble`
(the first one counts, as in Go's decoder) or raised as ValueError where Go's own types give up at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from k8slearn.api import quantities, scalars
from k8slearn.api.objects import edit

# Where a value stands: (place of its parent, field or index or key, name of the struct it is a field of)
At = tuple[Any, str | int, str] | None


class Trouble:
    """What is wrong with one object."""

    def __init__(self) -> None:
        self.mismatch = ""
        self.unknown: list[str] = []

    def wrong(self, value: Any, at: At, go: str) -> None:
        self.mismatch = self.mismatch or mismatch(value, at, go)

    def unknown_field(self, at: At) -> None:
        self.unknown.append(f'unknown field "{path_of(at)}"')


def mismatch(value: Any, at: At, go: str) -> str:
    """``json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32``"""
    names, struct = [], ""
    while at is not None:
        if at[2]:
            names.append(str(at[1]))
            struct = struct or at[2]
        at = at[0]
    target = f"struct field {struct}.{'.'.join(reversed(names))} of" if names else "value of"
    shown = f" {value}" if go.startswith(("int", "float")) and go_name(value) == "number" else ""
    return f"json: cannot unmarshal {go_name(value)}{shown} into Go {target} type {go}"


def go_name(value: Any) -> str:
    """What Go's JSON decoder calls a value."""
    names = {bool: "bool", str: "string", list: "array", dict: "object"}
    return next((name for cls, name in names.items() if isinstance(value, cls)), "number")


def path_of(at: At) -> str:
    """``spec.containers[0].image``"""
    path = ""
    while at is not None:
        path = (f"[{at[1]}]" if isinstance(at[1], int) else f".{at[1]}") + path
        at = at[0]
    return path.removeprefix(".")


class Type:
    """Base of all checkers. ``go`` is Go's name for it, ``zero`` what null becomes in a list or a map."""

    go: str = "interface {}"
    zero: Any = None
    plain: ClassVar[type | None] = None  # values of exactly this class need no look

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        return edit(value)


class String(Type):
    go, zero, plain = "string", "", str

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if not isinstance(value, str):
            trouble.wrong(value, at, self.go)
        return value


class Bool(Type):
    go, zero, plain = "bool", False, bool

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        trouble.wrong(value, at, self.go)


class Integer(Type):
    zero = 0

    def __init__(self, bits: int) -> None:
        self.go = f"int{bits}"
        self.least, self.most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if type(value) is int and self.least <= value <= self.most:
            return value
        return trouble.wrong(value, at, self.go)


class Float(Type):
    go, zero = "float64", 0

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        return trouble.wrong(value, at, self.go)


class IntOrString(Type):
    """Kubernetes: apimachinery/pkg/util/intstr"""

    go, zero, plain = "int32", 0, str

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if isinstance(value, str) or (type(value) is int and -(2**31) <= value < 2**31):
            return value
        raise ValueError(mismatch(value, at, self.go))


class Quantity(Type):
    go, zero = "resource.Quantity", "0"

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return quantities.canonical(value.strip() if isinstance(value, str) else value)
        return quantities.canonical("not a number")


class Text(Type):
    """A string with a form of its own; `rewrite` answers with the canonical one or raises ValueError."""

    def __init__(self, go: str, rewrite: Callable[[str], str], zero: Any = None) -> None:
        self.go, self.rewrite, self.zero = go, rewrite, zero

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if isinstance(value, str):
            return self.rewrite(value)
        raise ValueError(mismatch(value, at, self.go))


class List(Type):
    def __init__(self, of: Type) -> None:
        self.of, self.go, self.zero = of, f"[]{of.go}", []

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if not isinstance(value, list):
            return trouble.wrong(value, at, self.go)
        of = self.of
        return [
            of.decode(item, (at, i, ""), trouble) if item is not None else edit(of.zero)
            for i, item in enumerate(value)
        ]


class Map(Type):
    def __init__(self, of: Type) -> None:
        self.of, self.go, self.zero = of, f"map[string]{of.go}", {}

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if not isinstance(value, dict):
            return trouble.wrong(value, at, self.go)
        of, plain = self.of, self.of.plain
        return {
            key: item
            if type(item) is plain
            else of.decode(item, (at, key, ""), trouble)
            if item is not None
            else edit(of.zero)
            for key, item in value.items()
        }


class Field(NamedTuple):
    """A field of a struct: its type, whether a zero is kept, and what is written when nothing was said."""

    of: Type
    keep: bool
    absent: Any  # ... for nothing at all


class Struct(Type):
    """A JSON object with known fields. They are loaded on first use, for types may contain each other."""

    def __init__(self, go: str, load: Callable[[str], dict[str, Field]]) -> None:
        self.go, self.name, self.zero = go.rpartition("/")[2], go.rpartition(".")[2], {}
        self.key, self.load = go, load
        self.fields: dict[str, tuple[Type, bool, type | None]] = {}
        self.required: dict[str, Any] = {}

    def decode(self, value: Any, at: At, trouble: Trouble) -> Any:
        if not isinstance(value, dict):
            return trouble.wrong(value, at, self.go)
        fields = self.fields or self.load_fields()
        decoded = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                trouble.unknown_field((at, key, self.name))
                continue
            of, keep, plain = field
            if item is None:
                continue
            if type(item) is not plain:
                item = of.decode(item, (at, key, self.name), trouble)
            if item or keep:
                decoded[key] = item
        for key, zero in self.required.items():
            if key not in decoded:
                decoded[key] = zero
        return decoded

    def load_fields(self) -> dict[str, tuple[Type, bool, type | None]]:
        loaded = self.load(self.key)
        self.required = {n: f.absent for n, f in loaded.items() if f.absent is not ...}
        self.fields = {n: (f.of, f.keep, f.of.plain) for n, f in loaded.items()}
        return self.fields


SCALARS: dict[str, Type] = {
    "any": Type(),
    "string": String(),
    "bool": Bool(),
    "int32": Integer(32),
    "int64": Integer(64),
    "float": Float(),
    "intorstring": IntOrString(),
    "quantity": Quantity(),
    "time": Text("string", scalars.time),
    "microtime": Text("string", scalars.microtime),
    "bytes": Text("[]uint8", scalars.bytes64, zero=""),
}
