"""Deletes Jobs some time after they have finished, if they say so: spec.ttlSecondsAfterFinished.

Kubernetes: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go
"""

from __future__ import annotations

from k8slearn.api.clock import seconds_of
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, uid_of
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done


class TTLAfterFinishedController(Controller):
    name = "ttl-after-finished-controller"
    room = "controllers"
    primary = "jobs"

    def reconcile(self, key: Key) -> Done | None:
        left = self._left(self.cache.get("jobs", key))
        try:
            if left is not None and left <= 0:
                fresh = self.client.get("jobs", key)  # it may have been given more time
                left = self._left(fresh)
                if left is not None and left <= 0:
                    only_this = {"uid": uid_of(fresh)}
                    self.client.delete("jobs", key, propagationPolicy="Foreground", preconditions=only_this)
        except NotFound:
            return None
        return Done(again_in=left) if left is not None and left > 0 else None

    def _left(self, job: Object | None) -> float | None:
        """Seconds that it may stay; None as long as it likes."""
        ttl = dig(job, "spec", "ttlSecondsAfterFinished")
        ends = [condition(job or {}, kind) for kind in ("Complete", "Failed")]
        moments = [
            seconds_of(e["lastTransitionTime"]) for e in ends if e is not None and e["status"] == "True"
        ]
        if ttl is None or not moments or is_deleting(job or {}):
            return None
        return moments[0] + float(ttl) - self.clock.now
