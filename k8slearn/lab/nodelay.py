"""A Jupyter server extension that sends every message at once: a click answers in 9 ms instead of 46.

Without it each small answer waits for the acknowledgement of the one before (Nagle's algorithm), because
jupyter_server leaves TCP_NODELAY unset on the websocket between browser and kernel.
Enabled by `jupyter_config/`, which only `launch.py` puts on the server's path.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Have the handler of this process set the option whenever a browser connects to a kernel."""
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

    connect = KernelWebsocketHandler.open

    def open_without_delay(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.set_nodelay(True)
        return connect(self, *args, **kwargs)

    KernelWebsocketHandler.open = open_without_delay  # type: ignore[method-assign]
    server.log.info("k8slearn: kernel messages are sent without delay")
