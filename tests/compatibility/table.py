"""``docs/compatibility.md``: one row for each story that went well, and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.compatibility.story import STEPS, Story

HEAD = """\
# Who can talk to it

Each of these clients, as it comes and without a special setting, goes through a story against `k8slearn up`:
its real binary or library, over TLS, with the kubeconfig that was written at the start. The stories are the
files beside `tests/compatibility/test_compatibility.py`, which writes this table and fails when it is not true.
"""
TAIL = """\
**client-go** was not run by itself, for want of a Go compiler where the tests run. kubectl is made of it: of its
typed and dynamic clients, its discovery and, in `rollout status`, its informers.
"""

Rows = dict[str, list[str]]


def row_of(story: Story) -> list[str]:
    """The cells behind the client's name: its version, and what it did."""
    return [story.version(), *("yes" if hasattr(story, step) else "-" for step in STEPS)]


def read_rows(path: Path) -> Rows:
    """By client. There is nothing in a file that is not there."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1:] for row in cells[2:]}


def render(rows: Rows, stories: list[type[Story]]) -> str:
    """The whole file."""
    cells = [["client", "version", *STEPS], ["---"] * (len(STEPS) + 2)]
    cells += [[name, *row] for name, row in sorted(rows.items())]
    table = ["| " + " | ".join(row) + " |\n" for row in cells]
    steps = [f"- **{step}**: {meaning}\n" for step, meaning in STEPS.items()]
    dash = "\nA dash: the client has no such verb of its own.\n\n"
    return "".join(
        [HEAD, "\n", *table, dash, *steps, "\nIn a way of their own:\n\n", *_ways(stories), "\n", TAIL]
    )


def _ways(stories: list[type[Story]]) -> Iterator[str]:
    """Where a client tells a step differently, the docstring says how."""
    for story in stories:
        for step in STEPS:
            way = getattr(getattr(story, step, None), "__doc__", None)
            if way:
                yield f"- {story.client}, **{step}**: {' '.join(way.split())}\n"
