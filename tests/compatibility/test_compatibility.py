"""Clients that people have, each with a story of its own, and the table of what came of it.

``docs/compatibility.md`` holds the table. After a change that is meant,
``K8SLEARN_REGENERATE=1 pytest tests/compatibility`` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compatibility.story import STEPS, Story
from tests.compatibility.table import read_rows, render, row_of
from tests.compatibility.with_kopf import Kopf
from tests.compatibility.with_kr8s import Kr8s
from tests.compatibility.with_kubectl import Kubectl
from tests.compatibility.with_kubernetes import Kubernetes
from tests.compatibility.with_lightkube import Lightkube
from tests.up import Up

REGENERATE = "K8SLEARN_REGENERATE"
STORIES: list[type[Story]] = [Kopf, Kr8s, Kubectl, Kubernetes, Lightkube]


@pytest.fixture(params=STORIES, ids=lambda kind: kind.client)
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    if request.param is Kubectl and not Kubectl.is_here():
        pytest.skip("there is no kubectl on the path")
    store = str(tmp_path / "state.db")
    with Up(tmp_path / "home", "--nodes", "2", "--stages", "hollow", "--store", store) as up:
        found = request.param(up, tmp_path)
        found.prepare()
        yield found
        found.close()


@pytest.mark.filterwarnings("ignore")  # other people's
def test_the_story(root: Path, story: Story) -> None:
    for step in STEPS:
        if hasattr(story, step):
            getattr(story, step)()
    file = root / "docs" / "compatibility.md"
    row = row_of(story)
    if not (os.environ.get(REGENERATE) or story.package):
        row[0] = read_rows(file)[story.client][0]  # of the machine's own kubectl, any version will do
    true = render({**read_rows(file), story.client: row}, STORIES)
    if os.environ.get(REGENERATE):
        file.write_text(true, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == true, f"if this is meant: {REGENERATE}=1 pytest {__file__}"
