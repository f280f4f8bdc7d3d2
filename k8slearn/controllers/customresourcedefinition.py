"""Accepts the names that a CustomResourceDefinition asks for, and empties it before it goes.

Only a definition with the condition Established is served. Two definitions of one group cannot have the same
names; who comes second waits until they are free. A definition that is deleted takes its objects along: a
finalizer holds it until the last of them is gone.

Kubernetes: apiextensions-apiserver/pkg/controller/{status/naming_controller,establish/establishing_controller,
finalizer/crd_finalizer}.go, which run inside of the API server
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, uid_of
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
RETRY = 1.0  # seconds between two looks while objects are still there
IN_PROGRESS = ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")

#: What a definition asks for: a name, whether it is the name of a resource or of a kind, what its conflict is called.
NAMES = (
    ("plural", "resources", "PluralConflict"),
    ("singular", "resources", "SingularConflict"),
    ("shortNames", "resources", "ShortNamesConflict"),
    ("kind", "kinds", "KindConflict"),
    ("listKind", "kinds", "ListKindConflict"),
)


class CustomResourceDefinitionController(Controller):
    name = "customresourcedefinition-controller"
    room = "controllers"
    primary = "customresourcedefinitions"

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A name that becomes free may be what others of the group wait for."""
        group = dig(change.object, "spec", "group")
        others = [o for o in self.cache.list(self.primary) if dig(o, "spec", "group") == group]
        return dict.fromkeys([key_of(change.object), *map(key_of, others)])

    def reconcile(self, key: Key) -> Done | None:
        crd = self.cache.get(self.primary, key)
        if crd is None:
            return None
        if is_deleting(crd):
            return self._empty(crd) if CLEANUP in crd["metadata"].get("finalizers", ()) else None
        status = status_of(crd, self.cache.list(self.primary), timestamp(self.clock.now))
        if status != crd.get("status"):
            self.client.update_status({**crd, "status": status})
        return None

    def _empty(self, crd: Object) -> Done | None:
        """Delete every object, and let the definition go when none is left."""
        crd = self._say_that_it_goes(crd)
        resource = f"{crd['spec']['names']['plural']}.{crd['spec']['group']}"
        try:
            for obj in self.client.list(resource):
                if not is_deleting(obj):
                    self.client.delete(resource, key_of(obj))
            if self.client.list(resource):
                return Done(again_in=RETRY)
        except NotFound:
            pass  # never served, so there is nothing
        finalizers = [f for f in crd["metadata"]["finalizers"] if f != CLEANUP]
        self.client.patch(crd, patch={"metadata": {"finalizers": finalizers or None}})
        return None

    def _say_that_it_goes(self, crd: Object) -> Object:
        known = condition(crd, "Terminating")
        if known is not None and known["reason"] == IN_PROGRESS[1]:
            return crd
        conditions = dig(crd, "status", "conditions", default=None) or []
        now = timestamp(self.clock.now)
        return self.client.update_status(
            crd, conditions=_with(crd, "Terminating", IN_PROGRESS, now, conditions)
        )


# --- names ---


def status_of(crd: Object, all_of_them: Iterable[Object], now: str) -> Object:
    """What the status must say, beside these definitions."""
    others = [
        o for o in all_of_them if uid_of(o) != uid_of(crd) and dig(o, "spec", "group") == crd["spec"]["group"]
    ]
    accepted, conflict = _accepted(crd, _taken(others))
    status = {**(crd.get("status") or {}), "acceptedNames": accepted}
    fine = ("True", "NoConflicts", "no conflicts found")
    status["conditions"] = _with(crd, "NamesAccepted", conflict or fine, now, status.get("conditions") or [])
    known = condition(crd, "Established")
    if known is None or known["status"] != "True":
        established = ("True", "InitialNamesAccepted", "the initial names have been accepted")
        waiting = ("False", "NotAccepted", "not all names are accepted")
        said = waiting if conflict else established
        status["conditions"] = _with(crd, "Established", said, now, status["conditions"])
    return status


def _taken(others: list[Object]) -> dict[str, set[str]]:
    """The names that are in use in a group, of resources and of kinds."""
    taken: dict[str, set[str]] = {"resources": set(), "kinds": set()}
    for other in others:
        names = dig(other, "status", "acceptedNames", default=None) or {}
        for field, space, _ in NAMES:
            taken[space].update(_listed(names.get(field)))
    return taken


def _accepted(crd: Object, taken: dict[str, set[str]]) -> tuple[Object, tuple[str, str, str] | None]:
    """(the names that are granted, what is said of the last that is not)"""
    wanted, conflict = crd["spec"]["names"], None
    names: dict[str, Any] = {
        "plural": "",
        "kind": "",
        **(dig(crd, "status", "acceptedNames", default=None) or {}),
    }
    for field, space, reason in NAMES:
        had = _listed(names.get(field))
        clashes = [n for n in _listed(wanted.get(field)) if n not in had and n in taken[space]]
        if clashes:
            conflict = ("False", reason, ", ".join(f'"{name}" is already in use' for name in clashes))
        elif field in wanted:
            names[field] = wanted[field]
        elif field in names:
            del names[field]
    if wanted.get("categories"):
        names["categories"] = wanted["categories"]
    return names, conflict


def _listed(names: Any) -> list[str]:
    return names if isinstance(names, list) else [names] if names else []


def _with(
    crd: Object, kind: str, said: tuple[str, str, str], now: str, conditions: list[Object]
) -> list[Object]:
    """The conditions with this one; its time is that of its last change."""
    known = condition(crd, kind)
    since = known["lastTransitionTime"] if known is not None and known["status"] == said[0] else now
    new = dict(zip(("status", "reason", "message"), said, strict=True))
    fresh = {"type": kind, "lastTransitionTime": since, **new}
    if known is None:
        return [*conditions, fresh]
    return [fresh if c["type"] == kind else c for c in conditions]
