"""The frame around the code: the lock, the jobs, the making of the environment, the continuous check."""

from __future__ import annotations

import ast
import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tools import __main__ as jobs
from tools import environment
from tools.lines import size_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> dict[str, list[tuple[Requirement, int]]]:
    """By name: the pinned requirements, each with the number of its hashes. Some names differ per Python."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        pin = Requirement(entry.split(" \\\n")[0])
        found.setdefault(plain(pin.name), []).append((pin, entry.count("--hash=sha256:")))
    return found


def plain(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> list[Requirement]:
    """Every dependency in pyproject.toml, but for the extra that names the other extras."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    wanted = [Requirement(line) for lines in lists for line in lines]
    return [one for one in wanted if one.name != PROJECT["name"]]


def test_the_lock_names_no_address_and_hashes_everything() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
    assert all(hashes for pins in locked().values() for _, hashes in pins)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_lock_satisfies_every_dependency_everywhere(version: str, platform: str) -> None:
    here = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": platform}
    for wanted in declared():
        pins = [
            pin for pin, _ in locked()[plain(wanted.name)] if pin.marker is None or pin.marker.evaluate(here)
        ]
        assert len(pins) == 1, f"{wanted.name} is pinned {len(pins)} times"
        assert str(pins[0].specifier).removeprefix("==") in wanted.specifier


def test_the_core_needs_nothing_but_these() -> None:
    names = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert names == {"click", "jsonpatch", "jsonpointer", "python-jsonpath", "PyYAML", "rich"}


def test_make_alone_explains_every_job() -> None:
    text = jobs.help_text()
    assert [name for name in jobs.JOBS if name not in text or jobs.JOBS[name].help not in text] == []


def test_make_knows_the_same_jobs() -> None:
    listed = re.search(r"^JOBS = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed
    assert set(listed[1].split()) == {*jobs.JOBS, "help"}


@pytest.mark.skipif(not shutil.which("make"), reason="no make here")
def test_make_finds_a_python_that_has_but_one_name(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "")
    (tmp_path / "python3.12").symlink_to(sys.executable)
    make = subprocess.run(
        [shutil.which("make") or "", "-s"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True
    )
    assert b"python -m tools JOB" in make.stdout


def test_an_unknown_job_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert jobs.main(["no-such-job"]) == 2
    assert "make JOB" in capsys.readouterr().out or sys.platform == "win32"


def test_the_continuous_check_calls_the_command_that_people_call() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.splitlines()[-1] == "make test"
    assert "set -euo pipefail" in script
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step] == [".ci/run"]
    assert jobs.JOBS["test"].commands == (*jobs.LINT, jobs.PYTEST)


def test_commit_hooks_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}


@pytest.mark.parametrize("name", ["__init__", "__main__", "environment", "browser"])
def test_what_runs_before_the_environment_is_readable_by_an_old_python(name: str) -> None:
    tree = ast.parse((ROOT / "tools" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in imported} <= {"tools", *sys.stdlib_module_names}


class Setup:
    """`environment.ensure()` on an empty folder, with the slow parts replaced by what they leave behind."""

    def __init__(self, folder: pathlib.Path, patch: pytest.MonkeyPatch) -> None:
        self.venv, self.fails, self.log = folder / "venv", False, list[str]()
        patch.setattr(environment, "VENV", self.venv)
        patch.setattr(environment, "create", self.create)
        patch.setattr(environment, "install", self.install)

    def create(self) -> None:
        self.log.append("create")
        environment.script("python").parent.mkdir(parents=True)
        environment.script("python").touch()

    def install(self, *what: str) -> None:
        self.log.append(what[0])
        if self.fails:
            raise environment.SetupError("no network")


@pytest.fixture
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(tmp_path, monkeypatch)


WHOLE = ["create", "--require-hashes", "--no-deps"]


def test_the_environment_is_made_once(setup: Setup) -> None:
    environment.ensure()
    environment.ensure()
    assert setup.log == WHOLE


def test_a_half_made_environment_is_made_anew(setup: Setup) -> None:
    setup.fails = True
    with pytest.raises(environment.SetupError):
        environment.ensure()
    setup.fails, leftover = False, setup.venv / "leftover"
    leftover.touch()
    environment.ensure()
    assert setup.log == ["create", "--require-hashes", *WHOLE]
    assert not leftover.exists()


def test_a_changed_lock_is_installed_into_the_same_environment(
    setup: Setup, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure()
    monkeypatch.setattr(environment, "LOCK", tmp_path / "other.lock")
    environment.LOCK.write_text("other==1")
    environment.ensure()
    assert setup.log == WHOLE + WHOLE[1:]


def test_an_environment_whose_python_is_gone_is_made_anew(setup: Setup) -> None:
    environment.ensure()
    environment.script("python").unlink()
    environment.ensure()
    assert setup.log == WHOLE + WHOLE


def test_somebody_elses_folder_is_left_alone(setup: Setup) -> None:
    (setup.venv / "precious").mkdir(parents=True)
    with pytest.raises(environment.SetupError, match="not made by this command"):
        environment.ensure()
    assert (setup.venv / "precious").exists()


def test_a_python_that_is_too_old_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_python", lambda: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(environment.SetupError, match=r"needs Python 3\.11 or newer"):
        environment.create()


def test_only_pythons_that_run_and_are_new_enough_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.new_enough(sys.executable)
    monkeypatch.setattr(environment, "OLDEST", (99, 0))
    assert not environment.new_enough(sys.executable)
    monkeypatch.undo()
    assert sys.version_info[:2] >= environment.OLDEST
    assert environment.dotted(environment.OLDEST) in SpecifierSet(PROJECT["requires-python"])


def test_lines_count_code_and_not_what_is_said_about_it() -> None:
    size = size_of(
        '"""Doc."""\n\n# why\nX = 1\n"""About X."""\n\ndef f():\n    """Doc."""\n    return X  # so\n'
    )
    assert (size.lines, size.code, size.functions) == (9, 3, {"f": 2})


def test_the_command_is_installed() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="k8slearn")
    assert command.value == PROJECT["scripts"]["k8slearn"]
    assert callable(command.load())
