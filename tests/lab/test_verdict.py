"""A check cell fails when the answer is wrong, shows why, and lets one walk through the failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from k8slearn import Controller
from k8slearn.lab import check, replay
from k8slearn.lab.exercises.lesson04 import member_pod
from k8slearn.lab.verdict import NotRight


class Hoarder(Controller):
    """Never sends anybody off board."""

    primary, owns = "crews", ("pods",)

    def reconcile(self, key: str) -> None:
        crew = self.cache.get("crews", key)
        aboard = {pod["metadata"]["name"] for pod in self.cache.owned_by(crew, "pods")} if crew else set()
        for member in crew["spec"]["members"] if crew else ():
            if f"{crew['metadata']['name']}-{member}" not in aboard:
                self.client.create(member_pod(crew, member))


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


def test_a_wrong_answer_raises_and_can_be_replayed() -> None:
    with pytest.raises(NotRight, match=r"04\.1 is not right yet") as caught:
        check("04.1", Hoarder)
    assert caught.value.report.diagnosis is not None
    world = replay()
    assert world.source.position <= world.source.length
    assert world.text("map")


def test_in_a_notebook_a_wrong_answer_is_a_card_and_one_line(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.user_ns.update(check=check, Hoarder=Hoarder)
    result = shell.run_cell('check("04.1", Hoarder)')
    said = capsys.readouterr()
    assert isinstance(result.error_in_exec, NotRight)
    assert "✗ 04.1 Everybody aboard" in said.out
    assert "Traceback" not in said.out + said.err
    assert (said.out + said.err).strip().endswith("04.1 is not right yet.")
