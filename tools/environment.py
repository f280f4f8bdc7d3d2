"""Makes `.venv`, once: the lock installed with its hashes, then this checkout on top.

Standard library only, and readable by Python 3.8, so that a Python that is too old can still say so.
`VENV=folder` puts the environment elsewhere. Read first: `__main__.py`.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = pathlib.Path(os.environ.get("VENV") or ROOT / ".venv").absolute()
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)
MARK = "k8slearn-environment"
UNFINISHED = "unfinished\n"
BIN, SUFFIX = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")


class SetupError(Exception):
    """Something this machine lacks; the message says what to do about it."""


def ensure() -> None:
    """Make the environment, or bring it up to date. Costs nothing when it is ready."""
    wanted, mark = digest(), VENV / MARK
    found = mark.read_text() if mark.exists() else None
    if found == wanted and script("python").exists():
        return
    if found is None and VENV.exists() and any(VENV.iterdir()):
        raise SetupError(f"{VENV} was not made by this command: move it away, or set VENV=another-folder")
    if found == UNFINISHED or not script("python").exists():
        shutil.rmtree(str(VENV), ignore_errors=True)
    VENV.mkdir(parents=True, exist_ok=True)
    mark.write_text(UNFINISHED)  # until all is well: an interrupted set-up must not pass for a finished one
    print(f"Setting up {VENV} (once; with uv some seconds, with pip a minute)", flush=True)
    if not script("python").exists():
        create()
    install("--require-hashes", "-r", str(LOCK))
    install("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    mark.write_text(wanted)


def digest() -> str:
    """What the environment depends on: the lock, the project file and the place it stands in."""
    files, places = (LOCK, ROOT / "pyproject.toml"), (VENV, ROOT)
    parts = [file.read_bytes() for file in files] + [str(place).encode() for place in places]
    return hashlib.sha256(b"\0".join(parts)).hexdigest() + "\n"


def script(name: str) -> pathlib.Path:
    """The path of a program inside the environment."""
    return VENV / BIN / (name + SUFFIX)


def create() -> None:
    """An empty environment, by uv when it is there, else by venv."""
    uv, python = shutil.which("uv"), find_python()
    if uv:
        call([uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", python or ">=3.11", str(VENV)])
    elif python is None:
        raise SetupError(
            f"k8slearn needs Python {dotted(OLDEST)} or newer, this is {dotted(sys.version_info[:2])}; "
            "install one, or uv, which brings its own"
        )
    else:
        call([python, "-m", "venv", str(VENV)], hint="on Debian and Ubuntu: apt install python3-venv")


def install(*what: str) -> None:
    """Install into the environment, by uv when it is there, else by pip."""
    uv = shutil.which("uv")
    if uv:
        call([uv, "pip", "install", "--quiet", "--python", str(script("python")), *what])
    else:
        call([str(script("python")), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *what])


def find_python() -> str | None:
    """A Python that is new enough: the one we run on, else what the path offers."""
    return next((python for python in candidates() if new_enough(python)), None)


def candidates() -> Iterator[str]:
    """Interpreters to try; never one inside a virtual environment, for it may be the one we replace."""
    yield str(getattr(sys, "_base_executable", sys.executable))
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        path = shutil.which(name)
        if path:
            yield path


def new_enough(python: str) -> bool:
    """Ask it, for a name on the path may be a shim with nothing behind it."""
    ask = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    return subprocess.call([python, "-c", ask], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def dotted(version: tuple[int, ...]) -> str:
    """(3, 11) as people write it."""
    return ".".join(map(str, version))


def call(command: list[str], hint: str = "") -> None:
    """Run it in the repository; a failure ends the set-up."""
    if subprocess.call(command, cwd=str(ROOT)):
        raise SetupError(f"this failed: {' '.join(command)}" + (hint and f"\n{hint}"))


def lock() -> int:
    """Write requirements.lock anew: all extras, all platforms, with hashes, without a registry's address."""
    uv = shutil.which("uv")
    if not uv:
        raise SetupError("the lock is made by uv: https://docs.astral.sh/uv")
    scope = "--universal --python-version 3.11 --all-extras --upgrade"
    form = "--generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock"
    call([uv, "pip", "compile", "pyproject.toml", *scope.split(), *form.split()])
    return 0


def clean() -> int:
    """Remove what can be made again."""
    made = [*ROOT.glob(".*_cache"), ROOT / ".hypothesis", ROOT / "dist"]
    made += [cache for top in ("k8slearn", "tests", "tools") for cache in (ROOT / top).rglob("__pycache__")]
    if (VENV / MARK).exists():
        made.append(VENV)
    for folder in made:
        shutil.rmtree(str(folder), ignore_errors=True)
    return 0
