"""Whatever is handed to judge(), a report comes back, and it says what to do."""

from __future__ import annotations

import json

import pytest

from k8slearn.api.objects import name_of
from k8slearn.lab import progress
from k8slearn.lab.checker import judge
from k8slearn.lab.exercises import UnknownExercise
from k8slearn.lab.exercises.lesson04 import member_pod
from k8slearn.lab.studio import Studio
from k8slearn.machinery import Controller, Done


@pytest.fixture(autouse=True)
def _progress(monkeypatch, tmp_path):
    monkeypatch.setenv("K8SLEARN_PROGRESS", str(tmp_path / "progress.json"))


class Right(Controller):
    primary, owns = "crews", ["pods"]

    def reconcile(self, key):
        crew = self.cache.get("crews", key)
        if crew is None:
            return
        members = {f"{name_of(crew)}-{member}": member for member in crew["spec"]["members"]}
        aboard = {name_of(pod): pod for pod in self.cache.owned_by(crew, "pods")}
        for name, member in members.items():
            if name not in aboard:
                self.client.create(member_pod(crew, member))
        for name, pod in aboard.items():
            if name not in members:
                self.client.delete(pod)


class Other(Right):
    """Right as well, but quite different: one write at a time, and comes back for the next."""

    def reconcile(self, key):
        crew = self.cache.get("crews", key)
        if crew is None:
            return None
        members = {f"{name_of(crew)}-{member}": member for member in crew["spec"]["members"]}
        aboard = {name_of(pod): pod for pod in self.cache.owned_by(crew, "pods")}
        for name in sorted(members.keys() - aboard.keys()):
            self.client.create(member_pod(crew, members[name]))
            return Done(again_in=1)
        for name in sorted(aboard.keys() - members.keys()):
            self.client.delete(aboard[name])
            return Done(again_in=1)
        return None


def test_two_right_ones_get_the_same_report_to_the_letter():
    one, other = judge("04.1", Right), judge("04.1", Other)
    assert one.passed
    assert repr(one) == repr(other)
    assert one._repr_html_() == other._repr_html_()
    assert repr(one).startswith(
        "✓ 04.1 Everybody aboard: right under 120 schedules: calm, a crash after a write"
    )


def test_success_is_remembered_and_failure_is_not():
    assert not judge("04.1", Forgets).passed
    assert not progress.is_solved("04.1")
    judge("04.1", Right)
    assert progress.is_solved("04.1")


class Forgets(Right):
    """Never deletes."""

    def reconcile(self, key):
        crew = self.cache.get("crews", key)
        aboard = {name_of(pod) for pod in self.cache.owned_by(crew, "pods")}
        for member in crew["spec"]["members"]:
            if f"{name_of(crew)}-{member}" not in aboard:
                self.client.create(member_pod(crew, member))


def test_a_failure_says_what_broke_why_and_how():
    report = judge("04.1", Forgets)
    text = repr(report)
    assert report.state == "wrong"
    assert report.diagnosis.id == "only creates"
    assert "Promise broken: everybody on the list is aboard, and nobody else." in text
    assert "Crew default/bridge wants bridge-grace, but has bridge-ada, bridge-grace" in text
    assert report.diagnosis.text in text
    assert "step   1  you: create the Crew bridge: ada, grace" in text
    assert report.schedule.size == 0
    assert len(report.schedule.acts) == 2


def test_the_card_carries_the_same_and_no_traceback():
    html = judge("04.1", Forgets)._repr_html_()
    assert "Crew default/bridge wants bridge-grace" in html
    assert "replay().map()" in html
    assert "Traceback" not in html
    assert "var(--jp-" in html


def test_a_failure_can_be_replayed_from_just_before_its_end():
    report = judge("04.1", Forgets)
    studio = report.replay()
    assert isinstance(studio, Studio)
    assert 0 <= studio.source.position < report.failure.step
    while studio.source.position < report.failure.step:
        assert studio.step()
    assert "crew" in studio.frame()["title"] or "forgets" in studio.frame()["title"]


def test_there_is_nothing_to_replay_when_all_is_well():
    with pytest.raises(ValueError, match="no failing schedule"):
        judge("04.1", Right).replay()


# --- things that are not even wrong ----------------------------------------------------------


class Nothing(Right):
    def reconcile(self, key): ...


class NoReconcile(Controller):
    primary = "crews"


class NoPrimary(Controller):
    def reconcile(self, key): ...


class WrongKind(Right):
    primary = "crowds"


