"""What simulated containers have printed: made up, but always the same."""

from __future__ import annotations

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.node.logs import printed
from tests.fakes import pod


def a_pod(started: float = 5.0, ended: float | None = None, code: int = 0, **container):
    state = {"running": {"startedAt": timestamp(started)}}
    if ended is not None:
        times = {"startedAt": timestamp(started), "finishedAt": timestamp(ended)}
        state = {"terminated": {"exitCode": code, **times}}
    found = pod(containers=[{"name": "c", "image": "busybox:1", **container}])
    return {**found, "status": {"containerStatuses": [{"name": "c", "state": state, "lastState": {}}]}}


def texts(*args, **kwargs) -> list[str]:
    return [text for _, text in printed(*args, **kwargs)]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["echo", "hello", "you"], ["hello you"]),
        (["sh", "-c", "echo hello; sleep 1d"], ["hello"]),
        (["/bin/sh", "-c", "echo 'a b' && echo \"c $NAME\""], ["a b", "c world"]),
        (["sh", "-c", "echo on $HOSTNAME"], ["on web"]),
        (["true"], []),
        (["sh", "-c"], []),
        (["sh", "-c", 'echo "unclosed'], ['"unclosed']),
    ],
)
def test_a_shell_says_what_it_is_told_to(command, said):
    assert texts(a_pod(command=command, env=[{"name": "NAME", "value": "world"}]), "c") == said


def test_variables_from_the_pod_itself():
    def field(name: str, path: str):
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    env = [
        field("APP", "metadata.labels['app']"),
        field("ME", "metadata.name"),
        field("NO", "status.nothing"),
    ]
    found = a_pod(command=["sh", "-c", "echo $APP $ME [$NO]"], env=env)
    assert texts(found, "c") == ["web web []"]


def test_servers_say_that_they_are_ready():
    assert texts(a_pod(image="docker.io/library/nginx:1.25"), "c")[-1].startswith("nginx: ready")
    assert texts(a_pod(image="app:1"), "c") == ["c: app:1 started on web"]


def test_times_and_ends():
    ended = a_pod(5, 9, code=3, image="app:1")
    assert [at for at, _ in printed(ended, "c")] == [5, 9]
    assert texts(ended, "c")[-1].endswith("exit code 3")
    assert texts(ended, "c", now=7) == ["c: app:1 started on web"]


def test_nothing_before_it_runs_and_nothing_of_strangers():
    waiting = pod(containers=[{"name": "c", "image": "app:1"}])
    assert printed(waiting, "c") == printed(a_pod(), "d") == printed(a_pod(), "c", previous=True) == []


def test_the_run_before():
    again = a_pod(20, image="app:1")
    times = {"startedAt": timestamp(1), "finishedAt": timestamp(2), "exitCode": 1}
    again["status"]["containerStatuses"][0]["lastState"] = {"terminated": times}
    assert [at for at, _ in printed(again, "c", previous=True)] == [1, 2]
    again["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert [at for at, _ in printed(again, "c")] == [1, 2]  # there is no other yet


def test_a_script_says_nothing_of_its_own_at_its_end():
    assert texts(a_pod(5, 9, code=3, command=["sh", "-c", "echo oh; exit 3"]), "c") == ["oh"]
