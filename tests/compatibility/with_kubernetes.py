"""The official Python client: its typed API, its watch, its dynamic client and its informer."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.informer import ADDED, SharedInformer

from tests.compatibility.story import Story, configmap, deployment
from tests.up import PATIENCE


class Kubernetes(Story):
    client = "kubernetes (Python)"
    package = "kubernetes"

    def prepare(self) -> None:
        self.api = config.new_client_from_config(str(self.up.kubeconfig))
        self.core, self.apps = client.CoreV1Api(self.api), client.AppsV1Api(self.api)

    def close(self) -> None:
        self.api.close()

    @staticmethod
    def refused(code: int, call: Callable[..., Any], *arguments: Any, **named: Any) -> ApiException:
        with pytest.raises(ApiException) as caught:
            call(*arguments, **named)
        assert caught.value.status == code
        return caught.value

    def rolled_out(self, replicas: int) -> None:
        """Watches until they are all available."""
        stream = watch.Watch().stream(
            self.apps.list_namespaced_deployment, "default", timeout_seconds=int(PATIENCE)
        )
        for event in stream:
            status = event["object"].status
            if (status.available_replicas, status.replicas) == (replicas, replicas):
                return
        raise AssertionError("the watch is over")

    # --- the story ---

    def create(self) -> None:
        made = self.core.create_namespaced_config_map("default", configmap("a", {"app": "web"}, k="v"))
        assert made.metadata.uid
        assert made.metadata.creation_timestamp.tzinfo is not None
        self.apps.create_namespaced_deployment("default", deployment())
        self.rolled_out(2)
        self.refused(409, self.core.create_namespaced_config_map, "default", configmap("a"))

    def read(self) -> None:
        assert self.core.read_namespaced_config_map("a", "default").data == {"k": "v"}
        pods = self.core.list_namespaced_pod("default", label_selector="app=web").items
        assert {p.status.phase for p in pods} == {"Running"}
        everything = self.core.list_config_map_for_all_namespaces().items
        names, more = [], ""
        while more is not None:
            page = self.core.list_config_map_for_all_namespaces(limit=2, _continue=more)
            names += [item.metadata.name for item in page.items]
            more = page.metadata._continue
        assert names == [item.metadata.name for item in everything]
        self.refused(404, self.core.read_namespaced_config_map, "nobody", "default")

    def watch(self) -> None:
        since = self.core.list_namespaced_config_map("default").metadata.resource_version
        self.core.create_namespaced_config_map("default", configmap("b"))
        self.core.patch_namespaced_config_map("b", "default", {"data": {"k": "w"}})
        self.core.delete_namespaced_config_map("b", "default")
        stream = watch.Watch().stream(
            self.core.list_namespaced_config_map, "default", resource_version=since, timeout_seconds=1
        )
        seen = [(event["type"], event["object"].metadata.name) for event in stream]
        assert seen == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]

    def patch(self) -> None:
        self.core.patch_namespaced_config_map("a", "default", {"data": {"strategic": "1"}})
        self.core.patch_namespaced_config_map(
            "a", "default", [{"op": "add", "path": "/data/json", "value": "1"}]
        )
        kinds = DynamicClient(self.api).resources
        configmaps = kinds.get(api_version="v1", kind="ConfigMap")
        merge = {"data": {"merge": "1"}}
        found = configmaps.patch(
            body=merge, name="a", namespace="default", content_type="application/merge-patch+json"
        )
        assert found.data.to_dict() == {"k": "v", "strategic": "1", "json": "1", "merge": "1"}

    def apply(self) -> None:
        configmaps = DynamicClient(self.api).resources.get(api_version="v1", kind="ConfigMap")
        red, blue = configmap("owned", colour="red"), configmap("owned", colour="blue")
        apply = configmaps.server_side_apply
        apply(body=red, name="owned", namespace="default", field_manager="mine")
        error = self.refused(409, apply, body=blue, name="owned", namespace="default", field_manager="theirs")
        assert 'conflict with \\"mine\\": .data.colour' in error.body
        found = apply(
            body=blue, name="owned", namespace="default", field_manager="theirs", force_conflicts=True
        )
        assert found.data.colour == "blue"

    def scale(self) -> None:
        scale = self.apps.read_namespaced_deployment_scale("web", "default")
        assert scale.status.selector == "app=web"
        scale.spec.replicas = 3
        self.apps.replace_namespaced_deployment_scale("web", "default", scale)
        self.rolled_out(3)
        assert len(self.core.list_namespaced_pod("default", label_selector="app=web").items) == 3

    def conflict(self) -> None:
        old = self.core.read_namespaced_config_map("a", "default")
        self.core.patch_namespaced_config_map("a", "default", {"data": {"k": "w"}})
        self.refused(409, self.core.replace_namespaced_config_map, "a", "default", old)
        new = self.core.read_namespaced_config_map("a", "default")
        new.data["k"] = "x"
        assert self.core.replace_namespaced_config_map("a", "default", new).data["k"] == "x"

    def delete(self) -> None:
        since = self.core.list_namespaced_pod("default").metadata.resource_version
        self.apps.delete_namespaced_deployment("web", "default", propagation_policy="Foreground")
        stream = watch.Watch().stream(
            self.core.list_namespaced_pod,
            "default",
            resource_version=since,
            timeout_seconds=int(PATIENCE),
        )
        gone = (event["object"].metadata.name for event in stream if event["type"] == "DELETED")
        assert len({next(gone), next(gone), next(gone)}) == 3
        deployments = watch.Watch().stream(
            self.apps.list_namespaced_deployment, "default", timeout_seconds=int(PATIENCE)
        )
        if self.apps.list_namespaced_deployment("default").items:
            next(event for event in deployments if event["type"] == "DELETED")
        self.refused(404, self.apps.read_namespaced_deployment, "web", "default")

    def reconnect(self) -> None:
        """An informer that was started before has in its cache what was made after."""
        informer = SharedInformer(self.core.list_namespaced_config_map, "default")
        heard: queue.Queue[str] = queue.Queue()
        informer.add_event_handler(ADDED, lambda obj: heard.put(obj.metadata.name))
        informer.start()
        try:
            while heard.get(timeout=PATIENCE) != "owned":
                pass
            self.restart()
            self.core.create_namespaced_config_map("default", configmap("after"))
            while heard.get(timeout=PATIENCE) != "after":
                pass
            assert informer.cache.get_by_key("default/after").metadata.uid
        finally:
            self.core.delete_namespaced_config_map("after", "default")  # wakes it, so that it can stop
            informer.stop()
