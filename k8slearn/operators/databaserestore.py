"""The Database operator's restore: a backup becomes the first volume of a database that does not run yet.

The volume's claim is made by hand, under the name that the StatefulSet will give it; a Job puts the backup onto it; and
only when the claim itself says so does the database start. A claim that was there before is not touched.
"""

from __future__ import annotations

from contextlib import suppress

from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    is_controlled_by,
    key_of,
    make_key,
    name_of,
    namespace_of,
    uid_of,
)
from k8slearn.operators import databaseparts as parts
from k8slearn.operators.databasebackups import Backups
from k8slearn.operators.objectstore import Artefact


class Restores(Backups):
    def restore(self, database: Object) -> tuple[str, str] | None:
        """Why the database cannot start yet: a reason and a sentence. The claim says whether it has been done."""
        wanted = database["spec"].get("restoreFrom")
        if not wanted:
            return None
        job = self.cache.get("jobs", self._key(database, parts.job_name(database, parts.RESTORE)))
        if self.sset(database) is not None:
            if job is not None and is_controlled_by(job, database):
                self.remove_job(job)
            return None
        claim = self._first_claim(database)
        noted = annotations_of(claim)
        if noted.get(parts.RESTORED) == wanted:
            return None
        if noted.get(parts.MADE_FOR) != uid_of(database):
            return "VolumeExists", f"{name_of(claim)} is there already, and may hold somebody's data"
        return self._proceed(database, claim, job)

    def _proceed(self, database: Object, claim: Object, job: Object | None) -> tuple[str, str] | None:
        wanted = database["spec"]["restoreFrom"]
        found = self.store.get(wanted)
        if found is None:
            return "BackupNotFound", f"There is no backup {wanted}"
        if job is None or not is_controlled_by(job, database):
            self._start_restore(database, found)
        elif parts.ending(job) == "Complete":
            self._mark_restored(database, claim, wanted)
            return None
        elif parts.ending(job) == "Failed":
            self.remove_job(job)
            return "RestoreFailed", f"{wanted} could not be restored; trying again"
        return "Restoring", f"{wanted} is being restored"

    def _first_claim(self, database: Object) -> Object:
        """As it is now: what a cache believes may be old enough to restore over data that lives."""
        key = self._key(database, parts.claim_name(database))
        try:
            return self.client.get("persistentvolumeclaims", key)
        except NotFound:
            return self.client.create(parts.first_claim(database))

    def _start_restore(self, database: Object, found: Artefact) -> None:
        with suppress(AlreadyExists):
            self.client.create(parts.job(database, parts.RESTORE, found["version"]))
            self.events.normal(database, "RestoreStarted", f"Restoring {found['id']}")

    def _mark_restored(self, database: Object, claim: Object, artefact: str) -> None:
        """From now on the claim is the StatefulSet's, and what becomes of it is for that to say."""
        version = claim["metadata"]["resourceVersion"]
        noted = {"annotations": {parts.RESTORED: artefact}, "ownerReferences": None}
        self.client.patch(claim, patch={"metadata": {**noted, "resourceVersion": version}})
        self.events.normal(database, "Restored", f"Restored {artefact}")

    def sset(self, database: Object) -> Object | None:
        found = self.cache.get("statefulsets", key_of(database))
        return found if found is not None and is_controlled_by(found, database) else None

    def _key(self, database: Object, name: str) -> Key:
        return make_key(namespace_of(database), name)
