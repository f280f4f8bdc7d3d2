"""What is tried: each plan makes schedules from a calm history, which says where trouble may strike.

One trouble at a time first, so that what is found is easy to tell; then pairs, and any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import Luck
from k8slearn.sim.trace import Step
from k8slearn.sim.trial import Trial

MOST = 60  # schedules of one plan; of more, some are left out, evenly
SEEDS = 20  # of those in which the order is a matter of luck
STALE_FOR = (1, 3, 8)  # turns for which a watch stands still
ERRORS = ("Conflict", "TooManyRequests", "InternalError", "Timeout")
REASONS = {"get": ERRORS[1:], "list": ("Expired", *ERRORS[1:])}  # for which a read may fail

Plan = Callable[[Trial, Play], Iterator[Play] | Sequence[Schedule]]


def crashes(trial: Trial, calm: Play) -> list[Schedule]:
    """A crash after each single write; then two in a row."""
    once = [_faults("crash", ("crash_after", p, n)) for p, n in _writes(trial, calm)]
    twice = [
        _faults("crash", ("crash_after", p, n), ("crash_after", p, n + 1)) for p, n in _writes(trial, calm)
    ]
    return [*once, *spread(twice, 12)]


def refusals(trial: Trial, calm: Play) -> list[Schedule]:
    """Each write is refused for each reason; then it goes through, and only the answer is lost."""
    writes = _writes(trial, calm)
    return [
        *spread([_faults("refused", ("refuse", p, n, reason)) for reason in ERRORS for p, n in writes], 80),
        *spread([_faults("lost", ("lose", p, n)) for p, n in writes]),
    ]


def outages(trial: Trial, calm: Play) -> list[Schedule]:
    """Three writes in a row are refused."""
    return spread(
        [
            _faults("outage", *(("refuse", p, m, "InternalError") for m in range(n, n + 3)))
            for p, n in _writes(trial, calm)
        ],
        12,
    )


def unread(trial: Trial, calm: Play) -> list[Schedule]:
    """Each get and list of the operator fails; a long list is too old to be read on (410)."""
    calls = Counter((p, c.verb) for p in trial.players for step in calm.sim.trace.of(p) for c in step.calls)
    reads = [(p, n, verb) for (p, verb), most in calls.items() for n in range(1, most + 1) if verb in REASONS]
    return spread([_faults("unread", ("fail", p, n, r, verb)) for p, n, verb in reads for r in REASONS[verb]])


def dropped(trial: Trial, calm: Play) -> list[Schedule]:
    """Right before an event is heard the watch is lost, and with it what has happened in between."""
    return spread([_at("dropped", t, "drop", *watch) for t, *watch in _heard(trial, calm)])


def doubled(trial: Trial, calm: Play) -> list[Schedule]:
    """Right after an event is heard every event comes again."""
    return spread([_at("doubled", t + 1, "resync", p) for t, p, _ in _heard(trial, calm)])


def merged(trial: Trial, calm: Play) -> list[Schedule]:
    """People do not wait: one thing more, or all that is left, is done before the last has been worked off.

    Or a watch stands still and is then lost: of several changes the last one is all that is ever heard of.
    """
    acts, turns = range(1, len(trial.story)), _moved(trial, calm)
    one = [Schedule("hurried", (Deviation(t, "act", (n,)),)) for n in acts for t in turns]
    every = [Schedule("hurried", tuple(Deviation(t, "act", (n,)) for n in acts)) for t in turns if acts]
    lost = [
        Schedule("merged", tuple(_between(place, n, "drop", "release")))
        for place in _heard(trial, calm)
        for n in STALE_FOR
    ]
    return [*spread(one), *spread(every), *spread(lost)]


def stale(trial: Trial, calm: Play) -> list[Schedule]:
    """From right before an event is heard the watch stands still for some turns, and nothing of it is lost."""
    places = _heard(trial, calm)
    return spread(
        [Schedule("stale", tuple(_between(place, n, "release"))) for n in STALE_FOR for place in places]
    )


def early(trial: Trial, calm: Play) -> list[Schedule]:
    """A key is reconciled before the news that has already happened is heard."""
    places = [(t, p) for t in _moved(trial, calm) for p in trial.players]
    return spread([Schedule("early", (Deviation(t, "move", (p, "reconcile", "")),)) for t, p in places])


def any_order(trial: Trial, calm: Play) -> Iterator[Play]:
    """Whoever can move does, by luck; people do not always wait."""
    return (Play(trial, Schedule("shuffled"), Luck(seed)) for seed in range(SEEDS))


def plays(plans: Sequence[Plan], trial: Trial, calm: Play) -> Iterator[Play]:
    """All of them, in this order."""
    for plan in plans:
        for found in plan(trial, calm):
            yield found if isinstance(found, Play) else Play(trial, found)


def spread(items: list[Any], most: int = MOST) -> list[Any]:
    """At most `most` of the items, evenly spread."""
    return items if len(items) <= most else [items[i * len(items) // most] for i in range(most)]


# --- where ----------------------------------------------------------------------------------------


def _writes(trial: Trial, calm: Play) -> list[tuple[str, int]]:
    """(player, number) of each write of the calm history."""
    return [(p, n) for p in trial.players for n in range(1, calm.sim.wires[p].writes + 1)]


def _operators_turns(trial: Trial, calm: Play) -> Iterator[tuple[int, Step]]:
    """The moves of the operators under test, and at which turn each was made."""
    turn = 1
    for step in calm.sim.trace:
        if step.player in trial.players:
            yield turn, step
        turn += step.player in calm.sim.manager.players


def _moved(trial: Trial, calm: Play) -> list[int]:
    return [turn for turn, _ in _operators_turns(trial, calm)]


def _heard(trial: Trial, calm: Play) -> list[tuple[int, str, str]]:
    """(turn, player, resource) of each event that an operator hears."""
    return [(t, s.player, s.resource) for t, s in _operators_turns(trial, calm) if s.action == "deliver"]


def _at(kind: str, turn: int, *fault: Any) -> Schedule:
    return Schedule(kind, (Deviation(turn, "fault", fault),))


def _faults(kind: str, *faults: tuple[Any, ...]) -> Schedule:
    return Schedule(kind, tuple(Deviation(1, "fault", fault) for fault in faults))


def _between(place: tuple[int, str, str], turns: int, *endings: str) -> Iterator[Deviation]:
    """A watch is held from a turn on, for so many turns, and then this happens."""
    turn, *watch = place
    yield Deviation(turn, "fault", ("hold", *watch))
    yield from (Deviation(turn + turns, "fault", (ending, *watch)) for ending in endings)
