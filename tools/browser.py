"""Finds a Chromium for the browser tests, and installs one where that is ours to do.

`CHROME=/path/to/it` wins over everything. Standard library only, readable by Python 3.8.
Read first: `__main__.py`.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
MISSING = """The browser tests need a Chromium, and there is none here. Install one:
  Debian: apt install chromium · macOS: brew install --cask chromium · Windows: Edge or Chrome will do
or name it: CHROME=/path/to/chromium"""


def find() -> str | None:
    """The path of a Chromium, or None."""
    named = os.environ.get("CHROME")
    if named:
        return shutil.which(named)
    found = [shutil.which(name) for name in NAMES] + [place for place in PLACES if os.path.exists(place)]
    return next((path for path in found if path), None)


def ensure() -> str | None:
    """The same, after installing it on a Debian where we are root; says what is missing otherwise."""
    if not find() and not os.environ.get("CHROME") and is_debian_root():
        subprocess.call(["apt-get", "update", "-q"])
        subprocess.call(["apt-get", "install", "-qy", "--no-install-recommends", "chromium"])
    if not find():
        print(MISSING, file=sys.stderr)
    return find()


def is_debian_root() -> bool:
    """Debian only: on Ubuntu the package of that name needs snapd, which containers do not have."""
    release = pathlib.Path("/etc/os-release")
    debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    return debian and getattr(os, "geteuid", lambda: 1)() == 0
