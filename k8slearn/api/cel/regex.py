"""Regular expressions, as Go has them too: RE2 takes no longer than its text is long.

Kubernetes: apiserver/pkg/cel/library/regex.go; Go's regexp
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]
from celpy import celtypes
from celpy.evaluation import CELEvalError

TEXT, LIST = celtypes.StringType, celtypes.ListType
#: What Go says, where RE2 says it differently.
WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
}
_QUIET = re2.Options()
_QUIET.log_errors = False


@lru_cache(maxsize=256)
def pattern(text: str) -> Any:
    """Raises CELEvalError with Go's text."""
    try:
        return re2.compile(text, _QUIET)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
    what, _, where = said.partition(": ")
    about = where if where and "]" not in what and what != "missing )" else text
    raise CELEvalError(f"error parsing regexp: {WORDS.get(what, what)}: `{about}`")


def matches(text: str, by: str) -> Any:
    return celtypes.BoolType(pattern(str(by)).search(str(text)) is not None)


def find(text: str, by: str) -> Any:
    found = pattern(str(by)).search(str(text))
    return TEXT(found[0] if found else "")


def find_all(text: str, by: str, most: Any = -1) -> Any:
    found = [TEXT(match[0]) for match in pattern(str(by)).finditer(str(text))]
    return LIST(found if int(most) < 0 else found[: int(most)])


FUNCTIONS: dict[str, Any] = {"matches": matches, "find": find, "findAll": find_all}
