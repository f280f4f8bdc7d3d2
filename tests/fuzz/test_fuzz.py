"""Ten thousand requests that nobody should send, and what must be true after each. `make fuzz` sends others."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.kinds import Resource
from k8slearn.apiserver import pipeline
from k8slearn.apiserver.http import HttpResponse
from tools.fuzz.run import Fuzz, fuzz

SEEDS = range(4)
REQUESTS = 2_500  # for each seed


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept(seed: int) -> None:
    found = fuzz(seed, REQUESTS)
    assert found.broken == {}
    assert found.codes.total() > 0.99 * REQUESTS
    assert {200, 201, 400, 403, 404, 405, 409, 415, 422} <= found.codes.keys(), (
        "what came of them is of all kinds"
    )
    assert found.codes[404] < REQUESTS / 3, "most requests reach what they are about"


def test_a_run_is_named_by_its_seed() -> None:
    assert fuzz(5, 300).codes == fuzz(5, 300).codes


# --- a judge that sees nothing would prove nothing ---


def test_an_exception_of_ours_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pipeline.validate

    def breaks(resource: Resource, *rest: Any) -> Any:
        return real(resource, *rest) if resource.kind != "ConfigMap" else {}["spec"]

    monkeypatch.setattr(pipeline, "validate", breaks)
    assert "KeyError: 'spec'" in " ".join(fuzz(1, 400).broken)


def test_a_write_in_spite_of_an_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Fuzz.promises

    def lying(self: Fuzz, ask, answer, before):  # type: ignore[no-untyped-def]
        return real(
            self, ask, HttpResponse(422, answer.body) if isinstance(answer, HttpResponse) else answer, before
        )

    monkeypatch.setattr(Fuzz, "promises", lying)
    broken = " ".join(fuzz(1, 200).broken)
    assert "something was written in spite of an error" in broken
    assert "an error of code 422 without a Status that says so" in broken


def test_an_object_that_cannot_be_sent_back_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8slearn.apiserver.server.pipeline.unchanged", lambda old, new: False)
    assert "to send it back unchanged was a change" in " ".join(fuzz(1, 200).broken)
