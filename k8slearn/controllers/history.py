"""The versions of a template that a StatefulSet or DaemonSet has had: one ControllerRevision each.

Kubernetes: pkg/controller/history/controller_history.go
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import (
    Object,
    annotations_of,
    dig,
    edit,
    is_controlled_by,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.controllers.podcontrol import Claiming


def short_hash(value: Any, collisions: int = 0) -> str:
    """A short name for a pod template. Equal templates have equal names; that is all that is promised."""
    text = json.dumps(value, sort_keys=True) + (str(collisions) if collisions else "")
    bits = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
    return "".join(Dice.LETTERS[bits // 27**i % 27] for i in range(10))


class History:
    """The revisions of one owner, the oldest first. `label`: where a revision's hash stands."""

    def __init__(self, controller: Claiming, owner: Object, label: str) -> None:
        self.client = controller.client
        self.owner = owner
        self.label = label
        self.revisions = sorted(controller.claim(owner, "controllerrevisions"), key=_age)
        self.collisions: int = dig(owner, "status", "collisionCount", default=0)

    def named(self, name: str) -> Object | None:
        return next((r for r in self.revisions if name_of(r) == name), None)

    def ensure(self) -> Object:
        """The revision of the present template: made, or brought to the front, if it has to be."""
        data = {"spec": {"template": {**self.owner["spec"]["template"], "$patch": "replace"}}}
        equal = [r for r in self.revisions if r["data"] == data]
        if not equal:
            return self._create(data)
        if equal[-1] is not self.revisions[-1]:  # an old version is wanted again: it becomes the newest
            newest = self.client.update({**equal[-1], "revision": self.revisions[-1]["revision"] + 1})
            self.revisions = [*(r for r in self.revisions if r is not equal[-1]), newest]
        return self.revisions[-1]

    def _create(self, data: Object) -> Object:
        """Under a name that nobody else has."""
        while True:
            wanted = self._revision(data)
            try:
                made = self.client.create(wanted)
            except AlreadyExists:
                made = self.client.get("controllerrevisions", key_of(wanted))
                if made["data"] != data or not is_controlled_by(made, self.owner):
                    self.collisions += 1
                    continue
            self.revisions.append(made)
            return made

    def _revision(self, data: Object) -> Object:
        digest = short_hash(data, self.collisions)
        metadata: dict[str, Any] = {
            "name": f"{name_of(self.owner)}-{digest}",
            "namespace": namespace_of(self.owner),
            "labels": {**labels_of(self.owner["spec"]["template"]), self.label: digest},
            "ownerReferences": [owner_reference(self.owner)],
        }
        if annotations_of(self.owner):
            metadata["annotations"] = dict(annotations_of(self.owner))
        return {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": metadata,
            "data": edit(data),
            "revision": max((r["revision"] for r in self.revisions), default=0) + 1,
        }

    def truncate(self, live: Iterable[str]) -> None:
        """Keep as many that nobody uses any more as revisionHistoryLimit says. `live`: names in use."""
        used = set(live)
        unused = [r for r in self.revisions if name_of(r) not in used]
        limit = dig(self.owner, "spec", "revisionHistoryLimit", default=10)
        for revision in unused[: max(len(unused) - limit, 0)]:
            try:
                self.client.delete(revision)
            except NotFound:
                continue


def _age(revision: Object) -> tuple[int, str, str]:
    return revision["revision"], revision["metadata"]["creationTimestamp"], name_of(revision)
