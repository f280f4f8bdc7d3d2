"""Makes a Job whenever its schedule says so.

The name of a Job is that of the CronJob and the minute for which it was made, so however often the
controller looks (or dies between two writes), no minute gets two.

Kubernetes: pkg/controller/cronjob (cronjob_controllerv2.go, utils.go)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from k8slearn.api import cron
from k8slearn.api.clock import EPOCH
from k8slearn.api.errors import AlreadyExists, ApiError, Conflict, Forbidden, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    edit,
    is_controlled_by,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from k8slearn.controllers.cronjobtiming import Timing
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MANY = 100  # missed starts
TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
RFC1123Z = "%a, %d %b %Y %H:%M:%S +0000"


class CronJobController(Controller):
    name = "cronjob-controller"
    room = "controllers"
    primary = "cronjobs"
    owns = ("jobs",)

    def reconcile(self, key: Key) -> Done | None:
        known = self.cache.get("cronjobs", key)
        if known is None:
            return None
        cronjob: Object = {**known, "status": edit(known.get("status") or {})}
        jobs = self.cache.owned_by(cronjob, "jobs")
        self._look_at_jobs(cronjob, jobs)
        done = None if is_deleting(cronjob) else self._look_at_clock(cronjob)
        self._clean_up(cronjob, jobs)
        if not cronjob["status"].get("active"):
            cronjob["status"].pop("active", None)
        if cronjob["status"] != (known.get("status") or {}):
            self.client.update_status(cronjob)
        return done

    # --- the Jobs it has made ---

    def _look_at_jobs(self, cronjob: Object, jobs: list[Object]) -> None:
        """Which have finished, which are missing, which does it not know?"""
        status = cronjob["status"]
        active = {a["uid"]: a for a in status.get("active", ())}
        for job in jobs:
            end = _end(job)
            if end and active.pop(uid_of(job), None):
                text = f"Saw completed job: {name_of(job)}, condition: {end}"
                self.events.normal(cronjob, "SawCompletedJob", text)
            elif not end and uid_of(job) not in active and not self._is_known_by_now(cronjob, job):
                text = f"Saw a job that the controller did not create or forgot: {name_of(job)}"
                self.events.warning(cronjob, "UnexpectedJob", text)
            if end == "Complete":
                self._note_success(status, dig(job, "status", "completionTime"))
        there = {uid_of(job) for job in jobs}
        for reference in [a for uid, a in active.items() if uid not in there]:
            if self._get_job(reference) is None:
                del active[reference["uid"]]
                self.events.normal(cronjob, "MissingJob", f"Active job went missing: {reference['name']}")
        status["active"] = list(active.values())

    def _is_known_by_now(self, cronjob: Object, job: Object) -> bool:
        """The cache may not have heard yet that we have made this Job."""
        try:
            fresh = self.client.get("cronjobs", key_of(cronjob))
        except NotFound:
            return True
        return any(a["uid"] == uid_of(job) for a in dig(fresh, "status", "active", default=()))

    def _note_success(self, status: dict[str, Any], moment: str | None) -> None:
        if moment and moment > status.get("lastSuccessfulTime", ""):
            status["lastSuccessfulTime"] = moment

    def _get_job(self, reference: Object) -> Object | None:
        try:
            return self.client.get("jobs", f"{reference['namespace']}/{reference['name']}")
        except NotFound:
            return None

    # --- is it time? ---

    def _look_at_clock(self, cronjob: Object) -> Done | None:
        spec = cronjob["spec"]
        timing = self._timing(cronjob)
        if spec.get("suspend") or timing is None:
            return None
        try:
            due, missed = timing.due(self._now)
        except ValueError as error:
            text = f"invalid schedule: {spec['schedule']} : {error}"
            self.events.warning(cronjob, "InvalidSchedule", text)
            return None
        if missed > MANY:
            self.events.warning(cronjob, "TooManyMissedTimes", TOO_MANY)
        if due is not None and timing.is_too_late(due, self._now):
            text = f"Missed scheduled time to start a job: {due.strftime(RFC1123Z)}"
            self.events.warning(cronjob, "MissSchedule", text)
        elif due is not None and _timestamp(due) != cronjob["status"].get("lastScheduleTime"):
            self._start(cronjob, due, timing)
        after = Timing(cronjob, timing.schedule, timing.zone).next(self._now)
        return Done(again_in=after, background=True) if after is not None else None

    @property
    def _now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock.now)

    def _timing(self, cronjob: Object) -> Timing | None:
        """Its schedule, if it has a sensible one."""
        spec = cronjob["spec"]
        try:
            zone = cron.zone_of(spec.get("timeZone"))
        except ValueError as error:
            text = f'invalid timeZone: "{spec["timeZone"]}": {error}'
            self.events.warning(cronjob, "UnknownTimeZone", text)
            return None
        try:
            return Timing(cronjob, cron.parse(spec["schedule"]), zone)
        except ValueError as error:
            text = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self.events.warning(cronjob, "UnparseableSchedule", text)
            return None

    # --- making and deleting Jobs ---

    def _start(self, cronjob: Object, due: datetime, timing: Timing) -> None:
        active = cronjob["status"]["active"]
        policy, wanted = cronjob["spec"].get("concurrencyPolicy"), _job(cronjob, due, timing)
        if any(a["name"] == name_of(wanted) for a in active):
            return
        if policy == "Forbid" and active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.events.normal(cronjob, "JobAlreadyActive", text)
            return
        for reference in list(active) if policy == "Replace" else ():
            self._delete(cronjob, reference["namespace"], reference["name"], reference["uid"])
        job = self._create(cronjob, wanted)
        if job is None or any(a["uid"] == uid_of(job) for a in cronjob["status"]["active"]):
            return
        cronjob["status"]["active"].append(_reference(job))
        cronjob["status"]["lastScheduleTime"] = _timestamp(due)

    def _create(self, cronjob: Object, wanted: Object) -> Object | None:
        """The Job of this minute, if it is ours."""
        try:
            job = self.client.create(wanted)
        except AlreadyExists:
            found = self._get_job(wanted["metadata"])
            return found if found is not None and is_controlled_by(found, cronjob) else None
        except (Forbidden, NotFound) as error:
            if _is_going(error):
                return None
            self.events.warning(cronjob, "FailedCreate", f"Error creating job: {error}")
            raise
        except ApiError as error:
            self.events.warning(cronjob, "FailedCreate", f"Error creating job: {error}")
            raise
        self.events.normal(cronjob, "SuccessfulCreate", f"Created job {name_of(job)}")
        return job

    def _delete(self, cronjob: Object, namespace: str, name: str, uid: str) -> None:
        try:
            only_this = {"uid": uid}
            self.client.delete(
                "jobs", f"{namespace}/{name}", propagationPolicy="Background", preconditions=only_this
            )
        except (NotFound, Conflict):
            pass  # gone already
        except ApiError as error:
            self.events.warning(cronjob, "FailedDelete", f"Deleted job: {error}")
            raise
        else:
            self.events.normal(cronjob, "SuccessfulDelete", f"Deleted job {name}")
        kept = [a for a in cronjob["status"]["active"] if a["uid"] != uid]
        cronjob["status"]["active"] = kept

    def _clean_up(self, cronjob: Object, jobs: list[Object]) -> None:
        """Keep as many finished Jobs as the history limits say, the youngest ones."""
        limits = {"Complete": "successfulJobsHistoryLimit", "Failed": "failedJobsHistoryLimit"}
        for end, field in limits.items():
            limit = cronjob["spec"].get(field)
            finished = [j for j in jobs if _end(j) == end and not is_deleting(j)]
            finished.sort(key=lambda j: (dig(j, "status", "startTime", default="~"), name_of(j)))
            for job in finished[: max(len(finished) - limit, 0)] if limit is not None else ():
                self._delete(cronjob, namespace_of(job), name_of(job), uid_of(job))


def _job(cronjob: Object, due: datetime, timing: Timing) -> Object:
    template = cronjob["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    local = due.astimezone(timing.zone).isoformat().replace("+00:00", "Z")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{name_of(cronjob)}-{int(due.timestamp()) // 60}",
            "namespace": namespace_of(cronjob),
            "labels": dict(metadata.get("labels") or {}),
            "annotations": {**(metadata.get("annotations") or {}), SCHEDULED: local},
            "ownerReferences": [owner_reference(cronjob)],
        },
        "spec": edit(template["spec"]),
    }


def _reference(job: Object) -> Object:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": name_of(job),
        "namespace": namespace_of(job),
        "uid": uid_of(job),
        "resourceVersion": job["metadata"]["resourceVersion"],
    }


def _end(job: Object) -> str:
    """Complete or Failed; "" while it runs."""
    ends = {kind: condition(job, kind) for kind in ("Complete", "Failed")}
    return next((kind for kind, c in ends.items() if c is not None and c["status"] == "True"), "")


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_going(error: ApiError) -> bool:
    """Is it because the namespace is being deleted?"""
    return any(c.get("reason") == "NamespaceTerminating" for c in error.details.get("causes", ()))
