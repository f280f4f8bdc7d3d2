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
from k8slearn.lab.exercise import Diagnosis, Exercise, WrongIdea, remembers, troubles
from k8slearn.lab.podset import GROUP, VERSION
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES, Act, Failure, Invariant

# --- 05.1: a census --------------------------------------------------------------------------

CENSUS = Resource(GROUP, VERSION, "Census", "censuses", subresources=("status",))


def census(name: str, app: str) -> Object:
    """A Census, ready to be created: its status says how many pods carry the label app=<app>."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": CENSUS.api_version, "kind": CENSUS.kind, "metadata": metadata, "spec": {"app": app}}


def pod(name: str, app: str) -> Object:
    """A pod with that label."""
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _relabel(sim: Simulation, name: str, app: str) -> None:
    sim.client.patch("pods", f"default/{name}", patch={"metadata": {"labels": {"app": app}}})


def _counts_what_is(sim: Simulation) -> str | None:
    for c in sim.store.list(CENSUS.name):
        app, said = c["spec"]["app"], dig(c, "status", "pods")
        there = sum(labels_of(p).get("app") == app for p in sim.store.list("pods"))
        if said != there:
            return f"Census {key_of(c)} says {said} pods with app={app}, but there are {there}"
    return None


def _writes_in_a_handler(failure: Failure) -> bool:
    return any(s.action == "deliver" and s.writes for s in failure.sim.trace)


def _was_not_called(failure: Failure) -> bool:
    """Heard of a pod, and never reconciled after that."""
    steps = [s for s in failure.sim.trace if s.player in failure.sim.manager.players]
    heard = [s.number for s in steps if s.action == "deliver" and s.resource == "pods"]
    worked = [s.number for s in steps if s.action == "reconcile"]
    return max(heard, default=0) > max(worked, default=0)


COUNTS = "each Census says how many pods there are"

FROM_EVENTS_TO_STATE = Exercise(
    id="05.1",
    title="From events to state",
    notebook="05_edge_or_level",
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
    hints=(
        "Do not ask what has happened. Ask: which pods are there now, and how many of them have the label?",
        "self.cache.list('pods', namespace_of(census)) are the pods of the namespace; labels_of(pod).get('app') is "
        "the label. Write the status only if dig(census, 'status', 'pods') says something else.",
        "count = sum(labels_of(pod).get('app') == census['spec']['app'] for pod in "
        "self.cache.list('pods', namespace_of(census))), and then: "
        "if dig(census, 'status', 'pods') != count: self.client.update_status(census, pods=count).",
    ),
    diagnoses=[
        Diagnosis(
            "acts in the event handler",
            "You do the work while the event is being heard, and there the API server's refusal falls on the floor: an "
            "event comes once. Let the event bring a key to the queue, and do the work in reconcile.",
            RAISES,
            evidence=lambda failure: isinstance(failure.error, ApiError),
        ),
        Diagnosis(
            "adds up events",
            "You add to the status what each event tells. Events can be heard twice, be merged, or be of a kind "
            "that you have not thought of, and the sum is then wrong for ever. Count the pods that are there.",
            COUNTS,
            evidence=_writes_in_a_handler,
        ),
        Diagnosis(
            "keeps its own count",
            "You keep a count in self and correct it with every event. A pod can come into the count, or leave it, "
            "without being created or deleted. The cache has all pods as they are: count them there.",
            COUNTS,
            evidence=remembers,
        ),
        Diagnosis(
            "wakes up for some events only",
            "Something about a pod has changed, and your reconcile was not even called. Do not choose between created, "
            "changed and deleted: every event is a reason to look.",
            COUNTS,
            evidence=_was_not_called,
        ),
    ],
    wrong_ideas=[
        WrongIdea(
            "counts ADDED and DELETED in self",
            [
                (
                    "    def reconcile(",
                    "    def setup(self):\n        self.counts = {}\n\n"
                    "    def on_change(self, change):\n"
                    "        app = labels_of(change.object).get('app')\n"
                    "        step = {'ADDED': 1, 'DELETED': -1}.get(change.type, 0)\n"
                    "        self.counts[app] = self.counts.get(app, 0) + step\n"
                    "        super().on_change(change)\n\n"
                    "    def reconcile(",
                ),
                (
                    "        count = sum(labels_of(pod).get(\"app\") == census[\"spec\"][\"app\"] for pod in pods)",
                    "        count = self.counts.get(census['spec']['app'], 0)",
                ),
            ],
            "keeps its own count",
            2,
        ),
        WrongIdea(
            "adds to the status what the event says",
            [
                (
                    "    def reconcile(",
                    "    def on_change(self, change):\n"
                    "        step = {'ADDED': 1, 'DELETED': -1}.get(change.type, 0)\n"
                    "        for census in self.cache.list('censuses'):\n"
                    "            if change.resource == 'pods' and labels_of(change.object)['app'] == census['spec']['app']:\n"
                    "                before = dig(census, 'status', 'pods', default=0)\n"
                    "                self.client.update_status(census, pods=before + step)\n"
                    "        super().on_change(change)\n\n"
                    "    def reconcile(",
                ),
                ('if dig(census, "status", "pods") != count:', 'if dig(census, "status", "pods") is None:'),
            ],
            "adds up events",
            1,
        ),
        WrongIdea(
            "wakes up for new pods only",
            [('if change.resource != "pods":', 'if change.resource == "pods" and change.type != "ADDED":\n            return []\n        if change.resource != "pods":')],
            "wakes up for some events only",
            1,
        ),
        WrongIdea(
            "does its work while hearing the event",
            [
                (
                    "    def reconcile(",
                    "    def on_change(self, change):\n"
                    "        for key in self.keys_for(change):\n"
                    "            self.reconcile(key)\n\n"
                    "    def reconcile(",
                )
            ],
            "acts in the event handler",
            12,
        ),
    ],
)

# --- 05.2: a mailbox -------------------------------------------------------------------------

MAILBOX = Resource(GROUP, VERSION, "Mailbox", "mailboxes", subresources=("status",))


def mailbox(name: str) -> Object:
    """A Mailbox, ready to be created: it wants one Secret, and a status that says which."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": MAILBOX.api_version, "kind": MAILBOX.kind, "metadata": metadata, "spec": {}}


