"""Pods with names that stay: web-0, web-1, ... made in order, one after the other, and taken away from the top.

What is done for one of them at a time: `statefulsetcontrol`.

Kubernetes: pkg/controller/statefulset/stateful_set.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, name_of, namespace_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.history import History
from k8slearn.controllers.podcontrol import Claiming
from k8slearn.controllers.pods import ready_for
from k8slearn.controllers.statefulsetcontrol import Roll
from k8slearn.controllers.statefulsetpods import ordinal_of, parent_and_ordinal, revision_of_pod
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change

HASH = "controller.kubernetes.io/hash"


class StatefulSetController(Claiming):
    name = "statefulset-controller"
    room = "controllers"
    primary = "statefulsets"
    owns = ("pods", "controllerrevisions")
    watches = ("persistentvolumeclaims",)

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Claims tell of themselves only when one is gone for which a pod may be waiting."""
        if change.resource != "persistentvolumeclaims":
            return super().keys_for(change)
        if change.type != "DELETED":
            return []
        sets = self.cache.list(self.primary, namespace_of(change.object))
        return [key_of(s) for s in sets if s["spec"].get("volumeClaimTemplates")]

    def _belongs(self, owner: Object, obj: Object, selector: LabelSelector) -> bool:
        """A pod must also have its name."""
        named = obj["kind"] != "Pod" or parent_and_ordinal(obj)[0] == name_of(owner)
        return named and super()._belongs(owner, obj, selector)

    def reconcile(self, key: Key) -> Done | None:
        sset = self.cache.get(self.primary, key)
        if sset is None:
            return None
        history = History(self, sset, HASH)
        pods = sorted(self.claim(sset), key=ordinal_of)
        update = history.ensure()
        current = history.named(dig(sset, "status", "currentRevision", default="")) or update
        roll = Roll(self, sset, pods, current, update)
        try:
            if not is_deleting(sset):
                roll.turn()
        finally:
            self._report(sset, roll, history.collisions)
        history.truncate([name_of(current), name_of(update), *map(revision_of_pod, pods)])
        return self._until_available(sset, pods)

    def _report(self, sset: Object, roll: Roll, collisions: int) -> None:
        status = {**roll.status(self.clock.now), "collisionCount": collisions}
        known = sset.get("status") or {}
        if "conditions" in known:
            status["conditions"] = known["conditions"]
        if status != known:
            self.client.update_status({**sset, "status": status})

    def _until_available(self, sset: Object, pods: list[Object]) -> Done | None:
        wait = sset["spec"].get("minReadySeconds", 0)
        left = [wait - age for p in pods if 0 <= (age := ready_for(p, self.clock.now)) < wait]
        return Done(again_in=min(left)) if left else None
