"""Rolls out a template: one ReplicaSet per version of it, the new one growing as the old ones shrink.

A Deployment never touches a pod. It writes numbers into ReplicaSets and reads the numbers they report;
the ReplicaSet controller, which it has never heard of, does the rest.

Kubernetes: pkg/controller/deployment (deployment_controller.go, sync.go, rolling.go, recreate.go)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.errors import AlreadyExists
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    edit,
    is_controlled_by,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    oldest_first,
    owner_reference,
)
from k8slearn.controllers import deploymentstatus, rollout
from k8slearn.controllers.history import short_hash
from k8slearn.machinery import Controller, Done

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
NOT_INHERITED = (
    REVISION,
    DESIRED,
    MAXIMUM,
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
)


class DeploymentController(Controller):
    name = "deployment-controller"
    room = "controllers"
    primary = "deployments"
    owns = ("replicasets",)

    def reconcile(self, key: Key) -> Done | None:
        deployment = self.cache.get("deployments", key)
        if deployment is None or is_deleting(deployment):
            return None
        mine = oldest_first(self.cache.owned_by(deployment, "replicasets"))
        new = next((rs for rs in mine if _same_template(rs, deployment)), None)
        old = [rs for rs in mine if rs is not new]
        created = False
        if not deployment["spec"].get("paused"):
            new, created = self._ensure_new(deployment, new, old)
            new, old = self._roll(deployment, new, old)
        else:
            new, old = self._scale_only(deployment, new, old)
        self._report(deployment, new, old, created)
        return self._until_deadline(deployment)

    # --- the new ReplicaSet ---

    def _ensure_new(self, deployment: Object, new: Object | None, old: list[Object]) -> tuple[Object, bool]:
        """The ReplicaSet of the present template, made if it is not there; and whether it was made."""
        revision = str(max([_revision(rs) for rs in old], default=0) + 1)
        if new is not None:
            if _revision(new) < int(revision):  # an old version is wanted again: it becomes the newest
                return self._annotate(deployment, new, {REVISION: revision}), False
            return new, False
        wanted = self._new_replicaset(deployment, old, revision)
        try:
            made = self.client.create(wanted)
        except AlreadyExists:
            return self._known_already(deployment, wanted), False
        if made["spec"]["replicas"]:
            self._tell(deployment, made, 0, made["spec"]["replicas"])
        return made, True

    def _known_already(self, deployment: Object, wanted: Object) -> Object:
        """Ours, but the cache does not know it yet; or another's, whose hash collides with ours."""
        found = self.client.get("replicasets", key_of(wanted))
        if is_controlled_by(found, deployment) and _same_template(found, deployment):
            return found
        count = dig(deployment, "status", "collisionCount", default=0) + 1
        self.client.update_status(deployment, collisionCount=count)
        raise RuntimeError(f'the name "{name_of(wanted)}" is taken; trying another')

    def _new_replicaset(self, deployment: Object, old: list[Object], revision: str) -> Object:
        template = edit(deployment["spec"]["template"])
        digest = short_hash(template, dig(deployment, "status", "collisionCount", default=0))
        template["metadata"].setdefault("labels", {})[HASH] = digest
        selector = edit(deployment["spec"]["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
        spec: dict[str, Any] = {"selector": selector, "template": template, "replicas": 0}
        if deployment["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        rs: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{name_of(deployment)}-{digest}",
                "namespace": namespace_of(deployment),
                "labels": dict(template["metadata"]["labels"]),
                "annotations": {**_inherited(deployment), **_sizes(deployment), REVISION: revision},
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": spec,
        }
        spec["replicas"] = self._first_size(deployment, rs, old)
        return rs

    def _first_size(self, deployment: Object, rs: Object, old: list[Object]) -> int:
        if rollout.strategy(deployment) == "Recreate" and _still_running(old):
            return 0
        return rollout.new_size(deployment, rs, old)

    # --- rolling ---

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> tuple[Object, list[Object]]:
        """One turn: more of the new where there is room, fewer of the old where they can be spared."""
        if rollout.strategy(deployment) == "Recreate":
            old = [self._scale(deployment, rs, 0) for rs in old]
            if not _still_running(old):
                new = self._scale(deployment, new, deployment["spec"]["replicas"])
            return new, old
        size = rollout.new_size(deployment, new, old)
        grown = size > new["spec"]["replicas"]
        new = self._scale(deployment, new, size)
        if grown:
            return new, old  # the old ones have their turn when the new pods have been heard of
        sizes = rollout.old_sizes(deployment, new, old)
        return new, [self._scale(deployment, rs, sizes[name_of(rs)]) for rs in old]

    def _scale_only(
        self, deployment: Object, new: Object | None, old: list[Object]
    ) -> tuple[Object | None, list[Object]]:
        """Paused: nothing rolls, but one version alone is scaled. (Kubernetes: several, in proportion.)"""
        sets = [*([new] if new is not None else []), *sorted(old, key=_revision, reverse=True)]
        active = [rs for rs in sets if rs["spec"]["replicas"]] or sets[:1]
        if len(active) != 1:
            return new, old
        scaled = self._scale(deployment, active[0], deployment["spec"]["replicas"])
        if active[0] is new:
            return scaled, old
        return new, [scaled if rs is active[0] else rs for rs in old]

    def _scale(self, deployment: Object, rs: Object, size: int) -> Object:
        """Write a ReplicaSet's size, and for whom it was worked out, if either has changed."""
        before = rs["spec"]["replicas"]
        if before == size and _sizes(deployment).items() <= annotations_of(rs).items():
            return rs
        changed = edit(rs)
        changed["spec"]["replicas"] = size
        changed["metadata"].setdefault("annotations", {}).update(_sizes(deployment))
        stored = self.client.update(changed)
        if before != size:
            self._tell(deployment, rs, before, size)
        return stored

    def _tell(self, deployment: Object, rs: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {name_of(rs)} from {before} to {after}"
        self.events.normal(deployment, "ScalingReplicaSet", message)

    def _annotate(self, deployment: Object, rs: Object, annotations: dict[str, str]) -> Object:
        changed = edit(rs)
        changed["metadata"].setdefault("annotations", {}).update(annotations)
        return self.client.update(changed)

    # --- status and history ---

    def _report(self, deployment: Object, new: Object | None, old: list[Object], created: bool) -> None:
        status = deploymentstatus.status_of(deployment, new, old, created, self.clock.now)
        metadata = deployment["metadata"]
        if new is not None:
            revision = {REVISION: annotations_of(new)[REVISION]}
            metadata = {**metadata, "annotations": {**annotations_of(deployment), **revision}}
        if status != deployment.get("status") or metadata != deployment["metadata"]:
            self.client.update_status({**deployment, "metadata": metadata, "status": status})
        if deploymentstatus.is_complete(deployment, status):
            self._clean_up(deployment, old)

    def _clean_up(self, deployment: Object, old: list[Object]) -> None:
        """Keep as many empty old ReplicaSets as revisionHistoryLimit says, the newest ones."""
        limit = dig(deployment, "spec", "revisionHistoryLimit", default=10)
        empty = [rs for rs in old if not rs["spec"]["replicas"] and not is_deleting(rs)]
        for rs in sorted(empty, key=_revision)[: max(len(empty) - limit, 0)]:
            if not _still_running([rs]):
                self.client.delete(rs)

    def _until_deadline(self, deployment: Object) -> Done | None:
        """Look again when the rollout will have taken too long, in case nothing happens until then."""
        left = deploymentstatus.deadline_left(deployment, self.clock.now)
        done = deploymentstatus.is_complete(deployment, deployment.get("status") or {})
        return Done(again_in=left + 1, background=True) if left > 0 and not done else None


def _same_template(rs: Object, deployment: Object) -> bool:
    template, labels = rs["spec"]["template"], labels_of(rs["spec"]["template"])
    without = {k: v for k, v in labels.items() if k != HASH}
    bare = {**template, "metadata": {**template["metadata"], "labels": without}}
    return bare == deployment["spec"]["template"]


def _revision(rs: Object) -> int:
    return int(annotations_of(rs).get(REVISION, 0))


def _sizes(deployment: Object) -> dict[str, str]:
    """For which size of the Deployment a ReplicaSet's size was worked out."""
    replicas = deployment["spec"]["replicas"]
    return {DESIRED: str(replicas), MAXIMUM: str(replicas + rollout.surge(deployment))}


def _inherited(deployment: Object) -> dict[str, str]:
    return {k: v for k, v in annotations_of(deployment).items() if k not in NOT_INHERITED}


def _still_running(sets: list[Object]) -> bool:
    """Does any of them still have pods, or ask for some? (Terminating ones count until they are gone.)"""
    left = sum(rollout.reported(sets, count) for count in ("replicas", "terminatingReplicas"))
    return rollout.wanted(sets) > 0 or left > 0
