"""One expression: compiled once for each text and set of names, then evaluated with values.

Kubernetes: apiserver/pkg/cel/environment, apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import celpy
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError

from k8slearn.api.cel import checker, functions, optionals, values

Schema = dict[str, Any]


class CelError(ValueError):
    """It is no expression, or has no value for these values. The text is cel-go's, as far as people know it."""


class Expression:
    """A compiled expression. Holds no state: evaluating it twice gives the same."""

    def __init__(self, source: str, program: celpy.Runner) -> None:
        self.source = source
        self._program = program

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Its value, as plain data. `variables` are plain data, too. Raises CelError."""
        context = {name: values.to_cel(value) for name, value in variables.items()}
        try:
            found = self._program.evaluate(context)
        except CELEvalError as error:
            raise CelError(_said(error)) from None
        except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise CelError(str(error)) from None
        if isinstance(found, CELEvalError):
            raise CelError(_said(found))
        return values.to_plain(found)


def compile(source: str, variables: Mapping[str, Schema | None]) -> Expression:  # noqa: A001 (as everywhere in CEL)
    """`variables` are the names that may be used, each with a structural schema, or None for anything.

    Raises CelError for what is no expression, and for names and fields that there are not.
    """
    return _compile(source, json.dumps(variables, sort_keys=True))


@lru_cache(maxsize=1024)
def _compile(source: str, described: str) -> Expression:
    text = optionals.rewritten(source)
    try:
        tree = _environment().compile(text)
    except CELParseError as error:
        raise CelError(checker.pointed(source, error.line or 1, error.column or 1, "Syntax error")) from None
    if mistakes := checker.mistakes(tree, json.loads(described), source):
        raise CelError("\n".join(mistakes))
    return Expression(source, _environment().program(tree, functions=functions.FUNCTIONS))


@lru_cache(maxsize=1)
def _environment() -> celpy.Environment:
    return celpy.Environment()


def _said(error: CELEvalError) -> str:
    """What celpy found, in the words of cel-go."""
    said = str(error.args[0]) if error.args else str(error)
    if missing := re.search(r"no such member in mapping: '([^']*)'|no such key: '?([^']*)'?", said):
        return f"no such key: {missing[1] or missing[2]}"
    if unknown := re.search(r"undeclared reference to '([^']*)'", said):
        return f"no such attribute(s): {unknown[1]}"
    if "no such overload" in said or "found no matching overload" in said:
        return "no such overload"
    return said
