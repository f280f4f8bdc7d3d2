"""Exercise 15.2: whose hand was it? From a step back to the requests of the user that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.whoismissing import app
from k8slearn.lab.story import title
from k8slearn.sim import Simulation
from k8slearn.sim.trace import Trace

WORDS = words_of("lesson15")

FOUND = Promise("it finds every request that led to the step")
ONLY = Promise("it finds nothing else")

HISTORIES, STEPS = 6, 8  # histories, and how many steps of each are asked about


@cache
def history(seed: int) -> Trace:
    """Two apps; one is scaled before all is at rest, and one loses a pod. Who moves when is up to the seed."""
    sim = Simulation(nodes=2, policy="shuffled", seed=seed)
    sim.apply(app("shop", 2))
    sim.run(until=lambda sim: len(sim.store.list("pods")) > 1)
    sim.apply(app("cafe", 1))
    sim.client.patch("deployments", "default/shop", patch={"spec": {"replicas": 3}})
    sim.run()
    sim.client.delete(sim.client.list("pods")[0])
    sim.run()
    return sim.trace


def hands(number: int, trace: Trace) -> list[int]:
    """The numbers of the user's steps among all that led to this one, itself included."""
    return [step.number for step in trace.why(number) if step.player == "client"]


def _cases() -> Iterator[Case]:
    """Your own step; then those that go back to one request, in all histories; then the others."""
    yield Case("your own step", partial(_asked, history(0), 1))
    chosen = [(history(seed), number) for seed in range(HISTORIES) for number in _numbers(seed)]
    for trace, number in chosen:
        if len(hands(number, trace)) == 1:
            yield Case("one hand", partial(_asked, trace, number))
    for trace, number in chosen:
        if len(hands(number, trace)) > 1:
            yield Case("several hands", partial(_asked, trace, number))


def _numbers(seed: int) -> list[int]:
    length, dice = len(history(seed)), Dice(seed)
    return sorted({1 + dice.below(length, "step", i) for i in range(STEPS)})


def _asked(trace: Trace, number: int, scene: Scene, whose_hand: Any) -> None:
    for step in trace.why(number)[-10:]:
        because = f", because of {', '.join(map(str, step.causes))}" if step.causes else ""
        scene.tell(f"step {step.number}: {title(step)}{because}")
    said = whose_hand(number, trace)
    if said is None:
        raise Unsolved
    right = hands(number, trace)
    found = list(said) if isinstance(said, (list, tuple, set)) else [said]
    message = f"step {number} goes back to {right}, and your function says {said!r}"
    facts = _facts(trace, number, found, right)
    scene.demand(set(right) <= set(found), FOUND, message, *facts)
    scene.demand(sorted(found) == right, ONLY, message, *facts)


def _facts(trace: Trace, number: int, found: list[Any], right: list[int]) -> list[str]:
    """What somebody who says this seems to believe."""
    before = [step.number for step in trace.steps[:number] if step.player == "client"]
    players = [
        n for n in found if isinstance(n, int) and 1 <= n <= len(trace) and trace[n].player != "client"
    ]
    beliefs = {
        "own": right == [number] and not found,
        "a player": bool(players),
        "twice": len(found) != len(set(map(str, found))),
        "all": found != right and sorted(set(found)) == before,
        "one way": bool(found) and set(found) < set(right),
        "the last": found == before[-1:] != right,
    }
    return [belief for belief, held in beliefs.items() if held][:1]


WHOSE_HAND = Drill(
    id="15.2",
    words=WORDS["15.2"],
    cases=_cases,
    promises=[FOUND, ONLY],
    diagnoses=[
        WORDS["15.2"].diagnosis("forgets the step itself", evidence=noted("own")),
        WORDS["15.2"].diagnosis("stops at a player", evidence=noted("a player")),
        WORDS["15.2"].diagnosis("counts a hand twice", evidence=noted("twice")),
        WORDS["15.2"].diagnosis("takes everything before for a cause", evidence=noted("all")),
        WORDS["15.2"].diagnosis("takes the last before for the cause", evidence=noted("the last")),
        WORDS["15.2"].diagnosis("follows one way back", evidence=noted("one way")),
    ],
)
