"""What kind of value an expression has: types are structural schemas, None is any value (cel-go's `dyn`).

What operators and methods want is a table. Only what is certainly wrong is refused: where a type is not known,
it shows when the expression is evaluated.

Kubernetes: apiserver/pkg/cel/common/schemas.go (SchemaDeclType); github.com/google/cel-go/common/stdlib
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
Type = Schema | None

INT, UINT, DOUBLE, BOOL = {"type": "integer"}, {"type": "uint"}, {"type": "number"}, {"type": "boolean"}
TEXT, BYTES, NULL = {"type": "string"}, {"type": "bytes"}, {"type": "null"}
TIME, DURATION = {"type": "timestamp"}, {"type": "duration"}
TEXTS = {"type": "array", "items": TEXT}
MAKER = {"type": "maker"}  # of a name: what is called so can be made (`built`)

INT_OR_STRING = "x-kubernetes-int-or-string"
PLAIN = "plain"  # says of an object that its fields have no names that need to be escaped
#: How a field is called in an expression, if its own name cannot be said there.
ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
RESERVED = frozenset(
    "true false null in as break const continue else for function if import let loop package namespace return var "
    "void while".split()
)
_NAMES: dict[str, str] = {"integer": "int", "number": "double", "boolean": "bool"}
_FORMATS = {"date": "timestamp", "date-time": "timestamp", "duration": "duration", "byte": "bytes"}
SCALARS = frozenset("int uint double bool string bytes timestamp duration".split())


def name_of(schema: Type) -> str:
    """``int``, ``list(string)``, ``map(string, int)``, ``object``; "" for what is not known."""
    if schema is None or "type" not in schema:
        return ""
    kind: str = schema["type"]
    if kind == "array":
        items = name_of(schema.get("items"))
        return f"list({items})" if items else ""
    if kind == "object":
        values = name_of(item_of(schema))
        return "object" if is_object(schema) else f"map(string, {values})" if values else ""
    if kind == "null":
        return kind
    if kind == "made":
        return str(schema["name"])
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), kind)
    return _NAMES.get(kind, kind) if _NAMES.get(kind, kind) in SCALARS else ""


def name_in(schema: Schema, name: str) -> str:
    """How a field is called in an expression."""
    return name if schema.get(PLAIN) else escaped(name)


def escaped(name: str) -> str:
    """``x.y-z`` is ``x__dot__y__dash__z``, ``namespace`` is ``__namespace__``."""
    if name in RESERVED:
        return f"__{name}__"
    for mark, word in ESCAPES:
        name = name.replace(mark, word)
    return name


def is_object(schema: Type) -> bool:
    """Has it fields, rather than keys? (What else is preserved in it, no rule can see.)"""
    return schema is not None and schema.get("type") == "object" and item_of(schema) is None


def is_seen(schema: Schema) -> bool:
    """Can a rule see such a field? Not if nothing says of what type it is."""
    if schema.get("type") == "array":
        return is_seen(schema.get("items") or {})
    if schema.get("type") == "object":
        return is_object(schema) or is_seen(item_of(schema) or {})
    return "type" in schema or bool(schema.get(INT_OR_STRING))


def field_of(schema: Schema, name: str) -> tuple[Type] | None:
    """(its type,), by the name that it has in expressions; None if there is no such field."""
    for said, inner in (schema.get("properties") or {}).items():
        if name_in(schema, said) == name and (schema.get(PLAIN) or is_seen(inner)):
            return (inner if "type" in inner else None,)
    return None


def item_of(schema: Type) -> Type:
    """Of a list or of a map."""
    if schema is None:
        return None
    inner = schema.get("items" if schema.get("type") == "array" else "additionalProperties")
    return inner if isinstance(inner, dict) else None


# --- what celpy's grammar calls literals and operators ------------------------------------------------

LITERALS = {
    "INT_LIT": INT,
    "UINT_LIT": UINT,
    "FLOAT_LIT": DOUBLE,
    "STRING_LIT": TEXT,
    "MLSTRING_LIT": TEXT,
    "BYTES_LIT": BYTES,
    "BOOL_LIT": BOOL,
    "NULL_LIT": NULL,
}
OPERATORS = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}
CONNECTIVES = {"conditionaland": "&&", "conditionalor": "||"}

# --- operators ----------------------------------------------------------------------------------

NUMBERS = ("int", "uint", "double")
_ADD = {("timestamp", "duration"): TIME, ("duration", "timestamp"): TIME}
_SUB = {("timestamp", "duration"): TIME, ("timestamp", "timestamp"): DURATION}
#: The types of which two make one of the same type, and what other pairs make.
COUNTING: Mapping[str, tuple[tuple[str, ...], Mapping[tuple[str, str], Schema]]] = {
    "+": ((*NUMBERS, "string", "bytes", "duration"), _ADD),
    "-": ((*NUMBERS, "duration"), _SUB),
    "*": (NUMBERS, {}),
    "/": (NUMBERS, {}),
    "%": (("int", "uint"), {}),
}
ORDERING, EQUALITY, LOGIC = ("<", "<=", ">", ">="), ("==", "!="), ("&&", "||")


def _may_be_null(one: str, other: str) -> bool:
    what = one if other == "null" else other
    return "null" in (one, other) and what in ("object", "timestamp", "duration")


def result(operator: str, left: Type, right: Type) -> tuple[bool, Type]:
    """(may it be, what comes out). Kubernetes: cel-go's standard overloads, and CrossTypeNumericComparisons"""
    one, other = name_of(left), name_of(right)
    if operator in LOGIC:
        return {one, other} <= {"", "bool"}, BOOL
    if not one or not other:
        return True, None if operator in COUNTING else BOOL
    if operator in EQUALITY:
        return one == other or _may_be_null(one, other), BOOL
    if operator == "in":
        return other == f"list({one})" or (one == "string" and other.startswith("map(string")), BOOL
    if operator in ORDERING:
        numbers = one in NUMBERS and other in NUMBERS
        return numbers or (one == other and one in SCALARS), BOOL
    same, pairs = COUNTING[operator]
    if (one, other) in pairs:
        return True, pairs[one, other]
    fits = one == other and (one in same or (operator == "+" and one.startswith("list(")))
    return fits, left


