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
from celpy.evaluation import CELEvalError

from k8slearn.api.cel import functions, macros, syntax, values
from k8slearn.api.cel.checker import Checker
from k8slearn.api.cel.types import Type, name_of


class CelError(ValueError):
    """It is no expression, or has no value for these values. The text is cel-go's, as far as people know it."""


class Expression:
    """A compiled expression. Evaluating it twice gives the same; a copy is made by compiling it again."""

    def __init__(
        self, source: str, described: str, program: celpy.Runner, type_: Type, used: frozenset[str]
    ) -> None:
        self.source = source
        self.used = used  # variables
        self.type = type_  # of its value; None if that is not known
        self._described = described
        self._types: dict[str, Type] = json.loads(described)
        self._program = program

    @property
    def kind(self) -> str:
        """The type's name: int, list(string), ...; "" if that is not known."""
        name = name_of(self.type)
        return "null_type" if name == "null" else name

    def __reduce__(self) -> Any:
        return _compile, (self.source, self._described)

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Its value, as plain data. `variables` are plain data, too. Raises CelError."""
        context = {name: values.to_cel(value, self._types.get(name)) for name, value in variables.items()}
        try:
            return values.to_plain(self._program.evaluate(context))
        except CELEvalError as error:
            raise CelError(_said(error)) from None
        except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise CelError(str(error)) from None


def compile(source: str, variables: Mapping[str, Type]) -> Expression:  # noqa: A001 (as everywhere in CEL)
    """`variables` are the names that may be used, each with a structural schema, or None for anything.

    Raises CelError for what is no expression, for names and fields that there are not, and for types that do not fit.
    """
    return _compile(source, json.dumps(variables, sort_keys=True))


@lru_cache(maxsize=1024)
def _compile(source: str, described: str) -> Expression:
    try:
        text, tree = syntax.parse(source)
        tree = macros.expanded(tree)
        names, checker = json.loads(described), Checker(text)
        found = checker.type_of(tree, names)
    except RecursionError:
        raise CelError("ERROR: <input>:-1:0: expression recursion limit exceeded: 250") from None
    except ValueError as error:
        raise CelError(str(error)) from None
    if said := checker.said():
        raise CelError("\n".join(said))
    program = _environment().program(macros.present(tree), functions=functions.FUNCTIONS)  # type: ignore[arg-type]
    return Expression(source, described, program, found, frozenset(checker.used & names.keys()))


@lru_cache(maxsize=1)
def _environment() -> celpy.Environment:
    return celpy.Environment()


def _said(error: CELEvalError) -> str:
    """What celpy found, in the words of cel-go."""
    said, everything = str(error.args[0]) if error.args else str(error), str(error.args)
    # within a macro, celpy wraps the errors of two items in one of its own
    if missing := re.search(
        r"no such member in mapping: \\*'([^'\\]*)|no such key: '?([^'\"\\]*)", everything
    ):
        return f"no such key: {missing[1] or missing[2]}"
    if "no such overload" in said or "found no matching overload" in said or "field selection" in said:
        return "no such overload"
    return said
