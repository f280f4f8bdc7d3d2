"""Reads label selectors as people type them: ``app=web,tier in (a,b),!canary``.

A lexer of one regular expression and a parser that never looks back. Read `selectors` first: it says
what the parsed requirements mean.

Kubernetes: apimachinery/pkg/labels/selector.go (Lexer, Parser)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from k8slearn.api import formats
from k8slearn.api.errors import BadRequest, invalid

_TOKEN = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+|$)")
_SPECIAL = frozenset(["==", "!=", "=", "!", "(", ")", ",", "<", ">", ""])
_OPERATORS = {"in": "In", "notin": "NotIn", "=": "=", "==": "==", "!=": "!=", ">": "Gt", "<": "Lt"}
_FORMS = {"In": "{} in ({})", "NotIn": "{} notin ({})", "Gt": "{}>{}", "Lt": "{}<{}"}


class Requirement(NamedTuple):
    """One condition on one label. ``op`` is In NotIn Exists DoesNotExist Gt Lt = == or !=."""

    key: str
    op: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.op in ("Exists", "DoesNotExist"):
            return self.key if self.op == "Exists" else f"!{self.key}"
        return _FORMS.get(self.op, f"{{}}{self.op}{{}}").format(self.key, ",".join(self.values))


def parse(text: str) -> list[Requirement]:
    """The requirements of a selector string, sorted by key; BadRequest says where it went wrong."""
    return sorted(_Parser(text).requirements(), key=_key)


def _key(requirement: Requirement) -> str:
    return requirement.key


class _Parser:
    """Takes tokens from the left; ``""`` is the end of the string."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self.peek():
            if self.peek() in _SPECIAL and self.peek() != "!":
                raise BadRequest(f"found '{self.peek()}', expected: !, identifier, or 'end of string'")
            found.append(self.requirement())
            self.separator()
        return found

    def separator(self) -> None:
        token = self.take()
        if token not in (",", ""):
            raise BadRequest(f"found '{token}', expected: ',' or 'end of string'")
        if token == "," and self.peek() in _SPECIAL and self.peek() != "!":
            raise BadRequest(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        absent = self.peek() == "!"
        if absent:
            self.take()
        key = self.identifier()
        _must_be_spelt(formats.label_key(key), "<nil>", key)
        if absent or self.peek() in (",", ""):
            return Requirement(key, "DoesNotExist" if absent else "Exists")
        op = self.operator()
        values = self.value_list() if op in ("In", "NotIn") else [self.exact_value()]
        return _checked(Requirement(key, op, tuple(sorted(set(values)))))

    def identifier(self) -> str:
        token = self.take()
        if token in _SPECIAL:
            raise _expected(token, ", expected: identifier")
        return token

    def operator(self) -> str:
        token = self.take()
        if token not in _OPERATORS:
            raise _expected(token, ", expected: in, notin, =, ==, !=, gt, lt")
        return _OPERATORS[token]

    def exact_value(self) -> str:
        return "" if self.peek() in (",", "") else self.identifier()

    def value_list(self) -> list[str]:
        """``(a,b)``; between two commas, or beside a parenthesis, stands the empty value."""
        if (token := self.take()) != "(":
            raise _expected(token, " expected: '('")
        if self.peek() in _SPECIAL and self.peek() not in (",", ")"):
            raise _expected(self.peek(), ", expected: ',', ')' or identifier")
        values = [self.list_value()]
        while (token := self.take()) == ",":
            values.append(self.list_value())
        if token != ")":
            raise _expected(token, ", expected: ',' or ')'")
        return values

    def list_value(self) -> str:
        if self.peek() in (",", ")"):
            return ""
        if self.peek() in _SPECIAL:
            raise _expected(self.peek(), ", expected: ',', or identifier")
        return self.take()


def _expected(token: str, what: str) -> BadRequest:
    return BadRequest(f"unable to parse requirement: found '{token}'{what}")


def _must_be_spelt(problems: list[str], path: str, text: str) -> None:
    if problems:
        raise BadRequest(f"unable to parse requirement: {invalid(path, text, '; '.join(problems))}")


def _checked(requirement: Requirement) -> Requirement:
    for i, value in enumerate(requirement.values):
        if requirement.op in ("Gt", "Lt") and not re.fullmatch(r"[+-]?[0-9]+", value):
            _must_be_spelt(["for 'Gt', 'Lt' operators, the value must be an integer"], f"values[{i}]", value)
        _must_be_spelt(formats.label_value(value), f"values[{i}][{requirement.key}]", value)
    return requirement
