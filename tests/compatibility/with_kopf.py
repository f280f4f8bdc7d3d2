"""An operator made with kopf (`operator_kopf.py`), in a process of its own, as `kopf run` starts it.

The operator is the client here: the story only does what its users would do, with httpx, and watches what
the operator makes of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.compatibility.story import Story, configmap, deployment
from tests.live.watching import Watching

OPERATOR = Path(__file__).with_name("operator_kopf.py")
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"content-type": "application/merge-patch+json"}


class Kopf(Story):
    client = "kopf (an operator)"
    package = "kopf"

    def prepare(self) -> None:
        self.http = self.up.http()
        self.operator = subprocess.Popen(
            [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace=default", str(OPERATOR)],
            env={**os.environ, "KUBECONFIG": str(self.up.kubeconfig)},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "operator.log").open("w"),
        )

    def close(self) -> None:
        self.operator.terminate()
        self.operator.wait()
        self.http.close()

    def until(self, path: str, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Watches an object until something is true of it. Once it is gone, that is ``{}``."""
        with Watching(self.up, f"{path}?fieldSelector=metadata.name={name}") as watch:
            while (event := watch.event()) is not None:
                found: dict[str, Any] = event["object"] if event["type"] != "DELETED" else {}
                if holds(found):
                    return found
        raise AssertionError("the watch is over: " + (self.folder / "operator.log").read_text())

    def until_gone(self, path: str, name: str) -> None:
        found = self.http.get(f"{path}/{name}").json()
        if found["kind"] != "Status":
            since = found["metadata"]["resourceVersion"]
            with Watching(
                self.up, f"{path}?fieldSelector=metadata.name={name}&resourceVersion={since}"
            ) as watch:
                while (watch.event() or {"type": "DELETED"})["type"] != "DELETED":
                    pass
        assert self.http.get(f"{path}/{name}").status_code == 404

    def patched(self, path: str, name: str, patch: dict[str, Any]) -> None:
        self.http.patch(f"{path}/{name}", content=json.dumps(patch), headers=MERGE).raise_for_status()

    # --- the story ---

    def create(self) -> None:
        """For every ConfigMap with the label, the operator makes a greeting that belongs to it."""
        self.http.post(CONFIGMAPS, json=configmap("a", {"greet": "yes"}, who="Anna")).raise_for_status()
        greeting = self.until(
            CONFIGMAPS, "a-greeting", lambda obj: obj.get("data", {}).get("text") == "Hello Anna"
        )
        assert [owner["name"] for owner in greeting["metadata"]["ownerReferences"]] == ["a"]

    def read(self) -> None:
        """It lays hands, by its finalizer, on objects with the label, and on no others."""
        self.http.post(CONFIGMAPS, json=configmap("plain")).raise_for_status()
        a = self.http.get(f"{CONFIGMAPS}/a").json()
        assert a["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
        assert "finalizers" not in self.http.get(f"{CONFIGMAPS}/plain").json()["metadata"]

    def watch(self) -> None:
        """A change of the one is followed by the other."""
        self.patched(CONFIGMAPS, "a", {"data": {"who": "Otto"}})
        self.until(CONFIGMAPS, "a-greeting", lambda obj: obj.get("data", {}).get("text") == "Hello Otto")

    def patch(self) -> None:
        """It notes in the object's annotations what its handlers have done."""
        self.until(CONFIGMAPS, "a", lambda obj: obj["metadata"]["annotations"].get("greeted") == "Otto")

    def scale(self) -> None:
        """Its handler of Deployments scales them to what their annotation says."""
        wanted = deployment()
        wanted["metadata"]["annotations"] = {"wanted": "3"}
        self.http.post(DEPLOYMENTS, json=wanted).raise_for_status()
        self.until(DEPLOYMENTS, "web", lambda obj: obj["status"].get("readyReplicas") == 3)

    def delete(self) -> None:
        """Its last words are said before the object is gone, and the greeting goes with it."""
        self.http.delete(f"{CONFIGMAPS}/a").raise_for_status()
        self.until(CONFIGMAPS, "farewell-to-a", lambda obj: obj.get("data", {}).get("text") == "Goodbye Otto")
        self.until_gone(CONFIGMAPS, "a-greeting")
        self.until_gone(CONFIGMAPS, "a")

    def reconnect(self) -> None:
        """It finds the way back by itself, and serves who comes after."""
        self.restart()
        self.http.post(CONFIGMAPS, json=configmap("b", {"greet": "yes"}, who="Bo")).raise_for_status()
        self.until(CONFIGMAPS, "b-greeting", lambda obj: obj.get("data", {}).get("text") == "Hello Bo")
        self.http.delete(f"{CONFIGMAPS}/b").raise_for_status()
        self.until_gone(CONFIGMAPS, "b-greeting")
