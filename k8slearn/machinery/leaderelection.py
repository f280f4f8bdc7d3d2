"""Two replicas of an operator, one that works: whoever holds a Lease, and has renewed it lately.

    class Buckets(LeaderElected, BucketController):
        lease = "default/bucket-controller"

    Cluster(adding=[Replica(Buckets, "a"), Replica(Buckets, "b")])

Each replica has a key of its own in its queue, for the Lease, and comes back to it every two seconds. All listen, so
that all caches are warm; but only the leader's reconciles are let through, the others' are put aside. Who becomes the
leader looks at everything once.

Nobody compares clocks. A replica believes a Lease to be abandoned when *it* has seen no change in it for
`LEASE_DURATION`; a leader stops by itself when it has not managed to renew for `RENEW_DEADLINE`, which is shorter, so
that it stops before another starts, as long as both clocks run at about the same speed.

What this cannot promise: a leader that was checked, then frozen for a minute (a long pause, a laptop closed) in the
middle of a reconcile, goes on writing when it wakes up. Against that only the receiver can help, by refusing what is
too old ("fencing"): the API server does so for writes with a resourceVersion, a cloud for wishes with a token. So an
operator must be right with two leaders, too; the election saves it from working twice, not from thinking.

Kubernetes: client-go/tools/leaderelection/leaderelection.go (the pauses there vary by chance, here they do not)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from k8slearn.api.clock import micro_timestamp
from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.objects import Key, Object, key_of, split_key
from k8slearn.api.requests import NotYet
from k8slearn.machinery.controller import Controller, Done

LEASE_DURATION = 15  # seconds without a change after which others may take a Lease
RENEW_DEADLINE = 10.0  # seconds without a renewal after which a leader gives up
RETRY_PERIOD = 2.0  # seconds between two looks at the Lease


class LeaderElected(Controller):
    """Stands before the controller in the order of inheritance, and lets it work only while it leads."""

    lease: ClassVar[Key]  # what the replicas have in common: namespace/name

    identity: str  # of this process: one that starts again is somebody else
    renewed: float | None  # when we last held the Lease for certain; None: we do not
    seen: tuple[Object, float] | None  # what the Lease said, and since when we have seen it say so

    def setup(self) -> None:
        super().setup()
        self.identity = f"{self.name}_{self.dice.uid(self.name, self.clock.step, self.clock.now)}"
        self.renewed = self.seen = None
        self.queue.add(self.lease_key)

    @property
    def lease_key(self) -> Key:
        """Its key in the queue. It has a slash more than the keys of objects."""
        return f"leases/{self.lease}"

    @property
    def leads(self) -> bool:
        """May this replica work now?"""
        return self.renewed is not None and self.clock.now < self.renewed + RENEW_DEADLINE

    def reconcile(self, key: Key) -> Done | None:
        if key == self.lease_key:
            return self._campaign()
        if not self.leads:
            raise NotYet("another one leads")
        return super().reconcile(key)

    def stop(self) -> None:
        """Give the Lease back, so that nobody has to wait until it runs out."""
        if self.leads:
            with suppress(ApiError):
                self._write(self.client.get("leases", self.lease), holder="", seconds=1)
            self.renewed = None
        super().stop()

    # --- the election ---

    def _campaign(self) -> Done:
        """Become the leader or stay it, if possible. Whatever goes wrong, there is a next time."""
        led = self.leads
        with suppress(ApiError):
            self._acquire_or_renew()
        if self.leads and not led:
            self._begin()
        return Done(again_in=RETRY_PERIOD, background=True)

    def _acquire_or_renew(self) -> None:
        """Raises ApiError when somebody else was faster, or the server does not answer."""
        began = self.clock.now  # what counts is when the request was sent, not when it was answered
        try:
            lease = self.client.get("leases", self.lease)
        except NotFound:
            lease = self._create()
        else:
            if not self._is_free(lease["spec"]):
                self.renewed = None
                return
            lease = self._write(lease, holder=self.identity)
        self.renewed, self.seen = began, (lease["spec"], began)

    def _is_free(self, spec: Object) -> bool:
        """Is it ours already, or given back, or has nobody renewed it for too long?"""
        if self.seen is None or self.seen[0] != spec:
            self.seen = (spec, self.clock.now)
        if spec.get("holderIdentity") in (None, "", self.identity):
            return True
        return self.clock.now >= self.seen[1] + spec.get("leaseDurationSeconds", LEASE_DURATION)

    def _begin(self) -> None:
        """Everything may have changed while nobody looked."""
        lease = self.client.kinds.named("leases")
        about = {"apiVersion": lease.api_version, "kind": lease.kind, "metadata": _metadata(self.lease)}
        self.events.normal(about, "LeaderElection", f"{self.identity} became leader")
        for obj in self.cache.list(self.primary):
            self.queue.add(key_of(obj))

    # --- the Lease ---

    def _create(self) -> Object:
        now = micro_timestamp(self.clock.now)
        spec: dict[str, Any] = {"holderIdentity": self.identity, "leaseDurationSeconds": LEASE_DURATION}
        spec |= {"acquireTime": now, "renewTime": now, "leaseTransitions": 0}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": _metadata(self.lease)}
        return self.client.create({**lease, "spec": spec})

    def _write(self, lease: Object, *, holder: str, seconds: int = LEASE_DURATION) -> Object:
        """Of two who try at the same moment one gets 409 Conflict."""
        now, spec = micro_timestamp(self.clock.now), dict(lease["spec"])
        if spec.pop("holderIdentity", "") != holder:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + (holder != "")
        spec |= {"leaseDurationSeconds": seconds, "renewTime": now}
        spec |= {"holderIdentity": holder} if holder else {}  # one that is there must not be empty
        return self.client.update({**lease, "spec": spec})


@dataclass(frozen=True)
class Replica:
    """Makes one of several controllers of the same kind, each with a name of its own."""

    controller: Callable[[], Controller]
    which: str  # "a"

    def __call__(self) -> Controller:
        player = self.controller()
        player.name = f"{player.full_name}-{self.which}"
        return player


def _metadata(key: Key) -> Object:
    namespace, name = split_key(key)
    return {"namespace": namespace, "name": name}
