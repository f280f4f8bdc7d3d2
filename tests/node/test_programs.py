"""What simulated containers do, and what they need: chosen by image, command, arguments and environment."""

from __future__ import annotations

from math import inf

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.node.logs import printed
from k8slearn.node.programs import PLAIN, REGISTRY, program
from k8slearn.node.usage import Usage, capacity, oom_after, pod_usage, usage
from tests.fakes import pod

MEBI = 1024**2


def container(image: str = "app:1", *args: str, command=None, limits=None, **env: str):
    found = {"name": "c", "image": image, "args": list(args)}
    found |= {"command": command} if command else {}
    found |= {"resources": {"limits": limits}} if limits else {}
    return found | {"env": [{"name": k, "value": v} for k, v in env.items()]}


def running(spec, started: float = 0.0):
    state = {"running": {"startedAt": timestamp(started)}}
    return {**pod(containers=[spec]), "status": {"containerStatuses": [{"name": "c", "state": state}]}}


def shell(script: str):
    return program(container(command=["sh", "-c", script]))


# --- choosing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("k8slearn/web:1", "web"),
        ("registry.example:5000/k8slearn/web@sha256:0123", "web"),
        ("docker.io/library/nginx:1.25", "nginx"),
        ("nginx", "nginx"),
        ("registry.example/web:1", ""),
        ("k8slearn/nothing:1", ""),
        ("app:1", ""),
    ],
)
def test_a_program_is_known_by_its_image(image, name):
    assert program(container(image)).name == name


def test_an_image_that_nobody_knows_starts_at_once_and_runs_for_good():
    assert program(container()) == PLAIN
    assert (PLAIN.starts_in, PLAIN.runs_for, PLAIN.port) == (0, inf, 0)


def test_settings_come_from_the_environment_and_arguments_count_more():
    found = program(
        container("k8slearn/web:1", "--starts-in=7", "--port", "9000", STARTS_IN="3", DRAINS_FOR="4s")
    )
    assert (found.starts_in, found.port, found.stops_in) == (7, 9000, 4)
    assert program(container("k8slearn/leaker:1", LEAKS="60Mi")).leaks == MEBI


@pytest.mark.parametrize(
    "setting", [{"STARTS_IN": "soon"}, {"FAILS": "2"}, {"RUNS_FOR": "-1"}, {"MEMORY": "much"}]
)
def test_a_setting_that_cannot_be_read_ends_the_program_with_a_word_why(setting):
    found = program(container("k8slearn/web:1", **setting))
    ((name, text),) = setting.items()
    assert (found.runs_for, found.exit_code) == (0, 2)
    assert found.says[0][1].startswith(f"web: {name}={text}: ")


# --- the shell ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "ends", "code"),
    [
        ("exit 3", 0, 3),
        ("echo hello", 0, 0),
        ("sleep 5; exit 1", 5, 1),
        ("sleep 1m && echo done", 60, 0),
        ("false", 0, 1),
        ("echo a; false; echo b", 0, 0),
        ("sleep 2; exit", 2, 0),
        ("sleep infinity", inf, 0),
        ("while true; do echo tick; sleep 5; done", inf, 0),
        ("sleep 3; while :; do sleep 1; done", inf, 0),
        ("while true; do echo one; sleep 2; exit 4; done", 2, 4),
        ("while true ; do sleep 1 ; done", inf, 0),
        ("sleep 2; exit 5; echo a | wc", 2, 5),
    ],
)
def test_a_script_that_is_understood(script, ends, code):
    found = shell(script)
    assert (found.name, found.runs_for, found.exit_code) == ("sh", ends, code)


@pytest.mark.parametrize(
    ("script", "asks", "rate", "begins"),
    [
        ("while sleep 0.01; do wget -q -O- http://php-apache; done", "http://php-apache", 50, 0),
        ("while true; do curl -o /dev/null web:1/a?b=1 2>/dev/null; sleep 0.09; done", "http://web:1/a?b=1", 10, 0),
        ("sleep 5; while :; do wget -qO - web > /dev/null 2>&1; done", "http://web", 100, 5),
    ],
)  # fmt: skip
def test_a_loop_around_wget_asks_others_for_ever(script, asks, rate, begins):
    found = shell(script)
    assert (found.name, found.asks, found.rate, found.starts_in) == ("sh", (asks,), rate, begins)
    assert found.runs_for == inf


