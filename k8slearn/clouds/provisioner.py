"""Makes the volumes that claims ask for, and takes them away: the sidecar that comes with every CSI driver.

Nothing may be lost, leaked or doubled. A disk's token is the name of its volume, which follows from the claim's uid:
who asks twice gets the same disk. How disks are given back: `reclaimer`.

Kubernetes: github.com/kubernetes-csi/external-provisioner
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    edit,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    uid_of,
)
from k8slearn.clouds.disks import Disk, Disks
from k8slearn.clouds.reclaimer import CLAIMS, SWEEP, VOLUMES, Reclaimer
from k8slearn.clouds.refused import Refused
from k8slearn.clouds.volumes import (
    PROVISIONER,
    SELECTED_NODE,
    allowed_places,
    gibibytes,
    new_volume,
    volume_name,
)
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change

PAUSE = 30.0  # seconds until what was refused is asked for again: there may be room then


class Provisioner(Reclaimer):
    """`driver` is the name that StorageClasses give; `key` the node label of a disk's place, "" if it has none."""

    name = "external-provisioner"
    room = "controllers"
    watches = (CLAIMS, VOLUMES, "storageclasses", "nodes")
    outside = ("disks",)

    def __init__(self, driver: str, disks: Disks, key: str = "") -> None:
        self.driver, self.disks, self.key = driver, disks, key

    def setup(self) -> None:
        self.events.component = self.driver
        self.resting: dict[Key, float] = {}  # claims that were refused -> until when they wait
        self.queue.add(SWEEP)

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource in (CLAIMS, VOLUMES):
            return [f"{change.resource} {key_of(change.object)}"]
        if change.resource == "nodes":
            return []
        wanted = name_of(change.object)  # a class: it may be all that was missing
        claims = [c for c in self.cache.list(CLAIMS) if c["spec"].get("storageClassName") == wanted]
        return [f"{CLAIMS} {key_of(c)}" for c in claims if not c["spec"].get("volumeName")]

    def reconcile(self, key: Key) -> Done | None:
        resource, _, name = key.partition(" ")
        if key == SWEEP:
            return self.sweep()
        obj = self.cache.get(resource, name)
        if obj is not None and resource == CLAIMS and self._is_asked(obj):
            return self._in_time(obj)
        if obj is not None and resource == VOLUMES and self.is_over(obj):
            self.give_back(obj)
        return None

    # --- making ---

    def _is_asked(self, claim: Object) -> bool:
        """By us, for a claim that has none; near which node, the scheduler must have said, if it is to say."""
        noted = annotations_of(claim)
        if noted.get(PROVISIONER) != self.driver or is_deleting(claim) or claim["spec"].get("volumeName"):
            return False
        found = self.cache.get("storageclasses", dig(claim, "spec", "storageClassName", default=""))
        delayed = dig(found, "volumeBindingMode") == "WaitForFirstConsumer"
        there = self.cache.get(VOLUMES, volume_name(claim)) is not None
        return found is not None and not there and (not delayed or bool(noted.get(SELECTED_NODE)))

    def _in_time(self, claim: Object) -> Done | None:
        """Who was refused waits, however often the scheduler chooses anew; else the two would chase each other."""
        key, now = key_of(claim), self.clock.now
        if now >= self.resting.get(key, 0.0):
            self.resting.pop(key, None)
            self._provision(claim)
        left = self.resting.get(key, now) - now
        return Done(again_in=left, background=True) if left else None

    def _provision(self, claim: Object) -> None:
        storage_class = self.cache.get("storageclasses", claim["spec"]["storageClassName"])
        if storage_class is None or not self._is_wanted(claim):
            return
        text = f'External provisioner is provisioning volume for claim "{key_of(claim)}"'
        self.events.normal(claim, "Provisioning", text)
        failed = f'failed to provision volume with StorageClass "{name_of(storage_class)}": '
        try:
            disk = self._disk(claim, storage_class)
        except Refused as error:
            self.events.warning(claim, "ProvisioningFailed", f"{failed}{error}")
            self.resting[key_of(claim)] = self.clock.now + PAUSE
            self._choose_again(claim)
        except OSError as error:
            self.events.warning(claim, "ProvisioningFailed", f"{failed}{error}")
            raise
        else:
            self._write_down(claim, storage_class, disk)

    def _is_wanted(self, claim: Object) -> bool:
        """Not by what the cache believes: by what is true now."""
        try:
            now = self.client.get(CLAIMS, key_of(claim))
        except NotFound:
            return False
        return uid_of(now) == uid_of(claim) and not is_deleting(now) and not now["spec"].get("volumeName")

    def _disk(self, claim: Object, storage_class: Object) -> Disk:
        """Raises Refused."""
        if claim["spec"].get("selector"):
            raise Refused("claim Selector is not supported")
        return self.disks.create(
            volume_name(claim),
            size=gibibytes(claim),
            place=self._place(claim, storage_class),
            kind=dig(storage_class, "parameters", "kind", default="standard"),
            modes=list(claim["spec"]["accessModes"]),
        )

    def _place(self, claim: Object, storage_class: Object) -> str:
        """Where the node is that was chosen; else any place that the class allows, by chance.

        Names with a number at their end are one StatefulSet's: they are spread. getPVCNameHashAndIndexOffset
        """
        chosen = annotations_of(claim).get(SELECTED_NODE)
        if not self.key:
            return ""
        if chosen:
            node = self.cache.get("nodes", chosen)
            if node is None:
                raise Refused(f'error generating accessibility requirements: node "{chosen}" not found')
            return labels_of(node).get(self.key, "")
        places = sorted({labels_of(n).get(self.key, "") for n in self.cache.list("nodes")} - {""})
        allowed = allowed_places(storage_class, self.key, tuple(places))
        if not allowed:
            raise Refused("error generating accessibility requirements: no topology key found on any node")
        base, _, ordinal = name_of(claim).rpartition("-")
        first = self.dice.below(len(allowed), "place of", base if ordinal.isdigit() else uid_of(claim))
        return allowed[(first + int(ordinal if ordinal.isdigit() else 0)) % len(allowed)]

    def _choose_again(self, claim: Object) -> None:
        """It cannot be made there: perhaps elsewhere. The scheduler is asked to choose once more."""
        if SELECTED_NODE in annotations_of(claim):
            changed = edit(claim)
            del changed["metadata"]["annotations"][SELECTED_NODE]
            self.client.update(changed)

    def _write_down(self, claim: Object, storage_class: Object, disk: Disk) -> None:
        volume = new_volume(claim, storage_class, disk, self.key)
        try:
            self.client.create(volume)
        except AlreadyExists:
            pass  # by ourselves, before we died or lost the answer
        else:
            text = f"Successfully provisioned volume {name_of(volume)}"
            self.events.normal(claim, "ProvisioningSucceeded", text)
        self.disks.keep(disk["id"])
