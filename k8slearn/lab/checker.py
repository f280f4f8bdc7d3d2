"""`judge("04.1", MyController)`: is it right under every schedule? If not, by which story does it fail?

Whatever is handed over, the answer is a `Report`, never a traceback.
"""

from __future__ import annotations

import inspect
from typing import Any

from k8slearn.lab import drill, exercises, progress
from k8slearn.lab.diagnoses import COMMON, DATA, MEMORY, OF_FUNCTIONS
from k8slearn.lab.drill import Drill, Slip, Unsolved
from k8slearn.lab.exercise import Diagnosis, Exercise
from k8slearn.lab.report import Report, right, right_in
from k8slearn.machinery import Controller
from k8slearn.sim.guard import guarded
from k8slearn.sim.play import Broken, Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import kinds_of, search
from k8slearn.sim.shrink import shrink
from k8slearn.sim.trial import Failure, Trial, settled_after_resync

NOT_YET = "not solved yet: your controller has not written anything. Fill the hole, and run this cell again."


def judge(exercise_id: str, thing: Any) -> Report:
    """Judge `thing`, the class of a controller or a function, by an exercise's promises. Raises UnknownExercise."""
    exercise = exercises.named(exercise_id)
    if isinstance(exercise, Drill):
        report = _drilled(exercise, thing)
    else:
        report = _unfit(exercise, thing) or _judged(exercise, thing)
    if report.passed:
        progress.solved(exercise.id)
    return report


def _unfit(exercise: Exercise, thing: Any) -> Report | None:
    """What cannot be judged at all."""
    for wrong, message in UNFIT:
        if wrong(thing):
            return Report(
                exercise, "open", message.format(id=exercise.id, name=getattr(thing, "__name__", thing))
            )
    return None


UNFIT = (
    (lambda thing: thing is ..., "not solved yet: put your controller where the ... is."),
    (
        lambda thing: isinstance(thing, Controller),
        'give check() the class itself, without parentheses: check("{id}", MyController).',
    ),
    (
        lambda thing: not (inspect.isclass(thing) and issubclass(thing, Controller)),
        "check() needs a class that inherits from Controller, and got {name!r}.",
    ),
    (lambda thing: not thing.primary, "{name} does not say what it looks after: primary = ..."),
    (lambda thing: not _can_act(thing), "{name} has no reconcile(self, key) yet."),
)


def _can_act(thing: type[Controller]) -> bool:
    """Has it anything of its own that is called?"""
    return thing.reconcile is not Controller.reconcile or thing.on_change is not Controller.on_change


def _judged(exercise: Exercise, thing: type[Controller]) -> Report:
    try:
        trial = _trial(exercise, guarded(thing))
        found = search(trial)
    except (
        Exception
    ) as error:  # before the first step: in __init__ or in setup, or a kind that does not exist
        return Report(exercise, "open", f"{thing.__name__} does not start: {type(error).__name__}: {error}")
    assert found.calm is not None
    failure = _lasting(trial, found.calm) or found.failure
    if failure is None:
        return Report(exercise, "right", right(kinds_of(trial), found.total))
    if failure.error is None and not _has_written(trial, found.calm):
        return Report(exercise, "open", NOT_YET)
    if failure is found.failure:
        failure = shrink(trial, failure)
    return Report(exercise, "wrong", failure.message, diagnose(exercise, failure), failure, trial)


def _trial(exercise: Exercise, controller: type[Controller]) -> Trial:
    silent = settled_after_resync((controller().full_name,))
    return exercise.trial(controller, [silent] if exercise.idempotent else [])


def _lasting(trial: Trial, calm: Play) -> Failure | None:
    """What a controller keeps must be data, and must not outlive its process."""
    try:
        for player in trial.players:
            calm.sim.manager.players[player].soft_state()
    except TypeError as error:
        return calm.failure(Broken(DATA, str(error)))
    again = Play(trial, Schedule())
    again.run()
    if again.sim.trace.hash() == calm.sim.trace.hash():
        return None
    return again.failure(Broken(MEMORY, "two calm days, alike in everything, went differently"))


def _has_written(trial: Trial, calm: Play) -> bool:
    mine = (step for step in calm.sim.trace if step.player in trial.players)
    return any(call.verb not in ("get", "list", "watch") for step in mine for call in step.calls)


def _drilled(exercise: Drill, thing: Any) -> Report:
    """Try a function, a class or a text, in every case of a drill."""
    if not exercise.wanted.is_it(thing):
        return Report(exercise, "open", f"check() needs {exercise.wanted.what}, and got {thing!r}.")
    try:
        slip, tried = drill.run(exercise, thing)
    except Unsolved:
        return Report(exercise, "open", drill.NOT_YET)
    if slip is None:
        return Report(exercise, "right", right_in(tried))
    return Report(exercise, "wrong", slip.message, diagnose(exercise, slip), slip)


def diagnose(exercise: Exercise | Drill, failure: Failure | Slip) -> Diagnosis:
    """The first diagnosis that fits; the last of the common ones fits everything."""
    common = OF_FUNCTIONS if isinstance(failure, Slip) else COMMON
    return next(d for d in (*exercise.diagnoses, *common) if d.fits(failure))
