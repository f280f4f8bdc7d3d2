"""Lesson 10: answers that are right in another way than the solution are right, too; odd ones are told so kindly."""

from __future__ import annotations

import pytest

from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.asking import tried
from k8slearn.lab.exercises.evicting import SCENES, by_the_rules
from k8slearn.lab.exercises.restarting import Run, ends

PROBES = """
startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 10, failureThreshold: 12}
livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 7, failureThreshold: 3, terminationGracePeriodSeconds: 5}
readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2, failureThreshold: 1}
"""


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch):
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


def test_a_loop_instead_of_a_power_is_right():
    def pause(policy, code, crashes, ran):
        if policy != "Always" and (policy == "Never" or not code):
            return None
        wait = 0.0
        for _ in range(crashes if ran <= 600 else 0):
            wait = min(300.0, wait * 2 or 10.0)
        return wait

    assert judge("10.1", pause).passed


def test_other_numbers_and_other_questions_are_right():
    assert judge("10.2", PROBES).passed


def test_a_key_that_tells_it_in_words_is_right():
    def key(t):
        above = t.used - t.requested
        return ["above", "within"][above <= 0], t.priority, -above

    assert judge("10.3", key).passed


@pytest.mark.parametrize(
    "text", ["livenessProbe: [", "livenessProbe: {}", "probe: 1", "livenessProbe: {httpGet: {port: x y}}"]
)
def test_probes_that_nobody_can_read_are_told_so(text):
    report = judge("10.2", text)
    assert report.diagnosis.id == "cannot be read"
    assert isinstance(tried(text, 5), str)


def test_what_is_not_solved_is_open():
    assert judge("10.1", lambda *_: None).state == "open"
    assert judge("10.2", "\n# TODO\n").state == "open"
    assert judge("10.3", lambda _: None).state == "open"


def test_the_truth_is_what_the_machine_has_done():
    lived = ends("Always", (*(Run(2, 1),) * 3, Run(601, 0), Run(2, 1)))
    assert [end.pause for end in lived] == [0, 10, 20, 0, 10]
    assert [end.crashes for end in lived] == [0, 1, 2, 3, 1]
    assert [end.pause for end in ends("OnFailure", (Run(2, 1), Run(2, 0)))] == [0, None]


@pytest.mark.parametrize("kind", SCENES)
def test_each_scene_is_written_in_the_kubelets_order(kind):
    assert by_the_rules(list(SCENES[kind])) == [tenant.name for tenant in SCENES[kind]]