def secret(owner: Object, name: str = "", generate_name: str = "") -> Object:
    """A Secret that belongs to `owner`, with a name you choose, or the beginning of one that the server completes."""
    metadata = {"namespace": namespace_of(owner), "ownerReferences": [owner_reference(owner)]}
    named = {"name": name} if name else {"generateName": generate_name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {**named, **metadata}, "data": {"password": "c2VzYW1l"}}


def _secrets(sim: Simulation) -> Iterator[tuple[Object, list[str]]]:
    """Each Mailbox with the names of its Secrets."""
    found = sim.store.list("secrets")
    return ((m, [name_of(s) for s in found if is_controlled_by(s, m)]) for m in sim.store.list(MAILBOX.name))


def _one_secret(sim: Simulation) -> str | None:
    for box, names in _secrets(sim):
        said = dig(box, "status", "secret")
        if len(names) != 1 or said != names[0]:
            which = f"{len(names)} Secret{'s' * (len(names) > 1)} ({', '.join(names)})" if names else "no Secret"
            return f"Mailbox {key_of(box)} has {which}, and its status names {said or 'none'}"
    return None


def _several(failure: Failure) -> bool:
    return any(len(names) > 1 for _, names in _secrets(failure.sim))


def _promised_and_missing(failure: Failure) -> bool:
    return any(not names and dig(box, "status", "secret") for box, names in _secrets(failure.sim))


ONE = "each Mailbox has exactly one Secret, and its status names it"

