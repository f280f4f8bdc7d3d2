"""Looks at an expression before it is ever evaluated: are there such names, and do the types fit?

Kubernetes: github.com/google/cel-go/checker
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Token, Tree

from k8slearn.api.cel import built, literals, types
from k8slearn.api.cel.functions import KNOWN, MACROS
from k8slearn.api.cel.macros import RENAMED, dotted, fields_of, only
from k8slearn.api.cel.macros import name_of as name_of_node
from k8slearn.api.cel.syntax import Node, Text, arguments
from k8slearn.api.cel.types import BOOL, TEXT, Type, name_of

Names = Mapping[str, Type]

TYPES = frozenset(
    "int uint double bool string bytes list map null_type type timestamp duration google".split()
)


class Checker:
    """One look at one expression. `mistakes` are (place, what is said of it), `used` the names it speaks of."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.used: set[str] = set()
        self.mistakes: list[tuple[int, str]] = []

    def said(self) -> list[str]:
        """Every mistake with its place, in the order of their places."""
        return [self.text.error(place, what) for place, what in sorted(self.mistakes)]

    def type_of(self, node: Node, names: Names) -> Type:
        """Of what a node stands for; None when it may be anything."""
        if isinstance(node, Token):
            return None
        look = getattr(self, f"_{node.data}", None)
        if look is not None:
            found: Type = look(node, names)
            return found
        found_in = [self.type_of(child, names) for child in node.children]
        return found_in[0] if len(found_in) == 1 else None

    def _mistake(self, place: int, what: str) -> None:
        self.mistakes.append((place, what))

    # --- names ------------------------------------------------------------------------------------

    def _ident(self, node: Tree[Token], names: Names) -> Type:
        token = _token(node.children[0])
        if token in names:
            self.used.add(token)
            return names[token]
        if token in types.RESERVED:
            self._mistake(token.start_pos or 0, f"reserved identifier: {token}")
        elif token not in TYPES:
            self._undeclared(token, token.start_pos or 0)
        return None

    def _undeclared(self, name: str, place: int) -> None:
        self._mistake(place, f"undeclared reference to '{name}' (in container '')")

    def _member_dot(self, node: Tree[Token], names: Names) -> Type:
        """``member.field``"""
        schema, token = self.type_of(node.children[0], names), _token(node.children[1])
        dot = (token.start_pos or 1) - 1
        if name_of(schema) in types.SCALARS:
            self._mistake(dot, f"type '{name_of(schema)}' does not support field selection")
        if schema is None or not types.is_object(schema):
            return types.item_of(schema)
        return self._field(schema, token, dot)

    def _field(self, schema: types.Schema, name: str, dot: int) -> Type:
        found = types.field_of(schema, name)
        if found is None:
            self._mistake(dot, f"undefined field '{name}'")
            return None
        return found[0]

    def _member_index(self, node: Tree[Token], names: Names) -> Type:
        """``member[place]``"""
        schema, place = (self.type_of(child, names) for child in node.children)
        if name_of(schema) == "object":
            self._no_overload(self._operator(node.children[0], "["), "_[_]", schema, place)
        return types.item_of(schema)

    # --- calls ------------------------------------------------------------------------------------

    def _member_dot_arg(self, node: Tree[Token], names: Names) -> Type:
        """``member.function(arguments)``; a macro brings a name along, which stands for each item."""
        schema, name, given = self.type_of(node.children[0], names), _token(node.children[1]), arguments(node)
        if name in MACROS and len(given) == 2:
            return self._macro(schema, name, given, names)
        mistakes = len(self.mistakes)
        found = [self.type_of(argument, names) for argument in given]
        if name == "format" and given:  # values of all types may stand in its list
            self.mistakes[mistakes:] = [m for m in self.mistakes[mistakes:] if "expected type" not in m[1]]
        self._called(name, given)
        if name == "optSelect" and schema is not None and types.is_object(schema):
            self._field(schema, str(only(given[0], "literal").children[0])[1:-1], name.start_pos or 0)
        if name not in types.METHODS:
            return types.ANSWERS.get(name)
        if not types.answers(name, schema):
            said = next((k for k, v in RENAMED.items() if v == name), name)
            shown = f"{name_of(schema)}.({', '.join(name_of(t) or 'dyn' for t in found)})"
            what = f"found no matching overload for '{said}' applied to '{shown}'"
            self._mistake(self._bracket(name), what)
        return types.METHODS[name][1]

    def _macro(self, schema: Type, name: Token, given: list[Node], names: Names) -> Type:
        if not name_of_node(given[0]):
            what = "must be a simple name" if name in ("all", "exists") else "is not an identifier"
            self._mistake(_start(given[0]), f"argument {what}")
            return None
        if name_of(schema) in (*types.SCALARS, "object", "null"):
            what = f"expression of type '{name_of(schema)}' cannot be range of a comprehension"
            self._mistake(self._bracket(name), f"{what} (must be list, map, or dynamic)")
        is_map = schema is not None and "additionalProperties" in schema
        item = TEXT if is_map else types.item_of(schema)
        inner = self.type_of(given[1], {**names, name_of_node(given[0]): item})
        self._asks(name, schema, inner)
        if name == "filter":
            return schema
        return {"type": "array", "items": inner} if name == "map" else BOOL

    def _asks(self, name: Token, schema: Type, inner: Type) -> None:
        """What is asked of each item must be a question."""
        if name == "map" or name_of(inner) in ("", "bool"):
            return
        if name in ("all", "exists"):
            self._no_overload(self._bracket(name), f"_{'&&' if name == 'all' else '||'}_", BOOL, inner)
        else:
            kept = schema if name == "filter" else types.INT
            self._no_overload(self._bracket(name), "_?_:_", inner, kept, kept)

    def _ident_arg(self, node: Tree[Token], names: Names) -> Type:
        """``function(arguments)``"""
        name, given = _token(node.children[0]), arguments(node)
        for argument in given:
            self.type_of(argument, names)
        self._called(name, given)
        if name == "has" and given and not _is_selection(given[0]):
            self._mistake(_start(given[0]), "invalid argument to has() macro")
        return types.FUNCTIONS.get(name)

    def _called(self, name: Token, given: list[Node]) -> None:
        if name not in KNOWN:
            self._undeclared(name, self._bracket(name))
        for argument in given:
            if found := literals.mistake(name, argument):
                self._mistake(*found)

    def _bracket(self, name: Token) -> int:
        """Where the bracket of a call opens: cel-go points there."""
        return max(self.text.read.find("(", name.end_pos or 0), 0)

    # --- operators --------------------------------------------------------------------------------

    def _two(self, node: Tree[Token], names: Names) -> Type:
        """Two operands, or just one that is handed through."""
        if len(node.children) == 1:
            return self.type_of(node.children[0], names)
        first, second = node.children
        assert isinstance(first, Tree)
        sign = types.OPERATORS.get(str(first.data))
        operand, operator = (first.children[0], sign) if sign else (first, types.CONNECTIVES[str(node.data)])
        left, right = self.type_of(operand, names), self.type_of(second, names)
        fits, answer = types.result(operator, left, right)
        if not fits:
            shown = "@in" if operator == "in" else f"_{operator}_"
            self._no_overload(self._operator(operand, operator), shown, left, right)
        return answer

    _relation = _addition = _multiplication = _conditionaland = _conditionalor = _two

    def _unary(self, node: Tree[Token], names: Names) -> Type:
        if len(node.children) == 1:
            return self.type_of(node.children[0], names)
        sign, operand = node.children
        assert isinstance(sign, Tree)
        is_not, found = sign.data == "unary_not", self.type_of(operand, names)
        if name_of(found) not in ("", *(["bool"] if is_not else ["int", "double"])):
            self._no_overload(sign.meta.start_pos, "!_" if is_not else "-_", found)
        return BOOL if is_not else found

    def _expr(self, node: Tree[Token], names: Names) -> Type:
        """``condition ? one : other``"""
        found = [self.type_of(child, names) for child in node.children]
        if len(found) == 1:
            return found[0]
        condition, one, other = map(name_of, found)
        if condition not in ("", "bool") or (one and other and one != other):
            self._no_overload(self._operator(node.children[0], "?"), "_?_:_", *found)
        return found[1] if one == other else None

    def _no_overload(self, place: int, operator: str, *found: Type) -> None:
        shown = ", ".join(name_of(schema) or "dyn" for schema in found)
        self._mistake(place, f"found no matching overload for '{operator}' applied to '({shown})'")

    def _operator(self, left: Any, operator: str) -> int:
        end = getattr(getattr(left, "meta", None), "end_pos", None) or getattr(left, "end_pos", None) or 0
        return max(self.text.read.find(operator, end), 0)

    # --- literals ---------------------------------------------------------------------------------

    def _literal(self, node: Tree[Token], names: Names) -> Type:
        token = _token(node.children[0])
        if token.type == "INT_LIT" and not -(2**63) <= int(token, 16 if "x" in token else 10) < 2**63:
            self._mistake(token.start_pos or 0, "invalid int literal")
        return types.LITERALS.get(token.type)

    def _list_lit(self, node: Tree[Token], names: Names) -> Type:
        found = [self.type_of(item, names) for item in arguments(node)] if node.children else []
        self._alike(found, arguments(node))
        same = bool(found) and all(name_of(item) == name_of(found[0]) for item in found)
        return {"type": "array", "items": found[0] if same else None}

    def _member_object(self, node: Tree[Token], names: Names) -> Type:
        """``Type{field: value}``"""
        name, given = dotted(node.children[0]), fields_of(node)
        root, dot, _ = name.partition(".")
        if names.get(root) != types.MAKER or (dot and root == built.PATCH):
            self._undeclared(name, self._operator(node.children[0], "{"))
        for field, value in zip(map(_token, given[::2]), given[1::2], strict=True):
            found = self.type_of(value, names)
            if name == built.PATCH:
                self._patch_field(field, name_of(found))
        return {"type": "made", "name": name}

    def _patch_field(self, field: Token, kind: str) -> None:
        colon = max(self.text.read.find(":", field.end_pos or 0), 0)
        if field not in built.PATCH_FIELDS:
            self._mistake(colon, f"undefined field '{field}'")
        elif field != "value" and kind not in ("", "string"):
            self._mistake(
                colon, f"expected type of field '{field}' is 'string' but provided type is '{kind}'"
            )

    def _map_lit(self, node: Tree[Token], names: Names) -> Type:
        inits = node.children[0] if node.children else None
        entries = inits.children if isinstance(inits, Tree) else []
        found = [self.type_of(entry, names) for entry in entries]
        self._alike(found[::2], entries[::2])
        self._alike(found[1::2], entries[1::2])
        same = (
            name_of(found[0]) == "string" and len({name_of(t) for t in found[1::2]}) == 1 if found else False
        )
        return {"type": "object", "additionalProperties": found[1] or {}} if same else None

    def _alike(self, found: list[Type], nodes: list[Node]) -> None:
        """The entries of a list or a map are written with one type."""
        first = name_of(found[0]) if found else ""
        for kind, node in zip(map(name_of, found), nodes, strict=True):
            if first and kind and kind != first:
                self._mistake(_start(node), f"expected type '{first}' but found '{kind}'")
                return


def _token(node: Node) -> Token:
    assert isinstance(node, Token)
    return node


def _start(node: Node) -> int:
    return (node.start_pos if isinstance(node, Token) else node.meta.start_pos) or 0


def _is_selection(node: Node) -> bool:
    try:
        return bool(only(node, "member_dot"))
    except ValueError:
        return False
