"""Where a Job stands: what its pods say, whether it is over, and how many pods it should have. Nothing is written.

Kubernetes: pkg/controller/job/job_controller.go (syncJobCtx)
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, annotations_of, dig, edit, is_deleting, labels_of, uid_of
from k8slearn.controllers.jobpolicy import (
    Verdict,
    index_of,
    parse_indexes,
    pod_failure_policy,
    success_policy,
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


class JobView:
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
        self.new_succeeded = [p for p in self._new("succeeded") if phase(p) == "Succeeded"]
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
        return [p for p in self.tracked if uid_of(p) not in self.noted[end] and self.has_place(p)]

    def _number(self, end: str) -> int:
        return self.status.get(end, 0) + len(self.noted[end])

    def has_place(self, pod: Object) -> bool:
        return not self.indexed or 0 <= index_of(pod) < self.spec["completions"]

    def _read_indexes(self) -> None:
        total = self.spec["completions"]
        done = parse_indexes(self.status.get("completedIndexes"), total)
        self.succeeded_indexes = done | {index_of(p) for p in self.new_succeeded}
        self.succeeded = len(self.succeeded_indexes)
        if self.per_index is not None:
            before = parse_indexes(self.status.get("failedIndexes"), total)
            now = {index_of(p) for p in self.tracked if self.has_place(p) and self._fails_its_index(p)}
            self.failed_indexes = before | now

    # --- pods ---

    def is_failed(self, pod: Object) -> bool:
        """A pod that is deleted before it has ended failed too, unless only the really failed are replaced."""
        if phase(pod) == "Failed":
            return True
        gone = is_deleting(pod) and phase(pod) != "Succeeded"
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
        failed = [p for p in self.tracked if self.has_place(p) and self.is_failed(p)]
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
            if phase(pod) in ("Pending", "Running")
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
    return phase(pod) in ("Succeeded", "Failed")


def phase(pod: Object) -> str:
    return dig(pod, "status", "phase", default="")


def job_name_of(pod: Object) -> str:
    """The Job whose pod this was made to be, whoever owns it now."""
    return labels_of(pod).get("batch.kubernetes.io/job-name", labels_of(pod).get("job-name", ""))
