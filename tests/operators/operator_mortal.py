"""The Bucket operator, which dies as by ``kill -9`` right after the nth request of one sort to the cloud.

``DIES`` says after which: ``create 3``. What that request has done stands; whatever was to follow does not happen.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from k8slearn.operators import BucketController, CloudOnDisk


class Deadly(CloudOnDisk):
    def __init__(self, path: str, dies: str) -> None:
        super().__init__(path)
        self.sort, _, number = dies.partition(" ")
        self.left = int(number or 0)

    def create(self, token: str, **wanted: Any) -> dict[str, Any]:
        made = super().create(token, **wanted)
        self._count("create")
        return made

    def update(self, bucket: str, **wanted: Any) -> None:
        super().update(bucket, **wanted)
        self._count("update")

    def delete(self, bucket: str) -> None:
        super().delete(bucket)
        self._count("delete")

    def _count(self, sort: str) -> None:
        self.left -= sort == self.sort
        if sort == self.sort and self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Buckets(BucketController):
    cloud = Deadly(os.environ["CLOUD"], os.environ.get("DIES", ""))
