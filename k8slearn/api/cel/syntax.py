"""From text to tree. celpy's grammar is older than Kubernetes' dialect; what it does not know is written in its words.

| it says | celpy reads |
|---|---|
| ``a.?b``, ``a[?b]`` | ``a.optSelect("b")``, ``a.optIndex(b)`` |
| ``optional.of(a)``, ``sets.contains(a, b)`` | ``optional_of(a)``, ``sets_contains(a, b)`` |

Younger macros are no matter of grammar: `macros` has them.

Kubernetes: github.com/google/cel-go/parser (parser.go)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from k8slearn.api.cel.functions import FUNCTIONS

Node = Tree[Token] | Token

_PART = re.compile(
    r"""(?P<text>[rR]?(?:"{3}[\s\S]*?"{3}|'{3}[\s\S]*?'{3})|//[^\n]*|[rR](?:"[^"]*"|'[^']*')"""
    r"""|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<field>\.\?\s*(?P<name>\w+))"
    r"|(?P<index>\[\?)"
    r"|(?P<static>(?<![\w.])(?P<room>optional|sets|format|ip|lists|strings|jsonpatch)\.(?P<function>\w+)(?=\())"
    r"|(?P<bracket>[\[\]])"
)
_OPERAND_ENDS = re.compile(r"[\w)\]}'\"]\s*$")
_TOKEN = re.compile(r"\w+|&&|\|\||[<>=!]=|\W?")
#: What ANTLR says that it had hoped for.
OPERAND = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
    "IDENTIFIER}"
)


@dataclass(frozen=True)
class Text:
    """An expression as celpy reads it. `origins` tells of each of its characters where it was in `source`."""

    source: str
    read: str
    origins: tuple[int, ...]

    def error(self, place: int, what: str) -> str:
        """cel-go's way to say it: the line, and a mark below `place`, which counts in what celpy reads."""
        origin = self.origins[min(place, len(self.origins) - 1)]
        before = self.source[:origin].split("\n")
        line, column = len(before), len(before[-1]) + 1
        shown = self.source.split("\n")[line - 1]
        return f"ERROR: <input>:{line}:{column}: {what}\n | {shown}\n | {'.' * (column - 1)}^"


def parse(source: str) -> tuple[Text, Node]:
    """Raises ValueError with cel-go's text."""
    text = rewritten(source)
    try:
        tree = CELParser().parse(text.read)
    except CELParseError as error:
        raise ValueError(_syntax_error(text, error)) from None
    return text, tree


def rewritten(source: str) -> Text:
    read: list[str] = []
    origins: list[int] = []
    closing: list[str] = []  # what each open bracket will be closed with

    def put(written: str, start: int, *, same: bool = False) -> None:
        read.append(written)
        origins.extend(range(start, start + len(written)) if same else [start] * len(written))

    at = 0
    for part in _PART.finditer(source):
        put(source[at : part.start()], at, same=True)
        put(*_as_celpy(part, closing), same=bool(part["text"]))
        at = part.end()
    put(source[at:], at, same=True)
    return Text(source, "".join(read), (*origins, len(source)))


def _as_celpy(part: re.Match[str], closing: list[str]) -> tuple[str, int]:
    found, start = part[0], part.start()
    if part["field"]:
        return f'.optSelect("{part["name"]}")', start
    if part["static"]:
        name = f"{part['room']}_{part['function']}"
        return name if name in FUNCTIONS else found, start
    if part["index"] and not _OPERAND_ENDS.search(part.string[:start]):
        return found, start  # an entry that may be missing: celpy has no lists with such
    if part["index"] or found == "[":
        closing.append(")" if part["index"] else "]")
        return (".optIndex(" if part["index"] else "["), start
    return (closing.pop() if found == "]" and closing else found), start


def _syntax_error(text: Text, error: CELParseError) -> str:
    lines = text.read.split("\n")
    place = sum(len(line) + 1 for line in lines[: (error.line or 1) - 1]) + (error.column or 1) - 1
    found = _TOKEN.match(text.read, place)
    token = found[0] if found else ""
    if not text.read[place + len(token) :].strip():  # it ends too early
        if not re.match(r"[\w)\]}]", token):
            what = f"Syntax error: mismatched input '<EOF>' expecting {OPERAND}"
            return text.error(len(text.read), what)
        if closing := _left_open(text.read):
            return text.error(len(text.read), f"Syntax error: missing '{closing}' at '<EOF>'")
    return text.error(place, f"Syntax error: mismatched input '{token}' expecting <EOF>")


def _left_open(text: str) -> str:
    """What would close the innermost bracket that nothing closes; "" if there is none."""
    plain = re.sub(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", "", text)
    while (fewer := re.sub(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}", "", plain)) != plain:
        plain = fewer
    still = re.findall(r"[(\[{]", plain)
    return {"(": ")", "[": "]", "{": "}"}[still[-1]] if still else ""


def arguments(node: Tree[Token]) -> list[Node]:
    """Of a call, as written between its brackets."""
    last = node.children[-1] if node.children else None
    return list(last.children) if isinstance(last, Tree) and last.data == "exprlist" else []
