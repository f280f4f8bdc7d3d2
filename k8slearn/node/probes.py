"""When probes ask, and what follows from the answers. Pure functions over `Probing`.

A probe asks at its initial delay after the container's start and then once a period. A verdict changes after so many
equal answers in a row as its threshold says. Since a simulated program's answers are known in advance, nobody has to
wake up for a probe that keeps succeeding: `foresee` says when the verdict will change, if it ever does.

Kubernetes: pkg/kubelet/prober/worker.go, prober_manager.go. (There the first question comes with the first tick of a
worker of its own, up to one period later.)
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf

from k8slearn.api.objects import Object
from k8slearn.node.life import Probing

#: field of the container -> what its events call it, and the verdict before the first answer
KINDS: dict[str, tuple[str, bool | None]] = {
    "startupProbe": ("Startup", None),
    "livenessProbe": ("Liveness", True),
    "readinessProbe": ("Readiness", False),
}
SEGMENTS = 64  # how many changes of a program's mind are looked at in advance

Answer = tuple[
    str | None, float
]  # what is wrong, None: nothing; and until which second the answer stays the same
Ask = Callable[[float], Answer]  # at a second


def probes_of(container: Object) -> dict[str, Object]:
    return {kind: container[kind] for kind in KINDS if container.get(kind)}


def begin(kind: str, probe: Object, started: float, now: float, *, was: bool = False) -> Probing:
    """From `now` on, at the times that count from the container's start. `was`: the status says it had passed."""
    first, period = started + probe.get("initialDelaySeconds", 0), _period(probe)
    late = max(0, ceil((now - first) / period)) if was else 0
    return Probing(round(max(first + late * period, now), 6), True if was else KINDS[kind][1])


def _period(probe: Object) -> float:
    return float(probe.get("periodSeconds") or 10)


def _threshold(probe: Object, ok: bool) -> int:
    return int(probe.get("successThreshold") or 1) if ok else int(probe.get("failureThreshold") or 3)


def advance(probe: Object, state: Probing, ask: Ask, now: float) -> tuple[Probing, list[str]]:
    """Ask all that is due until `now`, or until the verdict has changed. Returns also what went wrong."""
    failures: list[str] = []
    while state.at <= now:
        problem, until = ask(state.at)
        ok = problem is None
        if problem is not None:
            failures.append(problem)
        times = 1
        if ok == state.verdict and ok:  # nothing to tell: as many at once as there are
            times = max(1, _ticks(state.at, min(until, now + 1e-6), _period(probe)))
        before, state = state.verdict, _counted(probe, state, ok, times)
        if state.verdict != before:
            break
    return state, failures


def _counted(probe: Object, state: Probing, ok: bool, times: int) -> Probing:
    count = (state.in_a_row if state.last == ok else 0) + times
    verdict = ok if count >= _threshold(probe, ok) else state.verdict
    return state._replace(
        at=round(state.at + times * _period(probe), 6), verdict=verdict, last=ok, in_a_row=count
    )


def _ticks(at: float, until: float, period: float) -> int:
    """How many questions there are from `at` on, before `until`."""
    return ceil(round((until - at) / period, 6))


def foresee(probe: Object, state: Probing, ask: Ask) -> float | None:
    """The second at which the verdict changes, as things are; None: never."""
    for _ in range(SEGMENTS):
        problem, until = ask(state.at)
        ok = problem is None
        if ok != state.verdict:
            have = state.in_a_row if state.last == ok else 0
            change = round(state.at + max(0, _threshold(probe, ok) - have - 1) * _period(probe), 6)
            if change < until:
                return change
        if until == inf:
            return None
        ticks = max(1, _ticks(state.at, until, _period(probe)))
        verdict = state.verdict
        state = _counted(probe, state, ok, ticks)._replace(verdict=verdict)
    return None


def next_failure(probe: Object, state: Probing, ask: Ask) -> float | None:
    """The second of the next question that will be answered with no, as things are; None: all is well."""
    at = state.at
    for _ in range(SEGMENTS):
        problem, until = ask(at)
        if problem is not None:
            return at
        if until == inf:
            return None
        at = round(at + max(1, _ticks(at, until, _period(probe))) * _period(probe), 6)
    return None
