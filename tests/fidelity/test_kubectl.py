"""What people type prints what Kubernetes lets it print."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.up import Up, running
from tools.fidelity.kubectl import MISSING, PRINTED, WRONG, play, squeezed
from tools.fidelity.patterns import Unifier
from tools.fidelity.score import FOLDER


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """For these lines alone: they cordon a node."""
    if shutil.which("kubectl") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    yield from running(tmp_path_factory.mktemp("up"), "--nodes", "10", "--stages", "hollow")


@pytest.mark.slow
def test_every_line_prints_what_it_should(server: Up) -> None:
    lines = play(FOLDER / "kubectl.yaml", Path(server.kubeconfig))
    wrong = [f"$ {line.typed}\n{line.difference()}" for line in lines if line.verdict in WRONG]
    assert not wrong, "\n".join(wrong)
    assert len(lines) == 84


def test_widths_do_not_count_but_what_stands_there_does() -> None:
    printed = squeezed("NAME     AGE\nweb-5d4f7b9c6d-x7k2q\t  3m20s\n    deep\n   \n")
    assert printed == "NAME  AGE\nweb-5d4f7b9c6d-x7k2q  3m20s\n    deep"
    assert Unifier(PRINTED).matches("NAME  AGE\nweb-<hash>-<gen>  <age>\n    deep", printed)
    assert not Unifier(PRINTED).matches("NAME  AGE\nweb-<hash>  <age>\n    deep", printed)
    assert not Unifier(PRINTED).matches("NAME  AGE\nweb-<hash>-<gen>  <none>\n    deep", printed)
