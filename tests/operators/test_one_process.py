"""The Bucket operator as one process, killed at its worst moments and started again: the end is as if it had lived.

It dies right after the cloud has done something, and before it could write down that it has. Nobody else is there who
could have taken over.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8slearn.api.objects import dig
from tests.operators.processes import Operators, until

MORTAL = Path(__file__).with_name("operator_mortal.py")
NAMES = ("a", "b", "c", "d", "e")
CHANGED, DELETED = NAMES[:3], NAMES[1:4]


class Life:
    """A process that is started again as soon as it has died, which is looked for whenever somebody waits."""

    def __init__(self, operators: Operators, dies: str, unwritten: Callable[[Operators], int]) -> None:
        self.operators, self.unwritten = operators, unwritten
        self.process = operators.start(MORTAL, DIES=dies)
        self.deaths: list[tuple[int, int]] = []  # exit code, and what was done and not written down

    def until(self, holds: Callable[[], bool]) -> None:
        """Until it is so, and everything that is there says that it is as it should be."""
        until(lambda: self._lives() and holds() and all(map(is_ready, self.operators.objects())))

    def _lives(self) -> bool:
        code = self.process.poll()
        if code is not None:
            self.deaths.append((code, self.unwritten(self.operators)))
            self.process = self.operators.start(MORTAL)
        return code is None


def is_ready(obj: dict[str, Any]) -> bool:
    said = [(c["status"], c["observedGeneration"]) for c in dig(obj, "status", "conditions", default=[])]
    return said == [("True", obj["metadata"]["generation"])]


def kept(operators: Operators) -> int:
    """Buckets that keep earlier versions."""
    return sum(b["versioning"] for b in operators.buckets())


def reported(operators: Operators) -> int:
    """Objects that say of their second generation that it is true."""
    return sum(dig(obj, "status", "observedGeneration") == 2 for obj in operators.objects())


def story(operators: Operators, life: Life) -> None:
    """Five are asked for, three shall keep earlier versions, three are deleted."""
    operators.create(*NAMES)
    life.until(lambda: len(operators.ids()) == 5)
    for name in CHANGED:
        operators.patch(name, versioning=True)
    life.until(lambda: kept(operators) == 3)
    operators.delete(*DELETED)
    life.until(lambda: len(operators.objects()) == 2)


def end(operators: Operators) -> dict[str, tuple[str, bool]]:
    """What both sides say in the end, by name. Which bucket is whose is the same on both."""
    objects, there = operators.objects(), {b["id"]: b for b in operators.buckets()}
    assert sorted(there) == operators.ids()
    found = {obj["metadata"]["name"]: there[obj["status"]["id"]] for obj in objects}
    assert [b["owner"] for b in found.values()] == [obj["metadata"]["uid"] for obj in objects]
    return {name: (bucket["region"], bucket["versioning"]) for name, bucket in found.items()}


MOMENTS: dict[str, Callable[[Operators], int]] = {
    "create 3": lambda o: len(o.buckets()) - len(o.ids()),
    "update 2": lambda o: kept(o) - reported(o),
    "delete 2": lambda o: len(o.objects()) - len(o.buckets()),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_started_again_it_comes_to_the_same_end(operators: Operators, moment: str) -> None:
    life = Life(operators, moment, MOMENTS[moment])
    story(operators, life)
    assert life.deaths == [(-signal.SIGKILL, 1)]
    assert end(operators) == {"a": ("north", True), "e": ("north", False)}
    assert operators.made == len(NAMES)
