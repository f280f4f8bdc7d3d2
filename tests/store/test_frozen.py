"""Stored objects are shared, and refuse to be edited in a way that says what to do instead."""

from __future__ import annotations

import copy
import operator
import pickle

import pytest

from k8slearn.api.objects import SharedObjectError, edit, freeze

NESTED = {"a": {"b": [1, {"c": 2}]}, "l": [3, 1, 2]}

EDITS = {
    "set": lambda o: operator.setitem(o, "a", 1),
    "delete": lambda o: operator.delitem(o, "a"),
    "update": lambda o: o.update(a=1),
    "setdefault": lambda o: o.setdefault("new", 1),
    "pop": lambda o: o.pop("a"),
    "popitem": lambda o: o.popitem(),
    "clear": lambda o: o.clear(),
    "merge": lambda o: operator.ior(o, {"a": 1}),
    "deep": lambda o: operator.setitem(o["a"]["b"][1], "c", 3),
    "append": lambda o: o["l"].append(1),
    "extend": lambda o: o["l"].extend([1]),
    "add": lambda o: operator.iadd(o["l"], [1]),
    "sort": lambda o: o["l"].sort(),
    "slice": lambda o: operator.setitem(o["l"], slice(0, 1), []),
    "remove": lambda o: o["l"].remove(1),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS.keys())
def test_every_edit_is_refused_and_changes_nothing(change):
    shared = freeze(NESTED)
    with pytest.raises(SharedObjectError, match=r"take a copy first: obj = k8slearn\.api\.edit\(obj\)"):
        change(shared)
    assert shared == NESTED


@pytest.mark.parametrize("way", [edit, copy.deepcopy], ids=["edit", "deepcopy"])
def test_a_copy_may_be_edited_and_the_original_does_not_notice(way):
    shared = freeze(NESTED)
    private = way(shared)
    private["a"]["b"][1]["c"] = 99
    private["l"].append(4)
    assert shared == NESTED


def test_edit_is_importable_from_where_the_message_says():
    from k8slearn.api import edit as advertised

    assert advertised is edit


def test_freezing_shares_what_is_frozen_already():
    part = freeze({"x": [1]})
    assert freeze({"part": part})["part"] is part


def test_a_frozen_object_equals_its_data_and_survives_pickling():
    shared = freeze(NESTED)
    assert shared == NESTED
    again = pickle.loads(pickle.dumps(shared))
    assert again == NESTED
    with pytest.raises(SharedObjectError):
        again["l"].append(1)


def test_the_plain_dict_that_was_frozen_stays_editable():
    plain = {"a": [1]}
    shared = freeze(plain)
    plain["a"].append(2)
    assert shared == {"a": [1]}
