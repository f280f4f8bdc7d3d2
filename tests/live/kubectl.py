"""Stock kubectl, and what it prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tests.up import PATIENCE, Up

needed = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the path")


def kubectl(up: Up, *words: str, given: str = "", code: int = 0) -> str:
    """What it prints, on both outputs; ages are written <age>."""
    done = subprocess.run(
        ["kubectl", *words],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "KUBECONFIG": str(up.kubeconfig), "HOME": str(up.folder)},
    )
    assert done.returncode == code, done.stdout
    return re.sub(r"\b\d+s\b", "<age>", re.sub(" {2,}", "  ", done.stdout)).replace("  \n", "\n").strip()
