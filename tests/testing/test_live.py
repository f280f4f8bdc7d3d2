"""Operators that know nothing of us work with `live_cluster`: one made with kopf, and a script that uses kr8s."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.up import PATIENCE

HERE = Path(__file__).parent
MERGE = {"content-type": "application/merge-patch+json"}
SCHEMA = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["source", "schedule"],
            "properties": {"source": {"type": "string"}, "schedule": {"type": "string"}},
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
BACKUPS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "backups.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"plural": "backups", "singular": "backup", "kind": "Backup"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}


class Story:
    """What users of the operator do in the namespace of this test, and what they see of it."""

    def __init__(self, cluster: Any, http: Any, log: Path) -> None:
        self.cluster, self.http, self.log = cluster, http, log

    def path(self, resource: str, group: str = "") -> str:
        root = f"/apis/{group}" if group else "/api/v1"
        return f"{root}/namespaces/{self.cluster.namespace}/{resource}"

    def create(self, path: str, **body: Any) -> None:
        self.http.post(path, json=body).raise_for_status()

    def patch(self, path: str, **body: Any) -> None:
        self.http.patch(path, content=json.dumps(body), headers=MERGE).raise_for_status()

    def until(
        self, path: str, name: str, holds: Callable[[dict[str, Any]], Any], field: str = "metadata.name"
    ) -> dict[str, Any]:
        """Watches an object until something is true of it. Once it is gone, that is ``{}``."""
        options = {"watch": "1", "fieldSelector": f"{field}={name}", "timeoutSeconds": f"{PATIENCE:g}"}
        with self.http.stream("GET", path, params=options, timeout=2 * PATIENCE) as watch:
            for event in map(json.loads, watch.iter_lines()):
                found: dict[str, Any] = event["object"] if event["type"] != "DELETED" else {}
                if holds(found):
                    return found
        raise AssertionError("it did not come true: " + self.log.read_text())

    def until_gone(self, path: str, name: str) -> None:
        found = self.http.get(path, params={"fieldSelector": f"metadata.name={name}"}).json()
        if found["items"]:
            options = {"watch": "1", "fieldSelector": f"metadata.name={name}"}
            options["resourceVersion"] = found["metadata"]["resourceVersion"]
            with self.http.stream("GET", path, params=options, timeout=2 * PATIENCE) as watch:
                assert any(json.loads(line)["type"] == "DELETED" for line in watch.iter_lines())
        assert self.http.get(f"{path}/{name}").status_code == 404


@pytest.fixture
def backups(live_cluster: Any) -> None:
    """The kind is there."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    with live_cluster.http() as http:
        http.post(path, json=BACKUPS)
        options = {"watch": "1", "fieldSelector": "metadata.name=backups.example.org"}
        with http.stream("GET", path, params=options, timeout=PATIENCE) as watch:
            definitions = (json.loads(line)["object"] for line in watch.iter_lines())
            assert any(established(each) for each in definitions)


def established(definition: dict[str, Any]) -> bool:
    said = definition.get("status", {}).get("conditions") or ()
    return ("Established", "True") in [(c["type"], c["status"]) for c in said]


@pytest.fixture
def story(live_cluster: Any, tmp_path: Path) -> Iterator[Callable[[Path], Story]]:
    """``story(FILE)`` starts `kopf run FILE`, and returns a story to tell with it."""
    log, processes = tmp_path / "operator.log", []
    with log.open("w") as written, live_cluster.http() as http:

        def begin(file: Path) -> Story:
            command = ["kopf", "run", "--standalone", "-n", live_cluster.namespace, str(file)]
            env = {**os.environ, **live_cluster.env}
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command], env=env, stdout=subprocess.DEVNULL, stderr=written
                )
            )
            return Story(live_cluster, http, log)

        yield begin
        for process in processes:
            process.terminate()
            process.wait()


FINALIZER = ["kopf.zalando.org/KopfFinalizerMarker"]


def test_a_kopf_operator_and_a_kind_that_is_built_in(story: Callable[[Path], Story]) -> None:
    told = story(HERE.parent / "compatibility" / "operator_kopf.py")
    configmaps = told.path("configmaps")
    told.create(configmaps, metadata={"name": "ada", "labels": {"greet": "yes"}}, data={"who": "Ada"})
    greeting = told.until(configmaps, "ada-greeting", lambda o: o.get("data", {}).get("text") == "Hello Ada")
    assert [owner["name"] for owner in greeting["metadata"]["ownerReferences"]] == ["ada"]
    ada = told.until(
        configmaps, "ada", lambda o: o["metadata"].get("annotations", {}).get("greeted") == "Ada"
    )
    assert ada["metadata"]["finalizers"] == FINALIZER

    told.patch(f"{configmaps}/ada", data={"who": "Countess Lovelace"})
    told.until(
        configmaps, "ada-greeting", lambda o: o.get("data", {}).get("text") == "Hello Countess Lovelace"
    )
    told.until(configmaps, "ada", lambda o: o["metadata"]["annotations"]["greeted"] == "Countess Lovelace")

    told.http.delete(f"{configmaps}/ada").raise_for_status()
    farewell = told.until(configmaps, "farewell-to-ada", bool)
    assert farewell["data"] == {"text": "Goodbye Countess Lovelace"}
    told.until_gone(configmaps, "ada")
    told.until_gone(configmaps, "ada-greeting")


def test_a_kopf_operator_and_a_kind_of_its_own(story: Callable[[Path], Story], backups: None) -> None:
    told = story(HERE / "operator_backup.py")
    path, cronjobs = told.path("backups", "example.org/v1"), told.path("cronjobs", "batch/v1")
    wanted = {"source": "photos", "schedule": "0 3 * * *"}
    told.create(path, apiVersion="example.org/v1", kind="Backup", metadata={"name": "nightly"}, spec=wanted)
    made = told.until(path, "nightly", lambda o: "cronjob" in o.get("status", {}).get("arrange", {}))
    assert made["metadata"]["finalizers"] == FINALIZER
    name = made["status"]["arrange"]["cronjob"]
    cronjob = told.http.get(f"{cronjobs}/{name}").json()
    assert cronjob["spec"]["schedule"] == "0 3 * * *"
    assert cronjob["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]

    told.patch(f"{path}/nightly", spec={"schedule": "0 4 * * *"})
    noted = "rearrange/spec.schedule"  # kopf's name of a handler that looks at one field
    told.until(path, "nightly", lambda o: o["status"].get(noted) == {"schedule": "0 4 * * *"})
    assert told.http.get(f"{cronjobs}/{name}").json()["spec"]["schedule"] == "0 4 * * *"
    note = told.until(told.path("events"), "Arranged", bool, field="reason")
    assert note["message"] == "photos is saved at 0 3 * * *"

    told.http.delete(f"{path}/nightly").raise_for_status()
    farewell = told.until(told.path("configmaps"), "nightly-was-here", bool)
    assert farewell["data"] == {"source": "photos"}
    told.until_gone(path, "nightly")
    told.until_gone(cronjobs, name)


def test_a_script_made_with_kr8s(live_cluster: Any, backups: None) -> None:
    said = subprocess.run(
        [sys.executable, str(HERE / "script_kr8s.py"), live_cluster.namespace],
        env={**os.environ, **live_cluster.env},
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout.splitlines()) == (
        0,
        [
            "web 2 ['Running']",
            "ADDED nightly",
            "MODIFIED 0 4 * * *",
            "['nightly']",
            "Invalid",
            "False []",
            "False",
        ],
    ), said.stderr
