"""Rotations: an operator that works by the clock. It replaces the key in a Secret every so often.

A timer is only a reason to look. What is due follows from the time and from what the Secret says of itself, so it does
not matter whether the timer came late, twice, or not at all because nobody was running: who has slept through five
periods makes one new key, not five, and is back in step.

For a while the key before is kept beside the new one (`previous`), for those who still have to read the new one.

Kubernetes: the pattern of CronJob (pkg/controller/cronjob) and of cert-manager's renewals
"""

from __future__ import annotations

from base64 import b64encode

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    edit,
    is_controlled_by,
    is_deleting,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from k8slearn.machinery import Controller, Done
from k8slearn.operators.conditions import with_condition

ROTATED = "example.com/rotated"  # when the key was due, which may be some time before it was made
KEPT_UNTIL = "example.com/previous-kept-until"
LOOK_AGAIN = 60.0  # seconds until a name that is taken may be free


class RotationController(Controller):
    """Keeps a Secret with a fresh key for every Rotation."""

    name = "rotation-controller"
    primary = "rotations.example.com"
    owns = ("secrets",)

    def reconcile(self, key: Key) -> Done | None:
        rotation, secret = self.cache.get(self.primary, key), self.cache.get("secrets", key)
        if rotation is None or is_deleting(rotation):
            return None  # the garbage collector takes the Secret
        if secret is not None and not is_controlled_by(secret, rotation):
            self._report(rotation, None)
            return Done(again_in=LOOK_AGAIN, background=True)
        secret = self._first(rotation) if secret is None else self._in_time(rotation, secret)
        self._report(rotation, secret)
        return Done(again_in=self._next_look(rotation, secret) - self.clock.now, background=True)

    # --- the Secret ---

    def _first(self, rotation: Object) -> Object:
        """Raises AlreadyExists when the cache has not heard of it."""
        now = timestamp(self.clock.now)
        metadata: Object = {"name": name_of(rotation), "namespace": namespace_of(rotation)}
        metadata |= {"ownerReferences": [owner_reference(rotation)], "annotations": {ROTATED: now}}
        data = {"key": self._fresh_key(rotation, now)}
        return self.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})

    def _in_time(self, rotation: Object, secret: Object) -> Object:
        """The Secret as it has to be now. Who knows an old one is refused with 409 Conflict, and makes no key."""
        changed = self._rotated(rotation, secret) or self._without_previous(secret)
        if changed is None:
            return secret
        changed = self.client.update(changed)
        if changed["data"]["key"] != secret["data"]["key"]:
            self.events.normal(
                rotation, "Rotated", f"There is a new key since {annotations_of(changed)[ROTATED]}"
            )
        return changed

    def _rotated(self, rotation: Object, secret: Object) -> Object | None:
        """With a new key, if one is due. Periods that nobody was awake for are passed over."""
        last, period = rotated_at(secret), rotation["spec"]["periodSeconds"]
        missed = int((self.clock.now - last) // period)
        if missed < 1:
            return None
        due, new = timestamp(last + missed * period), edit(secret)
        new["data"] = {"key": self._fresh_key(rotation, due), "previous": secret["data"]["key"]}
        until = timestamp(self.clock.now + rotation["spec"]["overlapSeconds"])
        new["metadata"]["annotations"] |= {ROTATED: due, KEPT_UNTIL: until}
        return new

    def _without_previous(self, secret: Object) -> Object | None:
        """Without the key before, if it has been kept for long enough."""
        if "previous" not in secret["data"] or self.clock.now < kept_until(secret):
            return None
        new = edit(secret)
        del new["data"]["previous"], new["metadata"]["annotations"][KEPT_UNTIL]
        return new

    def _fresh_key(self, rotation: Object, due: str) -> str:
        """Chance is handed in, so that a history can be repeated. A real operator asks the system: `secrets`."""
        words = [self.dice.bits("key", uid_of(rotation), due, part) for part in range(4)]
        return b64encode(b"".join(word.to_bytes(8, "big") for word in words)).decode()

    # --- when, and what we say ---

    def _next_look(self, rotation: Object, secret: Object) -> float:
        rotate = rotated_at(secret) + rotation["spec"]["periodSeconds"]
        return min(rotate, kept_until(secret)) if "previous" in secret["data"] else rotate

    def _report(self, rotation: Object, secret: Object | None) -> None:
        status = {**(rotation.get("status") or {}), "observedGeneration": rotation["metadata"]["generation"]}
        if secret is None:
            said = ("Ready", False, "NameTaken", f"There is a Secret {name_of(rotation)} of somebody else")
        else:
            said = ("Ready", True, "InTime", "The key is not older than it may be")
            last = rotated_at(secret)
            status["lastRotationTime"] = timestamp(last)
            status["nextRotationTime"] = timestamp(last + rotation["spec"]["periodSeconds"])
        status["conditions"] = with_condition(rotation, self.clock, *said)
        if status != rotation.get("status"):
            self.client.update_status({**rotation, "status": status})


def rotated_at(secret: Object) -> float:
    """When its key was due, in seconds. A Secret that does not say so is due at once."""
    return _moment(secret, ROTATED)


def kept_until(secret: Object) -> float:
    return _moment(secret, KEPT_UNTIL)


def _moment(secret: Object, annotation: str) -> float:
    try:
        return seconds_of(annotations_of(secret)[annotation])
    except (KeyError, ValueError):
        return 0.0