FORGETFUL = Exercise(
    id="05.2",
    title="Forgetful on purpose",
    notebook="05_edge_or_level",
    kinds=[MAILBOX],
    story=[
        Act("create the Mailbox ada", lambda sim: sim.create(mailbox("ada"))),
        Act("create the Mailbox grace", lambda sim: sim.create(mailbox("grace"))),
    ],
    promises=[Invariant(ONE, _one_secret)],
    hints=(
        "Imagine that you wake up with no memory right after your first write. How could you find out that the "
        "Secret has been made, if the status does not say so yet?",
        "Choose a name that follows from the Mailbox, such as ada-password. Then whoever comes after you looks for "
        "the same name, and the API server refuses a second one. Two questions, each with its own write: is "
        "the Secret there? Does the status name it?",
        "name = f'{name_of(mailbox)}-password'. If self.cache.get('secrets', f'{namespace_of(mailbox)}/{name}') is None: "
        "self.client.create(secret(mailbox, name=name)). If dig(mailbox, 'status', 'secret') != name: "
        "self.client.update_status(mailbox, secret=name).",
    ),
    diagnoses=[
        Diagnosis(
            "keeps it in its head",
            "You remember in self what you have made. The process that remembers is the one that crashes, and the next "
            "one knows nothing. Whatever must not be forgotten belongs into the cluster.",
            ONE,
            evidence=remembers,
        ),
        Diagnosis(
            "promises before it delivers",
            "You write the status first, and make the Secret after that. Who dies in between leaves a promise that "
            "nobody keeps, because the next one believes it. First the deed, then the word; and look for the deed.",
            ONE,
            evidence=_promised_and_missing,
        ),
        Diagnosis(
            "makes it, then writes down which",
            "The Secret's name is known only to the process that made it, until the status says it. Who dies in between "
            "leaves a Secret that nobody finds again. Choose a name that follows from the Mailbox.",
            ONE,
            evidence=lambda failure: _several(failure) and bool(troubles(failure.schedule) & {"crash_after", "refuse"}),
        ),
        Diagnosis(
            "trusts its cache to know its own writes",
            "You look before you create, but your cache has not heard of your own Secret yet. With a name that follows "
            "from the Mailbox the API server itself refuses the second one.",
            ONE,
            evidence=_several,
        ),
        Diagnosis(
            "swallows the error",
            "A write was refused, and you went on as if nothing had happened. Let the error out of reconcile: raising is "
            "how a controller says that it wants to be called again.",
            ONE,
            frozenset({"refuse"}),
        ),
    ],
    wrong_ideas=[
        WrongIdea(
            "remembers in self what it made",
            [
                ("    def reconcile(", "    def setup(self):\n        self.made = {}\n\n    def reconcile("),
                ('        name = f"{name_of(mailbox)}-password"\n', ""),
                ('        if self.cache.get("secrets", f"{namespace_of(mailbox)}/{name}") is None:', "        if key not in self.made:"),
                (
                    "            self.client.create(secret(mailbox, name=name))",
                    "            made = self.client.create(secret(mailbox, generate_name='password-'))\n"
                    "            self.made[key] = name_of(made)\n"
                    "        name = self.made[key]",
                ),
            ],
            "keeps it in its head",
            27,
        ),
        WrongIdea(
            "writes the status first",
            [
                ('        if self.cache.get("secrets", f"{namespace_of(mailbox)}/{name}") is None:\n            self.client.create(secret(mailbox, name=name))\n', ""),
                ("            self.client.update_status(mailbox, secret=name)", "            self.client.update_status(mailbox, secret=name)\n            self.client.create(secret(mailbox, name=name))"),
            ],
            "promises before it delivers",
            27,
        ),
        WrongIdea(
            "lets the server choose the name, then saves it",
            [
                ('        if self.cache.get("secrets", f"{namespace_of(mailbox)}/{name}") is None:\n            self.client.create(secret(mailbox, name=name))\n', ""),
                ('        if dig(mailbox, "status", "secret") != name:', '        if dig(mailbox, "status", "secret") is None:\n            name = name_of(self.client.create(secret(mailbox, generate_name="password-")))'),
            ],
            "makes it, then writes down which",
            27,
        ),
        WrongIdea(
            "looks for its own Secrets in the cache",
            [
                ('        name = f"{name_of(mailbox)}-password"\n', '        mine = self.cache.owned_by(mailbox, "secrets")\n'),
                ('        if self.cache.get("secrets", f"{namespace_of(mailbox)}/{name}") is None:', "        if not mine:"),
                ("            self.client.create(secret(mailbox, name=name))", "            mine = [self.client.create(secret(mailbox, generate_name='password-'))]\n        name = name_of(mine[0])"),
            ],
            "trusts its cache to know its own writes",
            3,
        ),
        WrongIdea(
            "goes on after an error",
            [
                ("            self.client.update_status(mailbox, secret=name)", "            try:\n                self.client.update_status(mailbox, secret=name)\n            except Exception:\n                pass"),
            ],
            "swallows the error",
            7,
        ),
    ],
)

EXERCISES = (FROM_EVENTS_TO_STATE, FORGETFUL)
