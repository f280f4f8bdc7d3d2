"""Looks at the names of an expression before it is ever evaluated: is there such a variable, such a field?

(Types of operators are not checked: a wrong one shows when it is evaluated.)

Kubernetes: github.com/google/cel-go/checker
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Token, Tree

Schema = dict[str, Any]
Names = Mapping[str, Any]  # name -> its schema; None: anything

MACROS = frozenset(["all", "exists", "exists_one", "map", "filter"])
PRESERVE = "x-kubernetes-preserve-unknown-fields"
KNOWN = frozenset(
    "int uint double bool string bytes list map null_type type timestamp duration google optional cel math sets".split()
)
#: How a field is called in an expression, if its own name cannot be said there.
ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
RESERVED = frozenset(
    "true false null in as break const continue else for function if import let loop package namespace return var "
    "void while".split()
)


def escaped(name: str) -> str:
    """``x.y-z`` is ``x__dot__y__dash__z``, ``namespace`` is ``__namespace__``."""
    if name in RESERVED:
        return f"__{name}__"
    for mark, word in ESCAPES:
        name = name.replace(mark, word)
    return name


def mistakes(tree: Tree[Token], names: Names, source: str) -> list[str]:
    """What is said of every name that there is not."""
    found: list[str] = []
    _look(tree, dict(names), source, found)
    return found


def pointed(source: str, line: int, column: int, what: str) -> str:
    """The message with the line, and a mark below the place."""
    shown = source.splitlines()[line - 1] if source else ""
    return f"ERROR: <input>:{line}:{column}: {what}\n | {shown}\n | {'.' * (column - 1)}^"


def _look(node: Any, names: dict[str, Any], source: str, found: list[str]) -> Any:
    """The schema of what a node stands for; None when it may be anything."""
    if not isinstance(node, Tree):
        return None
    visit = VISITS.get(str(node.data))
    if visit is not None:
        return visit(node, names, source, found)
    schemas = [_look(child, names, source, found) for child in node.children]
    return schemas[0] if len(schemas) == 1 else None


def _ident(node: Tree[Token], names: dict[str, Any], source: str, found: list[str]) -> Any:
    token = node.children[0]
    assert isinstance(token, Token)
    if str(token) in names:
        return names[str(token)]
    if str(token) not in KNOWN:
        what = f"undeclared reference to '{token}' (in container '')"
        found.append(pointed(source, token.line or 1, token.column or 1, what))
    return None


def _field(node: Tree[Token], names: dict[str, Any], source: str, found: list[str]) -> Any:
    """``member.field``"""
    schema, token = _look(node.children[0], names, source, found), node.children[1]
    assert isinstance(token, Token)
    if not isinstance(schema, dict) or not _is_closed(schema):
        return _value_of(schema)
    for name, inner in (schema.get("properties") or {}).items():
        if escaped(name) == str(token):
            return inner
    found.append(pointed(source, token.line or 1, (token.column or 2) - 1, f"undefined field '{token}'"))
    return None


def _is_closed(schema: Schema) -> bool:
    """Are all fields known?"""
    return (
        schema.get("type") == "object" and "additionalProperties" not in schema and not schema.get(PRESERVE)
    )


def _value_of(schema: Any) -> Any:
    others = schema.get("additionalProperties") if isinstance(schema, dict) else None
    return others if isinstance(others, dict) else None


def _index(node: Tree[Token], names: dict[str, Any], source: str, found: list[str]) -> Any:
    """``member[place]``"""
    schema, _ = (_look(child, names, source, found) for child in node.children)
    return (schema.get("items") if isinstance(schema, dict) and "items" in schema else None) or _value_of(
        schema
    )


def _call(node: Tree[Token], names: dict[str, Any], source: str, found: list[str]) -> Any:
    """``member.function(arguments)``; a macro brings a name along, which stands for each item."""
    schema, arguments = _look(node.children[0], names, source, found), _arguments(node)
    if str(node.children[1]) in MACROS and len(arguments) >= 2:
        items = (schema.get("items") if isinstance(schema, dict) else None) or None
        inner = {**names, _name(arguments[0]): items}
        for argument in arguments[1:]:
            _look(argument, inner, source, found)
        return schema if str(node.children[1]) == "filter" else None
    for argument in arguments:
        _look(argument, names, source, found)
    return None


def _arguments(node: Tree[Token]) -> list[Any]:
    last = node.children[-1]
    return list(last.children) if isinstance(last, Tree) and last.data == "exprlist" else []


def _name(node: Any) -> str:
    while isinstance(node, Tree):
        node = node.children[0]
    return str(node)


def _function(node: Tree[Token], names: dict[str, Any], source: str, found: list[str]) -> Any:
    """``function(arguments)``"""
    for argument in _arguments(node):
        _look(argument, names, source, found)
    return None


VISITS: dict[str, Any] = {
    "ident": _ident,
    "member_dot": _field,
    "member_index": _index,
    "member_dot_arg": _call,
    "ident_arg": _function,
}
