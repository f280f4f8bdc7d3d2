"""The author's check: untouched fails, the solution passes, every wrong idea fails with its own diagnosis."""

from __future__ import annotations

import pytest

from k8slearn.lab import author
from k8slearn.lab.exercise import EXERCISES as FOLDER
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises import EXERCISES, UnknownExercise, named
from k8slearn.sim.trial import ENDS, IDEMPOTENT, RAISES, SETTLES

ALL = list(EXERCISES.values())
IDS = list(EXERCISES)


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch):
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


@pytest.mark.parametrize("exercise", ALL, ids=IDS)
def test_the_authors_check_proves_it(exercise, root):
    rows = author.prove(exercise, root)
    assert [row.what for row in rows[:2]] == ["untouched", "the solution"]
    assert not [str(row) for row in rows if not row.good]


@pytest.mark.parametrize("exercise", ALL, ids=IDS)
def test_it_has_what_every_exercise_has(exercise):
    assert len(exercise.words.hints) == 3
    assert all(exercise.words.hints)
    assert len(exercise.words.wrong_ideas) >= 3
    texts = exercise.words.diagnoses
    assert {d.id for d in exercise.diagnoses} == set(texts), "each text is used, and each diagnosis has one"
    assert {idea.diagnosis for idea in exercise.words.wrong_ideas} <= set(texts)
    promises = {p.name for p in exercise.promises} | {ENDS, SETTLES, IDEMPOTENT, RAISES, ""}
    assert {d.promise for d in exercise.diagnoses} <= promises


def test_no_two_wrong_ideas_of_an_exercise_are_told_the_same():
    for exercise in ALL:
        told = [idea.diagnosis for idea in exercise.words.wrong_ideas]
        assert len(told) == len(set(told)), exercise.id


def test_the_table_of_ids_is_the_words_files():
    in_files = [i for file in sorted(FOLDER.glob("*.yaml")) for i in words_of(file.stem)]
    assert in_files == IDS


def test_an_unknown_exercise_says_which_there_are():
    with pytest.raises(UnknownExercise, match=r'no exercise "99.9": there are 01\.1, 01\.2'):
        named("99.9")
