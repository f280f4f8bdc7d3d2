"""Stock kubectl, and what it prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tests.up import PATIENCE, Up

needed = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the path")
FOREVER = 600.0  # seconds after which nothing will come any more, however busy the machine


def kubectl(up: Up, *words: str, given: str = "", code: int = 0, patience: float = PATIENCE) -> str:
    """What it prints, on both outputs; ages are written <age>."""
    done = subprocess.run(
        ["kubectl", *words],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=patience,
        env=environment(up),
    )
    assert done.returncode == code, done.stdout
    return plain(done.stdout)


def environment(up: Up) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(up.kubeconfig), "HOME": str(up.folder)}


def plain(text: str) -> str:
    """Without what differs each time. (Where time runs faster, kubectl finds ages <invalid>.)"""
    text = re.sub(r"\b(\d+[dhm])*\d+s\b|\b\d+m(?=$| ago)|<invalid>", "<age>", text, flags=re.MULTILINE)
    return re.sub(" {2,}", "  ", re.sub(" +\n", "\n", text)).strip()


def wait(up: Up, what: str, *objects: str) -> None:
    """Until it is so: ``wait(up, "condition=Ready", "pod/web")``."""
    kubectl(up, "wait", f"--for={what}", f"--timeout={FOREVER:g}s", *objects, patience=FOREVER)


def rolled_out(up: Up, what: str) -> str:
    """The last line of ``kubectl rollout status``; how many come before it is a matter of speed."""
    return kubectl(up, "rollout", "status", what, patience=FOREVER).splitlines()[-1]


def started(up: Up, *words: str) -> subprocess.Popen[str]:
    """It runs on; what it prints is read line by line from `stdout`."""
    command, out = ["kubectl", *words], subprocess.PIPE
    return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True, env=environment(up))
