"""Makes the volumes of claims larger that ask for more.

The disk first, then what is written of it: the volume, then the claim. Whoever finds only some of it makes the rest.

Kubernetes: github.com/kubernetes-csi/external-resizer (a driver whose disks grow while they are in use)
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Key, Object, dig, name_of
from k8slearn.api.quantities import parse
from k8slearn.clouds.disks import Disks
from k8slearn.clouds.refused import Refused
from k8slearn.clouds.volumes import gibibytes, is_provisioned_by
from k8slearn.machinery import Controller, Done

VOLUMES = "persistentvolumes"


class Resizer(Controller):
    """`driver`: whose volumes it may touch."""

    name = "external-resizer"
    room = "controllers"
    primary = "persistentvolumeclaims"
    watches = (VOLUMES,)
    outside = ("disks",)

    def __init__(self, driver: str, disks: Disks) -> None:
        self.driver, self.disks = driver, disks

    def setup(self) -> None:
        self.events.component = f"external-resizer {self.driver}"

    def reconcile(self, key: Key) -> Done | None:
        claim = self.cache.get(self.primary, key)
        volume = self.cache.get(VOLUMES, dig(claim, "spec", "volumeName", default=""))
        if claim is None or volume is None or not is_provisioned_by(volume, self.driver):
            return None
        asked, has = (
            claim["spec"]["resources"]["requests"]["storage"],
            dig(claim, "status", "capacity", "storage"),
        )
        if "csi" in volume["spec"] and has is not None and parse(asked) > parse(has):
            self._grow(claim, volume)
        return None

    def _grow(self, claim: Object, volume: Object) -> None:
        name = name_of(volume)
        claim = self._announce(claim)
        self.events.normal(claim, "Resizing", f"External resizer is resizing volume {name}")
        try:
            disk = self.disks.grow(dig(volume, "spec", "csi", "volumeHandle"), gibibytes(claim))
        except (Refused, OSError) as error:
            text = f'resize volume "{name}" by resizer "{self.driver}" failed: {error}'
            self.events.warning(claim, "VolumeResizeFailed", text)
            raise
        size = {"storage": f"{disk['size']}Gi"}
        if volume["spec"]["capacity"] != size:
            self.client.patch(volume, patch={"spec": {"capacity": size}})
        self._finish(claim, size)
        self.events.normal(claim, "VolumeResizeSuccessful", "Resize volume succeeded")

    def _announce(self, claim: Object) -> Object:
        if any(c["type"] == "Resizing" for c in dig(claim, "status", "conditions", default=[])):
            return claim
        condition = {"type": "Resizing", "status": "True", "lastTransitionTime": timestamp(self.clock.now)}
        conditions = [*dig(claim, "status", "conditions", default=[]), condition]
        asked = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
        progress = {"storage": "ControllerResizeInProgress"}
        return self.client.update_status(
            claim, conditions=conditions, allocatedResources=asked, allocatedResourceStatuses=progress
        )

    def _finish(self, claim: Object, size: Object) -> None:
        status = {k: v for k, v in claim["status"].items() if k != "allocatedResourceStatuses"}
        conditions = [c for c in status.pop("conditions", []) if c["type"] != "Resizing"]
        status |= {"capacity": size, **({"conditions": conditions} if conditions else {})}
        self.client.update_status({**claim, "status": status})
