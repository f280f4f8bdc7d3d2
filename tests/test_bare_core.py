"""The core plays the guestbook with nothing but the standard library and pure-Python files installed.

The environment is really bare: a new one without pip, into which go our own wheel and, of the core's
dependencies, only what is not compiled. So this also shows that the wheel is complete.
"""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest
from packaging.requirements import Requirement

COMPILED = {".so", ".pyd", ".dll", ".dylib"}
PLAY = """
import json, sys
from k8slearn.cli import main
try:
    main(["play", sys.argv[1]])
except SystemExit as end:
    code = end.code or 0
files = sorted({getattr(m, "__file__", None) or "" for m in sys.modules.values()} - {""})
print(json.dumps({"code": code, "files": files}), file=sys.stderr)
"""


def needed(names: list[str]) -> set[str]:
    """These distributions and what they need in turn, leaving out extras and other platforms."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            requirements = map(Requirement, importlib.metadata.requires(name) or [])
            names += [
                one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})
            ]
    return found


def copy_pure(name: str, site: pathlib.Path) -> None:
    """Put the distribution's files that are not compiled into that folder."""
    for file in importlib.metadata.files(name) or []:
        if file.suffix not in COMPILED and ".." not in file.parts and "__pycache__" not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), site / file)


@pytest.fixture(scope="module")
def wheel(root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Our own wheel, built."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=root, capture_output=True)
    return next(folder.glob("k8slearn-*-py3-none-any.whl"))


@pytest.fixture(scope="module")
def bare(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a new environment that holds our wheel and the pure half of the core's dependencies."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=sys.platform != "win32", with_pip=False)
    site = next(folder.rglob("site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    metadata = importlib.metadata.PathDistribution(next(site.glob("k8slearn-*.dist-info")))
    core = [one for one in map(Requirement, metadata.requires or []) if "extra" not in str(one.marker)]
    for name in needed([one.name for one in core]):
        copy_pure(name, site)
    return folder


@pytest.mark.slow
def test_the_guestbook_plays_on_the_standard_library_and_pure_python(
    bare: pathlib.Path, root: pathlib.Path
) -> None:
    python = bare / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    command = [python, "-I", "-c", PLAY, root / "examples" / "guestbook.yaml"]
    run = subprocess.run(command, cwd=bare, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stderr.splitlines()[-1])
    assert report["code"] == 0, run.stdout
    site = [file for file in report["files"] if "site-packages" in file]
    assert all(pathlib.Path(file).is_relative_to(bare) for file in site)
    assert {pathlib.Path(file).suffix for file in site} <= {".py"}
    assert any("k8slearn" in file for file in site)
    assert "frontend" in run.stdout


@pytest.mark.slow
def test_the_wheel_holds_everything_but_python_too(wheel: pathlib.Path, root: pathlib.Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = [path for path in (root / "k8slearn").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(root).as_posix() for path in package} <= held
    assert {".js", ".css", ".json"} <= {path.suffix for path in package}
