"""The Database operator's backups: a Job makes one, and what it has made lies outside of the cluster.

Each backup has a *slot*: the number of the period it is of, or ``before-16`` for the one before an upgrade. From the
slot follow the Job's name and the artefact's token, so that whoever asks again, after a crash or a lost answer, asks
for the same. What there is, the store says; the status of the Database is for people to read. A Job goes only when
what it has made is noted out there.
"""

from __future__ import annotations

from contextlib import suppress

from k8slearn.api.clock import seconds_of
from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import Object, dig, is_deleting, key_of, labels_of, name_of, uid_of
from k8slearn.machinery import Controller
from k8slearn.operators import databaseparts as parts
from k8slearn.operators.objectstore import Artefact, ObjectStore

FINALIZER = "example.com/database"
RETRY = 300.0  # seconds until a backup that has failed is tried again


class Backups(Controller):
    store: ObjectStore
    resting: dict[str, float]  # names of Jobs that have failed -> until when they are not tried again

    # --- making ---

    def back_up(self, database: Object, slot: str, version: int) -> None:
        """Start the Job of this slot, unless it runs already, or has failed just now."""
        name = parts.job_name(database, slot)
        if self.cache.get("jobs", f"{database['metadata']['namespace']}/{name}") is not None:
            return
        if self.clock.now < self.resting.get(name, 0.0):
            return
        with suppress(AlreadyExists):  # the cache has not heard of it; if it is an older one's, it goes first
            self.client.create(parts.job(database, slot, version))
            self.events.normal(database, "BackupStarted", f"Started backup {slot} of version {version}")

    def collect(self, database: Object, artefacts: list[Artefact]) -> list[Artefact]:
        """Note what finished Jobs have made, and take them away. Returns all artefacts there are now."""
        for job in self.cache.owned_by(database, "jobs"):
            slot, ended = labels_of(job).get(parts.SLOT, ""), parts.ending(job)
            if slot == parts.RESTORE or not ended or is_deleting(job):
                continue
            if ended == "Failed":
                self.resting[name_of(job)] = self.clock.now + RETRY
                self.events.warning(database, "BackupFailed", f"Backup {slot} has failed")
            elif not any(a["slot"] == slot for a in artefacts):
                made = self._note(database, job, slot)
                if made is None:
                    continue
                artefacts = [*artefacts, made]
            self.remove_job(job)
        return artefacts

    def _note(self, database: Object, job: Object, slot: str) -> Artefact | None:
        """None: there is no Database any more that should have it, or this Job was noted long ago."""
        if not self.is_wanted(database) or not self._is_there(job):
            return None
        uid, version = uid_of(database), parts.version_of(job)
        made = self.store.create(f"{uid}/{slot}", owner=uid, slot=slot, version=version, at=self.clock.now)
        self.events.normal(database, "BackupCompleted", f"Backup {slot} is {made['id']}")
        return made

    def _is_there(self, job: Object) -> bool:
        """An old cache may show one whose artefact has come and gone."""
        try:
            return uid_of(self.client.get("jobs", key_of(job))) == uid_of(job)
        except NotFound:
            return False

    def remove_job(self, job: Object) -> None:
        with suppress(NotFound):
            self.client.delete(job, propagationPolicy="Background", preconditions={"uid": uid_of(job)})

    def is_wanted(self, database: Object) -> bool:
        """Not by what the cache believes: by what is true now."""
        try:
            now = self.client.get("databases.example.com", key_of(database))
        except NotFound:
            return False
        held = FINALIZER in dig(now, "metadata", "finalizers", default=[])
        return uid_of(now) == uid_of(database) and not is_deleting(now) and held

    # --- in time ---

    def due_slot(self, database: Object) -> int:
        """The number of the period that was full last; 0: none yet. Who has slept through five makes one."""
        every = dig(database, "spec", "backup", "everySeconds")
        return int((self.clock.now - _born(database)) // every) if every else 0

    def next_due(self, database: Object) -> float:
        """Seconds until the next slot is due; infinite without regular backups."""
        every = dig(database, "spec", "backup", "everySeconds")
        if not every:
            return float("inf")
        return _born(database) + (self.due_slot(database) + 1) * every - self.clock.now

    def prune(self, database: Object, artefacts: list[Artefact]) -> list[Artefact]:
        """Delete the oldest of the regular backups. Those made before upgrades are kept."""
        keep = dig(database, "spec", "backup", "keep")
        regular = sorted((a for a in artefacts if a["slot"].isdigit()), key=lambda a: int(a["slot"]))
        for old in regular[:-keep] if keep else []:
            self.store.delete(old["id"])
            self.events.normal(database, "BackupDeleted", f"Deleted {old['id']}: {keep} newer ones are kept")
            artefacts = [a for a in artefacts if a is not old]
        return artefacts


def _born(database: Object) -> float:
    return seconds_of(database["metadata"]["creationTimestamp"])
