"""Rolls out a template: one ReplicaSet per version of it, the new one growing as the old ones shrink.

A Deployment never touches a pod. It writes numbers into ReplicaSets and reads the numbers they report;
the ReplicaSet controller, which it has never heard of, does the rest. What the new ReplicaSet looks like stands in
`newreplicaset`, the arithmetic in `rollout`, the conditions in `deploymentstatus`.

Kubernetes: pkg/controller/deployment (deployment_controller.go, sync.go, rolling.go, recreate.go)
"""

from __future__ import annotations

from k8slearn.api.errors import AlreadyExists, ApiError
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    edit,
    is_controlled_by,
    is_deleting,
    key_of,
    name_of,
    oldest_first,
    revision_of,
)
from k8slearn.controllers import deploymentstatus, rollout
from k8slearn.controllers.newreplicaset import (
    REVISION,
    new_replicaset,
    refreshed,
    revision_number,
    same_template,
    sizes_noted,
)
from k8slearn.controllers.podcontrol import Claiming
from k8slearn.controllers.rollout import DESIRED
from k8slearn.machinery import Done
from k8slearn.machinery.expectations import TIMEOUT
from k8slearn.machinery.informer import Change


class DeploymentController(Claiming):
    name = "deployment-controller"
    room = "controllers"
    primary = "deployments"
    owns = ("replicasets",)

    def setup(self) -> None:
        self.written: dict[Key, tuple[Object, float]] = {}  # ReplicaSets as we wrote them, and when

    def reconcile(self, key: Key) -> Done | None:
        deployment = self.cache.get("deployments", key)
        if deployment is None or is_deleting(deployment):
            return None
        mine = oldest_first(self._known(deployment))
        new = next((rs for rs in mine if same_template(rs, deployment)), None)
        old = [rs for rs in mine if rs is not new]
        created = False
        resting = bool(deployment["spec"].get("paused")) or _was_scaled(deployment, mine)
        if resting:
            new, old = self._scale_only(deployment, new, old)
        elif rollout.strategy(deployment) == "Recreate":
            new, old, created = self._recreate(deployment, new, old)
        else:
            new, created = self._ensure_new(deployment, new, old)
            new, old = self._roll(deployment, new, old)
        self._report(deployment, new, old, created, resting)
        return self._until_deadline(deployment)

    def _known(self, deployment: Object) -> list[Object]:
        """Its ReplicaSets as heard of, or as we have written them ourselves, whichever is newer.

        Who counts on old news asks for more pods than there may be.
        """
        known = {key_of(rs): rs for rs in self.claim(deployment, "replicasets")}
        for key, (written, since) in list(self.written.items()):
            heard = self.cache.get("replicasets", key)
            if self.clock.now - since >= TIMEOUT or (heard and revision_of(heard) >= revision_of(written)):
                del self.written[key]
            elif is_controlled_by(written, deployment):
                known[key] = written
        return list(known.values())

    def on_change(self, change: Change) -> None:
        if change.new is None:
            self.written.pop(key_of(change.object), None)
        super().on_change(change)

    def _remember(self, rs: Object) -> Object:
        self.written[key_of(rs)] = (rs, self.clock.now)
        return rs

    # --- the new ReplicaSet ---

    def _ensure_new(self, deployment: Object, new: Object | None, old: list[Object]) -> tuple[Object, bool]:
        """The ReplicaSet of the present template, made if it is not there; and whether it was made."""
        if new is not None:
            changed = refreshed(deployment, new, old)
            return (new if changed is new else self._remember(self.client.update(changed))), False
        wanted = new_replicaset(deployment, old)
        try:
            made = self._remember(self.client.create(wanted))
        except AlreadyExists:
            return self._known_already(deployment, wanted), False
        except ApiError as error:
            self._tell_failure(deployment, wanted, error)
            raise
        if made["spec"]["replicas"]:
            self._tell(deployment, made, 0, made["spec"]["replicas"])
        return made, True

    def _tell_failure(self, deployment: Object, wanted: Object, error: ApiError) -> None:
        message = f'Failed to create new replica set "{name_of(wanted)}": {error}'
        self.events.warning(deployment, "ReplicaSetCreateError", message)
        conditions = dig(deployment, "status", "conditions", default=[])
        why = ("Progressing", "False", "ReplicaSetCreateError", message)
        conditions = deploymentstatus.set_condition(conditions, *why, self.clock.now)
        if conditions != dig(deployment, "status", "conditions", default=[]):
            self.client.update_status(deployment, conditions=conditions)

    def _known_already(self, deployment: Object, wanted: Object) -> Object:
        """Ours, but the cache does not know it yet; or another's, whose hash collides with ours."""
        found = self.client.get("replicasets", key_of(wanted))
        if is_controlled_by(found, deployment) and same_template(found, deployment):
            return found
        count = dig(deployment, "status", "collisionCount", default=0) + 1
        self.client.update_status(deployment, collisionCount=count)
        raise RuntimeError(f'the name "{name_of(wanted)}" is taken; trying another')

    # --- rolling ---

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> tuple[Object, list[Object]]:
        """One turn: more of the new where there is room, fewer of the old where they can be spared."""
        size = rollout.new_size(deployment, new, old)
        grown = size > new["spec"]["replicas"]
        new = self._scale(deployment, new, size)
        if grown:
            return new, old  # the old ones have their turn when the new pods have been heard of
        return new, self._scale_all(deployment, old, rollout.old_sizes(deployment, new, old))

    def _recreate(
        self, deployment: Object, new: Object | None, old: list[Object]
    ) -> tuple[Object | None, list[Object], bool]:
        """The old ones first, to the last pod; only then is there a new ReplicaSet."""
        if rollout.wanted(old):
            return new, self._scale_all(deployment, old, dict.fromkeys(map(name_of, old), 0)), False
        if _still_running(old):
            return new, old, False
        new, created = self._ensure_new(deployment, new, old)
        return self._scale(deployment, new, deployment["spec"]["replicas"]), old, created

    def _scale_only(
        self, deployment: Object, new: Object | None, old: list[Object]
    ) -> tuple[Object | None, list[Object]]:
        """Paused, or asked for another size: nothing rolls, but every version gets its share of the new size."""
        every = [*([new] if new is not None else []), *reversed(old)]
        sizes = rollout.shares(deployment, new, every)
        scaled = {name_of(rs): rs for rs in self._scale_all(deployment, every, sizes)}
        return scaled.get(name_of(new)) if new is not None else None, [scaled[name_of(rs)] for rs in old]

    def _scale_all(self, deployment: Object, sets: list[Object], sizes: dict[str, int]) -> list[Object]:
        """Those that have a size in `sizes`; the others stay as they are."""
        return [
            self._scale(deployment, rs, sizes[name_of(rs)]) if name_of(rs) in sizes else rs for rs in sets
        ]

    def _scale(self, deployment: Object, rs: Object, size: int) -> Object:
        """Write a ReplicaSet's size, and for whom it was worked out, if either has changed."""
        before = rs["spec"]["replicas"]
        if before == size and sizes_noted(deployment).items() <= annotations_of(rs).items():
            return rs
        changed = edit(rs)
        changed["spec"]["replicas"] = size
        changed["metadata"].setdefault("annotations", {}).update(sizes_noted(deployment))
        stored = self._remember(self.client.update(changed))
        if before != size:
            self._tell(deployment, rs, before, size)
        return stored

    def _tell(self, deployment: Object, rs: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {name_of(rs)} from {before} to {after}"
        self.events.normal(deployment, "ScalingReplicaSet", message)

    # --- status and history ---

    def _report(
        self, deployment: Object, new: Object | None, old: list[Object], created: bool, resting: bool
    ) -> None:
        """`resting`: nothing rolls now, so no progress is expected."""
        status = deploymentstatus.status_of(deployment, new, old, created, resting, self.clock.now)
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
        for rs in sorted(empty, key=revision_number)[: max(len(empty) - limit, 0)]:
            if not _still_running([rs]):
                self.client.delete(rs)

    def _until_deadline(self, deployment: Object) -> Done | None:
        """Look again when the rollout will have taken too long, in case nothing happens until then."""
        left = deploymentstatus.deadline_left(deployment, self.clock.now)
        done = deploymentstatus.is_complete(deployment, deployment.get("status") or {})
        return Done(again_in=left + 1, background=True) if left > 0 and not done else None


def _was_scaled(deployment: Object, sets: list[Object]) -> bool:
    """Was the size of any ReplicaSet in use worked out for another size of the Deployment?"""
    noted = [annotations_of(rs).get(DESIRED) for rs in sets if rs["spec"]["replicas"]]
    return any(n is not None and n != str(deployment["spec"]["replicas"]) for n in noted)


def _still_running(sets: list[Object]) -> bool:
    """Does any of them still have pods, or ask for some? (Terminating ones count until they are gone.)"""
    left = sum(rollout.reported(sets, count) for count in ("replicas", "terminatingReplicas"))
    return rollout.wanted(sets) > 0 or left > 0
