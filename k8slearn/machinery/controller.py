"""The one loop. Every actor in the cluster is a `Controller`, the built-in ones and yours.

A controller names the resource it looks after (`primary`), the ones it makes (`owns`) and others it
needs to see (`watches`), and says in `reconcile(key)` how one object is brought one step closer to what
was asked for. It gets a *key*, never an event: what happened does not matter, only what is.

- return: finished, until something changes.
- ``Done(again_in=10)``: come back in ten seconds even if nothing changes.
- raise: something went wrong; come back with a growing delay.

Reconcile runs to its end and never waits. Between two calls a controller keeps only what it could lose:
its cache, its queue, its expectations. Crashing it means dropping it and making a new one.

Kubernetes: sigs.k8s.io/controller-runtime/pkg/reconcile; the sync loops in pkg/controller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple, Protocol

from k8slearn.api.clock import Clock, Dice
from k8slearn.api.errors import Unreachable
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Key, controller_of, key_of, make_key, namespace_of
from k8slearn.api.requests import NotYet, Transport
from k8slearn.client import Client
from k8slearn.machinery.cache import Cache
from k8slearn.machinery.informer import Change, Informer
from k8slearn.machinery.recorder import Recorder
from k8slearn.machinery.state import clone
from k8slearn.machinery.workqueue import Timer, WorkQueue


class Done(NamedTuple):
    """Reconcile is finished for now. Kubernetes: reconcile.Result"""

    again_in: float | None = None  # seconds
    background: bool = False  # a periodic look that nobody is waiting for


#: For who has made something that others may delete: it can be gone before his cache has heard of it, and then there is
#: no news. (In Kubernetes the informers tell everybody everything again, every twelve hours or so.)
LOOK_AGAIN = Done(again_in=60.0, background=True)


class Host(Protocol):
    """Who runs the players, as one sees him who may start others: a machine that boots is a kubelet that starts."""

    def players(self) -> Iterable[str]:
        """The names of all that are running."""

    def start(self, component: Callable[[], Controller]) -> None: ...

    def stop(self, name: str) -> None:
        """At once and without a goodbye, as if the power had failed."""


class Controller:
    """Subclass it, name `primary`, write `reconcile`. See the module's docstring."""

    name: str = ""  # default: the class name, as in replica-set-controller
    room: ClassVar[str] = "operator"  # where it stands in the pictures
    primary: ClassVar[str] = ""
    owns: ClassVar[Iterable[str]] = ()
    watches: ClassVar[Iterable[str]] = ()
    outside: ClassVar[Iterable[str]] = ()  # attributes that stand for what is not in the cluster: a cloud

    starts_others: ClassVar[bool] = False  # is handed a `host`, which runs the players, itself among them

    client: Client
    clock: Clock
    dice: Dice
    cache: Cache
    queue: WorkQueue
    events: Recorder
    informers: dict[str, Informer]
    host: Host

    #: What `wire` brings; everything else in a controller is soft state.
    WIRING = frozenset("client clock dice cache queue events informers name resource errors host".split())

    def wire(self, transport: Transport, clock: Clock, dice: Dice | None = None) -> None:
        """Connect this controller to an API server and a clock. Called once, by whoever runs it."""
        self.name = self.full_name
        self.client = Client(transport, user=f"system:serviceaccount:kube-system:{self.name}")
        self.clock, self.dice = clock, dice or Dice()
        names = {r: self.client.kinds.named(r).name for r in self.resources()}
        self.cache, self.queue = Cache(names), WorkQueue(clock)
        self.events = Recorder(self.client, clock, self.name)
        self.informers = {r: Informer(self, r, **self.selectors(r)) for r in names.values()}
        self.resource: Resource | None = self.client.kinds.named(self.primary) if self.primary else None
        self.errors: dict[Key, Exception] = {}  # the last failure of each key that has not succeeded since
        self.setup()

    @property
    def full_name(self) -> str:
        """``name``, or the class name with dashes."""
        return self.name or _dashed(type(self).__name__)

    # --- what subclasses say ---

    def setup(self) -> None:
        """Start with empty soft state. Called when the controller starts, and again after a crash."""

    def stop(self) -> None:
        """Asked to end: the last chance to say goodbye. A crash does not ask."""

    def resources(self) -> list[str]:
        """Everything that is watched; each has an informer."""
        return [r for r in (self.primary, *self.owns, *self.watches) if r]

    def selectors(self, resource: str) -> dict[str, Any]:
        """Restrict what is watched: ``{"fields": "spec.nodeName=node-0"}`` or ``{"labels": ...}``."""
        return {}

    def reconcile(self, key: Key) -> Done | None:
        """Bring the object called `key` closer to what was asked for. It may no longer exist."""
        raise NotImplementedError(f"{type(self).__name__} has no reconcile(self, key)")

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Which keys deserve a look because of this change.

        A change to a primary object: that object. To an owned one: whoever controls it, before and after.
        """
        if self.resource is not None and change.resource == self.resource.name:
            return [key_of(change.object)]
        return self.owners_of(change)

    def owners_of(self, change: Change) -> list[Key]:
        """Keys of the primary objects that control (or controlled) the changed one."""
        keys: dict[Key, None] = {}
        for obj in (change.old, change.new):
            owner = controller_of(obj) if obj is not None else None
            if owner and self.resource is not None and owner["kind"] == self.resource.kind:
                namespace = namespace_of(obj) if self.resource.namespaced else ""  # type: ignore[arg-type]
                keys[make_key(namespace, owner["name"])] = None
        return list(keys)

    def on_change(self, change: Change) -> None:
        """An informer has heard something. The cache already knows it."""
        for key in self.keys_for(change):
            self.queue.add(key)

    def watch_also(self, resource: str) -> None:
        """From now on, hear of this kind, too. For those who watch every kind that there is."""
        name = self.client.kinds.named(resource).name
        if name not in self.informers:
            self.cache.names[name] = name
            self.informers[name] = Informer(self, name, **self.selectors(name))

    def watch_no_more(self, resource: str) -> None:
        """Nobody will speak of this kind any more; what was known of it is forgotten."""
        informer = self.informers.pop(resource, None)
        if informer is not None:
            informer.disconnect()
            for key in list(self.cache.objects.get(resource, {})):
                self.cache.put(resource, key, None)

    # --- the moves: what a driver may let this controller do ---

    def deliver(self, resource: str) -> list[Change]:
        """Let one informer hear one event (or list)."""
        changes = self.informers[resource].deliver()
        for change in changes:
            self.on_change(change)
        return changes

    def fire(self) -> list[Timer]:
        """Time has passed: keys whose turn it is are put into the queue, and informers get up."""
        rested = [timer for i in self.informers.values() if (timer := i.rested()) is not None]
        return [*self.queue.fire(), *rested]

    def work(self) -> tuple[Key, list[int], str]:
        """Reconcile the next key. Returns the key, what caused it, and how it went."""
        key, causes = self.queue.get()
        try:
            result = self._outcome(key, self.reconcile(key))
        except NotYet as why:  # no failure: whoever runs us puts the key back when there is an answer
            result = f"waits: {why}"
        except Exception as error:  # a broken reconcile must not take the others down with it
            self.errors[key] = error
            delay = self.queue.retry(key, background=isinstance(error, Unreachable))
            result = f"error: {type(error).__name__}: {error}; again in {delay:g} s"
        self.queue.done(key)
        return key, causes, result

    def _outcome(self, key: Key, done: Done | None) -> str:
        self.queue.forget(key)
        self.errors.pop(key, None)
        if done is None or done.again_in is None:
            return "done"
        self.queue.add_after(key, done.again_in, background=done.background)
        return f"again in {done.again_in:g} s"

    # --- going back ---

    def soft_state(self) -> dict[str, Any]:
        """Everything that a crash would lose, besides cache and queue."""
        return {k: clone(v) for k, v in vars(self).items() if k not in self.WIRING and k not in self.outside}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        for gone in set(vars(self)) - self.WIRING - set(self.outside) - set(saved):
            delattr(self, gone)
        vars(self).update((k, clone(v)) for k, v in saved.items())


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
