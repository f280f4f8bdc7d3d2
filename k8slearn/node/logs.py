"""What a simulated container has printed: made up from its image, its command and when it ran. A pure function.

The same pod always printed the same. A shell's ``echo`` and a few well-known servers are played; everybody
else says when it starts and how it ends.

Kubernetes: pkg/kubelet/kuberuntime/logs, which reads what real containers wrote
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from math import inf

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.node.programs import program
from k8slearn.node.shell import LITERAL_DOLLAR, SHELLS
from k8slearn.node.usage import named

Line = tuple[float, str]  # when it was printed, and what

ECHO = re.compile(r"\becho\s+(-n\s+)?(\"[^\"]*\"|'[^']*'|[^;&|\n]*)")
VARIABLE = re.compile(r"\$\(?\{?([A-Za-z_][A-Za-z0-9_]*)\}?\)?")
MOST_LINES = 2000  # of a program that prints for good
SILENT = ("pause", "busybox", "alpine")


def printed(pod: Object, container: str, previous: bool = False, now: float | None = None) -> list[Line]:
    """Everything the container has printed (until `now`), in this run of it or in the one before.

    Kubernetes: pkg/kubelet/kubelet_pods.go (validateContainerLogStatus)
    """
    spec, status = (
        named(pod["spec"], container, "ontainers"),
        named(dig(pod, "status"), container, "Statuses"),
    )
    now_or_before = dig(status, "state", default={}), dig(status, "lastState", default={})
    runs = [state.get("running") or state.get("terminated") for state in now_or_before]
    # one that waits to be started again has nothing to show but its last run
    run = runs[1] if previous else runs[0] or runs[1]
    if spec is None or not run or "startedAt" not in run:
        return []
    begun, ended = seconds_of(run["startedAt"]), run.get("finishedAt")
    # times in a status are whole seconds: what was printed in the last one counts
    until = min(inf if now is None else now, seconds_of(ended) + 1 if ended else inf)
    lines = [(begun + after, text) for after, text in _said(pod, spec, until - begun)]
    if run.get("exitCode") and run.get("reason") != "OOMKilled" and program(spec).name != "sh":
        complaint = f"error: {container} gives up with exit code {run['exitCode']}"
        lines.append((seconds_of(run["finishedAt"]), complaint))
    return [line for line in lines if line[0] <= until]


def _said(pod: Object, spec: Object, until: float) -> Iterator[Line]:
    """(seconds after the start, line)"""
    p, words = program(spec), [*spec.get("command", ()), *spec.get("args", ())]
    variables = {"HOSTNAME": name_of(pod), **_variables(pod, spec)}
    if p.says or p.again[1]:
        lines = (*p.says, *_repeated(p.again, until))
        yield from ((after, _filled(text, variables)) for after, text in lines)
    elif spec.get("command") or (words and not p.name):
        yield from ((0.0, text) for text in _echoed(words, variables))
    elif spec["image"].rpartition("/")[2].partition("@")[0].partition(":")[0] not in SILENT:
        yield 0.0, f"{spec['name']}: {spec['image']} started on {name_of(pod)}"
        if p.port and p.starts_in and p.starts_in <= until:
            yield p.starts_in, f"{spec['name']}: listening on 0.0.0.0:{p.port}"


def _repeated(again: tuple[float, float, tuple[str, ...]], until: float) -> Iterator[Line]:
    """What a loop prints; the last `MOST_LINES` of it, as a log is rotated."""
    first, period, texts = again
    if not texts or until == inf or until < first:
        return
    rounds = int((until - first) / period) + 1
    for n in range(max(0, rounds - MOST_LINES), rounds):
        yield from ((first + n * period, text) for text in texts)


def _variables(pod: Object, spec: Object) -> dict[str, str]:
    return {v["name"]: v.get("value") or _field(pod, v) for v in spec.get("env", ())}


def _field(pod: Object, variable: Object) -> str:
    """A variable that is taken from the pod itself: ``metadata.name``, ``metadata.labels['app']``."""
    path = dig(variable, "valueFrom", "fieldRef", "fieldPath", default="")
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    return str(dig(pod, *(("metadata", *keyed.groups()) if keyed else path.split(".")), default=""))


def _echoed(words: list[str], variables: dict[str, str]) -> Iterator[str]:
    """What `echo` says in a script of which we do not understand the rest."""
    if words[0] in SHELLS and len(words) > 2:
        for found in ECHO.finditer(words[2]):
            yield _filled(_unquoted(found[2]), {} if found[2].startswith("'") else variables)


def _unquoted(text: str) -> str:
    try:
        return " ".join(shlex.split(text))
    except ValueError:
        return text.strip()


def _filled(text: str, variables: dict[str, str]) -> str:
    filled = VARIABLE.sub(lambda found: variables.get(found[1], ""), text) if variables else text
    return filled.replace(LITERAL_DOLLAR, "$")
