"""A limit on how long one move of a controller may take, counted in lines of its code, not in seconds.

Counting gives the same answer on every machine, and can say which line it was. Only code outside this package
is counted, and of libraries only what that code calls.
What makes no lines (a loop on a single line in Python 3.11, an endless iterator handed to `sum`)
is stopped by an alarm after some seconds of computing, where the system has one. With a debugger or a
coverage tool at work nothing is stopped: there is one tracer per thread.
"""

from __future__ import annotations

import linecache
import signal
import sys
import sysconfig
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from k8slearn.api.objects import Key
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

HOUSE = str(Path(__file__).parent.parent)
LIBRARIES = (
    "<string>",
    "<frozen",
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
)
BUDGET = 20_000  # lines of a controller's own code in one move; a reconcile needs some dozens
SECONDS = 5.0  # of computing in one move, after which it does not matter any more how many lines they were


class Endless(BaseException):
    """One move did not come to an end. Not an Exception: the code in question may not catch it."""

    def __init__(self, filename: str, line: int) -> None:
        self.filename, self.line = filename, line
        text = linecache.getline(filename, line).strip()
        super().__init__(f"one move has no end, at line {line}: {text}")


def blamed(frame: FrameType | None) -> tuple[str, int] | None:
    """(file, line): the innermost that is the author's; when all is other people's, the innermost that is not ours."""
    for skipped in ((HOUSE, *LIBRARIES), (HOUSE,)):
        found = frame
        while found is not None and found.f_code.co_filename.startswith(skipped):
            found = found.f_back
        if found is not None:
            return found.f_code.co_filename, found.f_lineno
    return None


class WrongAnswer(TypeError):
    """reconcile returned something that means nothing."""


class Budget:
    """``with Budget(): ...`` raises Endless when other people's code in it runs too long.

    One inside another adds nothing.
    """

    def __init__(self) -> None:
        self.left = BUDGET
        self.idle = True  # inside another one, or with a tracer at work
        self.alarm: Any = None  # who was to be called by the alarm before us

    def __enter__(self) -> None:
        self.idle = sys.gettrace() is not None
        if self.idle:
            return
        if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
            self.alarm = signal.signal(signal.SIGVTALRM, self._ring)
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        sys.settrace(self._enter_frame)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.idle:
            return
        sys.settrace(None)
        if self.alarm is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, self.alarm)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if line := blamed(frame):
            raise Endless(*line)

    def _enter_frame(self, frame: FrameType, event: str, arg: object) -> Any:
        filename, caller = frame.f_code.co_filename, frame.f_back
        if filename.startswith(HOUSE):
            return None
        if filename.startswith(LIBRARIES) and (caller is None or caller.f_trace is None):
            return None  # the house has called it, and not the author
        return self._count

    def _count(self, frame: FrameType, event: str, arg: object) -> Any:
        self.left -= 1
        if self.left < 0 and (line := blamed(frame)):
            raise Endless(*line)
        return self._count


class _Guarded(Controller):
    """Stands before the learner's class in the order of inheritance."""

    def deliver(self, resource: str) -> list[Change]:
        with Budget():
            return super().deliver(resource)

    def on_change(self, change: Change) -> None:
        with Budget():
            super().on_change(change)

    def reconcile(self, key: Key) -> Done | None:
        with Budget():
            answer = super().reconcile(key)
        if answer is not None and not isinstance(answer, Done):
            raise WrongAnswer(
                f"reconcile returned {answer!r}: it may return nothing, or Done(again_in=seconds)"
            )
        return answer


def guarded(controller: type[Controller]) -> type[Controller]:
    """The same controller, of the same name, that cannot run for ever."""
    return type(controller.__name__, (_Guarded, controller), {"__doc__": controller.__doc__})


def line_of(error: BaseException) -> str:
    """Where other people's code was when this error arose: ``line 7: pods = self.cash``, or ""."""
    found, at = "", error.__traceback__
    while at is not None:
        filename = at.tb_frame.f_code.co_filename
        if not filename.startswith(HOUSE):
            found = f"line {at.tb_lineno}: {linecache.getline(filename, at.tb_lineno).strip()}"
        at = at.tb_next
    return found
