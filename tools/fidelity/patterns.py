"""When an answer counts as the same: what was recorded is a pattern; placeholders stand for what no run repeats.

``<uid:1>`` stands for a uid: everywhere the same one, and nowhere another's; so do ``<rv:2>``, ``<gen:1>`` and all that
have a number. Without a number any value of that sort will do: ``<time>``. They may stand inside a string, too:
``web-<hash:1>-<gen:3>``. Nothing in the answer is rewritten: patterns are matched as they are, and what a
placeholder once stood for, it stands for to the end of the story.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tools.fidelity.paths import ABSENT

DAY = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
SORTS = {
    "uid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "rv": r"\d+",
    "time": DAY + r"(?!\.\d{6}Z)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)",
    "microtime": DAY + r"\.\d{6}Z",
    "gen": "[a-z0-9]{4,}",
    "hash": "[a-z0-9]+",
    "evt": "[0-9a-f]{16}",
    "jwt": r"eyJ[\w-]+\.[\w-]+\.[\w-]+",
    "continue": ".+",
    "node": "[a-z0-9.-]+",
    "nodes": r"\d+",
    "nodePort": r"\d+",
    "podIP": "[0-9a-f.:]+",
    "hostIP": "[0-9a-f.:]+",
    "clusterIP": "[0-9a-f.:]+",
}
PLACEHOLDER = re.compile(r"<([A-Za-z]+)(?::(\d+))?>")

#: Lists whose items go by a name rather than by their place, when only fields are compared.
NAMED_BY = {"conditions": "type", "resources": "name", "groups": "name"}
MAY_HOLD_MORE = frozenset({"resources", "groups"})


class Difference(NamedTuple):
    """`wanted` is ABSENT when the answer holds something that was not recorded."""

    path: str
    wanted: Any
    got: Any


class Unifier:
    """What the placeholders of one story stand for. `sorts`: which there are, and what each may look like."""

    def __init__(self, sorts: Mapping[str, str] = SORTS) -> None:
        self.sorts = sorts
        self.values: dict[tuple[str, str], str] = {}
        self.owners: dict[tuple[str, str], str] = {}

    def matches(self, pattern: str, text: str) -> bool:
        """Does the pattern fit, given what its placeholders have stood for? If so, they are bound."""
        if "<" not in pattern:
            return pattern == text
        places = [p for p in PLACEHOLDER.finditer(pattern) if p[1] in self.sorts]
        found = re.fullmatch(self._expression(pattern, places), text, re.DOTALL)
        if found is None:
            return False
        bound = [(p[1], p[2], value) for p, value in zip(places, found.groups(), strict=True) if p[2]]
        if not all(self._may_stand_for(*b) for b in bound):
            return False
        for sort, number, value in bound:
            self.values[sort, number], self.owners[sort, value] = value, number
        return True

    def _expression(self, pattern: str, places: list[re.Match[str]]) -> str:
        """The regular expression of a pattern: a group for each placeholder, everything else to the letter."""
        parts, end = [], 0
        for place in places:
            parts += [re.escape(pattern[end : place.start()]), f"({self.sorts[place[1]]})"]
            end = place.end()
        return "".join(parts) + re.escape(pattern[end:])

    def _may_stand_for(self, sort: str, number: str, value: str) -> bool:
        return (
            self.values.get((sort, number), value) == value
            and self.owners.get((sort, value), number) == number
        )

    # --- whole answers ---

    def differences(self, want: Any, got: Any, path: str = "", *, exact: bool) -> Iterator[Difference]:
        """Where an answer departs from the pattern. Not `exact`: it may have more fields than were recorded."""
        if isinstance(want, dict) and isinstance(got, dict):
            yield from self._of_objects(want, got, path, exact)
        elif isinstance(want, list) and isinstance(got, list):
            yield from self._of_lists(want, got, path, exact)
        elif not self._same(want, got):
            yield Difference(path, want, got)

    def _same(self, want: Any, got: Any) -> bool:
        if isinstance(want, str):
            is_number = isinstance(got, int) and not isinstance(got, bool) and PLACEHOLDER.fullmatch(want)
            return (isinstance(got, str) or bool(is_number)) and self.matches(want, str(got))
        return bool(want == got) and isinstance(want, bool) == isinstance(got, bool)

    def _of_objects(self, want: Any, got: Any, path: str, exact: bool) -> Iterator[Difference]:
        left = {k: None for k in got if k not in want}
        for key, value in want.items():
            there = key if key in got else next((k for k in left if self.matches(key, k)), None)
            if there is None:
                yield Difference(_join(path, key), value, ABSENT)
                continue
            left.pop(there, None)
            yield from self.differences(value, got[there], _join(path, key), exact=exact)
        if exact:
            yield from (Difference(_join(path, key), ABSENT, got[key]) for key in left)

    def _of_lists(self, want: list[Any], got: list[Any], path: str, exact: bool) -> Iterator[Difference]:
        field = path.rpartition(".")[2]
        name = NAMED_BY.get(field, "")
        named = not exact and name and all(isinstance(x, dict) and name in x for x in want + got)
        if len(want) != len(got) and not (named and field in MAY_HOLD_MORE):
            yield Difference(f"len({path})", len(want), len(got))
        if named:
            places = {x[name]: x for x in reversed(got)}
            pairs = [(f"[{name}={x[name]}]", x, places.get(x[name], ABSENT)) for x in want]
        else:
            pairs = [(f"[{i}]", x, y) for i, (x, y) in enumerate(zip(want, got, strict=False))]
        for place, x, y in pairs:
            yield from self.differences(x, y, path + place, exact=exact)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
