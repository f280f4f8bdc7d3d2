"""The rules of a work queue, for exercise 06.1: which keys `get` may hand out now, and what it means if it does not.

Where a right queue has a choice (a delayed key's place in the line, the second of two delays), each choice is right.

Kubernetes: client-go/util/workqueue, whose documentation promises the same.
"""

from __future__ import annotations

from typing import Any

from k8slearn.lab.drill import Broken, Promise

KEYS = Promise("get returns a key that was added, or None")
ONCE = Promise("no key is in the hands of two workers")
LOOKS = Promise("whatever was added is looked at afterwards")
MERGES = Promise("a key that waits is handed out once, however often it was added")
FAIR = Promise("first come, first served")
PUNCTUAL = Promise("a delayed key does not come before its time")

#: Why a key that was not handed out had wanted work; the first that is so explains the most.
FACTS: tuple[str, ...] = ("two delays", "by time", "during work")


class Rules:
    """Which keys want work, by rights, and why.

    A key whose time has come, and one that was added while somebody was at it, may stand anywhere in the line: how soon
    a queue notices them is its own affair.
    """

    def __init__(self) -> None:
        self.line: list[str] = []  # want work, in the order in which they came
        self.due: dict[str, None] = {}  # want work too, at any place in the line
        self.may: set[str] = set()  # may come once more: a second delay is up
        self.working: list[str] = []
        self.again: set[str] = set()  # want work once more when they are done
        self.alarms: dict[str, int] = {}  # key -> its first delay is up
        self.more_alarms: list[tuple[int, str]] = []
        self.seen: dict[str, set[str]] = {}  # facts about each key since it was last handed out

    def add(self, key: str) -> None:
        if key in self.working:
            self.again.add(key)
            self._note(key, "during work")
        elif key not in self.line and key not in self.due:
            self.line.append(key)

    def add_after(self, key: str, at: int) -> None:
        if "by time" in self.seen.get(key, ()):
            self._second_alarm(at, key)  # it is about to be looked at because of a delay anyway
            return
        sooner, later = sorted((at, self.alarms.get(key, at)))
        if key in self.alarms:
            self._second_alarm(later, key)
        self.alarms[key] = sooner

    def _second_alarm(self, at: int, key: str) -> None:
        self.more_alarms.append((at, key))
        self._note(key, "two delays")

    def pass_time(self, now: int) -> None:
        for key, at in list(self.alarms.items()):
            if at <= now:
                del self.alarms[key]
                self._is_due(key)
        self.may |= {key for at, key in self.more_alarms if at <= now}
        self.more_alarms = [(at, key) for at, key in self.more_alarms if at > now]

    def _is_due(self, key: str) -> None:
        self._note(key, "by time")
        if key in self.working:
            self.again.add(key)
        elif key not in self.line:
            self.due[key] = None

    def done(self, key: str) -> None:
        self.working.remove(key)
        if key in self.again:
            self.again.remove(key)
            self.due[key] = None

    def hand_out(self, key: Any) -> None:
        """`key` is what the queue has answered. Raises Broken when it may not."""
        wanted = [*self.line, *self.due]
        if key is None:
            if wanted:
                raise Broken(
                    LOOKS, f"get returned None, though {wanted[0]} wants work", self._fact(wanted[0])
                )
            return
        self._judge(key)
        if key in self.line:
            self.line.remove(key)
        self.due.pop(key, None)
        self.may.discard(key)
        self.seen.pop(key, None)
        self.working.append(key)

    def _judge(self, key: Any) -> None:
        if not isinstance(key, str) or key not in ("a", "b"):
            raise Broken(KEYS, f"get returned {key!r}, which nobody has added")
        if key in self.working:
            fact = "" if key in self.again else "a list of events"
            raise Broken(ONCE, f"get returned {key}, which another worker has not finished", fact)
        if key in self.line[1:]:
            raise Broken(FAIR, f"get returned {key}, but {self.line[0]} has waited longer")
        if key not in self.line and key not in self.due and key not in self.may:
            if key in self.alarms:
                raise Broken(PUNCTUAL, f"get returned {key}, whose time comes at t={self.alarms[key]}")
            raise Broken(MERGES, f"get returned {key} once more, though nobody has added it since")

    def _note(self, key: str, fact: str) -> None:
        self.seen.setdefault(key, set()).add(fact)

    def _fact(self, key: str) -> str:
        return next((fact for fact in FACTS if fact in self.seen.get(key, ())), "")
