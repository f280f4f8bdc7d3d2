"""Exercise 13.2: an operator for Buckets in a cloud that knows no tokens, and no bucket leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    is_deleting,
    key_of,
    name_of,
    uid_of,
)
from k8slearn.lab.exercise import Exercise, words_of
from k8slearn.lab.podset import GROUP, VERSION, wish
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson13")["13.2"]
BUCKET = Resource(GROUP, VERSION, "Bucket", "buckets", subresources=("status",))
FINALIZER = "lab.k8slearn.dev/bucket"


class NoSuchBucket(Exception):
    """There is no bucket of this number (any more)."""


class CheapCloud:
    """Rents out buckets. Whoever asks twice gets two, and pays for two: it knows no tokens.

    What it keeps is data, so that a simulation can rewind it.
    """

    def __init__(self) -> None:
        self.buckets: dict[int, str] = {}  # number -> tag
        self.rented = 0  # ever

    def list(self, tag: str = "") -> list[int]:
        """The numbers of all buckets, or of those with this tag."""
        return [number for number, its in self.buckets.items() if tag in ("", its)]

    def rent(self, tag: str) -> int:
        """A new bucket with this tag on it: its number."""
        self.rented += 1
        self.buckets[self.rented] = tag
        return self.rented

    def give_back(self, number: int) -> None:
        """Raises NoSuchBucket."""
        if number not in self.buckets:
            raise NoSuchBucket(f"there is no bucket {number}")
        del self.buckets[number]


def bucket(name: str) -> Object:
    """A Bucket, ready to be created: it wants one in the cloud, and a status that says which."""
    return wish(BUCKET, name)


def finalizers(obj: Object) -> list[str]:
    """Who wants to do something before this object may go."""
    return obj["metadata"].get("finalizers") or []


def _names(obj: Object) -> tuple[str, str, str]:
    """What may stand on a tag, for it to be this Bucket's."""
    return uid_of(obj), key_of(obj), name_of(obj)


def _rented(sim: Simulation) -> Iterator[tuple[int, Object | None]]:
    """Each bucket in the cloud, and whose it is."""
    for number, tag in sim.world["cloud"].buckets.items():
        yield number, next((b for b in sim.store.list(BUCKET.name) if tag in _names(b)), None)


def _no_leak(sim: Simulation) -> str | None:
    for number, owner in _rented(sim):
        if owner is None:
            return f"bucket {number} is rented, and there is no Bucket any more that would give it back"
        if not finalizers(owner):
            return f"bucket {number} is rented, and {key_of(owner)} may be deleted without a word to you"
    return None


def _one_each(sim: Simulation) -> str | None:
    for b in sim.store.list(BUCKET.name):
        mine = [number for number, owner in _rented(sim) if owner is b]
        said = dig(b, "status", "number")
        if is_deleting(b):
            return f"Bucket {key_of(b)} was deleted, and does not go: it waits for {', '.join(finalizers(b))}"
        if mine != [said]:
            return (
                f"Bucket {key_of(b)} has {_numbers(mine)} in the cloud, and its status names {said or 'none'}"
            )
    return None


def _numbers(found: list[int]) -> str:
    return ", ".join(f"bucket {number}" for number in found) or "nothing"


def _remove(sim: Simulation, name: str) -> None:
    sim.client.delete(BUCKET.name, f"default/{name}")


def _doubled(failure: Failure) -> bool:
    whose = Counter(uid_of(owner) for _, owner in _rented(failure.sim) if owner is not None)
    return any(n > 1 for n in whose.values())


def _owner_gone(failure: Failure) -> bool:
    return any(owner is None for _, owner in _rented(failure.sim))


def _never_promised(failure: Failure) -> bool:
    """Not one Bucket was ever held by a finalizer."""
    return not any(e.resource == BUCKET.name and finalizers(e.object) for e in failure.sim.store.log)


def _gave_back_twice(failure: Failure) -> bool:
    return isinstance(failure.error, NoSuchBucket)


BROKEN_OFF = ("crash_after", "lose")
LEAKS = "nothing is rented that nobody will give back"
ONE = "each Bucket has one in the cloud, its status names it, and both go together"

NO_LEAK = Exercise(
    id="13.2",
    words=WORDS,
    kinds=[BUCKET],
    world={"cloud": CheapCloud()},
    story=[
        Act("create the Bucket photos", lambda sim: sim.create(bucket("photos"))),
        Act("create the Bucket letters", lambda sim: sim.create(bucket("letters"))),
        Act("delete the Bucket photos", lambda sim: _remove(sim, "photos")),
        Act("create the Bucket photos once more", lambda sim: sim.create(bucket("photos"))),
        Act("delete the Bucket letters", lambda sim: _remove(sim, "letters")),
    ],
    promises=[Invariant(LEAKS, _no_leak, "always"), Invariant(ONE, _one_each)],
    diagnoses=[
        WORDS.diagnosis("gives back twice", evidence=_gave_back_twice),
        WORDS.diagnosis("knows it only by its number", ONE, evidence=_doubled),
        WORDS.diagnosis("takes an error for success", LEAKS, ("refuse",), _owner_gone),
        WORDS.diagnosis("lets go before it has cleaned up", LEAKS, BROKEN_OFF, _owner_gone),
        WORDS.diagnosis("promises nothing", LEAKS, (), _never_promised),
        WORDS.diagnosis("promises too late", LEAKS),
    ],
)