# --- methods and functions: what they are asked of, what they answer ------------------------------

_TEXT, _LIST = frozenset(["string"]), frozenset(["list"])
_KEPT = ["lowerAscii", "upperAscii", "trim", "substring", "replace", "find", "format", "charAt"]
_ITEMS = ["sum", "minOf", "max", "slice", "flatten", "distinct", "reverse", "sort", "sortedBy"]
METHODS: dict[str, tuple[frozenset[str], Type]] = {
    **dict.fromkeys(["startsWith", "endsWith", "contains", "matches"], (_TEXT, BOOL)),
    **dict.fromkeys(_KEPT, (_TEXT, TEXT)),
    **dict.fromkeys(["split", "findAll"], (_TEXT, TEXTS)),
    **dict.fromkeys(["indexOf", "lastIndexOf"], (_TEXT | _LIST, INT)),
    "size": (_TEXT | frozenset(["list", "map", "bytes"]), INT),
    "join": (_LIST, TEXT),
    "isSorted": (_LIST, BOOL),
    **dict.fromkeys(_ITEMS, (_LIST, None)),
}
#: Of which types the items must be.
ITEMS = {
    "sum": frozenset([*NUMBERS, "duration"]),
    **dict.fromkeys(["minOf", "max", "isSorted", "sort"], SCALARS),
}
#: Of values that have no type here, but answer with one that is known.
ANSWERS: dict[str, Type] = dict.fromkeys(
    "hasValue isGreaterThan isLessThan isInteger containsIP containsCIDR allowed errored".split(), BOOL
)
FUNCTIONS: dict[str, Type] = {
    **dict.fromkeys(["has", "boolOf", "isQuantity", "isURL", "isIP", "isCIDR"], BOOL),
    **dict.fromkeys(["sets_contains", "sets_equivalent", "sets_intersects", "ip_isCanonical"], BOOL),
    **dict.fromkeys(["size", "intOf"], INT),
    "stringOf": TEXT,
    "doubleOf": DOUBLE,
    "uintOf": UINT,
    "bytes": BYTES,
    "timestampOf": TIME,
    "durationOf": DURATION,
}


def answers(name: str, schema: Type) -> bool:
    """May this method be asked of such a value?"""
    kind, item = name_of(schema), name_of(item_of(schema))
    if kind and kind.partition("(")[0] not in METHODS[name][0]:
        return False
    return not item or item in ITEMS.get(name, (item,))
