"""What a Job says about itself, and how its pods are counted. No requests are made.

A finished pod is counted exactly once, though the controller may die at any point: its uid is first noted in
``uncountedTerminatedPods``, then its finalizer is taken off, then it moves from the note into the number.

Kubernetes: pkg/controller/job/job_controller.go (trackJobStatusAndRemoveFinalizers)
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, is_deleting, uid_of
from k8slearn.controllers.jobpolicy import write_indexes
from k8slearn.controllers.jobview import FINAL, Ending, JobView, phase


class JobSync(JobView):
    """A view whose status is changed, ready to be written."""

    # --- counting ---

    def note(self, ending: Ending | None) -> list[Object]:
        """Note what has ended; returns the pods whose finalizer may come off now."""
        self._count_released()
        held = {uid_of(p) for p in self.last_failures().values()}
        failing = ending is not None and ending.kind == "FailureTarget"
        going = is_deleting(self.job) or ending is not None
        free = []
        for pod in self.tracked:
            failed = self.is_failed(pod)
            if going or phase(pod) == "Succeeded" or (failed and uid_of(pod) not in held):
                free.append(pod)
                self._note_one(pod, failed or failing)
        if self.indexed:
            self._write_indexes()
        self._write_noted()
        return free

    def _note_one(self, pod: Object, failed: bool) -> None:
        uid = uid_of(pod)
        if uid in self.noted["failed"] or uid in self.noted["succeeded"] or not self.has_place(pod):
            return
        if phase(pod) == "Succeeded":
            if not self.indexed:  # an index that is done cannot be counted twice
                self.noted["succeeded"].append(uid)
        elif failed and self.verdict(pod).action != "Ignore":
            self.noted["failed"].append(uid)

    def count(self, freed: set[str]) -> None:
        """These have lost their finalizer: from the note into the number."""
        self.tracked = [p for p in self.tracked if uid_of(p) not in freed]
        self._count_released()
        self._write_noted()

    def _count_released(self) -> None:
        held = {uid_of(p) for p in self.tracked}
        for end, uids in self.noted.items():
            kept = [uid for uid in uids if uid in held]
            if len(kept) < len(uids):
                self.status[end] = self.status.get(end, 0) + len(uids) - len(kept)
                self.noted[end] = kept

    def _write_noted(self) -> None:
        self.status["uncountedTerminatedPods"] = {end: list(uids) for end, uids in self.noted.items() if uids}

    def _write_indexes(self) -> None:
        self._set("succeeded", len(self.succeeded_indexes))
        self._set("completedIndexes", write_indexes(self.succeeded_indexes))
        if self.per_index is not None:
            self.status["failedIndexes"] = write_indexes(self.failed_indexes)

    def _set(self, field: str, value: int | str) -> None:
        """Empty ones are left out, as in the API."""
        self.status.pop(field, None)
        if value:
            self.status[field] = value

    def set_start(self) -> None:
        """The clock of activeDeadlineSeconds starts, or starts again."""
        self.status["startTime"] = timestamp(self.now)

    def set_counts(self, active: int, terminating: int, ready: int) -> None:
        self._set("active", active)
        self.status |= {"ready": ready, "terminating": terminating}

    # --- conditions ---

    def set_condition(self, kind: str, status: str, reason: str, message: str) -> bool:
        """Add or change a condition; one that would only say "no" is not begun. True if that changed it."""
        conditions = self.status.setdefault("conditions", [])
        known = next((c for c in conditions if c["type"] == kind), None)
        if known is None and status == "False":
            if not conditions:
                del self.status["conditions"]
            return False
        if known is not None and known["status"] == status:
            return False
        now = timestamp(self.now)
        fresh = {"type": kind, "status": status, "lastProbeTime": now, "lastTransitionTime": now}
        fresh |= {"reason": reason, "message": message}
        if known is None:
            conditions.append(fresh)
        else:
            known.update(fresh)
        return True

    def finish(self, ending: Ending | None, terminating: int) -> bool:
        """Say that all is over, if it is: everything counted, and no pod left on its way out."""
        if ending is None or any(self.noted.values()) or terminating:
            return False
        self.set_condition(FINAL[ending.kind], "True", ending.reason, ending.message)
        if ending.kind == "SuccessCriteriaMet":
            self.status["completionTime"] = timestamp(self.now)
        return True
