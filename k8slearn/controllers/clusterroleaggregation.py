"""Fills a ClusterRole that is made of others: one with an aggregationRule has the rules of all that it selects.

So whoever adds a kind can say, in a role of his own with a label, what viewers and editors may do with it; ``view``,
``edit`` and ``admin`` need not be touched.

Kubernetes: pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, key_of, name_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change


class ClusterRoleAggregationController(Controller):
    name = "clusterrole-aggregation-controller"
    room = "controllers"
    primary = "clusterroles"

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Whatever happens to a role: every role that may be made of it."""
        return [key_of(role) for role in self.cache.list(self.primary) if role.get("aggregationRule")]

    def reconcile(self, key: Key) -> Done | None:
        role = self.cache.get(self.primary, key)
        if role is None or not role.get("aggregationRule"):
            return None
        rules: list[Object] = []
        for part in self._parts(role):
            rules += [rule for rule in part.get("rules") or () if rule not in rules]
        if rules != (role.get("rules") or []):
            try:
                self.client.patch(self.primary, key, patch={"rules": rules})
            except NotFound:
                return None  # it has gone meanwhile
        return None

    def _parts(self, role: Object) -> Iterable[Object]:
        """The roles it is made of: selector by selector, each in order of names."""
        for selects in role["aggregationRule"].get("clusterRoleSelectors") or ():
            found = self.cache.list(self.primary, labels=LabelSelector.of(selects))
            yield from sorted((o for o in found if name_of(o) != name_of(role)), key=name_of)
