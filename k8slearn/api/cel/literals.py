"""Texts that are written down as patterns, times or durations, and are none.

Kubernetes: github.com/google/cel-go/cel/validator.go (ValidateRegexLiterals and its like)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celpy.evaluation import CELEvalError, celstr
from lark import Token

from k8slearn.api.cel import conversions, regex
from k8slearn.api.cel.macros import only
from k8slearn.api.cel.syntax import Node

READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "matches": (regex.pattern, "invalid matches argument"),
    "durationOf": (conversions.FUNCTIONS["durationOf"], "invalid duration argument"),
    "timestampOf": (conversions.FUNCTIONS["timestampOf"], "invalid timestamp argument"),
}


def mistake(name: str, argument: Node) -> tuple[int, str] | None:
    """(place, what is said of it) of a literal that the function cannot read.

    Raises ValueError where Kubernetes gives no place.
    """
    token = _text(argument)
    if token is None:
        return None
    try:
        if name in READERS:
            READERS[name][0](celstr(token))
        elif name in ("find", "findAll"):
            regex.pattern(str(celstr(token)))
    except CELEvalError as error:
        if name not in READERS:
            raise ValueError(f"program instantiation failed: {error.args[0]}") from None
        return token.start_pos or 0, READERS[name][1]
    return None


def _text(node: Node) -> Token | None:
    try:
        token = only(node, "literal").children[0]
    except ValueError:
        return None
    return token if isinstance(token, Token) and token.type in ("STRING_LIT", "MLSTRING_LIT") else None
