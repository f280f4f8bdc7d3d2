"""Counts what a namespace uses, and writes it into its quotas' status.

Admission raises the numbers before something is made. This controller makes them right again: at once when
something comes, goes or ends, when a quota changes, and every five minutes in any case. (Kubernetes' own does
not look at what comes; if its news are late it may forget what admission has counted, for five minutes.)

Kubernetes: pkg/controller/resourcequota (resource_quota_controller.go, resource_quota_monitor.go)
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api import quota
from k8slearn.api.errors import NotFound
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Key, Object, dig, key_of, namespace_of
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

RESYNC = 300.0  # seconds between two counts that nothing has asked for

#: Objects that change too often to be watched for a quota that hardly anybody sets: they are listed.
UNWATCHED = frozenset(["events", "leases"])


class ResourceQuotaController(Controller):
    name = "resourcequota-controller"
    room = "controllers"
    primary = "resourcequotas"

    def resources(self) -> list[str]:
        """Everything that can be counted; the quotas first."""
        countable = [r.name for r in self.client.kinds.kept() if r.namespaced and r.name not in UNWATCHED]
        return list(dict.fromkeys([self.primary, *countable]))

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A quota whose limits have changed; all of a namespace where something else is used now."""
        if change.resource == self.primary and change.new is not None:
            return [] if _asks_the_same(change) else [key_of(change.new)]
        if self._uses_something_else(change):
            return [key_of(q) for q in self.cache.list(self.primary, namespace_of(change.object))]
        return []

    def _uses_something_else(self, change: Change) -> bool:
        if change.new is None or change.old is None:
            return True
        if change.resource not in quota.EVALUATORS:
            return False
        evaluate = quota.EVALUATORS[change.resource]
        return evaluate(change.old, self.clock.now) != evaluate(change.new, self.clock.now)

    def reconcile(self, key: Key) -> Done | None:
        found = self.cache.get(self.primary, key)
        if found is None:
            return None
        hard = dict(dig(found, "spec", "hard", default={}))
        status = {"hard": hard, "used": self._used(found, hard)}
        if status != found.get("status"):
            self.client.update_status({**found, "status": status})
        return Done(again_in=RESYNC, background=True)

    def _used(self, found: Object, hard: dict[str, str]) -> quota.Usage:
        """What is used of each thing that is limited, and that we know how to count."""
        used: quota.Usage = {}
        for qualified in dict.fromkeys(map(quota.measured_on, hard)):
            try:
                resource = self.client.kinds.named(qualified)
            except NotFound:
                continue
            mine = [o for o in self._objects(resource, found) if quota.in_scope(found, resource, o)]
            usage = quota.added(quota.usage(resource, o, self.clock.now) for o in mine)
            names = [n for n in hard if quota.measured_on(n) == qualified]
            used |= {name: usage.get(name, "0") for name in names}
        return used

    def _objects(self, resource: Resource, found: Object) -> Iterable[Object]:
        namespace = namespace_of(found)
        if resource.name in UNWATCHED:
            return self.client.list(resource.name, namespace)
        return self.cache.list(resource.name, namespace)


def _asks_the_same(change: Change) -> bool:
    """Only its status has changed, and not the limits in it."""
    if change.old is None or change.type == "SYNC":
        return False
    before, now = change.old, change.object
    return before["spec"] == now["spec"] and dig(before, "status", "hard") == dig(now, "status", "hard")
