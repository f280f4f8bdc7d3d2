"""Runs pods until enough of them have succeeded, or too many have failed.

Where a Job stands is worked out in `jobstatus`, what its pods look like in `jobpods`.

Kubernetes: pkg/controller/job/job_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    controller_of,
    dig,
    is_deleting,
    key_of,
    namespace_of,
    revision_of,
    split_key,
    uid_of,
)
from k8slearn.controllers.jobpods import Failures, for_removal, indexed_pod, tracked_pod
from k8slearn.controllers.jobstatus import JobSync
from k8slearn.controllers.jobview import FINALIZER, Ending, failures_of, finished_at, job_name_of
from k8slearn.controllers.podcontrol import BURST, PodController
from k8slearn.controllers.pods import condition, is_ready
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change

MANAGED_BY = (None, "kubernetes.io/job-controller")


class Managed(NamedTuple):
    """What has been done about a Job's pods: the numbers after it, what went wrong, and when to go on."""

    active: int
    ready: int
    terminating: int
    problem: str = ""
    pause: float = 0.0


class JobController(PodController):
    name = "job-controller"
    primary = "jobs"
    finalizers = (FINALIZER,)

    def setup(self) -> None:
        super().setup()
        self.written: dict[Key, Object] = {}  # Jobs as we wrote them last: newer than the cache for a moment
        self.released: dict[Key, set[str]] = {}  # pods that the cache shows with the finalizer we took off
        self.failures: dict[Key, Failures] = {}

    # --- which keys ---

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Also the Job that a pod once was of, which has to let it go."""
        keys = list(super().keys_for(change))
        if change.resource == "pods" and controller_of(change.object) is None and job_name_of(change.object):
            keys.append(f"{namespace_of(change.object)}/{job_name_of(change.object)}")
        return keys

    def on_change(self, change: Change) -> None:
        if change.resource == "pods" and (change.new is None or not _is_tracked(change.new)):
            for key in self.owners_of(change):
                self.released.get(key, set()).discard(uid_of(change.object))
        super().on_change(change)

    # --- reconcile ---

    def reconcile(self, key: Key) -> Done | None:
        job = self._latest(key)
        self._free_rest(key, job)
        if job is None:
            self._forget(key)
            return None
        if is_finished(job) or job["spec"].get("managedBy") not in MANAGED_BY:
            self.failures.pop(key, None)
            return None
        sync = JobSync(job, self.claim(job), self.released.setdefault(key, set()), self.clock.now)
        self.failures[key] = self._new_failures(key, sync)
        if not sync.spec.get("suspend") and "startTime" not in sync.status:
            sync.set_start()
        return self._sync(key, job, sync)

    def _sync(self, key: Key, job: Object, sync: JobSync) -> Done | None:
        ready_to_act = self.expectations.satisfied(key, self.clock.now)
        ending = sync.ending()
        if ending is not None:
            done = self._delete(job, sync, sync.active)
            if done.active or not ready_to_act:
                ending = None  # not yet: some may still be on their way
        elif ready_to_act and not is_deleting(job):
            done = self._manage(job, sync)
            ending = sync.completion(done.active)
            if ending is None:
                self._tell_suspension(job, sync)
        else:
            done = Managed(len(sync.active), sync.ready, sync.terminating)
            ending = sync.completion(done.active)
        sync.set_counts(done.active, done.terminating, done.ready)
        self._track(key, job, sync, ending, done.terminating)
        if done.problem:
            raise RuntimeError(done.problem.partition(":")[2])
        return self._again(sync, done.pause) or self.until_impatient(key, not ready_to_act)

    def _latest(self, key: Key) -> Object | None:
        """The Job as heard of, or as we have written it ourselves, whichever is newer."""
        job, written = self.cache.get("jobs", key), self.written.get(key)
        if job is None or written is None or uid_of(job) != uid_of(written):
            return job
        return written if revision_of(written) > revision_of(job) else job

    def _forget(self, key: Key) -> None:
        self.expectations.forget(key)
        for memory in (self.written, self.released, self.failures):
            memory.pop(key, None)

    def _again(self, sync: JobSync, pause: float) -> Done | None:
        """When time alone will have changed something."""
        moments = [t for t in (pause, sync.deadline_left()) if t is not None and t > 0]
        return Done(again_in=min(moments)) if moments else None

    # --- pods ---

    def _manage(self, job: Object, sync: JobSync) -> Managed:
        """As many active pods as there should be: fewer, or else more, never both at once."""
        active = len(sync.active)
        if sync.spec.get("suspend"):
            return self._delete(job, sync, sync.active)
        wanted = sync.wanted()
        doomed = for_removal(sync, active - wanted)
        if doomed:
            return self._delete(job, sync, doomed[:BURST])
        unended = sync.terminating if sync.spec.get("podReplacementPolicy") == "Failed" else 0
        missing = min(wanted - unended - active, BURST)
        as_it_is = Managed(active, sync.ready, sync.terminating)
        if missing <= 0:
            return as_it_is
        pause = self.failures[key_of(job)].pause(self.clock.now) if sync.per_index is None else 0.0
        if pause:
            return as_it_is._replace(pause=pause)
        return self._create(job, sync, missing, as_it_is)

    def _create(self, job: Object, sync: JobSync, missing: int, before: Managed) -> Managed:
        if not sync.indexed:
            template = job["spec"]["template"]
            problem = self.create_pods(job, (tracked_pod(template, job) for _ in range(missing)), missing)
            return before._replace(active=before.active + missing, problem=problem)
        held = sync.last_failures()
        pauses = {i: self._index_pause(held.get(i)) for i in sync.open_indexes(missing)}
        due = [i for i, pause in pauses.items() if not pause]
        if not due:
            return before._replace(pause=min(pauses.values(), default=0.0))
        pods = (indexed_pod(job, i, sync, held.get(i)) for i in due)
        problem = self.create_pods(job, pods, len(due))
        return before._replace(active=before.active + len(due), problem=problem)

    def _index_pause(self, failed: Object | None) -> float:
        if failed is None:
            return 0.0
        last = finished_at(failed, self.clock.now)
        return Failures(failures_of(failed) + 1, last).pause(self.clock.now)

    def _delete(self, job: Object, sync: JobSync, doomed: list[Object]) -> Managed:
        problem = self.delete_pods(job, doomed) if doomed else ""
        gone = 0 if problem else len(doomed)
        unready = sum(map(is_ready, doomed)) if gone else 0
        return Managed(len(sync.active) - gone, sync.ready - unready, sync.terminating + gone, problem)

    def _new_failures(self, key: Key, sync: JobSync) -> Failures:
        """The record with what has ended since: a success starts it anew."""
        record = self.failures.get(key, Failures())
        ended = [(finished_at(p, self.clock.now), False) for p in sync.new_succeeded]
        ended += [(finished_at(p, self.clock.now), True) for p in sync.new_failed]
        for moment, failed in sorted(ended):
            record = Failures(record.times + 1, moment) if failed else Failures()
        return record

    # --- status ---

    def _tell_suspension(self, job: Object, sync: JobSync) -> None:
        suspended = bool(sync.spec.get("suspend"))
        word = "suspended" if suspended else "resumed"
        status, message = "True" if suspended else "False", f"Job {word}"
        if not sync.set_condition("Suspended", status, f"Job{word.capitalize()}", message):
            return
        self.events.normal(job, word.capitalize(), message)
        if not suspended:
            sync.set_start()

    def _track(self, key: Key, job: Object, sync: JobSync, ending: Ending | None, terminating: int) -> None:
        """Write what has ended, take the finalizers off, count it, and perhaps say that all is over."""
        free = sync.note(ending)
        if ending is not None:
            sync.set_condition(ending.kind, "True", ending.reason, ending.message)
        job = self._write(key, job, sync)
        freed = {uid_of(p) for p in free if self._free(p)}
        self.released[key] |= freed
        sync.count(freed)
        finished = len(freed) == len(free) and sync.finish(ending, terminating)
        job = self._write(key, job, sync)
        if finished and ending is not None:
            self._tell_end(job, ending)
        if len(freed) < len(free):
            raise RuntimeError("some pods could not be told that they have been counted")

    def _write(self, key: Key, job: Object, sync: JobSync) -> Object:
        if sync.status != (job.get("status") or {}):
            job = self.written[key] = self.client.update_status({**job, "status": sync.status})
        return job

    def _tell_end(self, job: Object, ending: Ending) -> None:
        if ending.kind == "FailureTarget":
            self.events.warning(job, ending.reason, ending.message)
            return
        if dig(job, "status", "succeeded", default=0) > job["spec"].get("completions", 2**31):
            message = "Too many succeeded pods running after completion count reached"
            self.events.warning(job, "TooManySucceededPods", message)
        self.events.normal(job, "Completed", "Job completed")

    # --- finalizers ---

    def _free(self, pod: Object) -> bool:
        """Take our finalizer off: the pod has been counted, or nobody counts it any more."""
        where = dig(pod, "metadata", "finalizers", default=()).index(FINALIZER)
        path = f"/metadata/finalizers/{where}"
        patch = [{"op": "test", "path": path, "value": FINALIZER}, {"op": "remove", "path": path}]
        try:
            self.client.patch(pod, patch=patch, patch_type="json")
        except NotFound:
            return True
        except ApiError:
            return False  # its finalizers are not what the cache says: the next look will show
        return True

    def _free_rest(self, key: Key, job: Object | None) -> None:
        """Pods that nobody counts any more: of a Job that is over or gone, or made nobody's as it goes.

        Who could not be told is told again, or it would stay for ever.
        """
        kept = [pod for pod in self._rest(key, job) if not self._free(pod)]
        if kept:
            raise RuntimeError("some pods could not be told that nobody counts them")

    def _rest(self, key: Key, job: Object | None) -> Iterable[Object]:
        if job is not None and is_finished(job):
            yield from filter(_is_tracked, self.cache.owned_by(job, "pods"))
        if job is None or is_deleting(job):
            namespace, name = split_key(key)
            for pod in filter(_is_tracked, self.cache.list("pods", namespace)):
                owner = controller_of(pod) or {"kind": "Job", "name": job_name_of(pod), "uid": "nobody"}
                stray = owner["uid"] != uid_of(job or {})
                if stray and (owner["kind"], owner["name"]) == ("Job", name):
                    yield pod


def is_finished(job: Object) -> bool:
    ends = (condition(job, kind) for kind in ("Complete", "Failed"))
    return any(end is not None and end["status"] == "True" for end in ends)


def _is_tracked(pod: Object) -> bool:
    return FINALIZER in dig(pod, "metadata", "finalizers", default=())
