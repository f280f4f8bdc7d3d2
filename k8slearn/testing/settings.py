"""What pytest's command line decides for all assertions: set by the plugin, and with sensible values without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "k8slearn"  # in pytest's cache


@dataclass
class Settings:
    """folder: where schedules are written, if somebody has said so. replay: the file that is to be played, and
    nothing else. cache: pytest's.
    """

    folder: Path | None = None
    replay: Path | None = None
    in_pytest: bool = False
    cache: Any = None

    def place(self) -> Path:
        """The folder for schedules, made now: nobody needs it before something fails."""
        if self.folder is None and self.cache is not None:
            return Path(self.cache.mkdir(FOLDER))
        found = self.folder or Path(".k8slearn")
        found.mkdir(parents=True, exist_ok=True)
        return found


SETTINGS = Settings()
