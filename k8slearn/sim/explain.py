"""The story of a failure in plain sentences: what the user did, where luck struck, what was written.

Only steps that matter are told: acts, deviations, writes of the players under test, and errors. Of a long
story the ends are kept, and what happens over and over is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from k8slearn.machinery import Informer
from k8slearn.sim.schedule import Deviation
from k8slearn.sim.simulation import Simulation
from k8slearn.sim.trace import Step
from k8slearn.sim.trial import Failure, Trial
from k8slearn.sim.wire import DONE, Call

LONGEST = 10  # lines
VERBS = {"create": "creates", "update": "updates", "patch": "patches", "delete": "deletes"}
HAPPENED = {"ADDED": "was created", "MODIFIED": "was changed", "DELETED": "was deleted"}


class Line(NamedTuple):
    """`mark` says what kind of line it is: "you", "luck" or ""."""

    step: int
    mark: str
    text: str

    def __str__(self) -> str:
        return f"step {self.step:>3}  {self.text}"


def explain(trial: Trial, failure: Failure) -> str:
    """The story, a line each, with the broken promise at the end."""
    return "\n".join([*map(str, story(trial, failure)), f"so        {failure.message}"])


def story(trial: Trial, failure: Failure) -> list[Line]:
    """The lines of the story in order, without its end."""
    lines = [
        *(Line(step, "you", f"you: {trial.story[n].text}") for n, step in failure.acts.items()),
        *(
            Line(step, "luck", _order(failure.sim, d, step))
            for d, step in failure.came_true.items()
            if d.kind != "fault"
        ),
        *(Line(s.number, "luck", _fault(s)) for s in failure.sim.trace if s.player == "fault"),
        *_deeds(trial, failure),
    ]
    failure.sim.goto(failure.step)
    return _shortened(_once(sorted(lines, key=lambda line: line.step)))


# --- what the players did ---


def _deeds(trial: Trial, failure: Failure) -> Iterable[Line]:
    for step in failure.sim.trace:
        if step.player in trial.players:
            text = _deed(step)
            if text:
                yield Line(step.number, "", f"{step.player} {text}")


def _deed(step: Step) -> str:
    """What this step did that others can see; "" if nothing."""
    writes = [c for c in step.calls if c.verb not in ("get", "list", "watch")]
    ending = _ending(step.result)
    if not writes and not ending:
        return ""
    where = f"reconciles {step.key}" if step.action == "reconcile" else f"hears of {step.resource} {step.key}"
    return f"{where.rstrip()}: {_calls(writes) or 'writes nothing'}{ending}"


def _ending(result: str) -> str:
    """How it went wrong; "" if it did not."""
    if "crashed after" in result:
        return ", and crashes right then: whatever it only remembered is lost"
    if result.startswith("error"):
        return f", and gives up: {_error(result)}"
    return ""


def _error(result: str) -> str:
    return result.removeprefix("error: ").partition(";")[0]


def _calls(calls: list[Call]) -> str:
    texts = [_call(c) for c in calls]
    return ", ".join(texts if len(texts) <= 3 else [*texts[:2], f"and {len(texts) - 2} more"])


def _call(call: Call) -> str:
    if call.note == DONE:  # outside of the cluster
        said = VERBS.get(call.verb, f"calls {call.verb}")
        return " ".join(filter(None, [said, call.key, f"in the {call.resource}"]))
    resource = call.resource.partition(".")[0] + (f"/{call.subresource}" if call.subresource else "")
    text = f"{VERBS.get(call.verb, call.verb)} {resource} {call.key}".rstrip()
    if not call.ok:
        return f"{text} (refused: {call.code} {call.note})"
    return text if call.took_effect else f"{text} (which changes nothing)"


# --- where luck struck ---


def _order(sim: Simulation, deviation: Deviation, step: int) -> str:
    """Who moved out of turn, and what they did not know then."""
    if deviation.kind == "act":
        return "you do not wait until everybody is at rest"
    sim.goto(step - 1)
    return _move(sim, *deviation.what)


def _move(sim: Simulation, player: str, action: str, resource: str) -> str:
    behind = [_behind(i) for i in sim.manager.players[player].informers.values() if i.lag]
    if action == "deliver":
        return f"{player} hears of {resource} first, before other news"
    key = sim.manager.players[player].queue.ready[0]
    late = f" before it has heard {'; and '.join(behind)}" if behind else " already now"
    return f"{player} is asked to reconcile {key}{late}"


def _behind(informer: Informer) -> str:
    news = [f"that {e.resource.partition('.')[0]} {e.key} {HAPPENED[e.type]}" for e in pending(informer)]
    told = news[0] if len(news) == 1 else f"{news[0]} (and {len(news) - 1} events more)"
    return f"{told}: its cache is {len(news)} event{'s' * (len(news) > 1)} behind"


def pending(informer: Informer) -> list[Any]:
    """The log's entries about this resource that the informer has not heard of yet."""
    server: Any = informer.owner.client.transport
    return [e for e in server.store.log[informer.revision :] if e.resource == informer.resource]


def _fault(step: Step) -> str:
    known = FAULTS.get(step.action)
    return known(*step.payload) if known else f"{step.action} {step.key}"


def _nth(n: int) -> str:
    return {1: "next", 2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def _of(resource: str) -> str:
    return f" of {resource}" if resource else ""


FAULTS: dict[str, Callable[..., str]] = {
    "crash": lambda p: f"{p} crashes and starts again, remembering nothing",
    "crash_after": lambda p, n: f"{p} is going to crash right after its {_nth(n)} write",
    "refuse": lambda p, n, reason="Conflict": f"{p} is going to have its {_nth(n)} write refused ({reason})",
    "lose": lambda p, n: f"{p} is not going to hear the answer to its {_nth(n)} write",
    "fail": lambda p, n, reason="InternalError", verb="", resource="", times=1: (
        f"{p} is going to have its {_nth(n)} {verb or 'call'}{_of(resource)} fail ({reason})"
    ),
    "stop": lambda p: f"{p} is asked to stop, and starts again, remembering nothing",
    "hold": lambda p, r="": f"from here on {p} hears nothing{_of(r)}: its news is late",
    "release": lambda p, r="": f"{p} begins to hear the news{_of(r)} that has waited",
    "drop": lambda p, r="": (
        f"{p} loses its watch{_of(r)} and lists again: events in between were never heard"
    ),
    "resync": lambda p, r="": f"{p} is shown its whole cache again: every event is doubled",
    "cut_off": lambda p: f"{p} loses its network",
    "heal": lambda p: f"{p} has its network back",
    "compact": lambda *_: "the store forgets its history",
}


def _shortened(lines: list[Line]) -> list[Line]:
    """The beginning and the end of a long story; what is told of luck is never left out."""
    if len(lines) <= LONGEST:
        return lines
    half = LONGEST // 2
    middle = lines[half:-half]
    kept = [line for line in middle if line.mark == "luck"]
    gap = Line(middle[0].step, "", f"... and so on, {len(middle) - len(kept)} times")
    return [*lines[:half], gap, *kept, *lines[-half:]]


def _once(lines: list[Line]) -> list[Line]:
    """What happens again in the very same words is told once, and counted."""
    texts = [line.text for line in lines]
    first: dict[str, Line] = {}
    for line in lines:
        first.setdefault(line.text, line)
    times = {text: texts.count(text) for text in first}
    return [
        line._replace(text=f"{text} ({times[text]} times in all)") if times[text] > 2 else line
        for line in lines
        for text in [line.text]
        if times[text] <= 2 or first[text] is line
    ]
