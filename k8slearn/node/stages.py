"""What happens to a container on a node, as a table.

A stage says *when* it applies (facts that must all hold, see `situation`), how long it takes, which events
tell of its beginning and its end, and what the container has *become* then (see `containers`). The first row
that applies is the one that happens; when none does, the container is left as it is.

A row is plain data, so a table may as well come from a YAML file: `load_stages`.

Kubernetes: what pkg/kubelet/kuberuntime does in code. The idea of such a table: kwok's Stage objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from k8slearn.api.objects import dig
from k8slearn.node.containers import BECOMES
from k8slearn.node.delays import DELAYS
from k8slearn.node.events import EVENTS
from k8slearn.node.situation import FACTS

Delay = float | tuple[float, float] | str  # seconds; a range to roll in; or the name of one in `delays`


class Stage(NamedTuple):
    """One row: from a situation, through a delay, to a change."""

    name: str
    when: Mapping[str, Any]
    becomes: str
    delay: Delay = 0.0
    since: str = ""  # "start": the delay counts from the container's start, whenever we came to look
    begins: tuple[str, ...] = ()  # names in EVENTS
    ends: tuple[str, ...] = ()


# fmt: off
REALISTIC: tuple[Stage, ...] = (
    # on the way out
    Stage("stop", {"ending": True, "state": "running"},
          "stopped", "stopping", begins=("Killing",)),
    Stage("never start", {"ending": True, "ended": False}, "gone"),

    # the image
    Stage("refuse a bad name", {"state": "starting", "image": "invalid"},
          "waiting: InvalidImageName", ends=("InspectFailed", "InvalidImageName")),
    Stage("must not pull", {"state": "starting", "image": "missing"},
          "waiting: ErrImageNeverPull", ends=("NeverPull", "ErrImageNeverPull")),
    Stage("fail to pull", {"state": "starting", "image": "broken"},
          "waiting: ErrImagePull", 0.5, begins=("Pulling",), ends=("PullFailed", "ErrImagePull")),
    Stage("back off from pulling", {"state": "ErrImagePull"},
          "waiting: ImagePullBackOff", 1.0, ends=("PullBackOff", "ImagePullBackOff")),
    Stage("pull again", {"state": "ImagePullBackOff"},
          "waiting: ErrImagePull", "pull_backoff", ends=("Pulling", "PullFailed", "ErrImagePull")),
    Stage("pull", {"state": "starting", "pulled": False, "image": "absent"},
          "pulled", "pulling", begins=("Pulling",), ends=("Pulled",)),
    Stage("look for a newer image", {"state": "starting", "pulled": False, "image": "known"},
          "pulled", 0.2, begins=("Pulling",), ends=("Pulled",)),

    # the container
    Stage("start", {"state": "starting", "pulled": True},
          "running", "starting", ends=("Created", "Started")),
    Stage("start with what is here", {"state": "starting"},
          "running", "starting", begins=("Present",), ends=("Created", "Started")),

    # its probes
    Stage("give up starting", {"state": "running", "failed": "startup"},
          "stopped", "stopping", begins=("StartupFailed",)),
    Stage("restart what is stuck", {"state": "running", "failed": "liveness"},
          "stopped", "stopping", begins=("LivenessFailed",)),
    Stage("count as started", {"state": "running", "started": False, "up": True}, "started"),
    Stage("become ready", {"state": "running", "init": False, "ready": False, "passes": True}, "ready"),
    Stage("become unready", {"state": "running", "ready": True, "passes": False}, "unready"),

    # its size
    Stage("resize", {"state": "running", "resize": "in place"}, "resized", 1.0),
    Stage("restart with another size", {"state": "running", "resize": "restart"},
          "stopped", "stopping", begins=("ResizeRestart",)),

    # the program ends, and perhaps starts again
    Stage("run out of memory", {"state": "running", "fate": "out of memory"},
          "OOM killed", "out_of_memory", since="start"),
    Stage("end as an init container", {"state": "running", "init": True},
          "exited", "runs_for", since="start"),
    Stage("exit", {"state": "running", "fate": "exits"},
          "exited", "runs_for", since="start"),
    Stage("complete", {"state": "running", "program": "batch", "known": False},
          "exited", (2.0, 5.0), since="start"),
    Stage("back off", {"state": "terminated", "restarts": True, "backing_off": True},
          "waiting: CrashLoopBackOff", ends=("BackOff",)),
    Stage("restart with a newer image", {"state": "terminated", "restarts": True, "image": "known"},
          "running", "starting", ends=("Pulling", "Refreshed", "Created", "Started")),
    Stage("restart", {"state": "terminated", "restarts": True},
          "running", "starting", ends=("Present", "Created", "Started")),
    Stage("restart with a newer image after backing off", {"state": "CrashLoopBackOff", "image": "known"},
          "running", "crash_backoff", ends=("Pulling", "Refreshed", "Created", "Started")),
    Stage("restart after backing off", {"state": "CrashLoopBackOff"},
          "running", "crash_backoff", ends=("Present", "Created", "Started")),
)
# fmt: on
"""Like a machine: images take time to pull, programs to start and to stop, crashes are backed off from."""

HOLLOW: tuple[Stage, ...] = (
    Stage("vanish", {"deleting": True}, "gone"),
    Stage("start", {"state": "starting", "init": True}, "exited"),
    Stage("start", {"state": "starting"}, "running and ready"),
    Stage("stop", {"ending": True, "state": "running"}, "stopped"),
    Stage("exit", {"state": "running", "program": "exits"}, "exited", 0.333),
    Stage("complete", {"state": "running", "program": "batch"}, "exited", 0.333),
)
"""Like kubemark's hollow nodes: running and ready at once, without events; one write for each pod."""


def load_stages(rows: Iterable[Mapping[str, Any]]) -> tuple[Stage, ...]:
    """A table from plain data: ``[{name, when, becomes, delay, begins, ends}, ...]``.

    Raises ValueError that names the row and what is wrong with it.
    """
    return tuple(_row(number, row) for number, row in enumerate(rows, 1))


def _row(number: int, row: Mapping[str, Any]) -> Stage:
    problems = list(_problems(row))
    if problems:
        raise ValueError(f"stage {number} ({row.get('name', 'without a name')}): {', '.join(problems)}")
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Stage(**fields)


def _problems(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"unknown field {f}" for f in sorted(set(row) - set(Stage._fields)))
    yield from (f"no {f}" for f in ("name", "when", "becomes") if f not in row)
    yield from (f'no fact "{f}"' for f in dig(row, "when", default=()) if f not in FACTS)
    events = [*dig(row, "begins", default=()), *dig(row, "ends", default=())]
    yield from (f'no event "{e}"' for e in events if e not in EVENTS)
    becomes, delay = row.get("becomes", "gone"), row.get("delay", 0)
    if becomes not in BECOMES and not becomes.startswith("waiting: "):
        yield f'a container cannot become "{becomes}": choose one of {", ".join(BECOMES)}, waiting: REASON'
    if isinstance(delay, str) and delay not in DELAYS:
        yield f'no delay "{delay}": choose seconds, a range of seconds, or one of {", ".join(sorted(DELAYS))}'
