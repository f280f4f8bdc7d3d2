"""What a simulated container does: a tiny registry of programs, chosen by image, command, arguments and environment.

A program is a row of numbers: when it answers, when and how it ends, what it eats. Nothing runs; whoever asks
(the stages, the probes, the logs, `usage`) works out from these numbers and the time since the start how it is.

| image               | does                                             | settings, with their defaults           |
|---------------------|--------------------------------------------------|-----------------------------------------|
| k8slearn/web        | serves on PORT; drains when it is told to stop   | PORT=8080 STARTS_IN=2 DRAINS_FOR=0      |
| k8slearn/crasher    | ends after a while with an error                 | RUNS_FOR=5 EXIT_CODE=1                  |
| k8slearn/leaker     | needs more and more memory                       | MEMORY=32Mi LEAKS=16Mi (a minute)       |
| k8slearn/batch      | works, then ends; fails with a probability       | RUNS_FOR=5 FAILS=0                      |
| k8slearn/hanger     | stops answering, and does not obey SIGTERM       | PORT=8080 HANGS_AFTER=10                |
| k8slearn/writer     | fills the disk                                   | WRITES=1Gi (a minute)                   |
| k8slearn/forker     | starts more and more processes                   | FORKS=60 (a minute)                     |
| k8slearn/load       | sends requests                                   | URL=http://web RATE=10 (a second)       |
| hpa-example         | serves on port 80, and works hard for each answer | all of the above                       |
| nginx, postgres ... | serve on the port they are known for             | all of the above                        |

Whatever serves takes CPU_PER_REQUEST=1 (thousandths of a CPU second) and ANSWERS_IN=0.02 for each request (`traffic`).
Settings are given as environment (``STARTS_IN=5``) or as arguments (``--starts-in=5``). A command that a small shell
understands (`shell`) is a program, too, and so is the load generator that everybody writes: a loop around wget or curl.
Any other image starts at once, answers on every port and runs for good.

Kubernetes: nothing; there, programs are programs. The idea: test images such as agnhost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from k8slearn.api.objects import Object
from k8slearn.api.quantities import milli, parse, value
from k8slearn.node import shell

MEBI = 1024**2
MOST_REQUESTS = 10_000  # in a second, from one container


class Program(NamedTuple):
    """Times are in seconds since the start, memory and disk in bytes, CPU in thousandths of one."""

    name: str = ""  # "": one that we know nothing about
    port: int = 0  # the only one it listens on; 0: whichever is asked for
    starts_in: float = 0.0  # until it answers
    ready_in: float = 0.0  # until it answers what has "ready" in its path
    hangs_after: float = inf  # then it accepts connections, and says nothing
    runs_for: float = inf  # then it ends by itself
    exit_code: int = 0
    fails: float = 0.0  # with this probability it ends with 1 instead
    stops_in: float = 0.5  # after SIGTERM; inf: it does not obey
    memory: float = 16 * MEBI
    leaks: float = 0.0  # bytes a second
    writes: float = 0.0  # bytes a second
    forks: float = 0.0  # processes a second
    cpu: float = 1.0  # while nobody asks it anything
    cpu_per_request: float = 1.0  # milli-CPU-seconds: 100 requests per second need 100m more
    answers_in: float = 0.02  # seconds that a request waits for others: a disk, a database
    asks: tuple[str, ...] = ()  # URLs to which it sends requests itself, as soon as it has started ...
    rate: float = 0.0  # ... so many in a second to each
    says: tuple[tuple[float, str], ...] = ()
    again: tuple[float, float, tuple[str, ...]] = (0.0, 0.0, ())  # from when on, how often, what
    files: tuple[tuple[float, str, bool], ...] = ()  # when, which, made or removed


def _server(name: str, port: int, memory: int, *says: str) -> Program:
    lines = tuple((0.0, f"{name}: {text}") for text in says)
    return Program(name, port=port, memory=memory * MEBI, cpu=2.0, says=lines)


REGISTRY: dict[str, Program] = {
    "k8slearn/web": Program("web", port=8080, starts_in=2.0, stops_in=0.0, memory=24 * MEBI, cpu=2.0),
    "k8slearn/crasher": Program("crasher", runs_for=5.0, exit_code=1),
    "k8slearn/leaker": Program("leaker", memory=32 * MEBI, leaks=16 * MEBI / 60),
    "k8slearn/batch": Program("batch", runs_for=5.0, cpu=500.0),
    "k8slearn/hanger": Program("hanger", port=8080, hangs_after=10.0, stops_in=inf),
    "k8slearn/writer": Program("writer", writes=1024 * MEBI / 60, cpu=50.0),
    "k8slearn/forker": Program("forker", forks=1.0, cpu=50.0),
    "k8slearn/load": Program("load", asks=("http://web",), rate=10.0),
    "hpa-example": _server("hpa-example", 80, 10, "ready, listening on 0.0.0.0:80")._replace(
        cpu_per_request=12.0
    ),
    "nginx": _server(
        "nginx", 80, 8, "configuration read", "start worker processes", "ready, listening on 0.0.0.0:80"
    ),
    "httpd": _server("httpd", 80, 8, "configuration read", "ready, listening on 0.0.0.0:80"),
    "redis": _server("redis", 6379, 8, "standalone mode, port 6379", "ready to accept connections"),
    "postgres": _server(
        "postgres",
        5432,
        48,
        "database files belong to user postgres",
        "ready to accept connections on port 5432",
    ),
    "mysql": _server("mysql", 3306, 400, "data directory initialised", "ready for connections on port 3306"),
}

PLAIN = Program()


def _probability(text: str) -> float:
    if not 0 <= (chance := float(text)) <= 1:
        raise ValueError("a probability is a number from 0 to 1")
    return chance


def _seconds(text: str) -> float:
    if (seconds := float(text.removesuffix("s"))) < 0:
        raise ValueError("seconds cannot be negative")
    return seconds


def _a_minute(text: str) -> float:
    return float(parse(text)) / 60


def _url(text: str) -> tuple[str, ...]:
    if not shell.is_url(text):
        raise ValueError("write it as http://HOST:PORT/PATH")
    return (text,)


def _rate(text: str) -> float:
    if not 0 <= (rate := float(text)) <= MOST_REQUESTS:
        raise ValueError(f"a rate is a number of requests per second, from 0 to {MOST_REQUESTS}")
    return rate


#: name of a setting -> the field it sets, and how its text is read
SETTINGS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "PORT": ("port", int),
    "STARTS_IN": ("starts_in", _seconds),
    "READY_IN": ("ready_in", _seconds),
    "HANGS_AFTER": ("hangs_after", _seconds),
    "RUNS_FOR": ("runs_for", _seconds),
    "EXIT_CODE": ("exit_code", int),
    "FAILS": ("fails", _probability),
    "DRAINS_FOR": ("stops_in", _seconds),
    "MEMORY": ("memory", value),
    "LEAKS": ("leaks", _a_minute),
    "WRITES": ("writes", _a_minute),
    "FORKS": ("forks", _a_minute),
    "CPU": ("cpu", milli),
    "CPU_PER_REQUEST": ("cpu_per_request", float),
    "ANSWERS_IN": ("answers_in", _seconds),
    "URL": ("asks", _url),
    "RATE": ("rate", _rate),
}


def program(container: Object) -> Program:
    """What this container (of a pod's spec) runs."""
    known = _known(container["image"])
    words = [*container.get("command", ()), *container.get("args", ())]
    if container.get("command") or (words and known is None):
        script = shell.understood(words)
        if script is not None:
            return _scripted(script)
    return _set(known, container) if known is not None else PLAIN


@lru_cache(1024)
def _known(image: str) -> Program | None:
    """``registry.example/k8slearn/web:1`` is k8slearn/web; ``docker.io/library/nginx:1.25`` is nginx."""
    path = re.sub(r"(@.*|:[^/]*)$", "", image)
    ours = re.search(r"(?:^|/)(k8slearn/[^/]+)$", path)
    return REGISTRY.get(ours[1] if ours else path.rpartition("/")[2])


def _scripted(script: shell.Script) -> Program:
    """Process 1 ignores every signal that it has no handler for, and a plain shell has none for SIGTERM."""
    return Program(
        "sh",
        runs_for=inf if script.ends_after is None else script.ends_after,
        exit_code=script.exit_code,
        stops_in=inf,
        memory=MEBI,
        says=script.says,
        again=script.again,
        files=script.files,
        starts_in=script.begins,
        asks=script.asks,
        rate=1 / script.every if script.asks else 0.0,
    )


def _set(default: Program, container: Object) -> Program:
    """The program with its settings. One that cannot be read ends it at once, with a word why."""
    fields: dict[str, Any] = {}
    for name, text in _settings(container):
        field, read = SETTINGS[name]
        try:
            fields[field] = read(text)
        except (ValueError, ArithmeticError) as error:
            complaint = f"{default.name}: {name}={text}: {error}"
            return default._replace(runs_for=0.0, exit_code=2, fails=0.0, says=((0.0, complaint),))
    return default._replace(**fields) if fields else default


def _settings(container: Object) -> Iterator[tuple[str, str]]:
    """(name, text): of the environment, then of the arguments, which count more."""
    for variable in container.get("env") or ():
        if variable["name"] in SETTINGS and "value" in variable:
            yield variable["name"], variable["value"]
    words = iter(container.get("args") or ())
    for word in words:
        if word.startswith("--"):
            flag, equals, text = word[2:].partition("=")
            name = flag.replace("-", "_").upper()
            if name in SETTINGS:
                yield name, text if equals else next(words, "")
