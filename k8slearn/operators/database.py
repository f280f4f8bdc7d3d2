"""Databases: an operator for something that has data, and must not lose it.

A Database is a StatefulSet with a volume for each replica, and backups that lie outside of the cluster. What one person
on call would have to know stands here:

- *An upgrade goes one version at a time*, each with a backup before it; the followers first, the primary last, which is
  what a StatefulSet does anyway. The next step waits until everybody runs.
- *Backups are made by the clock*, and what is due follows from the time and from what lies in the store, never from
  what we remember having done (`databasebackups`).
- *A restore comes before the first replica* (`databaserestore`), and never over data that lives.
- *Deleting the Database deletes no data*, unless it says so; the finalizer gives us time to do as it says.

Kubernetes: the pattern of CloudNativePG and of Zalando's postgres-operator
"""

from __future__ import annotations

from contextlib import suppress

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    is_deleting,
    key_of,
    name_of,
    uid_of,
)
from k8slearn.machinery import Done
from k8slearn.operators import databaseparts as parts
from k8slearn.operators.conditions import with_condition
from k8slearn.operators.databasebackups import FINALIZER
from k8slearn.operators.databaserestore import Restores
from k8slearn.operators.objectstore import Artefact

LOOK_AGAIN = 60.0  # seconds


class DatabaseController(Restores):
    """Keeps a StatefulSet, a Service and backups for every Database."""

    name = "database-controller"
    primary = "databases.example.com"
    owns = ("statefulsets", "services", "jobs")
    outside = ("store",)

    def setup(self) -> None:
        self.resting = {}

    def reconcile(self, key: Key) -> Done | None:
        database = self.cache.get(self.primary, key)
        if database is None:
            return None
        if is_deleting(database):
            self._let_go(database)
        elif FINALIZER not in _finalizers(database):
            self._write_finalizers(database, [*_finalizers(database), FINALIZER])
        else:
            self._tend(database)
            return Done(again_in=min(LOOK_AGAIN, self.next_due(database)), background=True)
        return None

    def _tend(self, database: Object) -> None:
        try:
            artefacts = self.collect(database, self.store.list(owner=uid_of(database)))
            trouble = self.restore(database)
            if not trouble:
                self._run(database, artefacts)
                self._back_up_in_time(database, artefacts)
                artefacts = self.prune(database, artefacts)
        except OSError as error:  # the store does not answer: say so, and try again
            with suppress(NotFound):
                self._report(database, None, ("StoreUnavailable", str(error)))
            raise
        self._report(database, artefacts, trouble)

    # --- running, and upgrading ---

    def _run(self, database: Object, artefacts: list[Artefact]) -> None:
        if self.cache.get("services", key_of(database)) is None:
            with suppress(AlreadyExists):
                self.client.create(parts.service(database))
        sset = self.sset(database)
        if sset is None:
            self._start(database)
            return
        current, version = parts.version_of(sset), self._next_version(database, sset, artefacts)
        wanted = parts.changeable(database)
        if version != current:
            wanted["template"] = parts.statefulset(database, version)["spec"]["template"]
        if {k: sset["spec"].get(k) for k in wanted} != wanted:
            self._change(sset, wanted)
        if version != current:
            text = f"Upgrading from version {current} to {version}"
            self.events.normal(database, "Upgrading", text)

    def _change(self, sset: Object, spec: Object) -> None:
        """Raises Conflict: who knows an old one must not turn back an upgrade."""
        version = sset["metadata"]["resourceVersion"]
        self.client.patch(sset, patch={"metadata": {"resourceVersion": version}, "spec": spec})

    def _start(self, database: Object) -> None:
        """A database that begins with a backup begins with the backup's version."""
        found = self.store.get(database["spec"].get("restoreFrom", ""))
        version = min(found["version"], database["spec"]["version"]) if found else database["spec"]["version"]
        with suppress(AlreadyExists):
            self.client.create(parts.statefulset(database, version))
            self.events.normal(database, "Created", f"Created StatefulSet with version {version}")

    def _next_version(self, database: Object, sset: Object, artefacts: list[Artefact]) -> int:
        """One more than what runs, if more is wanted, everybody runs, and there is a backup to go back to."""
        current = parts.version_of(sset)
        if database["spec"]["version"] <= current or not self._is_settled(sset):
            return current
        slot = f"before-{current + 1}"
        if not any(a["slot"] == slot for a in artefacts):
            self.back_up(database, slot, current)
            return current
        return current + 1

    def _is_settled(self, sset: Object) -> bool:
        """Does every replica run what the template says?"""
        status, want = sset.get("status") or {}, sset["spec"]["replicas"]
        counts = [status.get(f, 0) for f in ("replicas", "readyReplicas", "updatedReplicas")]
        return status.get("observedGeneration") == sset["metadata"]["generation"] and counts == [want] * 3

    def _back_up_in_time(self, database: Object, artefacts: list[Artefact]) -> None:
        """The last slot that was due, if nothing lies in the store for it; one backup at a time."""
        due, sset = self.due_slot(database), self.sset(database)
        if not due or any(a["slot"] == str(due) for a in artefacts):
            return
        running = [j for j in self.cache.owned_by(database, "jobs") if not parts.ending(j)]
        if not running and dig(sset, "status", "readyReplicas", default=0):
            self.back_up(database, str(due), parts.version_of(sset))  # type: ignore[arg-type]

    # --- the end ---

    def _let_go(self, database: Object) -> None:
        """First the store, then the finalizer. What is in the cluster the garbage collector takes."""
        if FINALIZER not in _finalizers(database):
            return
        if database["spec"]["backups"] == "Delete":
            for artefact in self.store.list(owner=uid_of(database)):
                self.store.delete(artefact["id"])
                self.events.normal(database, "BackupDeleted", f"Deleted {artefact['id']} with its database")
        with suppress(NotFound):
            self._write_finalizers(database, [f for f in _finalizers(database) if f != FINALIZER])

    def _write_finalizers(self, database: Object, wanted: list[str]) -> None:
        version = database["metadata"]["resourceVersion"]
        self.client.patch(database, patch={"metadata": {"finalizers": wanted, "resourceVersion": version}})

    # --- what we say ---

    def _report(
        self, database: Object, artefacts: list[Artefact] | None, trouble: tuple[str, str] | None
    ) -> None:
        """`artefacts`: None if the store could not be asked. Written only if it says anything new."""
        sset = self.sset(database)
        status = {**(database.get("status") or {}), "observedGeneration": database["metadata"]["generation"]}
        status["readyReplicas"] = dig(sset, "status", "readyReplicas", default=0)
        if sset is not None:
            status["version"] = parts.version_of(sset)
        if artefacts is not None:
            status["backups"] = len(artefacts)
            last = max(artefacts, key=lambda a: a["at"], default=None)
            known = {"lastBackup": last["id"], "lastBackupTime": timestamp(last["at"])} if last else {}
            status = {k: v for k, v in status.items() if not k.startswith("lastBackup")} | known
        reason, message = trouble or self._situation(database, sset)
        ready = ("Ready", reason == "AllReady", reason, message)
        status["conditions"] = with_condition(database, self.clock, *ready)
        if status != database.get("status"):
            self.client.update_status({**database, "status": status})

    def _situation(self, database: Object, sset: Object | None) -> tuple[str, str]:
        wanted = database["spec"]
        if sset is None and self.cache.get("statefulsets", key_of(database)) is not None:
            return "NameTaken", f"There is a StatefulSet {name_of(database)} of somebody else"
        if sset is None:
            return "Creating", "The StatefulSet is being made"
        version, ready = parts.version_of(sset), dig(sset, "status", "readyReplicas", default=0)
        if version < wanted["version"]:
            return "Upgrading", f"Version {version} runs, version {wanted['version']} is wanted"
        settled = self._is_settled(sset) and sset["spec"]["replicas"] == wanted["replicas"]
        return "AllReady" if settled else "Progressing", f"{ready} of {wanted['replicas']} replicas are ready"


def _finalizers(obj: Object) -> list[str]:
    return obj["metadata"].get("finalizers") or []
