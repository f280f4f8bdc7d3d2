"""Deletes what nobody owns any more. The API server does not cascade; this controller does.

It watches every kind there is, and looks at each object that says it has owners. Are they still there?
By uid: an owner of the same name made again later is another owner. What it does when an owner goes is
noted on that owner as a finalizer:

- background (none): the owner is gone at once, dependents follow when this controller notices.
- foreground (foregroundDeletion): dependents that block go first, then the owner.
- orphan: dependents forget the owner and stay.

Kubernetes: pkg/controller/garbagecollector (garbagecollector.go, graph_builder.go)
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from k8slearn.api.errors import Conflict, NotFound
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    edit,
    is_deleting,
    key_of,
    make_key,
    namespace_of,
    owners_of,
    uid_of,
)
from k8slearn.controllers.ownergraph import OwnerGraph
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

#: Kinds that own nothing and that nobody owns; they change too often to be watched for nothing.
UNOWNED = frozenset(["events", "leases"])

UNHEARD = 5.0  # seconds between two looks at an object whose owner we have not heard of


class GarbageCollector(Controller):
    """Its queue holds keys with the resource in front: ``pods default/web-1``."""

    name = "garbage-collector-controller"
    room = "controllers"

    def resources(self) -> list[str]:
        """Every kind the server knows, custom ones too."""
        return [r.name for r in self.client.kinds.kept() if r.name not in UNOWNED]

    def setup(self) -> None:
        self.graph = OwnerGraph()

    def on_change(self, change: Change) -> None:
        """Kinds come and go. Kubernetes: GarbageCollector.Sync"""
        super().on_change(change)
        if change.resource == "customresourcedefinitions":
            self._watch_defined(change)

    def _watch_defined(self, change: Change) -> None:
        names, group = change.object["spec"]["names"], change.object["spec"]["group"]
        resource = f"{names['plural']}.{group}"
        if change.type == "DELETED":
            self.watch_no_more(resource)
        elif any(r.name == resource for r in self.client.kinds.kept()):
            self.watch_also(resource)

    def keys_for(self, change: Change) -> Iterable[Key]:
        """An object that waits for us, or whose owner we do not know; when one is gone, its dependents."""
        obj, key = change.object, f"{change.resource} {key_of(change.object)}"
        self.graph.note(key, change)
        if change.type == "DELETED":
            return [*self.graph.dependents_of(obj), *self._waiting_owners(obj)]
        keys = [key] if _waits_for_us(obj) or self._has_unknown_owner(obj) else []
        if change.old is not None and owners_of(change.old) != owners_of(obj):
            keys += self._waiting_owners(change.old)
        return keys

    def _has_unknown_owner(self, obj: Object) -> bool:
        return any(self._find(o, namespace_of(obj)) is None for o in owners_of(obj))

    def _waiting_owners(self, obj: Object) -> list[str]:
        """Owners that wait, in foreground deletion, for this object to go."""
        found = []
        for reference in owners_of(obj):
            located = self._find(reference, namespace_of(obj))
            if located and "foregroundDeletion" in dig(located[1], "metadata", "finalizers", default=[]):
                found.append(f"{located[0]} {key_of(located[1])}")
        return found

    # --- reconcile ---

    def reconcile(self, key: Key) -> Done | None:
        resource, _, object_key = key.partition(" ")
        obj = self.cache.get(resource, object_key)
        if obj is None:
            return None
        if is_deleting(obj):
            self._finish_deletion(resource, obj)
        if not owners_of(obj) or is_deleting(obj):
            return None
        self._report_strangers(obj)
        return None if self._is_owned_from_below(obj) else self._check_owners(resource, obj)

    def _check_owners(self, resource: str, obj: Object) -> Done | None:
        """Delete the object if all its owners are gone; if only some are, let it forget those.

        An owner that exists, but of which we have not heard, may go before we do; then nobody would tell us.
        So we look again. Kubernetes: virtual nodes in the graph.
        """
        present = [(o, self._owner(o, namespace_of(obj))) for o in owners_of(obj)]
        solid = [o for o, owner in present if owner is not None and not _in_foreground(owner)]
        going = [o for o, owner in present if owner is not None and _in_foreground(owner)]
        if solid:
            if len(solid) < len(present):
                self._set_owners(obj, solid)
        elif going:
            self._delete(resource, obj, "Foreground" if self.graph.dependents_of(obj) else "Background")
        else:
            self._delete(resource, obj, "Background")
        unheard = any(owner is not None and self._is_unheard(o, namespace_of(obj)) for o, owner in present)
        return Done(again_in=UNHEARD, background=True) if unheard else None

    def _report_strangers(self, obj: Object) -> None:
        """Who lives in another namespace is no owner. Kubernetes: reportInvalidNamespaceOwnerRef"""
        home = namespace_of(obj)
        for o in owners_of(obj):
            if self._lives_elsewhere(o, home):
                who = f"{o['apiVersion']}/{o['kind']}, namespace: {home}, name: {o['name']}, uid: {o['uid']}"
                message = f'ownerRef [{who}] does not exist in namespace "{home}"'
                self.events.warning(obj, "OwnerRefInvalidNamespace", message)

    def _lives_elsewhere(self, reference: Object, namespace: str) -> bool:
        resource = self._kind_of(reference)
        if resource is None or resource.name not in self.informers or self._find(reference, namespace):
            return False
        known = self.cache.by("uid", resource.name, reference["uid"])
        return any(namespace_of(o) not in ("", namespace) for o in known)

    def _is_owned_from_below(self, obj: Object) -> bool:
        """A cluster-scoped object whose owner would live in a namespace: nobody can say in which. It stays.

        Kubernetes: namespacedOwnerOfClusterScopedObjectErr
        """
        kinds = [] if namespace_of(obj) else [self._kind_of(o) for o in owners_of(obj)]
        return any(kind is not None and kind.namespaced for kind in kinds)

    def _kind_of(self, reference: Object) -> Resource | None:
        try:
            return self.client.kinds.of(reference)
        except NotFound:
            return None

    def _is_unheard(self, reference: Object, namespace: str) -> bool:
        resource = self._kind_of(reference)
        watched = resource is not None and resource.name in self.informers
        return watched and self._find(reference, namespace) is None

    def _owner(self, reference: Object, namespace: str) -> Object | None:
        """The owner if it exists. What the cache does not know is asked of the API: it may be stale.

        Of a kind that is not served nobody can say whether it is there: NoKindMatch, and another try later.
        """
        located = self._find(reference, namespace)
        if located is not None:
            return located[1]
        if reference["uid"] in self.graph.gone:
            return None
        resource = self.client.kinds.of(reference)
        home = namespace if resource.namespaced else ""
        try:
            owner = self.client.get(resource.name, make_key(home, reference["name"]))
        except NotFound:
            return None
        return owner if uid_of(owner) == reference["uid"] else None

    def _find(self, reference: Object, namespace: str) -> tuple[str, Object] | None:
        """(resource, object) of an owner, if the cache knows it."""
        resource = self._kind_of(reference)
        if resource is None or resource.name not in self.informers:
            return None
        key = make_key(namespace if resource.namespaced else "", reference["name"])
        owner = self.cache.get(resource.name, key)
        return (resource.name, owner) if owner is not None and uid_of(owner) == reference["uid"] else None

    def _delete(self, resource: str, obj: Object, policy: str) -> None:
        """Only as it is known to us: our cache may not have heard that it has other owners now, or none.

        Kubernetes: deleteObject
        """
        same, version = {"uid": uid_of(obj)}, {"resourceVersion": obj["metadata"]["resourceVersion"]}
        where = (resource, key_of(obj))
        with suppress(NotFound):  # gone already
            try:
                self.client.delete(*where, propagationPolicy=policy, preconditions=same | version)
            except Conflict:
                now = self.client.get(*where)
                if uid_of(now) == uid_of(obj) and owners_of(now) == owners_of(obj):
                    self.client.delete(*where, propagationPolicy=policy, preconditions=same)

    # --- objects that are going, and wait for this controller ---

    def _finish_deletion(self, resource: str, obj: Object) -> None:
        finalizers = dig(obj, "metadata", "finalizers", default=[])
        family = [self._member(key) for key in self.graph.dependents_of(obj)]
        members = [m for m in family if m is not None]
        if "orphan" in finalizers:
            for _, child in members:
                self._set_owners(child, [o for o in owners_of(child) if o["uid"] != uid_of(obj)])
            self._remove_finalizer(obj, "orphan")
        elif "foregroundDeletion" in finalizers:
            blocking = [m for m in members if _blocks(m[1], obj)]
            if not blocking:
                self._remove_finalizer(obj, "foregroundDeletion")
            for child_resource, child in members:
                if not is_deleting(child):
                    self.queue.add(f"{child_resource} {key_of(child)}")

    def _member(self, key: str) -> tuple[str, Object] | None:
        resource, _, object_key = key.partition(" ")
        obj = self.cache.get(resource, object_key)
        return (resource, obj) if obj is not None else None

    def _remove_finalizer(self, obj: Object, finalizer: str) -> None:
        changed = edit(obj)
        changed["metadata"]["finalizers"].remove(finalizer)
        self._update(changed)

    def _set_owners(self, obj: Object, owners: list[Object]) -> None:
        changed = edit(obj)
        changed["metadata"]["ownerReferences"] = owners
        self._update(changed)

    def _update(self, changed: Object) -> None:
        try:
            self.client.update(changed)
        except NotFound:
            return


def _waits_for_us(obj: Object) -> bool:
    """Deletion was asked for in a way that this controller has to finish."""
    finalizers = dig(obj, "metadata", "finalizers", default=())
    return is_deleting(obj) and ("orphan" in finalizers or "foregroundDeletion" in finalizers)


def _in_foreground(owner: Object) -> bool:
    """The owner is going, and waits for its dependents to go first."""
    return is_deleting(owner) and "foregroundDeletion" in dig(owner, "metadata", "finalizers", default=[])


def _blocks(child: Object, owner: Object) -> bool:
    return any(o["uid"] == uid_of(owner) and o.get("blockOwnerDeletion") for o in owners_of(child))
