"""How long the stages of a container take that do not take a fixed time. Rows of the table name these. In seconds.

Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer), client-go/util/flowcontrol/backoff.go
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, annotations_of, dig
from k8slearn.node import shell
from k8slearn.node.images import size_of
from k8slearn.node.situation import Situation
from k8slearn.node.usage import limits_of, oom_after

BACKOFF, LONGEST_BACKOFF = 10.0, 300.0  # doubled each time. Kubernetes: MaxContainerBackOff, MaxImageBackOff
START = 0.5  # seconds that it takes to make and start a container
LEAST_GRACE = 2.0  # everybody has so long between SIGTERM and SIGKILL: minimumGracePeriodInSeconds
SIGKILL, SIGTERM = 137, 143  # exit codes: 128 + the signal


def runs_for(s: Situation) -> float:
    """Until its program ends by itself. An init container that we know nothing about takes a second."""
    unsaid = s.runs.runs_for == inf and (s.program == "exits" or not s.known)
    default = 1.0 if unsaid else s.runs.runs_for
    return float(annotations_of(s.pod).get("fake/runs-for", default))


def exit_code(s: Situation) -> int:
    """What its program ends with."""
    if s.program == "exits" and not s.init:
        return int(annotations_of(s.pod)["fake/exit"])
    if s.runs.fails and s.dice.below(1_000_000, "fails", *s.luck) < s.runs.fails * 1_000_000:
        return 1
    return s.runs.exit_code


def out_of_memory(s: Situation) -> float:
    """From its start until it wants more memory than its limit."""
    return oom_after(s.runs, limits_of(s.spec, s.status))


def starting(s: Situation) -> float:
    """Making the container, and its postStart hook: it counts as running when that is over."""
    return START + hook(s.spec, "postStart")


# --- being stopped -------------------------------------------------------------------------------


def stops_in(s: Situation) -> float:
    """The program's own time to obey SIGTERM."""
    return float(annotations_of(s.pod).get("fake/stops-in", s.runs.stops_in))


def grace(s: Situation) -> float:
    """How long it may take to stop, preStop included."""
    own = float(dig(s.pod, "spec", "terminationGracePeriodSeconds", default=30))
    if s.deleting:
        return float(dig(s.pod, "metadata", "deletionGracePeriodSeconds", default=own))
    if s.doom is not None:
        return own if s.doom.grace is None else s.doom.grace
    if s.failed:
        probe = s.spec.get(f"{s.failed}Probe") or {}
        return float(probe.get("terminationGracePeriodSeconds") or own)
    return own


def before_sigterm(s: Situation) -> float:
    """Its preStop hook runs first; a sidecar waits besides until those have stopped that it serves."""
    if s.after == inf:
        return inf
    return max(min(hook(s.spec, "preStop"), grace(s)), s.after - s.since if s.after else 0.0)


def hook(container: Object, which: str) -> float:
    """How long a lifecycle hook takes: preStop, postStart."""
    handler = dig(container, "lifecycle", which, default={})
    if "sleep" in handler:
        return float(handler["sleep"].get("seconds", 0))
    script = shell.understood(dig(handler, "exec", "command", default=[]))
    return script.ends_after if script is not None and script.ends_after else 0.0


def after_sigterm(s: Situation) -> float:
    """From SIGTERM to SIGKILL."""
    return max(grace(s) - before_sigterm(s), LEAST_GRACE)


def stopping(s: Situation) -> float:
    before = before_sigterm(s)
    return before if before == inf else before + min(stops_in(s), after_sigterm(s))


def stop_code(s: Situation) -> int:
    """0 if it stopped in time; 143 if it has no handler and just dies; 137 if it had to be killed."""
    if stops_in(s) > after_sigterm(s):
        return SIGKILL
    return SIGTERM if s.known and stops_in(s) == 0 else 0


# --- trying again --------------------------------------------------------------------------------


def crash_backoff(s: Situation) -> float:
    """Nothing if the kubelet was restarted meanwhile: it remembers no crashes."""
    return _doubled(s.life.crashes)


def pull_backoff(s: Situation) -> float:
    return _doubled(s.life.pull_failures)


def _doubled(times: int) -> float:
    return min(BACKOFF * 2.0 ** (min(times, 16) - 1), LONGEST_BACKOFF) if times else 0.0


def pulling(s: Situation) -> float:
    """What the pod says; or as fast as the line is; or from one to three seconds, the same for an image on a node."""
    fixed = annotations_of(s.pod).get("fake/pull-seconds")
    if fixed is not None:
        return float(fixed)
    if s.images.rate:
        return round(size_of(s.spec["image"], s.dice) / s.images.rate, 3)
    return roll(s.dice, (1.0, 3.0), s)


def roll(dice: Dice, between: tuple[float, float], s: Situation) -> float:
    low, high = between
    thousandths = dice.below(1001, "seconds", s.pod["spec"].get("nodeName", ""), s.spec["image"], low, high)
    return round(low + (high - low) * thousandths / 1000, 3)


DELAYS: dict[str, Callable[[Situation], float]] = {
    f.__name__: f for f in (starting, runs_for, out_of_memory, stopping, crash_backoff, pull_backoff, pulling)
}


def seconds(delay: float | tuple[float, float] | str, s: Situation) -> float:
    """A number; the name of a delay above; or a range to roll in."""
    if isinstance(delay, str):
        return DELAYS[delay](s)
    if isinstance(delay, (tuple, list)):
        low, high = delay
        return roll(s.dice, (low, high), s)
    return delay
