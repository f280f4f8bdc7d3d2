"""Exercise 06.2: a controller that never makes one pod too many, however late it hears of those that it has made."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, is_controlled_by, key_of, name_of
from k8slearn.lab.exercise import Exercise, remembers, words_of
from k8slearn.lab.exercises.hearing import fault, heard_of_a_pod
from k8slearn.lab.podset import GROUP, VERSION, pod_for, wish
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson06")

CHOIR = Resource(GROUP, VERSION, "Choir", "choirs", subresources=("status",))


def choir(name: str, voices: int) -> Object:
    """A Choir, ready to be created: it wants one singer, a pod, for each voice."""
    return wish(CHOIR, name, voices=voices)


def singer(choir: Object) -> Object:
    """A pod that belongs to this Choir. The API server chooses the end of its name."""
    return pod_for(choir)


def _singers(sim: Simulation) -> Iterator[tuple[Object, list[Object]]]:
    """Each Choir with its pods, the newest first."""
    pods = sorted(sim.store.list("pods"), key=lambda pod: -int(pod["metadata"]["resourceVersion"]))
    return ((c, [pod for pod in pods if is_controlled_by(pod, c)]) for c in sim.store.list(CHOIR.name))


def _never_too_many(sim: Simulation) -> str | None:
    return next((_said(c, pods) for c, pods in _singers(sim) if len(pods) > c["spec"]["voices"]), None)


def _enough(sim: Simulation) -> str | None:
    return next((_said(c, pods) for c, pods in _singers(sim) if len(pods) != c["spec"]["voices"]), None)


def _said(choir: Object, pods: list[Object]) -> str:
    return f"Choir {key_of(choir)} has {choir['spec']['voices']} voices and {len(pods)} singers"


def _reads_its_cache(sim: Simulation) -> str | None:
    for step in sim.trace:
        asked = [c for c in step.calls if c.verb in ("get", "list")]
        if asked and step.action == "reconcile":
            return f"{step.player}, reconciling {step.key}, asked the API server: {asked[0]}"
    return None


def _grow(sim: Simulation, voices: int) -> None:
    sim.client.patch("choirs", "default/alto", patch={"spec": {"voices": voices}})


def _grow_unheard(sim: Simulation) -> None:
    fault(sim, "hold")
    _grow(sim, 5)


def _label(sim: Simulation) -> None:
    sim.client.patch("choirs", "default/alto", patch={"metadata": {"labels": {"seen": "again"}}})


def _lose_the_newest(sim: Simulation) -> None:
    for pods in [pods for choir, pods in _singers(sim) if pods and name_of(choir) == "alto"]:
        sim.client.delete(pods[0])
    fault(sim, "drop", "release")


def _expects_nothing(failure: Failure) -> bool:
    """Does it remember nothing of what it has made?"""
    players = failure.sim.manager.players.values()
    return not any(any(player.soft_state().values()) for player in players)


def _only_time_passed(failure: Failure) -> bool:
    """Between its last two deeds it has heard of no pod, and a timer of its own has fired."""
    steps = list(failure.sim.trace)
    made = [i for i, step in enumerate(steps) if step.action == "reconcile" and step.writes]
    between = steps[made[-2] + 1 : made[-1]] if len(made) > 1 else []
    return any(s.action == "timer" for s in between) and not any(map(heard_of_a_pod, between))


NEVER = "there is never one too many"
ENOUGH = "in the end every voice has its singer"
READS = "it reads from its cache"

NOT_ONE_TOO_MANY = Exercise(
    id="06.2",
    words=WORDS["06.2"],
    kinds=[CHOIR],
    story=[
        Act("create the Choir alto with 3 voices", lambda sim: sim.create(choir("alto", 3))),
        Act("create the Choir bass with 1 voice", lambda sim: sim.create(choir("bass", 1))),
        Act("want 5 voices in alto, while news of pods stands still", _grow_unheard),
        Act("put a label on alto", _label),
        Act("delete the newest pod of alto, and the watch of pods is lost", _lose_the_newest),
        Act("want 6 voices in alto", lambda sim: _grow(sim, 6)),
    ],
    promises=[
        Invariant(NEVER, _never_too_many, "always"),
        Invariant(ENOUGH, _enough, "at the end"),
        Invariant(READS, _reads_its_cache, "at the end"),
    ],
    diagnoses=[
        WORDS["06.2"].diagnosis("asks the API server each time", READS),
        WORDS["06.2"].diagnosis("trusts its cache", NEVER, evidence=_expects_nothing),
        WORDS["06.2"].diagnosis("waits for a while", NEVER, evidence=_only_time_passed),
        WORDS["06.2"].diagnosis("forgets too early", NEVER),
        WORDS["06.2"].diagnosis("waits for ever", ENOUGH, evidence=remembers),
    ],
)
