"""A file that a failure has left: the same history once more."""

from __future__ import annotations

import json
from pathlib import Path

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import Failure
from k8slearn.testing.assertions import TABLE, played
from k8slearn.testing.scenario import Misuse, Scenario


def replay(path: str | Path, scenario: Scenario) -> Failure | None:
    """The failure again, or None if the operator has become right. Raises Misuse.

    ``replay(path, scenario).sim`` stands at its last step: go back in it with ``sim.back()``, or hand it to the
    notebook's stepper.
    """
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8"))
        assertion, schedule = TABLE[said["assertion"]], Schedule.load(path)
    except (ValueError, KeyError, TypeError) as error:
        raise Misuse(f"{path} is not the schedule of a failed assertion: {error}") from error
    return played(Play(assertion.trial(scenario, **said.get("options", {})), schedule))
