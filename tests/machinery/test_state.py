"""A component's state is data: it can be copied, and what cannot is refused with a reason."""

from __future__ import annotations

import enum
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from k8slearn.api.objects import freeze
from k8slearn.machinery import Expectations
from k8slearn.machinery.state import clone


class Pair(NamedTuple):
    left: int
    right: list[int]


class Colour(enum.Enum):
    RED = 1


@dataclass
class Record:
    name: str
    tags: list[str] = field(default_factory=list)


DATA = {
    "nested": {"a": [1, {"b": {2, 3}}], "c": (1, [2])},
    "named tuple": Pair(1, [2]),
    "deque": deque([1, 2], maxlen=5),
    "counter": Counter("hello"),
    "defaultdict": defaultdict(list, {"a": [1]}),
    "ordered": OrderedDict([("b", 1), ("a", 2)]),
    "frozenset": frozenset({1}),
    "record": Record("a", ["x"]),
    "enum": {"state": Colour.RED},
    "class": {"type": Record},
}


@pytest.mark.parametrize("value", DATA.values(), ids=DATA.keys())
def test_a_copy_equals_the_original_and_is_of_its_type(value):
    copy = clone(value)
    assert copy == value
    assert type(copy) is type(value)


def test_containers_keep_their_nature():
    copies = clone({"d": DATA["defaultdict"], "q": DATA["deque"], "e": Colour.RED})
    assert copies["d"]["new"] == []
    assert copies["q"].maxlen == 5
    assert copies["e"] is Colour.RED


def test_a_copy_shares_nothing_that_can_change():
    original = {"list": [1], "record": Record("a", ["x"]), "expectations": Expectations()}
    copy = clone(original)
    copy["list"].append(2)
    copy["record"].tags.append("y")
    copy["expectations"].expect("k", 0.0, creations=1)
    assert original["list"] == [1]
    assert original["record"].tags == ["x"]
    assert original["expectations"].satisfied("k", 0.0)


def test_api_objects_are_shared_because_they_are_frozen():
    shared = freeze({"a": [1]})
    assert clone({"pod": shared})["pod"] is shared


def a_generator():
    yield 1


NOT_DATA = {
    "generator": a_generator,
    "lock": threading.Lock,
    "thread": lambda: threading.Thread(target=print),
    "function": lambda: lambda: 1,
    "file": lambda: open(__file__),  # noqa: SIM115 (closed by the test)
}


@pytest.mark.parametrize("make", NOT_DATA.values(), ids=NOT_DATA.keys())
def test_what_is_not_data_is_refused_with_a_reason(make):
    value = make()
    try:
        with pytest.raises(
            TypeError, match=r"a component may keep data between moves, but not a .*cannot be rewound"
        ):
            clone({"mine": value})
    finally:
        getattr(value, "close", lambda: None)()
