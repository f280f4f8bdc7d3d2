"""The other half of the binder: what is bound, and what becomes of volumes that nobody claims any more.

A binding is four writes, the volume's spec and status and then the claim's; who finds only some of them makes the rest.

A volume made by a provisioner is for that provisioner to delete; here it is only said to be Released. One that an
administrator made is deleted by a plugin in this process, and there is hardly any: then it has Failed.

Kubernetes: pkg/controller/volume/persistentvolume/pv_controller.go (syncVolume, syncBoundClaim, bind, reclaimVolume)
"""

from __future__ import annotations

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, annotations_of, dig, edit, key_of, name_of, uid_of
from k8slearn.api.volumes import reference, same_mode
from k8slearn.machinery import Controller

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_US = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
OVER = ("Released", "Failed")

LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
WRONG_MODE = (
    'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{}" due to incompatible volumeMode.',
    'Cannot bind PersistentVolume "{}" to requested PersistentVolumeClaim due to incompatible volumeMode.',
)
NO_DELETER = 'error getting deleter volume plugin for volume "{}": no deletable volume plugin matched'
ONLY_TMP = "host_path deleter only supports /tmp/.+ but received provided {}"
NO_RECYCLER = "No recycler plugin found for the volume!"


class VolumeSync(Controller):
    def sync_volume(self, volume: Object) -> None:
        owner = dig(volume, "spec", "claimRef")
        if owner is None or not owner.get("uid"):  # free, or reserved for a claim that has not come
            self.set_volume_phase(volume, "Available")
            return
        claim = self._claim(owner)
        if claim is None:
            self._reclaim(volume)
        elif not dig(claim, "spec", "volumeName"):
            self._hurry(volume, claim)
        elif claim["spec"]["volumeName"] == name_of(volume):
            self.set_volume_phase(volume, "Bound")
        elif PROVISIONED_BY in annotations_of(volume) and _policy(volume) == "Delete":
            self._reclaim(volume)  # made for a claim that has found another one meanwhile
        else:
            self._unbind(volume)

    def _claim(self, named: Object) -> Object | None:
        """The claim, asked for once more where the cache does not know it: it is about people's data."""
        key: Key = f"{named['namespace']}/{named['name']}"
        found = self.cache.get(CLAIMS, key)
        if found is None or uid_of(found) != named["uid"]:
            try:
                found = self.client.get(CLAIMS, key)
            except NotFound:
                return None
        return found if uid_of(found) == named["uid"] else None

    def _hurry(self, volume: Object, claim: Object) -> None:
        """The volume has its claim, the claim not yet its volume: finishing that is the claim's part."""
        if same_mode(volume, claim):
            self.queue.add(f"{CLAIMS} {key_of(claim)}")
            return
        self.events.warning(volume, "VolumeMismatch", WRONG_MODE[0].format(name_of(claim)))
        self.events.warning(claim, "VolumeMismatch", WRONG_MODE[1].format(name_of(volume)))

    def set_volume_phase(self, volume: Object, phase: str, message: str = "") -> Object:
        if dig(volume, "status", "phase") == phase:
            return volume
        status = {**(volume.get("status") or {}), "phase": phase, "message": message}
        return self.client.update_status({**volume, "status": {k: v for k, v in status.items() if v}})

    # --- claims that were bound once: if what they were bound to is gone, so is the data ---

    def sync_bound(self, claim: Object) -> None:
        volume = self.cache.get(VOLUMES, dig(claim, "spec", "volumeName", default=""))
        if not dig(claim, "spec", "volumeName"):
            self._lose(claim, "ClaimLost", LOST_REFERENCE)
        elif volume is None:
            self._lose(claim, "ClaimLost", LOST_VOLUME)
        elif dig(volume, "spec", "claimRef") is None or volume["spec"]["claimRef"].get("uid") == uid_of(
            claim
        ):
            self.bind(volume, claim)
        else:
            self._lose(claim, "ClaimMisbound", MISBOUND)

    def _lose(self, claim: Object, reason: str, message: str) -> None:
        status = claim.get("status") or {}
        if status.get("phase") != "Lost":
            kept = {k: v for k, v in status.items() if k not in ("accessModes", "capacity")}
            self.client.update_status({**claim, "status": {**kept, "phase": "Lost"}})
            self.events.warning(claim, reason, message)

    # --- binding ---

    def bind(self, volume: Object, claim: Object) -> None:
        volume = self._bind_volume(volume, claim)
        self.set_volume_phase(volume, "Bound")
        claim = self._bind_claim(volume, claim)
        known = claim.get("status") or {}
        status = {**known, "phase": "Bound", "accessModes": volume["spec"]["accessModes"]}
        if known.get("phase") != "Bound":  # later, the size of a volume that has grown is others' to tell
            status["capacity"] = volume["spec"]["capacity"]
        if status != known:
            self.client.update_status({**claim, "status": status})

    def _bind_volume(self, volume: Object, claim: Object) -> Object:
        known = dig(volume, "spec", "claimRef")
        if known is not None and known.get("uid") == uid_of(claim):
            return volume
        changed = edit(volume)
        changed["spec"]["claimRef"] = reference(claim)
        if known is None:
            changed["metadata"]["annotations"] = {**annotations_of(volume), BOUND_BY_US: "yes"}
        return self.client.update(changed)

    def _bind_claim(self, volume: Object, claim: Object) -> Object:
        annotations = {**annotations_of(claim), COMPLETED: "yes"}
        if claim["spec"].get("volumeName") != name_of(volume):
            annotations[BOUND_BY_US] = "yes"
        elif COMPLETED in annotations_of(claim):
            return claim
        changed = edit(claim)
        changed["metadata"]["annotations"] = annotations
        changed["spec"]["volumeName"] = name_of(volume)
        return self.client.update(changed)

    # --- reclaiming ---

    def _reclaim(self, volume: Object) -> None:
        if dig(volume, "status", "phase") not in OVER:
            volume = self.set_volume_phase(volume, "Released")
        if _policy(volume) == "Delete":
            self._delete(volume)
        elif _policy(volume) == "Recycle":
            self._fail(volume, "VolumeFailedRecycle", NO_RECYCLER)

    def _delete(self, volume: Object) -> None:
        if PROVISIONED_BY in annotations_of(volume) or "csi" in volume["spec"]:
            return  # whoever made it takes it away
        path = dig(volume, "spec", "hostPath", "path")
        if path is None:
            self._fail(volume, "VolumeFailedDelete", NO_DELETER.format(name_of(volume)))
        elif not (path.startswith("/tmp/") and path != "/tmp/"):
            self._fail(volume, "VolumeFailedDelete", ONLY_TMP.format(path))
        else:
            self._remove(volume)

    def _remove(self, volume: Object) -> None:
        try:
            self.client.delete(volume, preconditions={"uid": uid_of(volume)})
        except NotFound:
            return

    def _fail(self, volume: Object, reason: str, message: str) -> None:
        if dig(volume, "status", "phase") != "Failed":
            failed = self.set_volume_phase(volume, "Failed", message)
            self.events.warning(failed, reason, message)

    def _unbind(self, volume: Object) -> None:
        """Its claim has another volume. What people have reserved stays reserved."""
        changed = edit(volume)
        if BOUND_BY_US in annotations_of(volume):
            del changed["spec"]["claimRef"]
            del changed["metadata"]["annotations"][BOUND_BY_US]
        else:
            del changed["spec"]["claimRef"]["uid"]
        self.set_volume_phase(self.client.update(changed), "Available")


def _policy(volume: Object) -> str:
    return dig(volume, "spec", "persistentVolumeReclaimPolicy", default="Retain")
