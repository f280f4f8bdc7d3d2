"""What a program answers to a probe: a pure function of the program and its age, with Kubernetes' own words.

| the program       | httpGet        | tcpSocket | exec            | grpc          |
|-------------------|----------------|-----------|-----------------|---------------|
| is still starting | refused        | refused   | fails           | no connection |
| serves            | 200            | connected | 0               | SERVING       |
| hangs             | times out      | connected | times out       | times out     |

A port on which it does not listen refuses. A path with "ready" in it answers 503 until READY_IN is over. Commands
about files (``cat /tmp/healthy``) are answered by the files that the container's script makes and removes.

Kubernetes: pkg/kubelet/prober/prober.go, pkg/probe/{http,tcp,exec,grpc}
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from k8slearn.api.objects import Object, dig
from k8slearn.node import shell
from k8slearn.node.probes import Answer
from k8slearn.node.programs import Program


class Place(NamedTuple):
    """Where a probe asks."""

    container: Object  # of the pod's spec
    address: str


def answer(p: Program, probe: Object, place: Place, age: float) -> Answer:
    """(what is wrong or None, the age until which it stays so)"""
    if "exec" in probe:
        return _executed(p, probe, age)
    for handler, found in HANDLERS.items():
        if handler in probe:
            return _asked(p, probe, found, probe[handler], place, age)
    return None, inf


def unwell(probe: Object) -> str:
    """What an otherwise healthy program says when a lesson wants it to fail its probes."""
    if "httpGet" in probe:
        return "HTTP probe failed with statuscode: 503"
    return 'service unhealthy (responded with "NOT_SERVING")' if "grpc" in probe else ""


class Words(NamedTuple):
    refused: str
    hangs: str  # "": it does not notice
    not_ready: str = ""


HANDLERS: dict[str, Words] = {
    "httpGet": Words(
        'Get "{url}": dial tcp {at}: connect: connection refused',
        'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        "HTTP probe failed with statuscode: 503",
    ),
    "tcpSocket": Words("dial tcp {at}: connect: connection refused", ""),
    "grpc": Words(
        'timeout: failed to connect service "{at}" within {timeout}: context deadline exceeded',
        "timeout: health rpc did not complete within {timeout}",
    ),
}


def _asked(p: Program, probe: Object, words: Words, handler: Object, place: Place, age: float) -> Answer:
    port = port_number(handler.get("port", 0), place.container)
    host = handler.get("host") or place.address
    at, path = f"{host}:{port}", handler.get("path") or "/"
    url = f"{handler.get('scheme', 'HTTP').lower()}://{at}{path if path.startswith('/') else '/' + path}"
    say = {"at": at, "url": url, "timeout": f"{probe.get('timeoutSeconds') or 1}s"}
    if p.port and port != p.port:
        return words.refused.format(**say), inf
    if age < p.starts_in:
        return words.refused.format(**say), p.starts_in
    if age >= p.hangs_after and words.hangs:
        return words.hangs.format(**say), inf
    if words.not_ready and "ready" in path and age < p.ready_in:
        return words.not_ready, min(p.ready_in, p.hangs_after)
    return None, p.hangs_after if words.hangs else inf


def port_number(port: int | str, container: Object) -> int:
    """A number, or the name of one of the container's ports."""
    if isinstance(port, int):
        return port
    found = [c["containerPort"] for c in container.get("ports") or () if c.get("name") == port]
    return found[0] if found else int(port) if port.isdigit() else 0


# --- commands ------------------------------------------------------------------------------------


def _executed(p: Program, probe: Object, age: float) -> Answer:
    words = dig(probe, "exec", "command", default=[])
    if len(words) > 1 and words[0] in ABOUT_FILES:
        return _file(p, words[0], words[-2] if words[-1] == "]" else words[-1], age)
    script = shell.understood(words)
    if script is not None:
        failed = script.ends_after is not None and script.exit_code != 0
        return ("\n".join(text for _, text in script.says) if failed else None), inf
    if age < p.starts_in:
        return "", p.starts_in
    if age >= p.hangs_after:
        timeout = probe.get("timeoutSeconds") or 1
        return f'command timed out: "{" ".join(words)}" timed out after {timeout}s', inf
    return None, p.hangs_after


#: a command -> what it says about a file that is not there
ABOUT_FILES = {
    "cat": "cat: can't open '{}': No such file or directory",
    "ls": "ls: {}: No such file or directory",
    "test": "",
    "[": "",
}


def _file(p: Program, command: str, name: str, age: float) -> Answer:
    """A file that the program never touches was always there."""
    changes = [(at, made) for at, touched, made in p.files if touched == name]
    past = [made for at, made in changes if at <= age]
    there = past[-1] if past else not changes or not changes[0][1]
    until = min((at for at, _ in changes if at > age), default=inf)
    return (None if there else ABOUT_FILES[command].format(name)), until
