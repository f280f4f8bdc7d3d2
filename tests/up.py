"""`k8slearn up` as people start it: a process of its own, with its own home and kubeconfig."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx
import yaml

if TYPE_CHECKING:
    from k8slearn.live.notebook import Background

COMMAND = str(Path(sys.executable).with_name("k8slearn"))
PATIENCE = 120.0  # seconds after which a test gives up


class Up:
    """A running control plane; as a context manager, one that is ended in the end.

    `folder` is its home, with the kubeconfig in it. It listens on a free port, and on the same one when it
    is started again.
    """

    def __init__(self, folder: Path, *arguments: str, kubeconfig: Path | None = None) -> None:
        self.folder = folder
        self.arguments = arguments
        self.kubeconfig = kubeconfig or folder / "config"
        self.port = 0
        self.said = ""  # on standard output
        self.start()

    @classmethod
    def beside(cls, background: Background) -> Up:
        """The same view of a control plane in this process, which is not ours to start and stop."""
        up = cls.__new__(cls)
        up.folder, up.kubeconfig = background.kubeconfig.parent, background.kubeconfig
        up.port = int(up.url.rpartition(":")[2])
        return up

    def start(self) -> None:
        """Returns when the line to paste has been printed."""
        options = ["--port", str(self.port), "--kubeconfig", str(self.kubeconfig), *self.arguments]
        self.process = subprocess.Popen(
            [COMMAND, "up", *options],
            env={**os.environ, "K8SLEARN_HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        if not self.said:
            _, complaint = self.process.communicate(timeout=PATIENCE)
            raise AssertionError(f"it ended with {self.process.returncode}: {complaint}")
        self.port = int(self.url.rpartition(":")[2])

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Ctrl-C: its exit code, and what it said on standard error since it was started."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def __enter__(self) -> Up:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.kill()

    # --- what its kubeconfig says ---

    @property
    def config(self) -> Any:
        return yaml.safe_load(self.kubeconfig.read_text())

    @property
    def url(self) -> str:
        return str(self.config["clusters"][0]["cluster"]["server"])

    @property
    def token(self) -> str:
        return str(self.config["users"][0]["user"]["token"])

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    # --- talking to it ---

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """Trusts its authority, and no other."""
        return ssl.create_default_context(cafile=str(self.authority))

    def http(self, token: str | None = None, trust: ssl.SSLContext | None = None) -> httpx.Client:
        """A client with the administrator's token, or another one ("": none)."""
        token = self.token if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(
            base_url=self.url, headers=headers, verify=trust or self.trust, timeout=PATIENCE, trust_env=False
        )


def running(folder: Path, *arguments: str) -> Iterator[Up]:
    """For fixtures."""
    with Up(folder, *arguments) as up:
        yield up


def refused(folder: Path, *arguments: str) -> str:
    """What is said of options with which it cannot start; nothing else is printed."""
    done = subprocess.run(
        [COMMAND, "up", *arguments],
        env={**os.environ, "K8SLEARN_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr
