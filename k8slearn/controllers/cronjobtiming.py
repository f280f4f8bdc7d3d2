"""When a CronJob is due, and what has been missed. Pure arithmetic.

Kubernetes: pkg/controller/cronjob/utils.go (mostRecentScheduleTime, nextScheduleTimeDuration)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from k8slearn.api import cron
from k8slearn.api.clock import EPOCH, seconds_of
from k8slearn.api.objects import Object, dig

NEVER = "time difference between two schedules is less than 1 second"
LITTLE = 0.1  # seconds after its time at which a Job is made


class Timing:
    """When a CronJob is due: from its schedule, and from when it was last."""

    def __init__(self, cronjob: Object, schedule: cron.Schedule, zone: Any) -> None:
        self.schedule, self.zone = schedule, zone
        last = dig(cronjob, "status", "lastScheduleTime") or cronjob["metadata"]["creationTimestamp"]
        self.last = EPOCH + timedelta(seconds=seconds_of(last))
        deadline = cronjob["spec"].get("startingDeadlineSeconds")
        self.deadline = None if deadline is None else timedelta(seconds=deadline)

    def due(self, now: datetime) -> tuple[datetime | None, int]:
        """The latest start that has not been made, and about how many have been missed.

        Raises ValueError for a schedule that never comes, such as the 30th of February.
        """
        since = self.last if self.deadline is None else max(self.last, now - self.deadline)
        if self._after(since) is None:
            raise ValueError(NEVER)
        return self._latest(since, now)

    def next(self, now: datetime) -> float | None:
        """Seconds until the next start; None when there is none."""
        latest, missed = self._latest(self.last, now)
        following = self._after(latest or (now if missed else self.last))
        return (following - now).total_seconds() + LITTLE if following is not None else None

    def is_too_late(self, due: datetime, now: datetime) -> bool:
        return self.deadline is not None and due + self.deadline < now

    def _after(self, moment: datetime) -> datetime | None:
        return self.schedule.next(moment, self.zone)

    def _latest(self, since: datetime, now: datetime) -> tuple[datetime | None, int]:
        """Of many missed starts nobody counts each: the distance of the first two tells where to look."""
        first = self._after(since)
        second = self._after(first) if first is not None else None
        if first is None or now < first:
            return None, 0
        if second is None or now < second:
            return first, 0
        step = second - first
        missed = (now - first) // step + 1
        latest, t = None, self._after(first + (missed - 2) * step)
        while t is not None and t <= now:
            latest, t = t, self._after(t)
        return latest, missed
