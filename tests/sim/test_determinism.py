"""The same seed and inputs give the same history, byte for byte: in every process and on every Python.

``tests/golden/traces.txt`` holds the hashes as they were when somebody last looked. A change that is meant
moves them: ``K8SLEARN_REGENERATE=1 pytest tests/sim/test_determinism.py`` writes the file anew, and the diff
says so.
"""

from __future__ import annotations

import glob
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.sim.history import PLAYED, hashes, play, summary
from tests.sim.worlds import picture

GOLDEN = pathlib.Path("tests", "golden", "traces.txt")
REGENERATE = "K8SLEARN_REGENERATE"
VERSIONS = ("3.11", "3.12", "3.13")


def as_text(found: dict[str, str]) -> str:
    return "".join(f"{name}: {text}\n" for name, text in found.items())


@pytest.fixture(scope="module")
def here() -> str:
    """The hashes of this process."""
    return as_text(hashes())


def elsewhere(root: pathlib.Path, python: str, **environment: str) -> str:
    """The hashes of another process. It finds the libraries of the core where this one has them."""
    import jsonpatch
    import yaml

    libraries = {str(pathlib.Path(m.__file__).parent) for m in (jsonpatch,)} | {
        str(pathlib.Path(yaml.__file__).parent.parent)
    }
    path = os.pathsep.join([str(root), *sorted(libraries)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [python, "-m", "tests.sim.history"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_histories_are_as_they_were(root, here):
    golden = root / GOLDEN
    if os.environ.get(REGENERATE):
        golden.write_text(here, encoding="utf-8")
    assert here == golden.read_text(encoding="utf-8"), f"if this is meant: {REGENERATE}=1 pytest {__file__}"


def test_twice_in_one_process(here):
    assert as_text(hashes()) == here


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_order_of_sets_decides_nothing(root, here, hash_seed):
    assert elsewhere(root, sys.executable, PYTHONHASHSEED=hash_seed) == here


def test_neither_the_time_zone_nor_the_language_decides_anything(root, here):
    assert elsewhere(root, sys.executable, TZ="Pacific/Auckland", LC_ALL="C", LANG="C") == here


@pytest.mark.parametrize(
    "version", [v for v in VERSIONS if v != f"{sys.version_info[0]}.{sys.version_info[1]}"]
)
def test_other_pythons(root, here, version):
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    assert elsewhere(root, python) == here


def interpreter(version: str) -> str | None:
    """A Python of this version that starts. (pyenv's stand-ins are there even for versions not chosen.)"""
    installed = glob.glob(str(pathlib.Path.home() / f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (*installed, shutil.which(f"python{version}")):
        if (
            candidate
            and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return candidate
    return None


@pytest.mark.parametrize("how", PLAYED.values(), ids=PLAYED.keys())
def test_after_going_back_and_forth_too(how):
    sim = play(*how)
    before, end = summary(sim), picture(sim)
    for share in (0.5, 0.1, 0.9, 0.0, 1.0):
        sim.goto(int(share * len(sim.trace)))
    assert (summary(sim), picture(sim)) == (before, end)


def test_every_step_that_is_repeated_says_the_same():
    sim = play("shuffled", 2)
    sim.goto(0)
    while sim.position < len(sim.trace):
        assert sim.step().line() == sim.trace[sim.position].line()


def test_another_seed_is_another_history():
    assert len({summary(play("shuffled", seed)) for seed in range(5)}) == 5
