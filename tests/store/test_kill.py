"""Kill -9 while a process writes: what it was told is written, is written; and nothing by halves.

`python -m tools.killtest 200` does the same at length, and prints a table.
"""

from __future__ import annotations

import random

from k8slearn.store import Store
from tools import killtest


def test_what_was_acknowledged_outlives_the_process(tmp_path):
    found = list(killtest.rounds(25, tmp_path, seed=3))
    assert [r.faults for r in found] == [[]] * 25
    assert killtest.written(found) > 1000


def written(seed: int, count: int, **how: bool) -> Store:
    store = Store(**how)
    for _ in range(count):
        killtest.step(store, seed)
    return store


def test_the_judge_sees_what_is_wrong():
    """Otherwise all of this would prove nothing."""
    model, found = written(1, 300), written(1, 300, keep_history=False)
    assert killtest.faults(found, model, 0) == []
    assert killtest.faults(found, model, -2) == ["2 acknowledged writes are lost"]
    assert killtest.faults(found, model, 2) == ["2 writes were made before one was acknowledged"]
    assert "the log is another" in killtest.faults(written(1, 299, keep_history=False), model, 0)
    assert {"the log is another", "the state is another", "a watch hears something else"} <= {
        *killtest.faults(written(2, 300, keep_history=False), model, 0)
    }
    del found.log[10]
    assert {"the log has holes", "the log is another"} <= {*killtest.faults(found, model, 0)}


def test_kills_happen_at_every_kind_of_moment():
    dice = random.Random(0)
    assert {"opening", "compacting"} < {killtest.moment(dice) for _ in range(50)}
    assert killtest.until("opening", iter(["opening\n", "1\n"])) == ["opening\n"]
    assert killtest.until(2, iter(["opening\n", "1\n", "2\n"])) == ["opening\n", "1\n"]
    lines = ["opening\n", "compacting\n", "70\n", "compacting\n", "140\n"]
    assert killtest.until("compacting", iter(lines)) == lines[:4]
