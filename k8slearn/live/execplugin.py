"""A program that says who we are: it prints an ExecCredential, with a token or a certificate in it.

Clouds and companies log people in like this. The program is asked once, and again when what it said has run out or
is no longer believed. Nobody sits at the keyboard, so it must not ask questions.

Kubernetes: client-go/plugin/pkg/client/auth/exec/exec.go
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from k8slearn.api.errors import Unauthorized

if TYPE_CHECKING:
    from lightkube.config.models import UserExec

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class ExecPlugin(httpx2.Auth):
    """`trust`: of the connections that are to be opened; a certificate is put into it.

    A request may come from the thread of any watch. Raises Unauthorized when the program fails.
    """

    def __init__(self, program: UserExec, trust: ssl.SSLContext) -> None:
        if program.apiVersion not in VERSIONS:
            raise ValueError(f'exec plugin: invalid apiVersion "{program.apiVersion}"')
        self.program = program
        self.trust = trust
        self.said: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def sync_auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        shown = self._show(request)
        answer = yield request
        if answer is not None and answer.status_code == 401:
            self._forget(shown)
            self._show(request)
            yield request

    def _show(self, request: httpx2.Request) -> dict[str, Any]:
        with self._lock:
            if self.said is None or _has_run_out(self.said):
                self.said = self._ask()
            said = self.said
        if said.get("token"):
            request.headers["Authorization"] = f"Bearer {said['token']}"
        return said

    def _forget(self, shown: dict[str, Any]) -> None:
        """Unless somebody else has asked anew already."""
        with self._lock:
            if self.said is shown:
                self.said = None

    def _ask(self) -> dict[str, Any]:
        said = self._status(self._run())
        if said.get("clientCertificateData"):
            self._carry(said)
        elif not said.get("token"):
            raise _failed("exec plugin didn't return a token or cert/key pair")
        return said

    def _run(self) -> bytes:
        command, told = self.program.command, {var.name: var.value for var in self.program.env or ()}
        asked = {"apiVersion": self.program.apiVersion, "kind": "ExecCredential"}
        asked |= {"spec": {"interactive": False}}  # type: ignore[dict-item]
        environment = {**os.environ, **told, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
        try:
            done = subprocess.run(
                [command, *(self.program.args or ())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
        except OSError:
            hint = f"\n\n{self.program.installHint}" if self.program.installHint else ""
            raise _failed(f"exec: executable {command} not found{hint}") from None
        if done.returncode:
            raise _failed(f"exec: executable {command} failed with exit code {done.returncode}")
        return done.stdout

    def _status(self, printed: bytes) -> dict[str, Any]:
        try:
            found = json.loads(printed)
            version, status = found["apiVersion"], found.get("status")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _failed(f"decoding stdout: {error}") from None
        wanted = self.program.apiVersion
        if version != wanted:
            raise _failed(
                f"exec plugin is configured to use API version {wanted}, plugin returned version {version}"
            )
        if not status:
            raise _failed("exec plugin didn't return a status field")
        return dict(status)

    def _carry(self, said: dict[str, Any]) -> None:
        """Connections that are opened from now on show this certificate. OpenSSL reads it from a file only."""
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder, "pair.pem")
            pair.touch(mode=0o600)
            pair.write_text(f"{said['clientCertificateData']}\n{said.get('clientKeyData', '')}\n")
            try:
                self.trust.load_cert_chain(pair)
            except ssl.SSLError as error:
                raise _failed(f"failed parsing client key/certificate: {error}") from None


def _has_run_out(said: dict[str, Any]) -> bool:
    end = said.get("expirationTimestamp")
    return isinstance(end, str) and datetime.fromisoformat(end.replace("Z", "+00:00")) <= datetime.now(UTC)


def _failed(why: str) -> Unauthorized:
    return Unauthorized(f"getting credentials: {why}")
