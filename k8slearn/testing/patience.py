"""An operator that never returns is stopped, and the line is named.

Who computes for ever is stopped by `k8slearn.sim.guard`, which counts lines. Who *waits* for ever (a sleep, a lock, a
socket) makes no lines and needs no processor: an alarm clock wakes him, where the system has one.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from k8slearn.api.objects import Key
from k8slearn.cluster import Component
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.sim.guard import Endless, blamed, guarded

SECONDS = 2.0  # of waiting in one move; a reconcile never waits
BUSY = 0.05  # of the processor's time: who uses more does not wait, however many others use it, too


def watched(make: Component) -> Component:
    """The same operator, which cannot run or wait for ever."""
    return _Watched(make)


@dataclass(frozen=True)
class _Watched:
    make: Component

    def __call__(self) -> Controller:
        made = self.make()
        made.__class__ = _impatient(type(made))
        return made


class _Impatient(Controller):
    """Stands before the author's class in the order of inheritance."""

    def on_change(self, change: Change) -> None:
        with _alarm():
            super().on_change(change)

    def reconcile(self, key: Key) -> Done | None:
        with _alarm():
            return super().reconcile(key)


def _impatient(controller: type[Controller]) -> type[Controller]:
    return type(controller.__name__, (_Impatient, guarded(controller)), {"__doc__": controller.__doc__})


@contextmanager
def _alarm() -> Iterator[None]:
    """Somebody else's alarm (pytest-timeout's) is set again afterwards."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _Alarm())
    left, _ = signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


class _Alarm:
    """Rings again and again, until it finds somebody who waits."""

    def __init__(self) -> None:
        self.used = time.thread_time()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        before, self.used = self.used, time.thread_time()
        if self.used - before < BUSY * SECONDS and (line := blamed(frame)):
            raise Endless(*line)
