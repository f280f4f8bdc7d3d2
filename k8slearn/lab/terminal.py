"""`kubectl("get pods")`: the real kubectl in a cell, and a kind word where there is none.

What it prints would differ from run to run in one respect, the ages; they are shown as `…`. Everything else
is as kubectl says it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from types import TracebackType
from typing import Any

import yaml

MISSING = "kubectl is not installed on this machine, so this cell shows only what one would type."
PATIENCE = 60  # seconds
AGES = re.compile(r"(?<=\s)(\d+[smhdy])+$|<unknown>$")


def kubectl(command: str, stdin: Any = None, *, quiet: bool = False) -> str | None:
    """Run ``kubectl COMMAND`` and print what it says; `quiet` returns it instead.

    `stdin`: text, or an object that is sent as YAML.
    """
    sent = stdin if isinstance(stdin, str | None) else yaml.safe_dump(stdin)
    said = MISSING if shutil.which("kubectl") is None else _said(shlex.split(command), sent)
    if quiet:
        return said
    print(f"$ kubectl {command}", *ageless(said.splitlines()), sep="\n")
    return None


def _said(words: list[str], sent: str | None) -> str:
    done = subprocess.run(["kubectl", *words], input=sent, capture_output=True, text=True, timeout=PATIENCE)
    return f"{done.stdout}{done.stderr}".strip()


def k8slearn(command: str, *more: object) -> None:
    """``k8slearn COMMAND MORE ...`` as a process of its own; prints what it says, without colours."""
    words = [sys.executable, "-m", "k8slearn.cli", *shlex.split(command), *map(str, more)]
    env = {**os.environ, "FORCE_COLOR": "", "COLUMNS": "120"}  # a kernel asks for colours, and has no width
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, env=env)
    print(f"{done.stdout}{done.stderr}".strip("\n"))


def ageless(lines: list[str]) -> list[str]:
    """The same without ages, where the table ends with a column of them."""
    if not lines or not lines[0].endswith("AGE"):
        return lines
    return [lines[0], *(AGES.sub("…", line) for line in lines[1:])]


# --- watching beside a cell ------------------------------------------------------------------


class Tail:
    """``with tail("get pods --watch", lines=3): ...``: at the end it waits for so many lines, and prints them.

    Its first line is awaited before anything else happens, so kubectl must have something to say at once.
    """

    def __init__(self, command: str, lines: int) -> None:
        self.command, self.lines = command, lines
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def __enter__(self) -> Tail:
        if shutil.which("kubectl") is not None:
            words = ["kubectl", *shlex.split(self.command)]
            both = subprocess.PIPE, subprocess.STDOUT
            self.process = subprocess.Popen(words, text=True, stdout=both[0], stderr=both[1])
            self._read(1)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is not None:
            if error is None:
                self._read(self.lines)
            self.process.terminate()
            self.process.communicate()
        print(f"$ kubectl {self.command}", *(ageless(self.said) if self.process else [MISSING]), sep="\n")

    def _read(self, count: int) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        while len(self.said) < count and (line := self.process.stdout.readline()):
            self.said.append(line.rstrip())


def tail(command: str, lines: int) -> Tail:
    """Run ``kubectl COMMAND`` beside the body of a with statement, and show its first `lines` lines."""
    return Tail(command, lines)
