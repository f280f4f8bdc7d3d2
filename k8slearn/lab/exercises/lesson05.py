"""Lesson 05, edge or level: from events to state (05.1), and forgetful on purpose (05.2)."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    is_controlled_by,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.lab.exercise import Exercise, remembers, words_of
from k8slearn.lab.podset import GROUP, VERSION
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES, Act, Failure, Invariant

WORDS = words_of("lesson05")

# --- 05.1: a census --------------------------------------------------------------------------

CENSUS = Resource(GROUP, VERSION, "Census", "censuses", subresources=("status",))


def census(name: str, app: str) -> Object:
    """A Census, ready to be created: its status says how many pods carry the label app=<app>."""
    metadata = {"name": name, "namespace": "default"}
    spec = {"app": app}
    return {"apiVersion": CENSUS.api_version, "kind": CENSUS.kind, "metadata": metadata, "spec": spec}


def pod(name: str, app: str) -> Object:
    """A pod with that label."""
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _relabel(sim: Simulation, name: str, app: str) -> None:
    sim.client.patch("pods", f"default/{name}", patch={"metadata": {"labels": {"app": app}}})


def _counts_what_is(sim: Simulation) -> str | None:
    for c in sim.store.list(CENSUS.name):
        app, said = c["spec"]["app"], dig(c, "status", "pods", default=0)
        there = sum(labels_of(p).get("app") == app for p in sim.store.list("pods"))
        if said != there:
            return f"Census {key_of(c)} says {said}, but the number of pods with app={app} is {there}"
    return None


def _writes_in_a_handler(failure: Failure) -> bool:
    return any(s.action == "deliver" and s.writes for s in failure.sim.trace)


def _was_not_called(failure: Failure) -> bool:
    """Heard of a pod, and never reconciled after that."""
    steps = [s for s in failure.sim.trace if s.player in failure.sim.manager.players]
    heard = [s.number for s in steps if s.action == "deliver" and s.resource == "pods"]
    worked = [s.number for s in steps if s.action == "reconcile"]
    return max(heard, default=0) > max(worked, default=0)


def _was_refused(failure: Failure) -> bool:
    return isinstance(failure.error, ApiError)


COUNTS = "each Census says how many pods there are"

FROM_EVENTS_TO_STATE = Exercise(
    id="05.1",
    words=WORDS["05.1"],
    kinds=[CENSUS],
    story=[
        Act("create the Census shops for app=shop", lambda sim: sim.create(census("shops", "shop"))),
        Act("create the pod a with app=shop", lambda sim: sim.create(pod("a", "shop"))),
        Act("create the pod b with app=shop", lambda sim: sim.create(pod("b", "shop"))),
        Act("create the pod c with app=bank", lambda sim: sim.create(pod("c", "bank"))),
        Act("delete the pod a", lambda sim: sim.client.delete("pods", "default/a")),
        Act("change the label of pod b to app=bank", lambda sim: _relabel(sim, "b", "bank")),
    ],
    promises=[Invariant(COUNTS, _counts_what_is)],
    diagnoses=[
        WORDS["05.1"].diagnosis("acts in the event handler", RAISES, evidence=_was_refused),
        WORDS["05.1"].diagnosis("adds up events", COUNTS, evidence=_writes_in_a_handler),
        WORDS["05.1"].diagnosis("keeps its own count", COUNTS, evidence=remembers),
        WORDS["05.1"].diagnosis("wakes up for some events only", COUNTS, evidence=_was_not_called),
    ],
)

# --- 05.2: a mailbox -------------------------------------------------------------------------

MAILBOX = Resource(GROUP, VERSION, "Mailbox", "mailboxes", subresources=("status",))


def mailbox(name: str) -> Object:
    """A Mailbox, ready to be created: it wants one Secret, and a status that says which."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": MAILBOX.api_version, "kind": MAILBOX.kind, "metadata": metadata, "spec": {}}


def secret(owner: Object, name: str = "", generate_name: str = "") -> Object:
    """A Secret that belongs to `owner`: with this name, or with one that the server completes."""
    metadata = {"namespace": namespace_of(owner), "ownerReferences": [owner_reference(owner)]}
    named = {"name": name} if name else {"generateName": generate_name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**named, **metadata},
        "data": {"password": "c2VzYW1l"},
    }


def _secrets(sim: Simulation) -> Iterator[tuple[Object, list[str]]]:
    """Each Mailbox with the names of its Secrets."""
    found = sim.store.list("secrets")
    return ((m, [name_of(s) for s in found if is_controlled_by(s, m)]) for m in sim.store.list(MAILBOX.name))


def _one_secret(sim: Simulation) -> str | None:
    for box, names in _secrets(sim):
        said = dig(box, "status", "secret")
        if len(names) != 1 or said != names[0]:
            which = (
                f"{len(names)} Secret{'s' * (len(names) > 1)} ({', '.join(names)})" if names else "no Secret"
            )
            return f"Mailbox {key_of(box)} has {which}, and its status names {said or 'none'}"
    return None


def _several(failure: Failure) -> bool:
    return any(len(names) > 1 for _, names in _secrets(failure.sim))


def _only_promised(failure: Failure) -> bool:
    return any(not names and dig(box, "status", "secret") for box, names in _secrets(failure.sim))


BROKEN_OFF = ("crash_after", "refuse")
ONE = "each Mailbox has exactly one Secret, and its status names it"

FORGETFUL = Exercise(
    id="05.2",
    words=WORDS["05.2"],
    kinds=[MAILBOX],
    story=[
        Act("create the Mailbox ada", lambda sim: sim.create(mailbox("ada"))),
        Act("create the Mailbox grace", lambda sim: sim.create(mailbox("grace"))),
    ],
    promises=[Invariant(ONE, _one_secret)],
    diagnoses=[
        WORDS["05.2"].diagnosis("keeps it in its head", ONE, evidence=remembers),
        WORDS["05.2"].diagnosis("promises before it delivers", ONE, evidence=_only_promised),
        WORDS["05.2"].diagnosis("makes it, then writes down which", ONE, BROKEN_OFF, _several),
        WORDS["05.2"].diagnosis("trusts its cache to know its own writes", ONE, evidence=_several),
        WORDS["05.2"].diagnosis("swallows the error", ONE, ("refuse",)),
    ],
)

EXERCISES = (FROM_EVENTS_TO_STATE, FORGETFUL)
