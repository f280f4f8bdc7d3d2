"""An operator beside a notebook: ``k8slearn run FILE`` against any cluster, as a process of its own that one can kill.

with Running("operators/websites.py", plane.kubeconfig) as operator:
    print(operator.said)
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from pathlib import Path
from types import TracebackType


class Running:
    """`said` is the line with which it began its work. Raises RuntimeError if it does not begin."""

    def __init__(self, file: str | Path, kubeconfig: str | Path) -> None:
        words = [sys.executable, "-m", "k8slearn.cli", "run", file, "--kubeconfig", kubeconfig, "--quiet"]
        both = subprocess.PIPE, subprocess.STDOUT
        self.process = subprocess.Popen([*map(str, words)], stdout=both[0], stderr=both[1], text=True)
        self.said = self._first_words()
        atexit.register(self.kill)

    def _first_words(self) -> str:
        """Before it begins it may say what it waits for: that a kind exists, that the server answers."""
        said = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said += line
            if line.strip().endswith("Ctrl-C stops it"):
                return line.strip()
        self.process.communicate()
        raise RuntimeError(said.strip())

    def kill(self) -> None:
        """kill -9: it has no time to say goodbye."""
        atexit.unregister(self.kill)
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
