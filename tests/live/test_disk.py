"""One file outlives the process, however that ends; and whoever watched goes on where he was."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.conftest import Start
from tests.live.watching import Watching
from tests.up import Up, refused

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
ENDINGS: dict[str, Callable[[Up], Any]] = {
    "Ctrl-C": lambda up: up.stop(),
    "SIGTERM": lambda up: up.stop(signal.SIGTERM),
    "SIGKILL": lambda up: up.kill(),
}


def create(http: httpx.Client, name: str) -> dict[str, Any]:
    answer = http.post(CONFIGMAPS, json={"metadata": {"name": name}, "data": {"k": "v"}})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_acknowledged_is_there_and_watches_go_on_from_their_version(
    start: Start, tmp_path: Path, ending: str
) -> None:
    up = start("--nodes", "1", "--store", str(tmp_path / "state.db"))
    with up.http() as http:
        seen = create(http, "before")
        missed = [create(http, f"missed-{i}") for i in range(3)]
        uid = http.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"]
    ENDINGS[ending](up)
    up.start()
    since = seen["metadata"]["resourceVersion"]
    path = f"{CONFIGMAPS}?resourceVersion={since}"
    with up.http() as http, Watching(up, path) as watch:
        assert watch.names(3) == [("ADDED", f"missed-{i}") for i in range(3)]
        assert http.get(f"{CONFIGMAPS}/missed-2").json() == missed[2]
        assert http.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"] == uid
        after = create(http, "after")
        assert watch.names(1) == [("ADDED", "after")]
    assert int(after["metadata"]["resourceVersion"]) > int(missed[2]["metadata"]["resourceVersion"])


def test_what_was_going_on_goes_on(start: Start, tmp_path: Path) -> None:
    """A Deployment that nobody had time for is rolled out after the restart, by the new controllers."""
    up = start("--nodes", "2", "--stages", "hollow", "--store", str(tmp_path / "state.db"))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "app:1"}]}}
    spec = {"replicas": 5, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    path = "/apis/apps/v1/namespaces/default/deployments"
    with up.http() as http:
        http.post(path, json={"metadata": {"name": "web"}, "spec": spec}).raise_for_status()
    up.kill()
    up.start()
    with Watching(up, path) as watch:
        while True:
            event = watch.event()
            assert event is not None
            if event["object"]["status"].get("readyReplicas") == 5:
                return


def test_a_store_in_memory_forgets_and_says_so_to_those_who_remember(start: Start) -> None:
    up = start("--nodes", "1")
    with up.http() as http:
        create(http, "gone")
        since = int(http.get(CONFIGMAPS).json()["metadata"]["resourceVersion"])
    up.kill()
    up.start()
    with up.http() as http, Watching(up, f"{CONFIGMAPS}?resourceVersion={since - 20}") as watch:
        assert http.get(f"{CONFIGMAPS}/gone").status_code == 404
        event = watch.event()
        assert event is not None
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == (
            "ERROR",
            410,
            "Expired",
        )
        assert watch.event() is None


def test_one_file_serves_one_process(start: Start, tmp_path: Path) -> None:
    file = str(tmp_path / "state.db")
    start("--nodes", "0", "--store", file)
    said = refused(tmp_path / "other", "--port", "0", "--store", file)
    assert "another process works with it" in said


def test_what_is_no_store_of_ours_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary")
    assert "is not a store of k8slearn" in refused(tmp_path, "--port", "0", "--store", str(file))
    assert file.read_text() == "Dear diary"
