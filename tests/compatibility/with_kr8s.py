"""kr8s, through its synchronous API. It has no server-side apply of its own."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import kr8s
import pytest
from kr8s.objects import ConfigMap, Deployment

from tests.compatibility.story import Story, configmap, deployment
from tests.up import PATIENCE


class Kr8s(Story):
    client = "kr8s"
    package = "kr8s"

    def prepare(self) -> None:
        self.api = kr8s.api(kubeconfig=str(self.up.kubeconfig), namespace="default")

    def configmap(self, name: str, **data: str) -> Any:
        return ConfigMap(configmap(name, **data), api=self.api)

    def pods(self) -> list[Any]:
        return list(self.api.get("pods", label_selector={"app": "web"}))

    # --- the story ---

    def create(self) -> None:
        self.configmap("a", k="v").create()
        web = Deployment(deployment(), api=self.api)
        web.create()
        web.wait("condition=Available", timeout=PATIENCE)
        with pytest.raises(kr8s.ServerError) as refusal:
            self.configmap("a").create()
        assert refusal.value.status["reason"] == "AlreadyExists"

    def read(self) -> None:
        assert ConfigMap.get("a", api=self.api).data == {"k": "v"}
        assert [pod.status.phase for pod in self.pods()] == ["Running", "Running"]
        assert len(list(self.api.get("configmaps", namespace=kr8s.ALL))) > 3
        assert "deployments" in {kind["name"] for kind in self.api.api_resources()}
        with pytest.raises(kr8s.NotFoundError):
            ConfigMap.get("nobody", api=self.api)

    def watch(self) -> None:
        since = self.configmap("a")
        since.refresh()
        b = self.configmap("b", k="v")
        b.create()
        b.patch({"data": {"k": "w"}})
        b.delete()
        events = self.api.watch("configmaps", since=since.metadata.resourceVersion)
        seen = ((kind, obj.name) for kind, obj in events if obj.name == "b")
        assert [next(seen) for _ in range(3)] == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]

    def patch(self) -> None:
        a = ConfigMap.get("a", api=self.api)
        a.patch({"data": {"merge": "1"}})
        a.patch([{"op": "add", "path": "/data/json", "value": "1"}], type="json")
        assert a.data == {"k": "v", "merge": "1", "json": "1"}
        a.label({"colour": "red"})
        a.annotate({"note": "well"})
        assert (a.labels["colour"], a.annotations["note"]) == ("red", "well")

    def scale(self) -> None:
        web = Deployment.get("web", api=self.api)
        web.scale(3)
        web.wait("jsonpath='{.status.readyReplicas}'=3", timeout=PATIENCE)
        assert len(self.pods()) == 3

    def conflict(self) -> None:
        """It has no replace; a patch that names the version it was made for is refused in the same way."""
        a = ConfigMap.get("a", api=self.api)
        old = a.metadata.resourceVersion
        a.patch({"data": {"k": "w"}})
        late = {"metadata": {"resourceVersion": old}, "data": {"k": "x"}}
        with pytest.raises(kr8s.ServerError) as refusal:
            a.patch(late)
        assert refusal.value.status["reason"] == "Conflict"
        late["metadata"]["resourceVersion"] = a.metadata.resourceVersion
        a.patch(late)
        assert a.data["k"] == "x"

    def delete(self) -> None:
        web = Deployment.get("web", api=self.api)
        web.delete(propagation_policy="Foreground")
        web.wait("delete", timeout=PATIENCE)
        assert not web.exists()
        assert self.pods() == []

    def reconnect(self) -> None:
        """Its watch ends with the server; a new one goes on from what it saw last."""
        events = self.api.watch("configmaps")
        seen = next(obj for _, obj in events if obj.name == "a")
        self.restart()
        with contextlib.suppress(httpx.TransportError):
            for _ in events:
                pass
        self.configmap("after").create()
        events = self.api.watch("configmaps", since=seen.metadata.resourceVersion)
        assert next(kind for kind, obj in events if obj.name == "after") == "ADDED"
