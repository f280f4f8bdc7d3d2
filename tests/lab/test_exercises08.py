"""Lesson 08's third exercise: another right answer passes, and what a StatefulSet really does is right, too."""

from __future__ import annotations

from k8slearn.lab.checker import judge


def by_one_list(replicas, partition, pods):
    """The same, put the other way round: all possible moves in order, and the first is taken if nobody is awaited."""
    missing = [n for n in range(replicas) if n not in pods]
    unwell = [n for n, pod in pods.items() if n < replicas and (pod.leaving or not pod.ready)]
    if missing and not any(n < missing[0] for n in unwell):
        return ("create", missing[0], ("new", "old")[missing[0] < partition])
    if missing or unwell:
        return None
    top = max(pods, default=-1)
    if top >= replicas:
        return None if pods[top].leaving else ("delete", top)
    stale = [n for n in pods if n >= partition and pods[n].version == "old"]
    return ("delete", max(stale)) if stale else None


def test_another_right_answer_passes():
    assert judge("08.3", by_one_list).passed


def test_a_careful_one_that_waits_for_everybody_passes():
    def patient(replicas, partition, pods):
        busy = any(pod.leaving or not pod.ready for pod in pods.values())
        return None if busy else by_one_list(replicas, partition, pods)

    assert judge("08.3", patient).passed


def test_an_answer_that_is_no_move_is_told():
    for answer in ("delete", ("delete", 7), ("create", 0), ("create", "0", "new"), ("jump", 0)):
        report = judge("08.3", lambda *_, answer=answer: answer)
        assert not report.passed
        assert "is no move" in report.message
