"""Brings claims and volumes together: the smallest volume that will do, or a request to have one made.

Its queue holds keys with the resource in front: ``persistentvolumeclaims default/data``.

It makes no volumes. It writes the name of a provisioner into the claim, and whoever answers to that name makes one
(`k8slearn.clouds.provisioner` is one); until then the claim is Pending. A class that waits for its first consumer has
the scheduler choose: the claim stays Pending until the scheduler has written the node it has chosen into it.

Kubernetes: pkg/controller/volume/persistentvolume/pv_controller.go; `volumesync` is the other half of it
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.claims import claims_of
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
)
from k8slearn.api.volumes import (
    best_match,
    class_of,
    default_class,
    has_class,
    is_for,
    mismatch,
)
from k8slearn.controllers.volumesync import CLAIMS, COMPLETED, VOLUMES, VolumeSync
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change

SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONERS = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")
PERIOD = 15.0  # seconds until a claim that waits is looked at again: --pvclaimbinder-sync-period

NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
FIRST_CONSUMER = "waiting for first consumer to be created before binding"
EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and "
    "correctly registered."
)
TAKEN = 'volume "{}" already bound to a different claim.'


class PersistentVolumeController(VolumeSync):
    name = "persistent-volume-binder"
    room = "controllers"
    watches = (CLAIMS, VOLUMES, "storageclasses", "pods")

    def setup(self) -> None:
        self.events.component = "persistentvolume-controller"

    # --- which keys ---

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Pods are only looked at, to say which of them are waited for."""
        obj = change.object
        if change.resource == CLAIMS:
            return [f"{CLAIMS} {key_of(obj)}", *self._volumes_of(obj, gone=change.new is None)]
        if change.resource == VOLUMES:
            owner = dig(obj, "spec", "claimRef", default={})
            owners = [f"{CLAIMS} {owner.get('namespace')}/{owner.get('name')}"] if owner else []
            return [f"{VOLUMES} {name_of(obj)}", *owners, *self._waiting(class_of(obj))]
        return [] if change.resource == "pods" else self._waiting(name_of(obj))

    def _volumes_of(self, claim: Object, *, gone: bool) -> list[Key]:
        """The volume that the claim names; when it is gone, also those that name it and were not bound to the end."""
        named = {dig(claim, "spec", "volumeName", default="")} - {""}
        if gone:
            named |= {name_of(v) for v in self.cache.list(VOLUMES) if is_for(v, claim)}
        return [f"{VOLUMES} {name}" for name in sorted(named)]

    def _waiting(self, storage_class: str) -> list[Key]:
        """The claims of this class, or of none yet, that have no volume; and those that name one themselves."""
        claims = [c for c in self.cache.list(CLAIMS) if COMPLETED not in annotations_of(c)]
        return [
            f"{CLAIMS} {key_of(c)}"
            for c in claims
            if class_of(c) == storage_class or not has_class(c) or dig(c, "spec", "volumeName")
        ]

    def reconcile(self, key: Key) -> Done | None:
        resource, _, name = key.partition(" ")
        obj = self.cache.get(resource, name)
        if obj is None:
            return None
        if resource == VOLUMES:
            self.sync_volume(obj)
        elif COMPLETED in annotations_of(obj):
            self.sync_bound(obj)
        elif not is_deleting(obj):
            return self._sync_unbound(obj)
        return None

    # --- claims that have never been bound ---

    def _sync_unbound(self, claim: Object) -> Done | None:
        """None when it is bound now, or about to be; else it is looked at again in a while."""
        wanted = dig(claim, "spec", "volumeName")
        if wanted:
            bound = self._take(claim, self.cache.get(VOLUMES, wanted))
            return None if bound else Done(again_in=PERIOD, background=True)
        volume = best_match(self.cache.list(VOLUMES), claim, only_meant=self._is_delayed(claim))
        if volume is not None:
            self.bind(volume, claim)
            return None
        if self._give_default_class(claim):
            return None  # our own write comes back as an event, and that is when we go on
        self._ask_for_one(self._pending(claim))
        return Done(again_in=PERIOD, background=True)

    def _take(self, claim: Object, volume: Object | None) -> bool:
        """The claim names its volume: by hand, or because we have come half-way before. Did it get it?"""
        problem = mismatch(volume, claim) if volume is not None else ""
        if volume is None:
            pass  # it may come
        elif is_for(volume, claim) or (dig(volume, "spec", "claimRef") is None and not problem):
            self.bind(volume, claim)
            return True
        elif dig(volume, "spec", "claimRef") is None:
            text = f'Cannot bind to requested volume "{name_of(volume)}": {problem}'
            self.events.warning(claim, "VolumeMismatch", text)
        else:
            self.events.warning(claim, "FailedBinding", TAKEN.format(name_of(volume)))
        self._pending(claim)
        return False

    def _pending(self, claim: Object) -> Object:
        same = dig(claim, "status", "phase") == "Pending"
        return claim if same else self.client.update_status(claim, phase="Pending")

    def _is_delayed(self, claim: Object) -> bool:
        """The scheduler chooses its volume, or the node near which one is to be made."""
        found = self.cache.get("storageclasses", class_of(claim))
        return bool(dig(found, "volumeBindingMode") == "WaitForFirstConsumer")

    # --- nothing fits: have one made, or say what is waited for ---

    def _give_default_class(self, claim: Object) -> bool:
        """A claim that says nothing of a class gets the default one, also when that came later."""
        default = None if has_class(claim) else default_class(self.cache.list("storageclasses"))
        if default is None:
            return False
        changed = edit(claim)
        changed["spec"]["storageClassName"] = name_of(default)
        self.client.update(changed)
        return True

    def _ask_for_one(self, claim: Object) -> None:
        name = class_of(claim)
        found = self.cache.get("storageclasses", name)
        if self._is_delayed(claim) and SELECTED_NODE not in annotations_of(claim):
            self._tell_of_consumers(claim)
        elif not name:
            self.events.normal(claim, "FailedBinding", NO_CLASS)
        elif found is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self.events.warning(claim, "ProvisioningFailed", text)
        elif found["provisioner"].startswith("kubernetes.io/"):  # built in; of these, none is left
            text = f"no volume plugin matched name: {found['provisioner']}"
            self.events.warning(claim, "ProvisioningFailed", text)
        else:
            self._ask_provisioner(claim, found["provisioner"])

    def _tell_of_consumers(self, claim: Object) -> None:
        pods = self.cache.list("pods", namespace_of(claim))
        active = [p for p in pods if dig(p, "status", "phase") not in ("Succeeded", "Failed")]
        waiting = [p for p in active if not p["spec"].get("nodeName") and key_of(claim) in claims_of(p)]
        if waiting:
            named = ("pods " if len(waiting) > 1 else "pod ") + ",".join(map(name_of, waiting))
            self.events.normal(claim, "WaitForPodScheduled", f"waiting for {named} to be scheduled")
        else:
            self.events.normal(claim, "WaitForFirstConsumer", FIRST_CONSUMER)

    def _ask_provisioner(self, claim: Object, provisioner: str) -> None:
        if annotations_of(claim).get(PROVISIONERS[1]) != provisioner:
            annotations = {**annotations_of(claim), **dict.fromkeys(PROVISIONERS, provisioner)}
            changed = edit(claim)
            changed["metadata"]["annotations"] = annotations
            claim = self.client.update(changed)
        self.events.normal(claim, "ExternalProvisioning", EXTERNAL.format(provisioner))
