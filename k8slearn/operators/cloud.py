"""An imaginary cloud that rents out buckets. It knows nothing of Kubernetes, and Kubernetes nothing of it.

Like a real one it gives a new bucket a name of its own choice, and it carries out the same wish only once:
a wish has a token, and a bucket that was made with this token is not made again but returned (EC2: ClientToken).

Whatever is made costs money until somebody deletes it. Data only, so that a simulation can rewind it
(`k8slearn.sim.outsideworld`).
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

Bucket = dict[str, Any]  # id, token, owner, region, versioning


class Cloud:
    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.made = 0  # buckets, ever

    # --- looking ---

    def get(self, bucket: str) -> Bucket | None:
        return self.buckets.get(bucket)

    def list(self, owner: str = "") -> list[Bucket]:
        """All buckets, or those with this tag."""
        return [b for b in self.buckets.values() if owner in ("", b["owner"])]

    # --- writing: each is a request that may get lost on its way there, or on its way back ---

    def create(self, token: str, *, owner: str, region: str, versioning: bool) -> Bucket:
        """A new bucket; or the one that was made with this token, if it is still there. "": always a new one."""
        for bucket in self.buckets.values():
            if token and bucket["token"] == token:
                return bucket
        self.made += 1
        rest = {"token": token, "owner": owner, "region": region, "versioning": versioning}
        self.buckets[f"bucket-{self.made}"] = {"id": f"bucket-{self.made}", **rest}
        return self.buckets[f"bucket-{self.made}"]

    def update(self, bucket: str, *, versioning: bool) -> None:
        if bucket in self.buckets:
            self.buckets[bucket] = {**self.buckets[bucket], "versioning": versioning}

    def delete(self, bucket: str) -> None:
        """With all that is in it. Deleting what is not there is no error."""
        self.buckets.pop(bucket, None)


class CloudOnDisk(Cloud):
    """The same in a file: it is still there when the operator's process has been killed.

    Every call reads the file; a write replaces it at once, or not at all.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = str(path)

    def simulated(self) -> Cloud:
        """What stands in for it where the past can be undone. A file has no past."""
        return Cloud()

    def get(self, bucket: str) -> Bucket | None:
        return self._read().get(bucket)

    def list(self, owner: str = "") -> list[Bucket]:
        self._read()
        return super().list(owner)

    def create(self, token: str, **wanted: Any) -> Bucket:
        self._read()
        bucket = super().create(token, **wanted)
        self._write()
        return bucket

    def update(self, bucket: str, *, versioning: bool) -> None:
        self._read()
        super().update(bucket, versioning=versioning)
        self._write()

    def delete(self, bucket: str) -> None:
        self._read()
        super().delete(bucket)
        self._write()

    def _read(self) -> dict[str, Bucket]:
        with suppress(FileNotFoundError):
            data = json.loads(Path(self.path).read_text(encoding="utf-8"))
            self.buckets, self.made = data["buckets"], data["made"]
        return self.buckets

    def _write(self) -> None:
        beside = Path(f"{self.path}.new")
        beside.write_text(json.dumps({"buckets": self.buckets, "made": self.made}), encoding="utf-8")
        beside.replace(self.path)
