"""The images on one machine: which are here, how large they are, and who is being pulled.

Kubernetes: pkg/kubelet/images (image_manager.go, puller.go), pkg/kubelet/nodestatus/setters.go (Images)
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object

VALID = re.compile(r"([\w.-]+(:\d+)?/)?[a-z0-9._/-]+(:[\w.-]{1,128})?(@sha256:[0-9a-f]+)?")


def size_of(image: str, dice: Dice) -> int:
    """Bytes: between 20 and 200 million, the same for an image everywhere."""
    return 20_000_000 + dice.below(180_000_000, "size of image", image)


class Images:
    """What the container runtime knows.

    `at_once`: how many pulls may run side by side; 0: any number. `rate`: bytes a second; 0: one to three seconds
    for any image.
    """

    def __init__(self, at_once: int = 0, rate: float = 0.0) -> None:
        self.at_once = at_once
        self.rate = rate
        self.sizes: dict[str, int] = {}  # of those that are here
        self.pulls: list[float] = []  # when those end that are under way

    def hold(self, now: float, takes: float) -> float:
        """Take a place in the queue of pulls. Returns the seconds to wait before the pull begins."""
        if not self.at_once:
            return 0.0
        busy = sorted(end for end in self.pulls if end > now)
        begins = busy[-self.at_once] if len(busy) >= self.at_once else now
        self.pulls = [*busy, round(begins + takes, 6)]
        return round(begins - now, 6)

    def look(self, image: str, policy: str) -> str:
        """present; known (here, but the policy is to ask the registry each time); absent; missing (and the policy
        is to pull never); invalid."""
        if image in self.sizes:
            return "known" if policy == "Always" else "present"
        if not VALID.fullmatch(image):
            return "invalid"
        return "missing" if policy == "Never" else "absent"

    def add(self, image: str, size: int) -> None:
        self.sizes[image] = size

    def forget(self, used: set[str]) -> None:
        """Delete all that no container uses."""
        self.sizes = {image: size for image, size in self.sizes.items() if image in used}

    def listed(self, most: int) -> list[Object]:
        """For the node's status: the largest first. Kubernetes: nodeStatusMaxImages"""
        largest = sorted(self.sizes.items(), key=lambda found: (-found[1], found[0]))
        return [{"names": list(_names(image)), "sizeBytes": size} for image, size in largest[:most]]

    def save(self) -> dict[str, Any]:
        return {"sizes": dict(self.sizes), "pulls": list(self.pulls)}

    def load(self, saved: dict[str, Any]) -> None:
        self.sizes, self.pulls = dict(saved["sizes"]), list(saved["pulls"])


@lru_cache(4096)
def _names(image: str) -> tuple[str, str]:
    """By digest and by tag."""
    repository, colon, tag = image.rpartition(":")
    plain = repository if colon and "/" not in tag else image
    return f"{plain.partition('@')[0]}@sha256:{sha256(image.encode()).hexdigest()}", image
