"""The jobs of this repository, for people with and without make: `python -m tools JOB [ARGUMENT ...]`.

`make JOB ARGS="..."` calls exactly this. Standard library only, and readable by Python 3.8, because it runs
before there is an environment. Read next: `environment.py` (how `.venv` is made), then `browser.py` (where
Chromium is found).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import NamedTuple

from tools import browser, environment
from tools.environment import ROOT, SetupError


class Job(NamedTuple):
    """One line of the help. Its commands run in the environment; ARGUMENTs are added to the last one."""

    help: str
    commands: tuple[str, ...]
    default: tuple[str, ...] = ()
    browser: bool = False


# By files, since the cells of a notebook belong together; in their order, so that the browser's do not all come last.
PYTEST = "python -m pytest -n 2 --dist loadfile --no-loadscope-reorder"
LINT = ("ruff check .", "ruff format --check .", "mypy")
JOBS = {
    "lab": Job("open the lessons in JupyterLab", ("k8slearn lab",)),
    "play": Job(
        "tell the story of a manifest in the terminal", ("k8slearn play",), ("examples/guestbook.yaml",)
    ),
    "test": Job("everything that must hold: lint, types, tests, notebooks", (*LINT, PYTEST), (), True),
    "lint": Job("the style and type checks alone", LINT),
    "fmt": Job("mend what the style check can mend", ("ruff check --fix .", "ruff format .")),
    "notebooks": Job(
        "rebuild notebooks from lessons/ (ARGS: their numbers)", ("python -m tools.build_notebooks",)
    ),
    "check": Job("the author's check of every exercise", ("python -m k8slearn.lab.author",)),
    "fidelity": Job("how true it is: what Kubernetes answered, asked of us", ("python -m tools.fidelity",)),
    "fuzz": Job(
        "requests that nobody should send, and what must hold all the same", ("python -m tools.fuzz",)
    ),
    "killtest": Job("kill -9 while the store on disk is written to", ("python -m tools.killtest",)),
    "lines": Job("how small it is: lines per room and of the spine", ("python -m tools.lines",)),
    "bench": Job("how fast it is", ("python -m tools.bench",)),
    "lock": Job("pin every dependency anew (needs uv)", ()),
    "clean": Job("remove the environment and all caches", ()),
}


def main(arguments: list[str]) -> int:
    """Run one job and return its exit code; 2 when the job is unknown or the machine lacks something."""
    name, rest = (arguments or ["help"])[0], arguments[1:]
    if name not in JOBS:
        print(help_text())
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        special = {"lock": environment.lock, "clean": environment.clean}.get(name)
        return special() if special else run(JOBS[name], rest)
    except SetupError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(job: Job, rest: list[str]) -> int:
    """Make the environment if need be, then run the job's commands up to the first that fails."""
    environment.ensure()
    env = dict(os.environ, PYTHONHASHSEED="0")
    if job.browser:
        env["CHROME"] = browser.ensure() or ""
    for command in job.commands:
        words = command.split()
        if command == job.commands[-1]:
            words += rest or job.default
        print("$ " + " ".join(words), flush=True)
        code = subprocess.call([str(environment.script(words[0])), *words[1:]], cwd=str(ROOT), env=env)
        if code:
            return code
    return 0


def help_text() -> str:
    """The table above, for people."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    how = "make JOB" if shutil.which("make") else "python -m tools JOB"
    lines = ["k8slearn: Kubernetes from the inside, in a notebook.", "", f"  {how}", ""]
    lines += [f"  {bold}{name:<10}{plain} {job.help}" for name, job in JOBS.items()]
    lines += [
        "",
        "Each job sets up what it needs (Python 3.11 or newer is enough). New here? Start with: lab",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
