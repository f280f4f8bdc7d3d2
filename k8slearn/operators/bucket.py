"""Buckets: an operator that owns something outside of the cluster, which no garbage collector takes away.

Nothing may be lost, leaked or doubled, whenever the process dies and whichever answer gets lost. Five rules:

1. *Promise before you make.* The finalizer is stored before the cloud is asked for anything: from then on the object
   cannot disappear without us.
2. *Wish only once.* The token of a wish follows from the object's uid, so whoever asks again (because he died before he
   had written down the id, because the answer got lost) gets the same bucket, and not a second one.
3. *Look before you make, and ask the truth before you spend.* A cache may be old enough to show an object that is gone.
4. *Delete what is yours, not what you have written down.* The bucket carries the uid as a tag; the id in the status is
   for people to read.
5. *Come back unasked.* The cloud sends no events: a look now and then finds what somebody changed over there.

Kubernetes: the pattern of sigs.k8s.io/cluster-api-provider-aws and Crossplane's managed reconciler
"""

from __future__ import annotations

from contextlib import suppress

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, uid_of
from k8slearn.machinery import Controller, Done
from k8slearn.operators.cloud import Bucket, Cloud
from k8slearn.operators.conditions import with_condition

FINALIZER = "cloud.example.com/bucket"
LOOK_AGAIN = 60.0  # seconds


class BucketController(Controller):
    """Keeps one bucket in the cloud for every Bucket."""

    name = "bucket-controller"
    primary = "buckets.cloud.example.com"
    outside = ("cloud",)
    cloud: Cloud

    def reconcile(self, key: Key) -> Done | None:
        bucket = self.cache.get(self.primary, key)
        if bucket is None:
            return None  # gone, and it could only go when we had cleaned up
        if is_deleting(bucket):
            self._let_go(bucket)
        elif FINALIZER not in finalizers(bucket):
            self._promise(bucket)
        else:
            self._tend(bucket)
            return Done(again_in=LOOK_AGAIN, background=True)
        return None

    # --- there shall be one ---

    def _tend(self, bucket: Object) -> None:
        try:
            self._report(bucket, self._ensure(bucket))
        except OSError as error:  # the cloud does not answer: say so, and try again
            self._report_trouble(bucket, error)
            raise

    def _promise(self, bucket: Object) -> None:
        """Our own write comes back as an event, and that is when we go on."""
        self._write_finalizers(bucket, [*finalizers(bucket), FINALIZER])

    def _ensure(self, bucket: Object) -> Bucket | None:
        """The bucket in the cloud, as it should be. None: there is no Bucket any more that should have one."""
        found = self.cloud.list(owner=uid_of(bucket))
        if not found:
            return self._make(bucket)
        there = found[0]
        versioning = bucket["spec"]["versioning"]
        if there["versioning"] != versioning:
            self.cloud.update(there["id"], versioning=versioning)
            self.events.normal(bucket, "Updated", f"Bucket {there['id']}: versioning is {said(versioning)}")
        return there

    def _make(self, bucket: Object) -> Bucket | None:
        if not self._is_wanted(bucket):
            return None
        lost = dig(bucket, "status", "id")
        if lost:
            self.events.warning(bucket, "Vanished", f"Bucket {lost} is gone from the cloud; making another")
        spec, uid = bucket["spec"], uid_of(bucket)
        made = self.cloud.create(uid, owner=uid, region=spec["region"], versioning=spec["versioning"])
        self.events.normal(bucket, "Created", f"Created bucket {made['id']}")
        return made

    def _is_wanted(self, bucket: Object) -> bool:
        """Not by what the cache believes: by what is true now."""
        try:
            now = self.client.get(self.primary, key_of(bucket))
        except NotFound:
            return False
        return uid_of(now) == uid_of(bucket) and not is_deleting(now) and FINALIZER in finalizers(now)

    # --- it shall go ---

    def _let_go(self, bucket: Object) -> None:
        """First the cloud, then the finalizer. The other way round a crash in between would leak."""
        if FINALIZER not in finalizers(bucket):
            return
        for there in self.cloud.list(owner=uid_of(bucket)):
            if dig(bucket, "spec", "deletionPolicy") == "Retain":
                self.events.normal(bucket, "Retained", f"Bucket {there['id']} is left in the cloud")
            else:
                self.cloud.delete(there["id"])
                self.events.normal(bucket, "Deleted", f"Deleted bucket {there['id']}")
        with suppress(NotFound):
            self._write_finalizers(bucket, [f for f in finalizers(bucket) if f != FINALIZER])

    def _write_finalizers(self, bucket: Object, wanted: list[str]) -> None:
        """Others have finalizers, too: with a resourceVersion the patch fails if the list is not as we know it."""
        version = bucket["metadata"]["resourceVersion"]
        self.client.patch(bucket, patch={"metadata": {"finalizers": wanted, "resourceVersion": version}})

    # --- what we say ---

    def _report(self, bucket: Object, there: Bucket | None) -> None:
        if there is not None:
            said = f"Bucket {there['id']} is there, and as it should be"
            self._write_status(bucket, {"id": there["id"]}, True, "Available", said)

    def _report_trouble(self, bucket: Object, error: OSError) -> None:
        with suppress(NotFound):
            self._write_status(bucket, {}, False, "CloudUnavailable", str(error))

    def _write_status(self, bucket: Object, known: Object, ready: bool, reason: str, message: str) -> None:
        status = {**(bucket.get("status") or {}), **known}
        status["observedGeneration"] = bucket["metadata"]["generation"]
        status["conditions"] = with_condition(bucket, self.clock, "Ready", ready, reason, message)
        if status != bucket.get("status"):
            self.client.update_status({**bucket, "status": status})


def finalizers(obj: Object) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def said(on: bool) -> str:
    return "on" if on else "off"
