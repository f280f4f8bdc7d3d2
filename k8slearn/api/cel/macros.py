"""Macros that celpy does not have, written with those that it has.

In a template, ``T`` stands for what the macro is asked of, ``K`` and ``V`` for the names it brings along, ``F`` and
``E`` for what is said with them. A macro with two names goes over pairs: of place and item, or of key and value.

Kubernetes: github.com/google/cel-go/parser/macro.go, cel/library.go, ext (comprehensions.go, lists.go)
"""

from __future__ import annotations

import copy
from functools import lru_cache

from celpy.celparser import CELParser
from lark import Token, Tree

from k8slearn.api.cel.syntax import Node, arguments

_PAIR = "[__pair__[0]].{0}(K, [__pair__[1]].{0}(V, {1}))"
_ALL, _ANY = _PAIR.format("all", "E"), _PAIR.format("exists", "E")
_MADE, _CHOSEN = f"{_PAIR.format('map', 'E')}[0][0]", f"filter(__pair__, {_PAIR.format('exists', 'F')})"
#: By the names of their arguments.
TEMPLATES: dict[tuple[str, str], str] = {
    ("map", "KFE"): "T.filter(K, F).map(K, E)",
    ("optMap", "KE"): "T.optList().map(K, E).optMapped()",
    ("optFlatMap", "KE"): "T.optList().map(K, E).optFlatMapped()",
    ("sortBy", "KE"): "T.sortedBy(T.map(K, E))",
    ("all", "KVE"): f"pairsOf(T).all(__pair__, {_ALL})",
    ("exists", "KVE"): f"pairsOf(T).exists(__pair__, {_ANY})",
    ("existsOne", "KVE"): f"pairsOf(T).exists_one(__pair__, {_ANY})",
    ("existsOne", "KE"): "T.exists_one(K, E)",
    ("transformList", "KVE"): f"pairsOf(T).map(__pair__, {_MADE})",
    ("transformList", "KVFE"): f"pairsOf(T).{_CHOSEN}.map(__pair__, {_MADE})",
    ("transformMap", "KVE"): f"mapOf(pairsOf(T).map(__pair__, [__pair__[0], {_MADE}]))",
    ("transformMap", "KVFE"): f"mapOf(pairsOf(T).{_CHOSEN}.map(__pair__, [__pair__[0], {_MADE}]))",
    ("transformMapEntry", "KVE"): f"mergedOf(pairsOf(T).map(__pair__, {_MADE}))",
    ("transformMapEntry", "KVFE"): f"mergedOf(pairsOf(T).{_CHOSEN}.map(__pair__, {_MADE}))",
}
_BY_COUNT = {(name, len(given)): (given, template) for (name, given), template in TEMPLATES.items()}
#: Functions whose own names mean something else to celpy: a type, a macro.
RENAMED = {name: f"{name}Of" for name in "int uint double bool string timestamp duration min".split()}
LEVELS = "unary multiplication addition relation conditionaland conditionalor expr".split()


def expanded(node: Node) -> Node:
    """The tree with all macros written out. What is no macro stays the same node, at its place."""
    if not isinstance(node, Tree):
        return node
    node.children = [expanded(child) for child in node.children]
    if node.data == "member_dot_arg":
        return _method(node)
    if node.data == "ident_arg":
        node.children[0] = _renamed(node.children[0])
    return node


def _method(node: Tree[Token]) -> Node:
    target, name, given = node.children[0], str(node.children[1]), arguments(node)
    if (name, len(given)) not in _BY_COUNT:
        node.children[1] = node.children[1] if given else _renamed(node.children[1])
        return node
    letters, template = _BY_COUNT[name, len(given)]
    return _filled(copy.deepcopy(_parsed(template)), {"T": target, **dict(zip(letters, given, strict=True))})


def _renamed(name: Node) -> Node:
    assert isinstance(name, Token)
    return Token.new_borrow_pos(name.type, RENAMED.get(name, str(name)), name)


@lru_cache(maxsize=64)
def _parsed(template: str) -> Node:
    """Of a template, what stands where its macro stood."""
    return only(CELParser().parse(template), "member").children[0]


def _filled(node: Node, given: dict[str, Node]) -> Node:
    if isinstance(node, Token):
        return node
    name = name_of(node)
    if name in given and node.data in ("expr", "member"):
        found = given[name]
        return lifted(found) if node.data == "expr" and _is(found, "member") else found
    node.children = [_filled(child, given) for child in node.children]
    return node


def present(node: Node) -> Node:
    """What celpy does not do as we want it, as calls of functions of ours.

    ``has(a.b)`` as ``hasField(a, "b")``: celpy's own would call `b` absent where it is `a` that is
    missing. ``Object.spec{a: 1}`` as ``constructed("Object.spec", {"a": 1})``.
    """
    if not isinstance(node, Tree):
        return node
    node.children = [present(child) for child in node.children]
    if node.data == "ident_arg" and node.children[0] == "has":
        owner, field = only(arguments(node)[0], "member_dot").children
        node.children = [Token("IDENT", "hasField"), Tree("exprlist", [lifted(owner), _text(str(field))])]
    if node.data == "member_object":
        entries = [_text(str(n)) if isinstance(n, Token) else n for n in fields_of(node)]
        inits: list[Node] = [Tree("mapinits", entries)] if entries else []
        made = lifted(_primary(Tree("map_lit", inits)))
        call: list[Node] = [
            Token("IDENT", "constructed"),
            Tree("exprlist", [_text(dotted(node.children[0])), made]),
        ]
        return Tree("primary", [Tree("ident_arg", call)])
    return node


def fields_of(node: Tree[Token]) -> list[Node]:
    """Of ``Type{field: value}``: field, value, field, value, ..."""
    last = node.children[-1]
    return list(last.children) if isinstance(last, Tree) and last.data == "fieldinits" else []


def dotted(node: Node) -> str:
    """``a.b.c``; "" for what is no such name."""
    try:
        owner, field = only(node, "member_dot").children
    except ValueError:
        return name_of(node)
    before = dotted(owner)
    return f"{before}.{field}" if before else ""


def _primary(node: Node) -> Node:
    return Tree("member", [Tree("primary", [node])])


def _text(text: str) -> Node:
    return lifted(_primary(Tree("literal", [Token("STRING_LIT", f'"{text}"')])))


# --- trees --------------------------------------------------------------------------------------


def _is(node: Node, data: str) -> bool:
    return isinstance(node, Tree) and node.data == data


def only(node: Node, data: str) -> Tree[Token]:
    """What is within, if there is nothing else around it. Raises ValueError."""
    while isinstance(node, Tree):
        if node.data == data:
            return node
        if len(node.children) != 1:
            break
        node = node.children[0]
    raise ValueError(f"no {data}")


def name_of(node: Node) -> str:
    """Of an expression that is just a name; "" of any other."""
    try:
        return str(only(node, "ident").children[0])
    except ValueError:
        return ""


def lifted(member: Node) -> Node:
    """A member where a whole expression is wanted: through all levels of precedence."""
    for level in LEVELS:
        member = Tree(level, [member], member.meta if isinstance(member, Tree) else None)
    return member
