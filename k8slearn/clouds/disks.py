"""Where volumes come from: disks that are rented by the gibibyte, and cost money until somebody gives them back.

Outside of the cluster, knows nothing of it, and carries out the same wish only once: a wish has a token, and a disk
that was made with this token is not made again but returned.

Kubernetes: what stands behind a CSI driver (EC2 volumes, persistent disks, a directory on a machine)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from k8slearn.clouds.refused import Refused

Disk = dict[str, Any]  # id, token, size (GiB), place, kind, kept


@dataclass(frozen=True)
class Offer:
    """What kind of disks there are. Sizes in GiB; `most` is how many one customer may have."""

    smallest: int = 1
    largest: int = 16_384
    most: int = 1000
    kinds: tuple[str, ...] = ("standard",)
    modes: tuple[str, ...] = ("ReadWriteOnce", "ReadWriteOncePod")  # a disk is at one machine at a time


class Disks:
    """`places` are zones, or machines when disks are local; () if it does not matter."""

    def __init__(self, offer: Offer | None = None, places: tuple[str, ...] = ()) -> None:
        self.offer, self.places = offer or Offer(), places
        self.disks: dict[str, Disk] = {}
        self.made = 0  # ever

    # --- looking ---

    def get(self, disk: str) -> Disk | None:
        return self.disks.get(disk)

    def list(self, token: str = "") -> list[Disk]:
        return [d for d in self.disks.values() if token in ("", d["token"])]

    # --- writing ---

    def create(
        self, token: str, *, size: int, place: str, kind: str = "standard", modes: Iterable[str] = ()
    ) -> Disk:
        """A new disk, or the one that was made with this token. Raises Refused. `modes`: how it is to be used."""
        for disk in self.list(token):
            return disk
        self._check(size, kind)
        for mode in modes:
            if mode not in self.offer.modes:
                raise Refused(f"access mode {mode} is not supported")
        if self.places and place not in self.places:
            raise Refused(f"there is no place {place!r}")
        if len(self.disks) >= self.offer.most:
            raise Refused(f"quota exceeded: you have {self.offer.most} disks")
        self.made += 1
        name = f"disk-{self.made}"
        size = max(size, self.offer.smallest)
        rest = {"size": size, "place": place, "kind": kind, "kept": False}
        self.disks[name] = {"id": name, "token": token, **rest}
        return self.disks[name]

    def keep(self, disk: str) -> None:
        """Note that somebody has written down that he has it."""
        self._change(disk, kept=True)

    def grow(self, disk: str, size: int) -> Disk:
        """Make it that large, if it is smaller. Raises Refused."""
        if disk not in self.disks:
            raise Refused(f"there is no {disk}")
        self._check(size, self.disks[disk]["kind"])
        return self._change(disk, size=max(size, self.disks[disk]["size"]))

    def delete(self, disk: str) -> None:
        """With all that is on it. Deleting what is not there is no error."""
        self.disks.pop(disk, None)

    def _change(self, disk: str, **changes: Any) -> Disk:
        if disk in self.disks:
            self.disks[disk] = {**self.disks[disk], **changes}
        return self.disks.get(disk, {})

    def _check(self, size: int, kind: str) -> None:
        if kind not in self.offer.kinds:
            raise Refused(f"there is no kind {kind!r} of disk, only {', '.join(self.offer.kinds)}")
        if size > self.offer.largest:
            raise Refused(f"a disk has {self.offer.largest} GiB at most, not {size}")
