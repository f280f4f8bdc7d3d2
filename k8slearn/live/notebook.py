"""A control plane beside a notebook's kernel, so that ``!kubectl get pods`` works in the next cell.

It runs in a thread of its own with an event loop of its own; the core still sees one thread only.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from k8slearn.live.controlplane import ControlPlane, Settings


class Background:
    """A running control plane. `kubeconfig` is its file; `stop` ends it. Also a context manager."""

    def __init__(self, settings: Settings) -> None:
        self.plane = ControlPlane(settings)
        self.kubeconfig = self.plane.write_kubeconfig()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="k8slearn", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        atexit.register(self.stop)

    @property
    def url(self) -> str:
        return self.plane.url

    @property
    def token(self) -> str:
        return self.plane.token

    def stop(self) -> None:
        """End it, and every watch; returns when it is gone."""
        atexit.unregister(self.stop)
        self.plane.stop()
        self._thread.join()

    def __enter__(self) -> Background:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<control plane at {self.url}, kubeconfig {self.kubeconfig}>"

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _run(self) -> None:
        serving = asyncio.create_task(self.plane.run())
        while not (self.plane.https.started or serving.done()):
            await asyncio.sleep(0.005)
        self._ready.set()
        await serving


def start(nodes: int = 3, **settings: Any) -> Background:
    """Start a control plane beside this kernel, and point kubectl (``KUBECONFIG``) at it.

    Settings are those of `k8slearn up`; the port is a free one, and all its files are in a temporary folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="k8slearn-"))
    background = Background(Settings(nodes=nodes, **{"port": 0, "home": folder, **settings}))
    os.environ["KUBECONFIG"] = str(background.kubeconfig)
    return background