def test_a_load_generator_with_settings():
    found = program(container("k8slearn/load", URL="http://shop:8080/a", RATE="300"))
    assert (found.asks, found.rate) == (("http://shop:8080/a",), 300)
    broken = program(container("k8slearn/load", "--url=shop"))
    assert (broken.exit_code, broken.says[0][1]) == (2, "load: URL=shop: write it as http://HOST:PORT/PATH")


@pytest.mark.parametrize(
    "script",
    [
        "curl web",
        "while true; do wget ftp://x; done",
        "while true; do wget web:99999; done",
        "sleep soon",
        "echo 'unclosed",
        "echo a | wc",
        "echo $(date)|x",
    ],
)
def test_a_script_that_is_not_understood_runs_for_good(script):
    assert shell(script) == PLAIN


def test_an_empty_script_ends_at_once():
    assert (shell("").runs_for, shell("").exit_code) == (0, 0)


def test_commands_without_a_shell():
    assert program(container(command=["sleep", "30"])).runs_for == 30
    assert program(container("busybox", "sleep", "30")).runs_for == 30
    assert program(container(command=["/bin/true"])).runs_for == 0
    assert program(container("nginx", command=["nginx", "-g", "daemon off;"])).name == "nginx"


def test_a_shell_as_process_1_does_not_hear_sigterm():
    assert shell("sleep 3600").stops_in == inf


# --- what they print ---------------------------------------------------------------------------


def test_what_a_script_prints_and_when():
    script = "echo one $WHO; sleep 5; echo 'two $WHO'"
    spec = container(command=["sh", "-c", script], WHO="me")
    assert printed(running(spec, 10), "c") == [(10, "one me"), (15, "two $WHO")]
    assert printed(running(spec, 10), "c", now=12) == [(10, "one me")]


def test_a_loop_prints_until_now():
    spec = container(command=["sh", "-c", "sleep 1; while true; do echo tick; sleep 5; done"])
    assert [at for at, _ in printed(running(spec), "c", now=13)] == [1, 6, 11]
    assert printed(running(spec), "c", now=0.5) == []
    assert len(printed(running(spec), "c", now=1e6)) == 2000


# --- what they need ----------------------------------------------------------------------------


def test_usage_grows_with_time_and_with_load():
    web, leaker = running(container("k8slearn/web:1")), running(container("k8slearn/leaker:1"))
    assert usage(web, "c", 100) == Usage(2.0, 24 * MEBI, 0, 1)
    assert usage(web, "c", 100, requests_per_second=50).cpu == 52
    assert usage(leaker, "c", 120).memory == 64 * MEBI
    assert usage(running(container("k8slearn/writer:1")), "c", 30).disk == 512 * MEBI
    assert pod_usage(web, 100, 10) == usage(web, "c", 100, 10)


def test_limits_hold_usage_down():
    spec = container("k8slearn/web:1", limits={"cpu": "100m", "memory": "1Gi"})
    assert usage(running(spec), "c", 5, requests_per_second=1000).cpu == 100
    assert capacity(spec) == 98
    assert capacity(container("k8slearn/web:1")) == inf


def test_what_does_not_run_needs_nothing():
    assert usage(pod(), "c", 5) == usage(running(container()), "stranger", 5) == Usage()


def test_when_memory_is_at_its_limit():
    leaker = REGISTRY["k8slearn/leaker"]
    assert oom_after(leaker, {"memory": "64Mi"}) == 120
    assert oom_after(leaker, {"memory": "16Mi"}) == 0
    assert oom_after(leaker, {}) == oom_after(PLAIN, {"memory": "64Mi"}) == inf
