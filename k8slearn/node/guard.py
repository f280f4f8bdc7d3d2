"""The part of a kubelet that protects its machine: who must go when time, memory or disk runs out.

A pod that has to go gets a `Doom`: its containers are stopped, and when they have, its status says why.

Kubernetes: pkg/kubelet/eviction/eviction_manager.go, pkg/kubelet/active_deadline.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of
from k8slearn.api.quantities import value
from k8slearn.machinery import Done
from k8slearn.node import eviction, registration
from k8slearn.node.allocation import Allocation
from k8slearn.node.eviction import Threshold
from k8slearn.node.images import Images
from k8slearn.node.life import FINAL, Doom, Run

EVICTION = "eviction-manager"  # the key that stands for it; keys of pods have a slash
MOST_PROCESSES = 32_768
TOO_LATE = "Pod was active on the node longer than the specified deadline"


class Guard(Allocation):
    WIRING = Allocation.WIRING | {"hard"}

    hard: Mapping[str, str]  # Kubernetes: evictionHard
    runs: dict[Key, Run]
    images: Images

    def setup(self) -> None:
        super().setup()
        self.growing: set[Key] = set()  # pods that will need more than they do now

    # --- deadlines of single pods ---

    def judged(self, run: Run) -> Run:
        """The run, perhaps with a reason to end it."""
        doom, _ = self.deadline(run)
        if doom is None:
            return run
        self.tell_of(run.latest, doom)
        return run._replace(doom=doom)

    def deadline(self, run: Run) -> tuple[Doom | None, float]:
        """(why the pod has to go now, or None; the second at which it will have to)"""
        pod, now = run.latest, self.clock.now
        if not self._has_deadline(run) or run.doom is not None or is_deleting(pod):
            return None, inf
        if dig(pod, "status", "phase") in FINAL:
            return None, inf
        due, doom = min(self._deadlines(run), key=lambda found: found[0], default=(inf, None))
        return (doom if due <= now else None), due

    def _deadlines(self, run: Run) -> Iterator[tuple[float, Doom]]:
        pod, now = run.latest, self.clock.now
        seconds = dig(pod, "spec", "activeDeadlineSeconds")
        if seconds is not None:
            began = seconds_of(dig(pod, "status", "startTime") or timestamp(now))
            yield began + seconds, Doom("DeadlineExceeded", TOO_LATE, now)
        if key_of(pod) in self.growing:
            due, limit = eviction.storage_limit(run)
            text = f"Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "
            yield due, Doom("Evicted", text, now, eviction.IMMEDIATE)

    def no_deadline(self, run: Run) -> None:
        """The pod has ended before its time was up: nobody waits for that any more."""
        if self._has_deadline(run):
            self.queue.cancel(key_of(run.latest))

    def _has_deadline(self, run: Run) -> bool:
        if run.latest["spec"].get("activeDeadlineSeconds") is not None:
            return True
        return bool(self.growing) and key_of(run.latest) in self.growing

    def tell_of(self, pod: Object, doom: Doom) -> None:
        if doom.reason == "DeadlineExceeded":
            self.events.normal(pod, doom.reason, doom.message)
        elif doom.reason == "Evicted":
            self.events.warning(pod, doom.reason, doom.message)

    # --- a machine that is short of something ---

    def lets_in(self, key: Key, pod: Object) -> bool:
        new = key not in self.booked
        welcome = super().lets_in(key, pod)
        if new and key in self.booked and eviction.grows(pod):
            self.growing.add(key)
        return welcome

    def release(self, key: Key) -> None:
        super().release(key)
        self.growing.discard(key)

    def watch_pressure(self) -> None:
        """Look again when a threshold will be crossed. That may be in hours: nobody waits for it."""
        due = min((self._due(t) for t in self._thresholds()), default=inf)
        if due < inf:
            self.queue.add_after(EVICTION, due - self.clock.now, background=True)

    def _thresholds(self) -> list[Threshold]:
        return eviction.thresholds(self.hard, self._capacity())

    def _capacity(self) -> dict[str, int]:
        given = self.machine.capacity
        return {"pids": MOST_PROCESSES, **{r: value(given[r]) for r in ("memory", "ephemeral-storage")}}

    def _left(self, resource: str) -> tuple[float, float]:
        """(how much is available now, how fast it shrinks)"""
        now = self.clock.now
        found = [need for run in self.runs.values() for need in eviction.needs(run, resource)]
        used = sum(need.at(now) for need in found)
        used += sum(self.images.sizes.values()) if resource == "ephemeral-storage" else 0
        return self._capacity()[resource] - used, sum(need.rate for need in found)

    def _due(self, threshold: Threshold) -> float:
        left, rate = self._left(threshold.resource)
        return eviction.next_look(left - threshold.quantity, rate, self.clock.now)

    def relieve(self) -> Done | None:
        """One round of the eviction manager: at most one pod has to go."""
        now, before = self.clock.now, set(self.pressure)
        met = [t for t in self._thresholds() if self._left(t.resource)[0] < t.quantity]
        self.pressure |= {t.condition: now for t in met}
        self.pressure = {c: at for c, at in self.pressure.items() if at + eviction.TRANSITION > now}
        if set(self.pressure) != before:
            self._tell_pressure(before)
        hopeless = bool(met) and not self._reclaim(met[0])
        self.watch_pressure()
        if met:
            return Done(again_in=eviction.INTERVAL, background=hopeless)
        ends = min((at + eviction.TRANSITION for at in self.pressure.values()), default=None)
        return Done(again_in=ends - now) if ends is not None else None

    def _reclaim(self, threshold: Threshold) -> bool:
        """Make room. Returns whether there was anybody to send away."""
        resource, now = threshold.resource, self.clock.now
        self.events.warning(self._me(), "EvictionThresholdMet", f"Attempting to reclaim {resource}")
        if resource == "ephemeral-storage":
            self.images.forget(self._images_in_use())
            if self._left(resource)[0] >= threshold.quantity:
                return True
        candidates = [run for run in self.runs.values() if eviction.needs(run, resource)]
        if any(run.doom is not None for run in candidates):
            return True  # one is on its way out: see what that helps
        for run in eviction.ranked(candidates, threshold, now)[:1]:
            text = eviction.message(run, threshold, self._left(resource)[0], now)
            self.condemn(run, Doom("Evicted", text, now, eviction.IMMEDIATE, disrupted=True))
            return True
        return False

    def condemn(self, run: Run, doom: Doom) -> None:
        key = key_of(run.latest)
        self.runs[key] = run._replace(doom=doom)
        self.tell_of(run.latest, doom)
        self.queue.add(key)

    def _images_in_use(self) -> set[str]:
        return {s["image"] for run in self.runs.values() for s in run.containers.values()}

    # --- what the node says of it ---

    def _me(self) -> Object:
        name = self.machine.name  # as a kubelet speaks of its node: the uid is its name
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}

    def _tell_pressure(self, before: set[str]) -> None:
        for condition, told in registration.PRESSURE.items():
            if (condition in self.pressure) != (condition in before):
                reason = told.event if condition in self.pressure else told.event_of_the_end
                text = f"Node {self.machine.name} status is now: {reason}"
                self.events.normal(self._me(), reason, text)
        self.report_now()

    def health(self) -> registration.Health:
        told = {c: registration.PRESSURE[c] for c in self.pressure}
        if not told:
            return registration.HEALTH
        return {**registration.HEALTH, **{c: ("True", t.reason, t.message) for c, t in told.items()}}

    # --- going back ---

    def guard_state(self) -> dict[str, Any]:
        mine = {"pressure": dict(self.pressure), "down_at": self.down_at}
        return {**mine, "booked": dict(self.booked), "growing": set(self.growing)}

    def load_guard_state(self, saved: dict[str, Any]) -> None:
        self.pressure, self.down_at = dict(saved["pressure"]), saved["down_at"]
        self.booked, self.growing = dict(saved["booked"]), set(saved["growing"])
