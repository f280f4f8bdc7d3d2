"""lightkube, whose models are made from the real API's description: what it cannot read, it does not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import CascadeType, OnErrorResult, PatchType, on_error_retry

from tests.compatibility.story import Story, deployment


class Lightkube(Story):
    client = "lightkube"
    package = "lightkube"

    def prepare(self) -> None:
        self.api = Client(config=KubeConfig.from_file(self.up.kubeconfig), trust_env=False)

    def close(self) -> None:
        self.api.close()

    @staticmethod
    def configmap(name: str, **data: str) -> ConfigMap:
        return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)

    @staticmethod
    def refused(reason: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        with pytest.raises(ApiError) as caught:
            call(*arguments, **named)
        assert caught.value.status.reason == reason
        return str(caught.value)

    def version_now(self) -> str:
        return str(self.api.get(ConfigMap, "a").metadata.resourceVersion)

    def rolled_out(self, replicas: int) -> None:
        for _, found in self.api.watch(Deployment, fields={"metadata.name": "web"}):
            if (found.status.availableReplicas, found.status.replicas) == (replicas, replicas):
                return

    # --- the story ---

    def create(self) -> None:
        assert self.api.create(self.configmap("a", k="v")).metadata.uid
        self.api.create(Deployment.from_dict(deployment()))
        self.rolled_out(2)
        self.refused("AlreadyExists", self.api.create, self.configmap("a"))

    def read(self) -> None:
        assert self.api.get(ConfigMap, "a").data == {"k": "v"}
        pods = list(self.api.list(Pod, labels={"app": "web"}))
        assert [pod.status.phase for pod in pods] == ["Running", "Running"]
        everything = [c.metadata.name for c in self.api.list(ConfigMap, namespace="*")]
        by_twos = [c.metadata.name for c in self.api.list(ConfigMap, namespace="*", chunk_size=2)]
        assert by_twos == everything
        self.refused("NotFound", self.api.get, ConfigMap, "nobody")

    def watch(self) -> None:
        since = self.version_now()
        self.api.create(self.configmap("b", k="v"))
        self.api.patch(ConfigMap, "b", {"data": {"k": "w"}})
        self.api.delete(ConfigMap, "b")
        events = self.api.watch(ConfigMap, resource_version=since)
        seen = ((kind, obj.metadata.name) for kind, obj in events)
        assert [next(seen) for _ in range(3)] == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]

    def patch(self) -> None:
        added: list[dict[str, Any]] = [{"op": "add", "path": "/data/json", "value": "1"}]
        self.api.patch(ConfigMap, "a", {"data": {"strategic": "1"}}, patch_type=PatchType.STRATEGIC)
        self.api.patch(ConfigMap, "a", {"data": {"merge": "1"}}, patch_type=PatchType.MERGE)
        found = self.api.patch(ConfigMap, "a", added, patch_type=PatchType.JSON)  # type: ignore[arg-type]
        assert found.data == {"k": "v", "strategic": "1", "merge": "1", "json": "1"}

    def apply(self) -> None:
        self.api.apply(self.configmap("owned", colour="red"), field_manager="mine")
        refusal = self.refused(
            "Conflict", self.api.apply, self.configmap("owned", colour="blue"), field_manager="theirs"
        )
        assert 'conflict with "mine": .data.colour' in refusal
        found = self.api.apply(self.configmap("owned", colour="blue"), field_manager="theirs", force=True)
        assert found.data == {"colour": "blue"}

    def scale(self) -> None:
        scale = self.api.get(Deployment.Scale, "web")
        assert scale.status.selector == "app=web"
        scale.spec = ScaleSpec(replicas=3)
        self.api.replace(scale, "web")
        self.rolled_out(3)
        assert len(list(self.api.list(Pod, labels={"app": "web"}))) == 3

    def conflict(self) -> None:
        old = self.api.get(ConfigMap, "a")
        self.api.patch(ConfigMap, "a", {"data": {"k": "w"}})
        self.refused("Conflict", self.api.replace, old)
        new = self.api.get(ConfigMap, "a")
        new.data["k"] = "x"
        assert self.api.replace(new).data["k"] == "x"

    def delete(self) -> None:
        since = self.version_now()
        self.api.delete(Deployment, "web", cascade=CascadeType.FOREGROUND)
        for kind, _ in self.api.watch(Deployment, resource_version=since):
            if kind == "DELETED":
                break
        assert list(self.api.list(Pod, labels={"app": "web"})) == []
        self.refused("NotFound", self.api.get, Deployment, "web")

    def reconnect(self) -> None:
        """Its watch was begun before, and finds the way back by itself."""

        def again(error: Exception, count: int) -> OnErrorResult:
            return on_error_retry(error, count)

        events = self.api.watch(ConfigMap, on_error=again)
        assert any(obj.metadata.name == "a" for _, obj in events)
        self.restart()
        self.api.create(self.configmap("after"))
        assert next(kind for kind, obj in events if obj.metadata.name == "after") == "ADDED"
