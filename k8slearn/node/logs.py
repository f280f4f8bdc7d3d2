"""What a simulated container has printed: made up from its image, its command and when it ran. A pure function.

The same pod always printed the same. A shell's ``echo`` and a few well-known servers are played; everybody
else says when it starts and how it ends.

Kubernetes: pkg/kubelet/kuberuntime/logs, which reads what real containers wrote
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, name_of

Line = tuple[float, str]  # when it was printed, and what

ECHO = re.compile(r"\becho\s+(-n\s+)?(\"[^\"]*\"|'[^']*'|[^;&|\n]*)")
VARIABLE = re.compile(r"\$\(?\{?([A-Za-z_][A-Za-z0-9_]*)\}?\)?")
SHELLS = ("sh", "bash", "ash", "/bin/sh", "/bin/bash")

#: The name of an image -> what its program says on its way up.
SERVERS: dict[str, tuple[str, ...]] = {
    "nginx": ("configuration read", "start worker processes", "ready, listening on 0.0.0.0:80"),
    "httpd": ("configuration read", "ready, listening on 0.0.0.0:80"),
    "redis": ("standalone mode, port 6379", "ready to accept connections"),
    "postgres": ("database files belong to user postgres", "ready to accept connections on port 5432"),
    "mysql": ("data directory initialised", "ready for connections on port 3306"),
}
SILENT = ("pause", "busybox", "alpine")


def printed(pod: Object, container: str, previous: bool = False, now: float | None = None) -> list[Line]:
    """Everything the container has printed (until `now`), in this run of it or in the one before."""
    spec, status = (
        _named(pod["spec"], container, "ontainers"),
        _named(dig(pod, "status"), container, "Statuses"),
    )
    state = dig(status, "lastState" if previous else "state", default={})
    run = state.get("running") or state.get("terminated")
    if spec is None or not run or "startedAt" not in run:
        return []
    begun = seconds_of(run["startedAt"])
    lines = [(begun, text) for text in _beginning(pod, spec)]
    if run.get("exitCode"):
        lines.append(
            (seconds_of(run["finishedAt"]), f"error: {container} gives up with exit code {run['exitCode']}")
        )
    return [line for line in lines if now is None or line[0] <= now]


def _named(where: Object | None, name: str, ending: str) -> Object | None:
    """The entry of this name in any of the lists whose field ends so: containers, initContainers ..."""
    lists = [found for field, found in (where or {}).items() if field.endswith(ending)]
    return next((entry for found in lists for entry in found if entry["name"] == name), None)


def _beginning(pod: Object, spec: Object) -> Iterator[str]:
    words = [*spec.get("command", ()), *spec.get("args", ())]
    if words:
        yield from _said(words, {"HOSTNAME": name_of(pod), **_variables(pod, spec)})
        return
    image = spec["image"].rpartition("/")[2].partition("@")[0].partition(":")[0]
    if image in SERVERS:
        yield from (f"{image}: {text}" for text in SERVERS[image])
    elif image not in SILENT:
        yield f"{spec['name']}: {spec['image']} started on {name_of(pod)}"


def _variables(pod: Object, spec: Object) -> dict[str, str]:
    return {v["name"]: v.get("value") or _field(pod, v) for v in spec.get("env", ())}


def _field(pod: Object, variable: Object) -> str:
    """A variable that is taken from the pod itself: ``metadata.name``, ``metadata.labels['app']``."""
    path = dig(variable, "valueFrom", "fieldRef", "fieldPath", default="")
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    return str(dig(pod, *(("metadata", *keyed.groups()) if keyed else path.split(".")), default=""))


def _said(words: list[str], variables: dict[str, str]) -> Iterator[str]:
    """What `echo` says, called directly or by a shell."""
    if words[0].rpartition("/")[2] == "echo":
        yield _filled(" ".join(words[1:]), variables)
    elif words[0] in SHELLS and len(words) > 2:
        for found in ECHO.finditer(words[2]):
            yield _filled(_unquoted(found[2]), {} if found[2].startswith("'") else variables)


def _unquoted(text: str) -> str:
    try:
        return " ".join(shlex.split(text))
    except ValueError:
        return text.strip()


def _filled(text: str, variables: dict[str, str]) -> str:
    return VARIABLE.sub(lambda found: variables.get(found[1], ""), text) if variables else text
