"""Brings claims and volumes together: the smallest volume that will do, or a new one.

Its queue holds keys with the resource in front: ``persistentvolumeclaims default/data``. A binding is two
writes, first on the volume, then on the claim; who finds only the first makes the second.

Where Kubernetes asks a provisioner outside of it for new volumes, we play one: of the classes whose provisioner
is called `PROVISIONER`. Claims of other classes wait, as they do in a cluster where nobody provides for them.

Kubernetes: pkg/controller/volume/persistentvolume (pv_controller.go, index.go)
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.claims import claims_of
from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    edit,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    uid_of,
)
from k8slearn.controllers.volumematching import (
    PROVISIONED_BY,
    PROVISIONER,
    class_of,
    fits,
    is_for,
    is_free,
    is_prebound,
    new_volume,
    reference,
    size,
)
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
BOUND_BY_US = "pv.kubernetes.io/bound-by-controller"
COMPLETED = "pv.kubernetes.io/bind-completed"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
OLD_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
NO_PROVISIONER = "kubernetes.io/no-provisioner"

NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
FIRST_CONSUMER = "waiting for first consumer to be created before binding"
EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and "
    "correctly registered."
)
LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"


class PersistentVolumeController(Controller):
    name = "persistent-volume-binder"
    room = "controllers"
    watches = (CLAIMS, VOLUMES, "storageclasses", "pods")

    def setup(self) -> None:
        self.events.component = "persistentvolume-controller"

    # --- which keys ---

    def keys_for(self, change: Change) -> Iterable[Key]:
        obj = change.object
        if change.resource == CLAIMS:
            bound = dig(obj, "spec", "volumeName")
            return [f"{CLAIMS} {key_of(obj)}", *([f"{VOLUMES} {bound}"] if bound else [])]
        if change.resource == VOLUMES:
            owner = dig(obj, "spec", "claimRef", default={})
            owners = [f"{CLAIMS} {owner.get('namespace')}/{owner.get('name')}"] if owner else []
            return [f"{VOLUMES} {name_of(obj)}", *owners, *self._waiting(class_of(obj))]
        if change.resource == "pods":
            return [f"{CLAIMS} {key}" for key in claims_of(obj)] if obj["spec"].get("nodeName") else []
        return self._waiting(name_of(obj))

    def _waiting(self, storage_class: str) -> list[Key]:
        """The claims of this class that have no volume, and those that name one themselves."""
        claims = [c for c in self.cache.list(CLAIMS) if not annotations_of(c).get(COMPLETED)]
        return [
            f"{CLAIMS} {key_of(c)}"
            for c in claims
            if class_of(c) == storage_class or dig(c, "spec", "volumeName")
        ]

    def reconcile(self, key: Key) -> Done | None:
        resource, _, name = key.partition(" ")
        obj = self.cache.get(resource, name)
        if obj is None:
            return None
        if resource == VOLUMES:
            self._sync_volume(obj)
        elif annotations_of(obj).get(COMPLETED):
            self._sync_bound(obj)
        else:
            self._sync_unbound(obj)
        return None

    # --- claims ---

    def _sync_unbound(self, claim: Object) -> None:
        wanted = dig(claim, "spec", "volumeName")
        if is_deleting(claim):
            return
        if wanted:
            self._take(claim, self.cache.get(VOLUMES, wanted))
            return
        volume = self._best_match(claim)
        if volume is not None and (is_prebound(volume, claim) or not self._is_delayed(claim)):
            self._bind(volume, claim)
        else:
            self._set_phase(claim, "Pending")
            self._provide(claim)

    def _take(self, claim: Object, volume: Object | None) -> None:
        """The claim names its volume: by hand, or because we have come half-way before."""
        owner = dig(volume, "spec", "claimRef")
        if volume is None or (owner is not None and not is_for(owner, claim)):
            self._set_phase(claim, "Pending")
            if volume is not None:
                text = f'volume "{name_of(volume)}" already bound to a different claim.'
                self.events.warning(claim, "FailedBinding", text)
        else:
            self._bind(volume, claim)

    def _sync_bound(self, claim: Object) -> None:
        """It was bound once. If what it was bound to is gone, so is the data."""
        volume = self.cache.get(VOLUMES, dig(claim, "spec", "volumeName", default=""))
        if not dig(claim, "spec", "volumeName"):
            self._lose(claim, "ClaimLost", LOST_REFERENCE)
        elif volume is None:
            self._lose(claim, "ClaimLost", LOST_VOLUME)
        elif dig(volume, "spec", "claimRef") is None or is_for(volume["spec"]["claimRef"], claim):
            self._bind(volume, claim)
        else:
            self._lose(claim, "ClaimMisbound", MISBOUND)

    def _lose(self, claim: Object, reason: str, message: str) -> None:
        if dig(claim, "status", "phase") != "Lost":
            self.client.update_status({**claim, "status": {"phase": "Lost"}})
            self.events.warning(claim, reason, message)

    def _set_phase(self, claim: Object, phase: str) -> None:
        if dig(claim, "status", "phase") != phase:
            self.client.update_status(claim, phase=phase)

    # --- which volume ---

    def _best_match(self, claim: Object) -> Object | None:
        """One that is meant for this claim; else the smallest of those that are free and fit."""
        fitting = [v for v in self.cache.list(VOLUMES) if fits(v, claim)]
        prebound = [v for v in fitting if is_prebound(v, claim)]
        free = [v for v in fitting if is_free(v)]
        return min(prebound or free, key=size, default=None)

    def _is_delayed(self, claim: Object) -> bool:
        """Its class waits until a pod that uses it has a node."""
        found = self.cache.get("storageclasses", class_of(claim))
        if dig(found, "volumeBindingMode") != "WaitForFirstConsumer":
            return False
        pods = self.cache.list("pods", namespace_of(claim))
        return not any(p["spec"].get("nodeName") and key_of(claim) in claims_of(p) for p in pods)

    def _provide(self, claim: Object) -> None:
        """Nothing fits: have a volume made, or say what is waited for."""
        name = class_of(claim)
        found = self.cache.get("storageclasses", name)
        if self._is_delayed(claim):
            self.events.normal(claim, "WaitForFirstConsumer", FIRST_CONSUMER)
        elif not name:
            self.events.normal(claim, "FailedBinding", NO_CLASS)
        elif found is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self.events.warning(claim, "ProvisioningFailed", text)
        elif found["provisioner"] == NO_PROVISIONER:
            self.events.normal(
                claim, "FailedBinding", NO_CLASS.replace("no storage class is set", "no provisioner")
            )
        else:
            self._provision(claim, found)

    def _provision(self, claim: Object, storage_class: Object) -> None:
        provisioner = storage_class["provisioner"]
        if annotations_of(claim).get(STORAGE_PROVISIONER) != provisioner:
            changed = edit(claim)
            noted = {STORAGE_PROVISIONER: provisioner, OLD_STORAGE_PROVISIONER: provisioner}
            changed["metadata"]["annotations"] = {**annotations_of(claim), **noted}
            claim = self.client.update(changed)
        if provisioner != PROVISIONER:
            self.events.normal(claim, "ExternalProvisioning", EXTERNAL.format(provisioner))
            return
        try:
            made = self.client.create(new_volume(claim, storage_class))
        except AlreadyExists:
            return  # we shall hear of it
        self.events.normal(claim, "ProvisioningSucceeded", f"Successfully provisioned volume {name_of(made)}")

    # --- binding ---

    def _bind(self, volume: Object, claim: Object) -> None:
        volume = self._bind_volume(volume, claim)
        if dig(volume, "status", "phase") != "Bound":
            self.client.update_status(volume, phase="Bound")
        changed = edit(claim)
        annotations = {**annotations_of(claim), COMPLETED: "yes"}
        if dig(claim, "spec", "volumeName") != name_of(volume):
            annotations[BOUND_BY_US] = "yes"
        changed["metadata"]["annotations"] = annotations
        changed["spec"]["volumeName"] = name_of(volume)
        claim = self.client.update(changed)
        status = {"phase": "Bound", "accessModes": volume["spec"]["accessModes"]}
        status["capacity"] = volume["spec"]["capacity"]
        if {**dig(claim, "status", default={}), **status} != claim.get("status"):
            self.client.update_status(claim, **status)

    def _bind_volume(self, volume: Object, claim: Object) -> Object:
        known = dig(volume, "spec", "claimRef")
        if known is not None and known.get("uid") == uid_of(claim):
            return volume
        changed = edit(volume)
        changed["spec"]["claimRef"] = reference(claim)
        if known is None:
            changed["metadata"]["annotations"] = {**annotations_of(volume), BOUND_BY_US: "yes"}
        return self.client.update(changed)

    # --- volumes ---

    def _sync_volume(self, volume: Object) -> None:
        """Available, Bound, or Released: then it is kept or deleted, as its policy says."""
        owner = dig(volume, "spec", "claimRef")
        if owner is None or not owner.get("uid"):
            self._set_volume_phase(volume, "Available")
            return
        claim = self._claim(owner)
        if claim is None or uid_of(claim) != owner["uid"]:
            self._reclaim(volume)
        elif dig(claim, "spec", "volumeName") == name_of(volume):
            self._set_volume_phase(volume, "Bound")
        elif not dig(claim, "spec", "volumeName"):
            self.queue.add(f"{CLAIMS} {key_of(claim)}")
        elif annotations_of(volume).get(BOUND_BY_US):
            self._unbind(volume)  # the claim has found another one meanwhile

    def _claim(self, named: Object) -> Object | None:
        """The claim, asked for once more where the cache does not know it: it is about people's data."""
        key = f"{named['namespace']}/{named['name']}"
        known = self.cache.get(CLAIMS, key)
        if known is not None and uid_of(known) == named["uid"]:
            return known
        try:
            return self.client.get(CLAIMS, key)
        except NotFound:
            return None

    def _set_volume_phase(self, volume: Object, phase: str) -> None:
        if dig(volume, "status", "phase") != phase:
            self.client.update_status(volume, phase=phase)

    def _reclaim(self, volume: Object) -> None:
        if dig(volume, "status", "phase") not in ("Released", "Failed"):
            volume = self.client.update_status(volume, phase="Released")
        ours = annotations_of(volume).get(PROVISIONED_BY) == PROVISIONER
        if (
            volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
            and ours
            and not is_deleting(volume)
        ):
            try:
                self.client.delete(volume, preconditions={"uid": uid_of(volume)})
            except NotFound:
                return

    def _unbind(self, volume: Object) -> None:
        changed = edit(volume)
        del changed["spec"]["claimRef"]
        del changed["metadata"]["annotations"][BOUND_BY_US]
        self._set_volume_phase(self.client.update(changed), "Available")
