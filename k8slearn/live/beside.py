"""The weather server beside a notebook's control plane: a process of its own, which one can kill.

plane = start(nodes=1)
weather = Beside(plane)
weather.kill()
weather.start()
"""

from __future__ import annotations

import atexit
import subprocess
import sys

from k8slearn.live.notebook import Background


class Beside:
    """Keeps its stations in a file, and its port when it is started again. Raises RuntimeError if it does not start."""

    def __init__(self, plane: Background) -> None:
        self.plane = plane
        self.home = plane.kubeconfig.parent / "weather"
        self.url = "https://localhost:0"  # any port that is free
        self.start()
        atexit.register(self.kill)

    def start(self) -> None:
        """Returns when it has told the cluster of itself."""
        self.home.mkdir(exist_ok=True)
        options = {
            "--kubeconfig": self.plane.kubeconfig,
            "--home": self.home,
            "--store": self.home / "stations.db",
            "--port": self.url.rpartition(":")[2],
        }
        words = [str(word) for option in options.items() for word in option]
        command = [sys.executable, "-m", "k8slearn.live.weather", *words]
        both = subprocess.PIPE, subprocess.STDOUT
        self.process = subprocess.Popen(command, stdout=both[0], stderr=both[1], text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        if not said.startswith("https://"):
            raise RuntimeError(said + self.process.stdout.read())
        self.url = said

    def kill(self) -> None:
        """kill -9: it has no time to say goodbye."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
