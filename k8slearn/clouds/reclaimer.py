"""Gives disks back: those of volumes that are over, and those that nobody has written down.

A volume carries a finalizer until its disk is gone. A disk of which nobody has noted that he has it, and whose claim is
gone, is found at a regular look: the claim was deleted between our asking for the disk and our writing it down.

Kubernetes: sigs.k8s.io/sig-storage-lib-external-provisioner (deleteVolumeOperation); the regular look is ours
"""

from __future__ import annotations

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, edit, is_deleting, name_of, uid_of
from k8slearn.clouds.disks import Disk, Disks
from k8slearn.clouds.volumes import FINALIZER, claim_uid, is_provisioned_by
from k8slearn.machinery import Controller, Done

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
SWEEP: Key = "*"
SWEEP_EVERY = 60.0  # seconds between two looks for disks that nobody has


class Reclaimer(Controller):
    """`driver` is the name that StorageClasses give."""

    driver: str
    disks: Disks

    # --- volumes that are over ---

    def is_over(self, volume: Object) -> bool:
        policy, phase = volume["spec"].get("persistentVolumeReclaimPolicy"), dig(volume, "status", "phase")
        return is_provisioned_by(volume, self.driver) and (policy, phase) == ("Delete", "Released")

    def give_back(self, volume: Object) -> None:
        """First the disk, then the volume. The other way round a crash in between would leak."""
        try:
            for disk in self.disks.list(name_of(volume)):
                self.disks.delete(disk["id"])
        except OSError as error:
            self.events.warning(volume, "VolumeFailedDelete", str(error))
            raise
        try:
            finalizers = dig(volume, "metadata", "finalizers", default=[])
            if FINALIZER in finalizers:
                changed = edit(volume)
                changed["metadata"]["finalizers"] = [f for f in finalizers if f != FINALIZER]
                volume = self.client.update(changed)
            if not is_deleting(volume):
                self.client.delete(volume, preconditions={"uid": uid_of(volume)})
        except NotFound:
            return

    # --- the regular look ---

    def sweep(self) -> Done:
        for disk in self.disks.list():
            if not disk["kept"]:
                self._settle(disk)
        return Done(again_in=SWEEP_EVERY, background=True)

    def _settle(self, disk: Disk) -> None:
        """A disk that nobody has noted: is there a volume of it, or a claim for which there will be one?"""
        uids = {uid_of(c) for c in self.client.list(CLAIMS)}
        try:
            self.client.get(VOLUMES, disk["token"])
            self.disks.keep(disk["id"])
        except NotFound:
            if claim_uid(disk["token"]) not in uids:
                self.disks.delete(disk["id"])
