"""What any controller can get wrong, whatever the exercise. Told when none of the exercise's own fits."""

from __future__ import annotations

from k8slearn.api.objects import SharedObjectError
from k8slearn.lab.drill import Slip
from k8slearn.lab.exercise import Diagnosis, Evidence
from k8slearn.sim.guard import WrongAnswer, line_of
from k8slearn.sim.trial import ENDS, IDEMPOTENT, RAISES, RECOVERS, SETTLES, Failure

MEMORY = "it remembers nothing across two lives"
DATA = "it keeps only data in self"


def _raised(*kinds: type[BaseException]) -> Evidence:
    def evidence(failure: Failure) -> bool:
        return isinstance(failure.error, kinds)

    return evidence


def _in_a_handler(failure: Failure) -> bool:
    """Raised while an event was heard, not in a reconcile: then no reconcile has failed."""
    players = failure.sim.manager.players.values()
    return failure.error is not None and not any(failure.error in p.errors.values() for p in players)


COMMON: tuple[Diagnosis, ...] = (
    Diagnosis(
        "edits the cache",
        "What the cache gives you is shared with everybody who reads it, so it may not be changed in place. "
        "Build a new object instead: {**obj, ...}, or take a copy first with k8slearn.api.edit(obj).",
        evidence=_raised(SharedObjectError),
    ),
    Diagnosis(
        "unfinished answer",
        "A reconcile has only three things to say: return nothing (finished), return Done(again_in=seconds), "
        "or raise. Whatever else it returns is lost.",
        evidence=_raised(WrongAnswer),
    ),
    Diagnosis(
        "waits inside",
        "A reconcile does its piece of work and returns; nothing else moves while it runs, so what a loop in "
        "it waits for can never come. Return, and you will be called again when something has changed.",
        ENDS,
    ),
    Diagnosis(
        "handler without a second try",
        "This was raised while an event was being heard, and nobody tries an event a second time. Leave the "
        "work to reconcile: what fails there is called again, with a growing delay.",
        RAISES,
        evidence=_in_a_handler,
    ),
    Diagnosis(
        "a mistake in the code",
        "Your code raised something that is not the API server's answer but a slip. Read the message, and "
        "look at the line.",
        RAISES,
    ),
    Diagnosis(
        "memory outside",
        "The same calm day went differently the second time: your class keeps something where a new process "
        "still finds it (a class attribute or a global), or throws dice. Ask the cluster instead.",
        MEMORY,
    ),
    Diagnosis(
        "not data",
        "Between two calls a controller may keep only plain data in self: numbers, strings, lists, dicts.",
        DATA,
    ),
    Diagnosis(
        "never at rest",
        "Each of your writes is an event that wakes you again, so a reconcile that always writes never ends. "
        "Compare first, and write only the difference.",
        SETTLES,
    ),
    Diagnosis(
        "writes what is there already",
        "When everything is as it should be, a reconcile has nothing to do, so it should send nothing. "
        "Compare what you would write with what the cache shows.",
        IDEMPOTENT,
    ),
    Diagnosis(
        "fails for ever",
        "An error is no harm if the next try can succeed. Yours fails each time: look at what it does again "
        "that cannot work any more.",
        RECOVERS,
    ),
    Diagnosis(
        "something else",
        "Walk through the schedule with replay(), and ask at each step: what does the controller see, "
        "and what does it remember that is no longer true?",
    ),
)


#: The same for exercises about a function.
OF_FUNCTIONS: tuple[Diagnosis, ...] = (
    COMMON[0],
    Diagnosis(
        "never ends",
        "It goes round and round. Ask of each turn: what is different this time, so that it can succeed?",
        ENDS,
    ),
    Diagnosis(
        "a mistake in the code",
        "Your code raised something, or let something out that it should have dealt with. Read the message, and "
        "look at the line.",
        RAISES,
    ),
    Diagnosis(
        "something else",
        "Go through the story line by line: what should have come of it, and what did?",
    ),
)


def where(failure: Failure | Slip) -> str:
    """The learner's line that raised, or ""."""
    if failure.error is None or failure.invariant == ENDS:  # whose message names the line
        return ""
    return line_of(failure.error)
