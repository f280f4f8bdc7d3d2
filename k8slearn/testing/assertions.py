"""The assertions: which promises each asks for, and under which troubles.

Each takes a `Scenario`, or what makes one: ``assert_crash_safe(MyController, given=[...], then=...)``. It returns
how many histories were played, and raises `OperatorFailure` with the shortest story that it found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.shrink import shrink
from k8slearn.sim.trial import ENDS, Failure, Invariant, Trial, settled_after_resync
from k8slearn.testing import plans
from k8slearn.testing.failure import OperatorFailure, report
from k8slearn.testing.plans import Plan
from k8slearn.testing.promises import HOLDS, asked, no_hot_loop, no_orphans, take_back
from k8slearn.testing.scenario import Misuse, Scenario
from k8slearn.testing.settings import SETTINGS

HOT = 20  # reconciles of one key in ten virtual seconds
SHRINKING = 120  # playings, at most


@dataclass(frozen=True)
class Assertion:
    """`troubles` are tried after the calm history, as long as no promise is broken."""

    name: str
    troubles: tuple[Plan, ...]
    trial: Callable[..., Trial]
    needs_then: bool = True


# --- what is promised -----------------------------------------------------------------------------


def _holds(scenario: Scenario) -> Trial:
    return scenario.trial(_then(scenario))


def _holds_and_rests(scenario: Scenario) -> Trial:
    return scenario.trial([*_then(scenario), settled_after_resync(scenario.players)])


def _stays_cool(scenario: Scenario, most: int = HOT) -> Trial:
    return scenario.trial(no_hot_loop(scenario.players, most))


def _leaves_nothing(scenario: Scenario) -> Trial:
    primaries = tuple(dict.fromkeys(p.primary for p in (make() for make in scenario.makers) if p.primary))
    sim = scenario.simulation()
    names = tuple(sim.client.kinds.named(p).name for p in primaries)
    return scenario.trial([no_orphans(scenario.players, names, sim.world)], [take_back(names)])


def _then(scenario: Scenario) -> list[Invariant]:
    return [asked(HOLDS, scenario.then)] if scenario.then is not None else []


TABLE = {
    a.name: a
    for a in (
        Assertion("assert_converges", (plans.any_order,), _holds),
        Assertion("assert_idempotent", (), _holds_and_rests, needs_then=False),
        Assertion("assert_level_triggered", (plans.dropped, plans.doubled, plans.merged), _holds),
        Assertion("assert_crash_safe", (plans.crashes,), _holds),
        Assertion("assert_tolerates_stale_cache", (plans.stale, plans.early, plans.any_order), _holds),
        Assertion("assert_survives_errors", (plans.refusals, plans.outages, plans.unread), _holds),
        Assertion("assert_no_hot_loop", (), _stays_cool, needs_then=False),
        Assertion("assert_no_orphans", (plans.merged, plans.crashes), _leaves_nothing, needs_then=False),
    )
}


# --- the search -----------------------------------------------------------------------------------


def run(name: str, operator: Any, fields: dict[str, Any], **options: Any) -> int:
    """Play until a promise is broken. Returns the number of histories; raises OperatorFailure, Misuse."""
    __tracebackhide__ = True
    assertion, scenario = TABLE[name], _scenario(operator, fields)
    if assertion.needs_then and scenario.then is None:
        raise Misuse(f"{name} needs to know what must hold in the end: then=...")
    trial = assertion.trial(scenario, **options)
    if SETTINGS.replay is not None:
        return _replayed(SETTINGS.replay, name, scenario, trial)
    scenario.rehearse()
    failure, tried = search(trial, assertion.troubles)
    if failure is not None:
        failure = shortest(trial, failure)
        raise _noted(report(name, scenario.title, trial, failure, tried, options=options), scenario) from None
    if refused := scenario.refused():
        raise Misuse(refused)
    return tried


def _noted(failure: OperatorFailure, scenario: Scenario) -> OperatorFailure:
    """On a calm day it may be what people do that is wrong, and not the operator."""
    if not failure.schedule.size and failure.failure.invariant != ENDS and (refused := scenario.refused()):
        failure.add_note(f"\nThe server has refused something that is {refused}")
    return failure


def _scenario(operator: Any, fields: dict[str, Any]) -> Scenario:
    if isinstance(operator, Scenario):
        if fields:
            raise Misuse(f"a Scenario already says everything: {', '.join(fields)} cannot be given besides")
        return operator
    return Scenario(operator, **fields)


def search(trial: Trial, troubles: Sequence[Plan]) -> tuple[Failure | None, int]:
    """The first failure, and how many histories were played."""
    calm, tried = Play(trial, Schedule()), 1
    failure = played(calm)
    if failure is None:
        for play in plans.plays(troubles, trial, calm):
            tried += 1
            failure = played(play)
            if failure is not None:
                break
    return failure, tried


def played(play: Play) -> Failure | None:
    """In a generator, which handles exceptions of its own: what is stopped inside an ``except`` leaves nothing here."""

    def apart() -> Iterator[Failure | None]:
        yield play.run()

    return next(apart())


def shortest(trial: Trial, failure: Failure) -> Failure:
    """Cut down. What waits for an alarm clock is not tried over and over."""
    return shrink(trial, failure, 4 if failure.invariant == ENDS else SHRINKING, whole_story=True)


def _replayed(path: Path, name: str, scenario: Scenario, trial: Trial) -> int:
    """Only the history of the file that the command line names; none, if another assertion has written it."""
    __tracebackhide__ = True
    if json.loads(path.read_text(encoding="utf-8")).get("assertion") != name:
        return 0
    failure = played(Play(trial, Schedule.load(path)))
    if failure is not None:
        raise report(name, scenario.title, trial, failure, 0, path) from None
    return 1


# --- what people call -----------------------------------------------------------------------------


def assert_converges(operator: Any, **fields: Any) -> int:
    """On a calm day, and in any order of events, `then` holds in the end."""
    __tracebackhide__ = True
    return run("assert_converges", operator, fields)


def assert_idempotent(operator: Any, **fields: Any) -> int:
    """Shown again what it has already dealt with, the operator writes nothing."""
    __tracebackhide__ = True
    return run("assert_idempotent", operator, fields)


def assert_level_triggered(operator: Any, **fields: Any) -> int:
    """`then` holds although any event is lost, merged with the next, or comes twice."""
    __tracebackhide__ = True
    return run("assert_level_triggered", operator, fields)


def assert_crash_safe(operator: Any, **fields: Any) -> int:
    """`then` holds although the operator dies right after any one of its writes, or after two in a row."""
    __tracebackhide__ = True
    return run("assert_crash_safe", operator, fields)


def assert_tolerates_stale_cache(operator: Any, **fields: Any) -> int:
    """`then` holds although news is late, and the operator does not see its own writes in its cache."""
    __tracebackhide__ = True
    return run("assert_tolerates_stale_cache", operator, fields)


def assert_survives_errors(operator: Any, **fields: Any) -> int:
    """`then` holds although any write is refused, or its answer lost, or a read fails (409, 410, 429, 500, 504)."""
    __tracebackhide__ = True
    return run("assert_survives_errors", operator, fields)


def assert_no_hot_loop(operator: Any, *, most: int = HOT, **fields: Any) -> int:
    """No key is reconciled more than `most` times within ten virtual seconds, and the cluster comes to rest."""
    __tracebackhide__ = True
    return run("assert_no_hot_loop", operator, fields, most=most)


def assert_no_orphans(operator: Any, **fields: Any) -> int:
    """When people delete what they asked for, it goes, and nothing that the operator made is left behind."""
    __tracebackhide__ = True
    return run("assert_no_orphans", operator, fields)
