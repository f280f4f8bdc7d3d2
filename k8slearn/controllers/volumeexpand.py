"""Sees that a claim asks for more than it has, and says whose work that is.

Every driver brings its own resizer (ours: `k8slearn.clouds.resizer`), which watches claims itself. The plugins that
this controller once called are gone from Kubernetes, and an event is all that is left of it.

Kubernetes: pkg/controller/volume/expand/expand_controller.go
"""

from __future__ import annotations

from k8slearn.api.objects import Key, dig
from k8slearn.api.quantities import parse
from k8slearn.api.volumes import requested
from k8slearn.machinery import Controller, Done

WAITING = "waiting for an external controller to expand this PVC"


class ExpandController(Controller):
    name = "persistentvolume-expander-controller"
    room = "controllers"
    primary = "persistentvolumeclaims"

    def setup(self) -> None:
        self.events.component = "volume_expand"

    def reconcile(self, key: Key) -> Done | None:
        claim = self.cache.get(self.primary, key)
        has = dig(claim, "status", "capacity", "storage")
        if claim is not None and has is not None and requested(claim) > parse(has):
            self.events.normal(claim, "ExternalExpanding", WAITING)
        return None
