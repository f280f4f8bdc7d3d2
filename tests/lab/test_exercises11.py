"""Lesson 11's exercises: other right answers pass, and odd ones are answered, not crashed over."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.endings import truth

CARE = """
strategy:
  rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}
template:
  spec:
    terminationGracePeriodSeconds: 60
    containers:
    - name: web
      startupProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, failureThreshold: 9}
      readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 2}
      lifecycle: {preStop: {sleep: {seconds: 10}}}
"""


def test_there_is_more_than_one_careful_rollout() -> None:
    report = judge("11.1", CARE)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("text", "diagnosis"),
    [
        ("a word", "is no YAML"),
        ("- a list", "is no YAML"),
        ("template: 3", "is refused"),
        ("template: {spec: {containers: [{readinessProbe: {}}]}}", "is refused"),
        ("template: {spec: {containers: none}}", "is refused"),
        ("template: {spec: {containers: [{name: web, $patch: delete}]}}", "is refused"),
        ("strategy: {type: Recreate}", "is refused"),
        ("template: {spec: {containers: [{name: web, image: nginx}]}}", "opens another shop"),
        ("paused: true", "waits for a word"),
    ],
)
def test_whatever_is_laid_over_it_is_answered(text: str, diagnosis: str) -> None:
    report = judge("11.1", text)
    assert report.state == "wrong"
    assert report.diagnosis is not None
    assert report.diagnosis.id == diagnosis, str(report)


def test_to_close_the_shop_for_a_while_is_no_way_out() -> None:
    report = judge("11.1", textwrap.dedent("strategy: {$retainKeys: [type], type: Recreate}"))
    assert report.state == "wrong"
    assert "requests were lost" in report.message


def test_taking_turns_is_fair_too() -> None:
    def pick(
        slices: list[Any], client: str, now: float, luck: int, sticky: int, kept: dict[Any, Any]
    ) -> str | None:
        there = truth(slices)
        before, last = kept.get(client, ("", 0.0))
        if sticky and before in there and now - last < sticky:
            kept[client] = before, now
            return before
        kept["turn"] = kept.get("turn", 0) + 1
        chosen = there[kept["turn"] % len(there)] if there else None
        kept[client] = chosen, now
        return chosen

    report = judge("11.2", pick)
    assert report.passed, str(report)
