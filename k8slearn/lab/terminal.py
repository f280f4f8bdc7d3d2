"""`kubectl("get pods")`: the real kubectl in a cell, and a kind word where there is none.

What it prints would differ from run to run in one respect, the ages; they are shown as `…`. Everything else
is as kubectl says it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
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
    print(f"$ kubectl {command}", *_ageless(said.splitlines()), sep="\n")
    return None


def _said(words: list[str], sent: str | None) -> str:
    done = subprocess.run(["kubectl", *words], input=sent, capture_output=True, text=True, timeout=PATIENCE)
    return f"{done.stdout}{done.stderr}".strip()


def _ageless(lines: list[str]) -> list[str]:
    """The same without ages, where the table ends with a column of them."""
    if not lines or not lines[0].endswith("AGE"):
        return lines
    return [lines[0], *(AGES.sub("…", line) for line in lines[1:])]
