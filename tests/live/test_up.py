"""`k8slearn up`: what it says, what it leaves alone, and how it parts."""

from __future__ import annotations

import json
import shlex
import signal
import stat
from pathlib import Path

import pytest
import yaml

from tests.live.conftest import Start
from tests.live.watching import Watching, ask
from tests.up import refused

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def test_it_prints_one_line_to_paste_and_answers_at_once(start: Start) -> None:
    up = start("--nodes", "2")
    assert up.said == f"export KUBECONFIG={shlex.quote(str(up.kubeconfig))}\n"
    with up.http() as http:
        assert http.get("/readyz").text == "ok"
        assert len(http.get("/api/v1/nodes").json()["items"]) == 2
    code, said = up.stop()
    assert code == 0
    assert f"A control plane with 2 nodes at {up.url} (state in memory" in said
    assert said.endswith("Stopped; every watch has been closed.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_every_watch_as_a_server_does_that_goes_in_peace(start: Start, number: int) -> None:
    up = start("--nodes", "0")
    watches = [Watching(up, CONFIGMAPS + "?resourceVersion=0") for _ in range(3)]
    with up.http() as http:
        http.post(CONFIGMAPS, json={"metadata": {"name": "a"}}).raise_for_status()
    for watch in watches:
        while watch.names(1) != [("ADDED", "a")]:
            pass
    assert up.stop(number)[0] == 0
    for watch in watches:
        assert watch.event() is None
        assert watch.ended_well
        watch.close()


def test_a_second_ctrl_c_waits_for_nobody(start: Start) -> None:
    up = start("--nodes", "0")
    dawdling = ask(up, CONFIGMAPS, method="POST", headers="Content-Length: 100\r\n")
    with dawdling, ask(up, "/readyz") as idle:
        assert idle.recv(1)  # which came later than the other
        up.process.send_signal(signal.SIGINT)
        while idle.recv(1000):
            pass  # parting has begun: those who have their answer are sent home
        code, said = up.stop()
        assert (code, "exceeded" in said) == (0, False)  # nobody's time had to run out
        assert dawdling.recv(1) == b""


def test_a_port_that_is_taken_is_named_with_the_way_out(start: Start) -> None:
    up = start("--nodes", "0")
    said = refused(up.folder, "--port", str(up.port), "--kubeconfig", str(up.folder / "other"))
    assert f"cannot listen on 127.0.0.1:{up.port}: Address already in use" in said
    assert "--port" in said
    assert not (up.folder / "other").exists()


def test_somebody_elses_kubeconfig_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text(json.dumps({"clusters": [{"name": "work"}], "current-context": "work"}))
    before = theirs.read_text()
    said = refused(tmp_path, "--port", "0", "--kubeconfig", str(theirs))
    assert "is a kubeconfig of something else" in said
    assert theirs.read_text() == before


def test_its_own_kubeconfig_goes_on_working_after_a_restart(start: Start) -> None:
    up = start("--nodes", "0")
    before = up.kubeconfig.read_text()
    up.stop()
    up.start()
    assert up.kubeconfig.read_text() == before
    for secret in ("config", "token", "ca.key", "service-account.key"):
        assert stat.S_IMODE((up.folder / secret).stat().st_mode) == 0o600, secret


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nodes", "10001"], "at most 10000"),
        (["--nodes", "a,B"], '"B" is not a name that a node can have'),
        (["--nodes", "a,a"], '"a" is not a name that a node can have (once)'),
        (["--store", "."], "cannot be used"),
        (["--stages", "nowhere.yaml"], "--stages takes realistic, hollow, or a YAML file"),
        (["--speed", "0"], "0.1<=x<=1000"),
        (["--cpu", "many"], "--cpu many"),
        (["--memory", "-1Gi"], "--memory -1Gi"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
    ],
)
def test_what_it_cannot_do_it_says_in_one_line_and_ends_with_2(
    tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    assert complaint in refused(tmp_path, "--port", "0", *arguments)


# --- settings ---


def test_nodes_have_the_names_and_the_size_that_were_asked_for(start: Start) -> None:
    up = start("--nodes", "amber,beryl", "--cpu", "2", "--memory", "4Gi", "--pods", "7")
    with up.http() as http:
        nodes = http.get("/api/v1/nodes").json()["items"]
    assert [n["metadata"]["name"] for n in nodes] == ["amber", "beryl"]
    capacity = nodes[0]["status"]["capacity"]
    assert (capacity["cpu"], capacity["memory"], capacity["pods"]) == ("2", "4Gi", "7")


def test_a_table_of_stages_of_ones_own_decides_what_becomes_of_pods(start: Start, tmp_path: Path) -> None:
    table = tmp_path / "stages.yaml"
    row = {"name": "stumble", "when": {"state": "starting"}, "becomes": "waiting: CreateContainerConfigError"}
    table.write_text(yaml.safe_dump([row]))
    up = start("--nodes", "1", "--stages", str(table))
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "app:1"}]}}
    reasons = []
    with up.http() as http, Watching(up, "/api/v1/namespaces/default/pods") as watch:
        http.post("/api/v1/namespaces/default/pods", json=pod).raise_for_status()
        while "CreateContainerConfigError" not in reasons:
            event = watch.event()
            assert event is not None
            statuses = event["object"]["status"].get("containerStatuses", [])
            reasons += [status["state"]["waiting"]["reason"] for status in statuses]
    assert set(reasons) <= {"ContainerCreating", "CreateContainerConfigError"}


def test_time_passes_as_fast_as_was_asked_for(start: Start) -> None:
    """A Job is removed ten minutes after it has finished; nobody wants to wait for that."""
    up = start("--nodes", "1", "--speed", "1000")
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "app:1"}]}}
    job = {"metadata": {"name": "a"}, "spec": {"ttlSecondsAfterFinished": 600, "template": template}}
    with up.http() as http, Watching(up, "/apis/batch/v1/namespaces/default/jobs") as watch:
        http.post("/apis/batch/v1/namespaces/default/jobs", json=job).raise_for_status()
        while (event := watch.event()) is not None and event["type"] != "DELETED":
            pass
    assert event is not None
    assert event["object"]["status"]["succeeded"] == 1


def test_nobody_else_is_served_by_default(start: Start) -> None:
    up = start("--nodes", "0")
    assert up.url.startswith("https://127.0.0.1:")
