"""The pods of a Job: what they look like, which go first, and how long the next one has to wait.

Kubernetes: pkg/controller/job (backoff_utils.go, indexed_job_utils.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, annotations_of, name_of, uid_of
from k8slearn.controllers.jobpolicy import INDEX, index_of
from k8slearn.controllers.jobstatus import JobSync
from k8slearn.controllers.jobview import BACKOFF, FAILURES, FINALIZER, LONGEST_BACKOFF, failures_of
from k8slearn.controllers.pods import deletion_rank, from_template

IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
INDEX_VARIABLE = {
    "name": "JOB_COMPLETION_INDEX",
    "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
}


class Failures(NamedTuple):
    """How often pods have failed since one succeeded, and when the last one did."""

    times: int = 0
    last: float = 0.0

    def pause(self, now: float) -> float:
        """Seconds until the next pod may be made."""
        if not self.times:
            return 0.0
        backoff = min(BACKOFF * 2 ** min(self.times - 1, 9), LONGEST_BACKOFF)
        return max(self.last + backoff - now, 0.0)


def for_removal(sync: JobSync, count: int) -> list[Object]:
    """Of several pods with one index all but one; then as many as are too much, the least missed first."""
    doomed = dict(_misplaced(sync)) if sync.indexed else {}
    rest = sorted((p for p in sync.active if uid_of(p) not in doomed), key=deletion_rank)
    return [*doomed.values(), *rest[: max(count - len(doomed), 0)]]


def _misplaced(sync: JobSync) -> Iterator[tuple[str, Object]]:
    seen: set[int] = set()
    for pod in sorted(sync.active, key=deletion_rank, reverse=True):
        index = index_of(pod)
        if index in seen or not 0 <= index < sync.spec["completions"]:
            yield uid_of(pod), pod
        seen.add(index)


def tracked_pod(template: Object, job: Object) -> Object:
    pod = from_template(template, job)
    pod["metadata"]["finalizers"] = [*pod["metadata"].get("finalizers", ()), FINALIZER]
    return pod


def indexed_pod(job: Object, index: int, sync: JobSync, failed: Object | None) -> Object:
    """A pod that knows which of the completions it works on: by annotation, label, host name and variable."""
    pod = tracked_pod(job["spec"]["template"], job)
    m: dict[str, Any] = pod["metadata"]
    m["annotations"] = {**m.get("annotations", {}), INDEX: str(index)}
    m["labels"] = {**m.get("labels", {}), INDEX: str(index)}
    ending = f"-{index}-"
    m["generateName"] = name_of(job)[: 58 - len(ending)] + ending
    if sync.per_index is not None:
        m["annotations"] |= _failure_counts(sync, failed)
    pod["spec"]["hostname"] = f"{name_of(job)}-{index}"
    for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
        if all(v["name"] != INDEX_VARIABLE["name"] for v in container.get("env", ())):
            container["env"] = [*container.get("env", ()), INDEX_VARIABLE]
    return pod


def _failure_counts(sync: JobSync, failed: Object | None) -> dict[str, str]:
    """How often this index has failed so far, and how often without it being held against it."""
    if failed is None:
        return {FAILURES: "0"}
    ignored = int(annotations_of(failed).get(IGNORED_FAILURES, "0"))
    forgiven = sync.verdict(failed).action == "Ignore"
    counts = {FAILURES: str(failures_of(failed) + (not forgiven))}
    return counts | ({IGNORED_FAILURES: str(ignored + forgiven)} if ignored or forgiven else {})
