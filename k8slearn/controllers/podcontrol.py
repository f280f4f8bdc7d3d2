"""What controllers that make pods by the number have in common: whose is this pod, and has it come yet?

Which pods are its own? Not the ones it remembers making: those that *say* so in their owner reference.
It adopts pods that match its selector and belong to nobody, and lets go of pods that no longer match.

Kubernetes: pkg/controller/controller_ref_manager.go, pkg/controller/controller_utils.go (RealPodControl)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from k8slearn.api.errors import ApiError, Conflict, Invalid, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    controller_of,
    edit,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    owners_of,
    uid_of,
)
from k8slearn.api.requests import NotYet
from k8slearn.api.selectors import LabelSelector
from k8slearn.machinery import Controller, Done, Expectations
from k8slearn.machinery.informer import Change

BURST = 500  # pods made or deleted in one reconcile, at most


class Claiming(Controller):
    """A controller whose objects find what is theirs by a selector. Kubernetes: ControllerRefManager"""

    finalizers: tuple[str, ...] = ()  # that its dependents carry as long as they are its own

    def selector_of(self, owner: Object) -> LabelSelector:
        return LabelSelector.of(owner["spec"]["selector"])

    def keys_for(self, change: Change) -> Iterable[Key]:
        """The owner; for an orphan, everybody who might adopt it."""
        keys = list(super().keys_for(change))
        if change.resource in self.owns and controller_of(change.object) is None:
            candidates = self.cache.list(self.primary, namespace_of(change.object))
            keys += [key_of(c) for c in candidates if self.selector_of(c).matches(labels_of(change.object))]
        return keys

    def claim(self, owner: Object, resource: str = "pods") -> list[Object]:
        """The objects that are this owner's, after adopting and releasing."""
        known = self.cache.owned_by(owner, resource)
        if is_deleting(owner):
            return known
        selector, mine = self.selector_of(owner), []
        for obj in known:
            if self._belongs(owner, obj, selector):
                mine.append(obj)
            elif not is_deleting(obj):
                self._release(owner, obj)
        orphans = self.cache.by("orphan", resource, namespace_of(owner))
        found = [o for o in orphans if self._belongs(owner, o, selector) and not is_deleting(o)]
        return mine + [o for o in found if self._adopt(owner, o)]

    def _belongs(self, owner: Object, obj: Object, selector: LabelSelector) -> bool:
        return selector.matches(labels_of(obj))

    def _adopt(self, owner: Object, obj: Object) -> bool:
        """Make an orphan ours, unless the owner is really gone (the cache may not know)."""
        fresh = self.client.get(self.primary, key_of(owner))
        if uid_of(fresh) != uid_of(owner) or is_deleting(fresh):
            return False
        changed = edit(obj)
        changed["metadata"]["ownerReferences"] = [*owners_of(obj), owner_reference(owner)]
        if self.finalizers:
            known = changed["metadata"].get("finalizers") or []
            changed["metadata"]["finalizers"] = list(dict.fromkeys([*known, *self.finalizers]))
        return self._changed(changed)

    def _release(self, owner: Object, obj: Object) -> None:
        changed = edit(obj)
        changed["metadata"]["ownerReferences"] = [o for o in owners_of(obj) if o["uid"] != uid_of(owner)]
        if self.finalizers:
            known = changed["metadata"].get("finalizers") or []
            changed["metadata"]["finalizers"] = [f for f in known if f not in self.finalizers]
        self._changed(changed)

    def _changed(self, changed: Object) -> bool:
        try:
            self.client.update(changed)
        except (NotFound, Conflict, Invalid):
            return False  # it has changed meanwhile: we shall hear of it and look again
        return True


class PodController(Claiming):
    """Makes and deletes pods, and expects to hear of it."""

    room = "controllers"
    owns: ClassVar[Iterable[str]] = ("pods",)

    def setup(self) -> None:
        self.expectations = Expectations()

    def on_change(self, change: Change) -> None:
        if change.resource == "pods":
            self._tick_off(change)
        super().on_change(change)

    def _tick_off(self, change: Change) -> None:
        """A pod that we were waiting to hear of: expected no longer."""
        for key in self.owners_of(change):
            if change.type == "ADDED":
                self.expectations.creation_seen(key)
            elif change.type == "DELETED" or is_deleting(change.object):
                self.expectations.deletion_seen(key, uid_of(change.object))

    def create_pods(self, owner: Object, pods: Iterable[Object], expected: int) -> str:
        """Make these pods, `expected` of them. Returns what went wrong, or ""."""
        key = key_of(owner)
        self.expectations.expect(key, self.clock.now, creations=expected)
        for made, wanted in enumerate(pods):
            try:
                pod = self.client.create(wanted)
            except (ApiError, NotYet) as error:
                self.expectations.forget(key)
                if made:
                    self.expectations.expect(key, self.clock.now, creations=made)
                if isinstance(error, NotYet):
                    raise
                self.events.warning(owner, "FailedCreate", f"Error creating: {error}")
                return f"FailedCreate:{error}"
            self.events.normal(owner, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        return ""

    def delete_pods(self, owner: Object, doomed: list[Object]) -> str:
        """Delete these pods. Returns what went wrong, or ""."""
        gone = frozenset(uid_of(p) for p in doomed)
        self.expectations.expect(key_of(owner), self.clock.now, deletions=gone)
        for pod in doomed:
            try:
                self.client.delete(pod, preconditions={"uid": uid_of(pod)})
            except NotFound:
                self.expectations.deletion_seen(key_of(owner), uid_of(pod))
            except NotYet:
                self.expectations.forget(key_of(owner))
                raise
            except ApiError as error:
                self.expectations.forget(key_of(owner))
                self.events.warning(owner, "FailedDelete", f"Error deleting: {error}")
                return f"FailedDelete:{error}"
            else:
                self.events.normal(owner, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        return ""

    def until_impatient(self, key: Key, waiting: bool) -> Done | None:
        """What we wait to hear of may have come and gone while we were deaf."""
        left = self.expectations.left(key, self.clock.now)
        return Done(again_in=left, background=True) if waiting else None
