"""What agrees with Kubernetes stays so, and what does not is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.up import Up, running
from tools.fidelity import ledger, score
from tools.fidelity.__main__ import main
from tools.fidelity.score import EXCHANGES, MISSES, Played
from tools.fidelity.stories import load, play
from tools.fidelity.worlds import Simulated

#: For their watches, their polling, their own headers, or because they lie in no namespace.
AT_A_SERVER = ("watch/", "apply/apply-strict", "rbac/", "deletion/delete-fore")


def test_every_answer_agrees_as_far_as_the_list_of_misses_says(played: Played) -> None:
    told = list(score.news(score.read_misses(MISSES), score.misses(played), [s.about for s, _ in played]))
    assert not told, "\n".join(["make fidelity ARGS=--write brings misses.yaml up to date:", *told])


def test_every_story_was_played_to_its_end(played: Played) -> None:
    assert {story.about: len(results) for story, results in played} == {
        s.about: len(s) for s in load(EXCHANGES)
    }


def test_every_miss_has_a_reason_and_a_story() -> None:
    known = score.read_misses(MISSES)
    assert [about for about, miss in known.items() if miss["because"] == "?"] == []
    assert set(known) <= {story.about for story in load(EXCHANGES)}


def test_a_story_always_goes_the_same_way() -> None:
    story = next(s for s in load(EXCHANGES) if s.about == "statefulset/statefulset-ordered")
    assert play(story, Simulated()) == play(story, Simulated())


def test_the_ledger_is_up_to_date(played: Played) -> None:
    written = ledger.LEDGER.read_text("utf-8")
    assert written == ledger.text(played, score.read_misses(MISSES)), "make fidelity ARGS=--write"


def test_the_ledger_leaves_nothing_out() -> None:
    declared = {"kinds": {"unicorns": {}}}
    with pytest.raises(ledger.Unaccounted, match="unicorns"):
        ledger.check(declared)


def test_a_controller_that_nobody_declared_is_noticed() -> None:
    section = {"a": {"ours": "A"}, "b": {"absent": "why"}}
    with pytest.raises(ledger.Unaccounted, match=r"either the code or simplified.yaml knows nothing of: B"):
        ledger.agree("controllers", set(ledger.present(section).values()), {"A", "B"})


def test_worse_and_better_are_told_apart() -> None:
    before, now = (
        {"a/b": {"steps": {1: "status", 2: "fields"}}},
        {"a/b": {"steps": {2: "nothing", 3: "status"}}},
    )
    assert [line.split(":")[1] for line in score.news(before, now, ["a/b"])] == [
        " better",
        " worse",
        " worse",
    ]


def test_the_command_says_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (recorded,) = (EXCHANGES / "lease").glob("*.yaml")
    (tmp_path / "lease").mkdir()
    wanted = "fields: {spec: {holderIdentity: x}}"
    spoiled = recorded.read_text("utf-8").replace(wanted, wanted.replace("x", "b"))
    (tmp_path / "lease" / recorded.name).write_text(spoiled, "utf-8")
    monkeypatch.setattr("tools.fidelity.__main__.EXCHANGES", tmp_path)
    assert main(["-v"]) == 1  # a miss that nobody knows of
    said = capsys.readouterr().out
    assert "status agrees, no more" in said
    assert 'wanted "b"' in said


def test_only_everything_together_is_written() -> None:
    assert main(["--only", "crd", "--write"]) == 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    yield from running(tmp_path_factory.mktemp("up"), "--nodes", "10", "--stages", "hollow")


@pytest.mark.parametrize("about", AT_A_SERVER)
def test_over_the_wire_it_is_the_same(
    server: Up, about: str, capsys: pytest.CaptureFixture[str], played: Played
) -> None:
    """And what a story made is gone afterwards."""
    assert main(["--only", about, "--server", server.url, "--token", server.token]) == 0
    here = [(s, r) for s, r in played if about in s.about]
    assert capsys.readouterr().out.split("\n")[-2].split()[1:] == _last_line(here)
    with server.http() as http:
        roles = [
            r["metadata"]["name"]
            for r in http.get("/apis/rbac.authorization.k8s.io/v1/clusterroles").json()["items"]
        ]
        assert not [name for name in roles if name.startswith(("maker-", "agg-", "part-"))]


def _last_line(played: Played) -> list[str]:
    tally = score.total(score.by_area(played))
    return [*map(str, tally), f"{tally.exact / tally.answers:.1%}"]