class NeedsMore(Right):
    def __init__(self, more):
        self.more = more


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (..., "not solved yet: put your controller where the ... is."),
        (Nothing, "not solved yet: your controller has not written anything"),
        (Right(), 'give check() the class itself, without parentheses: check("04.1", MyController).'),
        ("a string", "needs a class that inherits from Controller, and got 'a string'"),
        (dict, "needs a class that inherits from Controller, and got 'dict'"),
        (NoReconcile, "NoReconcile has no reconcile(self, key) yet."),
        (NoPrimary, "NoPrimary does not say what it looks after: primary = ..."),
        (WrongKind, 'WrongKind does not start: NotFound: the server doesn\'t have a resource type "crowds"'),
        (NeedsMore, "NeedsMore does not start: TypeError"),
    ],
)
def test_what_cannot_be_judged_is_told_kindly(thing, says):
    report = judge("04.1", thing)
    assert report.state == "open"
    assert says in repr(report)
    assert says.partition(":")[0].replace("'", "&#x27;")[:10] in report._repr_html_()


# --- what any code can get wrong -------------------------------------------------------------


class Loops(Right):
    def reconcile(self, key):
        while not self.cache.get("pods", "default/bridge-ada"):
            pass


class EditsTheCache(Right):
    def reconcile(self, key):
        self.cache.get("crews", key)["spec"]["members"].append("me")


class ReturnsNonsense(Right):
    def reconcile(self, key):
        return True


class KeepsAGenerator(Right):
    def setup(self):
        self.numbers = (n for n in range(3))

    def reconcile(self, key):
        super().reconcile(key)


class KeepsItOutside(Right):
    done: set[str] = set()

    def reconcile(self, key):
        if (key, self.clock.step) not in self.done:
            self.done.add((key, self.clock.step))
            super().reconcile(key)


class Slips(Right):
    def reconcile(self, key):
        self.cach.get("crews", key)


class AlwaysWrites(Right):
    def reconcile(self, key):
        self.client.patch("crews", key, patch={"metadata": {"labels": {"step": str(self.clock.step)}}})


@pytest.mark.parametrize(
    ("thing", "diagnosis", "says"),
    [
        (Loops, "waits inside", 'while not self.cache.get("pods", "default/bridge-ada")'),
        (EditsTheCache, "edits the cache", "SharedObjectError"),
        (ReturnsNonsense, "unfinished answer", "reconcile returned True"),
        (KeepsItOutside, "memory outside", "two calm days"),
        (Slips, "a mistake in the code", 'self.cach.get("crews", key)'),
        (AlwaysWrites, "never at rest", "is still busy"),
    ],
)
def test_each_gets_its_own_diagnosis(thing, diagnosis, says):
    report = judge("04.1", thing)
    assert report.state == "wrong"
    assert report.diagnosis.id == diagnosis
    assert says in repr(report)
    assert len(repr(report).splitlines()) < 30


def test_what_is_kept_must_be_data():
    text = repr(judge("04.1", KeepsAGenerator))
    assert "generator" in text


def test_unknown_exercises_are_refused():
    with pytest.raises(UnknownExercise):
        judge("77.7", Right)


# --- progress --------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_kept_aside_and_said_so(capsys):
    file = progress.path()
    file.write_text("{ not json", encoding="utf-8")
    assert progress.load() == {"solved": [], "hints": {}}
    kept = file.with_name(file.name + ".unreadable-1")
    assert kept.read_text(encoding="utf-8") == "{ not json"
    assert kept.name in capsys.readouterr().err
    file.write_text("[1, 2]", encoding="utf-8")
    progress.solved("04.1")
    assert file.with_name(file.name + ".unreadable-2").exists()
    assert json.loads(file.read_text(encoding="utf-8"))["solved"] == ["04.1"]


def test_a_folder_that_cannot_be_written_is_no_error(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("K8SLEARN_PROGRESS", str(tmp_path / "no" / "such" / "folder.json"))
    progress.solved("04.1")
    assert "could not be written" in capsys.readouterr().err


def test_off_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")
    monkeypatch.chdir(tmp_path)
    progress.solved("04.1")
    assert not list(tmp_path.iterdir())
    assert not progress.is_solved("04.1")


def test_it_stands_in_the_root_of_the_project(monkeypatch, tmp_path):
    monkeypatch.delenv("K8SLEARN_PROGRESS")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path / "exercises")
    assert progress.path() == tmp_path / progress.NAME
