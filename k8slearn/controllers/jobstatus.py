"""Where a Job stands: what its pods say, what has been counted, and whether it is over. No requests are made.

A finished pod is counted exactly once, though the controller may die at any point: its uid is first noted in
``uncountedTerminatedPods``, then its finalizer is taken off, then it moves from the note into the number.

Kubernetes: pkg/controller/job/job_controller.go (syncJobCtx, trackJobStatusAndRemoveFinalizers)
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import Object, annotations_of, dig, edit, is_deleting, labels_of, uid_of
from k8slearn.controllers.jobpolicy import (
    Verdict,
    index_of,
    parse_indexes,
    pod_failure_policy,
    success_policy,
    write_indexes,
)
from k8slearn.controllers.pods import condition, is_active, is_ready

FINALIZER = "batch.kubernetes.io/job-tracking"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
BACKOFF, LONGEST_BACKOFF = 10.0, 600.0  # seconds; doubled with each failure

#: What is said first, while pods still end -> what is said when all is over.
FINAL = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}


class Ending(NamedTuple):
    """Why a Job is over, or will be when its pods are gone."""

    kind: str  # SuccessCriteriaMet or FailureTarget
    reason: str
    message: str


class JobSync:
    """One look at one Job. `released`: pods of whose lost finalizer the cache may not have heard."""

    def __init__(self, job: Object, pods: list[Object], released: set[str], now: float) -> None:
        self.job, self.spec, self.pods, self.now = job, job["spec"], pods, now
        self.status = edit(job.get("status") or {})
        self.indexed = self.spec.get("completionMode") == "Indexed"
        self.per_index = self.spec.get("backoffLimitPerIndex")
        self.active = [p for p in pods if is_active(p)]
        self.terminating = sum(is_deleting(p) and not _has_ended(p) for p in pods)
        self.ready = sum(map(is_ready, self.active))
        self.tracked = [p for p in pods if _has_finalizer(p) and uid_of(p) not in released]
        noted = self.status.get("uncountedTerminatedPods") or {}
        self.noted = {end: list(noted.get(end) or ()) for end in ("succeeded", "failed")}
        self.new_succeeded = [p for p in self._new("succeeded") if _phase(p) == "Succeeded"]
        self.new_failed = [p for p in self._new("failed") if self.is_failed(p)]
        counted = [p for p in self.new_failed if self.verdict(p).action != "Ignore"]
        self.succeeded = self._number("succeeded") + len(self.new_succeeded)
        self.failed = self._number("failed") + len(counted)
        self.succeeded_indexes: frozenset[int] = frozenset()
        self.failed_indexes: frozenset[int] = frozenset()
        if self.indexed:
            self._read_indexes()

    def _new(self, end: str) -> list[Object]:
        """Pods that have not been counted among these, and may be."""
        return [p for p in self.tracked if uid_of(p) not in self.noted[end] and self._has_place(p)]

    def _number(self, end: str) -> int:
        return self.status.get(end, 0) + len(self.noted[end])

    def _has_place(self, pod: Object) -> bool:
        return not self.indexed or 0 <= index_of(pod) < self.spec["completions"]

    def _read_indexes(self) -> None:
        total = self.spec["completions"]
        done = parse_indexes(self.status.get("completedIndexes"), total)
        self.succeeded_indexes = done | {index_of(p) for p in self.new_succeeded}
        self.succeeded = len(self.succeeded_indexes)
        if self.per_index is not None:
            before = parse_indexes(self.status.get("failedIndexes"), total)
            now = {index_of(p) for p in self.tracked if self._has_place(p) and self._fails_its_index(p)}
            self.failed_indexes = before | now

    # --- pods ---

    def is_failed(self, pod: Object) -> bool:
        """A pod that is deleted before it has ended failed too, unless only the really failed are replaced."""
        if _phase(pod) == "Failed":
            return True
        gone = is_deleting(pod) and _phase(pod) != "Succeeded"
        return gone and self.spec.get("podReplacementPolicy") != "Failed"

    def verdict(self, pod: Object) -> Verdict:
        return pod_failure_policy(self.job, pod)

    def _fails_its_index(self, pod: Object) -> bool:
        if not self.is_failed(pod):
            return False
        action = self.verdict(pod).action
        return action == "FailIndex" or (action != "Ignore" and failures_of(pod) >= self.per_index)

    def last_failures(self) -> dict[int, Object]:
        """With a limit per index: the failed pod that each open index waits to have replaced."""
        if self.per_index is None:
            return {}
        busy = {index_of(p) for p in self.active} | self.succeeded_indexes | self.failed_indexes
        failed = [p for p in self.tracked if self._has_place(p) and self.is_failed(p)]
        held: dict[int, Object] = {}
        for pod in sorted(failed, key=failures_of):
            if index_of(pod) not in busy:
                held[index_of(pod)] = pod
        return held

    # --- is it over? ---

    def ending(self) -> Ending | None:
        """As noted before, or as it has turned out now."""
        for kind in FINAL:
            noted = condition(self.job, kind)
            if noted is not None and noted["status"] == "True":
                return Ending(kind, noted["reason"], noted["message"])
        return self._failure() or self._index_failure() or self._early_success()

    def _failure(self) -> Ending | None:
        for pod in self.pods:
            verdict = self.verdict(pod) if self.is_failed(pod) else Verdict()
            if verdict.action == "FailJob":
                return Ending("FailureTarget", "PodFailurePolicy", verdict.message)
        if self.failed > self.spec["backoffLimit"] or self._restarted_too_often():
            message = "Job has reached the specified backoff limit"
            return Ending("FailureTarget", "BackoffLimitExceeded", message)
        left = self.deadline_left()
        if left is not None and left <= 0:
            message = "Job was active longer than specified deadline"
            return Ending("FailureTarget", "DeadlineExceeded", message)
        return None

    def _restarted_too_often(self) -> bool:
        """Containers restarted in place count as failures."""
        if self.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
            return False
        count = sum(
            container["restartCount"]
            for pod in self.pods
            if _phase(pod) in ("Pending", "Running")
            for kind in ("initContainerStatuses", "containerStatuses")
            for container in dig(pod, "status", kind, default=())
        )
        return count >= max(self.spec["backoffLimit"], 1)

    def deadline_left(self) -> float | None:
        """Seconds until the Job has been active for too long; None without such a limit."""
        limit, started = self.spec.get("activeDeadlineSeconds"), self.status.get("startTime")
        if limit is None or started is None or self.spec.get("suspend"):
            return None
        return seconds_of(started) + limit - self.now

    def _index_failure(self) -> Ending | None:
        failed, most = len(self.failed_indexes), self.spec.get("maxFailedIndexes")
        if failed and most is not None and failed > most:
            message = "Job has exceeded the specified maximal number of failed indexes"
            return Ending("FailureTarget", "MaxFailedIndexesExceeded", message)
        if failed and failed + len(self.succeeded_indexes) >= self.spec["completions"]:
            return Ending("FailureTarget", "FailedIndexes", "Job has failed indexes")
        return None

    def _early_success(self) -> Ending | None:
        message = success_policy(self.job, self.succeeded_indexes) if self.indexed else ""
        return Ending("SuccessCriteriaMet", "SuccessPolicy", message) if message else None

    def completion(self, active: int) -> Ending | None:
        """Enough pods have succeeded; without a number, one is enough, but those that run may end."""
        wanted = self.spec.get("completions")
        enough = self.succeeded > 0 if wanted is None else self.succeeded >= wanted
        if active or not enough:
            return None
        message = "Reached expected number of succeeded pods"
        return Ending("SuccessCriteriaMet", "CompletionsReached", message)

    # --- how many pods should there be? ---

    def wanted(self) -> int:
        """Pods that should be active now."""
        most, completions = self.spec["parallelism"], self.spec.get("completions")
        if completions is None:
            return len(self.active) if self.succeeded else most
        return max(min(completions - self.succeeded, most), 0)

    def open_indexes(self, count: int) -> list[int]:
        """The first `count` completions that nobody works on."""
        taken = {index_of(p) for p in self.active} | self.succeeded_indexes | self.failed_indexes
        if self.spec.get("podReplacementPolicy") == "Failed":
            taken |= {index_of(p) for p in self.pods if is_deleting(p)}
        found: list[int] = []
        for index in range(self.spec["completions"]):
            if len(found) == count:
                break
            if index not in taken:
                found.append(index)
        return found

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
            if going or _phase(pod) == "Succeeded" or (failed and uid_of(pod) not in held):
                free.append(pod)
                self._note_one(pod, failed or failing)
        if self.indexed:
            self._write_indexes()
        self._write_noted()
        return free

    def _note_one(self, pod: Object, failed: bool) -> None:
        uid = uid_of(pod)
        if uid in self.noted["failed"] or uid in self.noted["succeeded"] or not self._has_place(pod):
            return
        if _phase(pod) == "Succeeded":
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


def failures_of(pod: Object) -> int:
    return int(annotations_of(pod).get(FAILURES, "0"))


def finished_at(pod: Object, now: float) -> float:
    """When its last container ended, as far as is known."""
    statuses = dig(pod, "status", "containerStatuses", default=())
    ends = [t["finishedAt"] for s in statuses if (t := dig(s, "state", "terminated")) and "finishedAt" in t]
    return max(map(seconds_of, ends), default=now)


def _has_finalizer(pod: Object) -> bool:
    return FINALIZER in dig(pod, "metadata", "finalizers", default=())


def _has_ended(pod: Object) -> bool:
    return _phase(pod) in ("Succeeded", "Failed")


def _phase(pod: Object) -> str:
    return dig(pod, "status", "phase", default="")


def job_name_of(pod: Object) -> str:
    """The Job whose pod this was made to be, whoever owns it now."""
    return labels_of(pod).get("batch.kubernetes.io/job-name", labels_of(pod).get("job-name", ""))
