"""Would a container take a request now? For whoever routes traffic to pods. Pure functions.

| the container                         | a new connection                                                    |
|---------------------------------------|---------------------------------------------------------------------|
| does not run, or is still starting    | refused                                                             |
| serves                                | taken; `usage.capacity` says how many requests per second it manages |
| hangs                                 | taken, and never answered                                           |
| is being stopped, preStop still runs  | taken                                                               |
| has been sent SIGTERM                 | refused; what it has begun is finished if it `drains`, else cut off |

A router that only hears of endpoints a moment later sends requests to pods that refuse them: that is what a preStop
hook that sleeps is for.
"""

from __future__ import annotations

from math import inf

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig
from k8slearn.node.delays import hook
from k8slearn.node.programs import program
from k8slearn.node.usage import named

REFUSED, TAKEN, HANGS = "refused", "taken", "hangs"


def connection(pod: Object, container: str, now: float, port: int = 0) -> str:
    """What becomes of a new connection at second `now`: refused, taken, hangs. Port 0: whichever it listens on."""
    spec, status = (
        named(pod["spec"], container, "ontainers"),
        named(dig(pod, "status"), container, "Statuses"),
    )
    started = dig(status, "state", "running", "startedAt")
    if spec is None or started is None or now >= sigterm_at(pod, spec):
        return REFUSED
    p, age = program(spec), now - seconds_of(started)
    if age < p.starts_in or (p.port and port not in (0, p.port)):
        return REFUSED
    return HANGS if age >= p.hangs_after else TAKEN


def drains(container: Object) -> bool:
    """Does it finish what it has begun when it is told to stop?"""
    return program(container).stops_in > 0


def sigterm_at(pod: Object, container: Object) -> float:
    """When a container of a pod that is being deleted is told to stop: after its preStop hook; else inf."""
    until = dig(pod, "metadata", "deletionTimestamp")
    if until is None:
        return inf
    grace = float(dig(pod, "metadata", "deletionGracePeriodSeconds", default=0))
    return seconds_of(until) - grace + min(hook(container, "preStop"), grace)
