"""What people type and what kubectl prints, in one namespace, in a row.

`tests/fidelity/kubectl.yaml` was written down with kubectl 1.36. An older one says some lines otherwise; there they
carry `newer`, the reason, and perhaps `older`, what to type instead. Nothing is excused for a kubectl as new as that.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from tools.fidelity.patterns import DAY, SORTS, Unifier

MISSING = "kubectl is not on the path: see https://kubernetes.io/docs/tasks/tools"
RECORDED_WITH = (1, 36)
LONGEST = 150.0  # seconds for one line
NODES = 10
LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
WEEKDAY = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"

#: What placeholders stand for where people read. None has a number: columns would not line up anyway.
PRINTED = {
    "uid": SORTS["uid"],
    "rv": r'"?\d+"?',
    "time": rf"{DAY}(?:\.\d+)?Z|{WEEKDAY}|\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{{4}}(?: UTC)?",
    "age": r"\d[\dhms.d]*[hmsd]",
    "hash": f"{LETTERS}{{8,10}}",
    "gen": f"{LETTERS}{{5}}",
    "ip": r"\d+\.\d+\.\d+\.\d+",
    "node": r"node-\d",
    "context": r"\S+",
    "live": r"\S*/LIVE-\d+",
    "merged": r"\S*/MERGED-\d+",
}


VERDICTS = {
    "same": "the same",
    "older": "what an older kubectl says",
    "output": "something else",
    "exit": "something else, with another exit code",
}
WRONG = ("output", "exit")


class Line(NamedTuple):
    """One that was typed. `verdict` is one of VERDICTS."""

    typed: str
    verdict: str
    wanted: str
    got: str

    def difference(self) -> str:
        both = self.wanted.split("\n"), self.got.split("\n")
        return "\n".join(list(difflib.unified_diff(*both, lineterm="", n=0))[2:])


class Session:
    """A folder with the files, a namespace, and a shell."""

    def __init__(self, transcript: dict[str, Any], kubeconfig: Path, folder: Path) -> None:
        self.transcript, self.folder = transcript, folder
        self.namespace = f"kdemo-{secrets.token_hex(4)}"
        self.unifier = Unifier(PRINTED)
        shutil.copy(kubeconfig, folder / "config")
        for name, content in transcript["files"].items():
            (folder / name).write_text(content, "utf-8")
        own = {
            "KUBECONFIG": str(folder / "config"),
            "HOME": str(folder),
            "NS": self.namespace,
            "TERM": "dumb",
        }
        self.environment = {**os.environ, **own}
        self.old = client_version(self) < RECORDED_WITH

    def lines(self) -> Iterator[Line]:
        """Type everything."""
        self.type(f"kubectl create namespace {self.namespace}")
        self.type(f"kubectl config set-context --current --namespace {self.namespace}")
        self.type("until kubectl get serviceaccount default; do sleep 0.2; done")
        for part in self.transcript["parts"].values():
            for entry in part:
                if "setup" in entry:
                    self.type(entry["setup"])
                else:
                    yield self.line(entry)
        self.type(f"kubectl delete namespace {self.namespace} --wait=false")

    def line(self, entry: dict[str, Any]) -> Line:
        typed = entry.get("older", entry["run"]) if self.old else entry["run"]
        code, printed = self.type(typed)
        wanted, got = entry.get("out", "").rstrip("\n"), squeezed(printed.replace(self.namespace, "<ns>"))
        if code != entry.get("exit", 0):
            return Line(typed, "exit", f"[exit {entry.get('exit', 0)}]\n{wanted}", f"[exit {code}]\n{got}")
        if self.unifier.matches(wanted, got):
            return Line(typed, "same", wanted, got)
        return Line(typed, "older" if self.old and "newer" in entry else "output", wanted, got)

    def type(self, command: str) -> tuple[int, str]:
        """Exit code, and what was printed on both outputs."""
        words = ["bash", "-c", command]
        try:
            done = subprocess.run(
                words,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST,
            )
        except subprocess.TimeoutExpired:
            return 124, "it did not end"
        return done.returncode, done.stdout


def client_version(session: Session) -> tuple[int, int]:
    _, said = session.type("kubectl version --client -o json")
    version = json.loads(said[said.index("{") :])["clientVersion"]
    return int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))


def squeezed(text: str) -> str:
    """With two blanks for more than one, except where a line begins: widths depend on what stands in other rows."""
    return "\n".join(_squeezed(line) for line in text.split("\n")).rstrip("\n")


def _squeezed(line: str) -> str:
    rest = line.lstrip(" ")
    return (line[: len(line) - len(rest)] + re.sub(" {2,}", "  ", rest.replace("\t", "  "))).rstrip()


def play(path: Path, kubeconfig: Path) -> list[Line]:
    """Type what stands in the file, at the cluster of this kubeconfig."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(yaml.safe_load(path.read_text("utf-8")), kubeconfig, Path(folder))
        return list(session.lines())


# --- by hand ---


def main(path: Path, console: Console, *, verbose: bool) -> int:
    """Type everything at a control plane made for it, and print what came of it."""
    from k8slearn.live.controlplane import Settings
    from k8slearn.live.notebook import Background
    from k8slearn.node import stages

    if shutil.which("kubectl") is None:
        console.print(MISSING)
        return 2
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(nodes=NODES, port=0, home=Path(home), stages=stages.HOLLOW)
        with Background(settings) as plane:
            lines = play(path, plane.kubeconfig)
    return _print(lines, console, verbose=verbose)


def _print(lines: list[Line], console: Console, *, verbose: bool) -> int:
    for line in lines if verbose else ():
        if line.verdict != "same":
            console.print(f"\n$ {line.typed}", markup=False, style="bold", soft_wrap=True)
            console.print(line.difference(), markup=False, soft_wrap=True)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("kubectl prints")
    table.add_column("lines", justify="right")
    for verdict, words in VERDICTS.items():
        table.add_row(words, str(sum(line.verdict == verdict for line in lines)))
    console.print(table)
    return int(any(line.verdict in WRONG for line in lines))
