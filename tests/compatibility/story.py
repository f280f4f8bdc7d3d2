"""What every client is put through, and the objects it is done with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.up import Up

#: The steps of a story, in order: the columns of the table. A client that has no such verb leaves it out.
STEPS = {
    "create": "creates a ConfigMap and a Deployment, and waits until it is rolled out; to create it again is refused",
    "read": "reads one object, lists by label and page by page, and is told when there is no such thing",
    "watch": "hears of an object's coming, changing and going, in this order",
    "patch": "changes a part of an object, by every type of patch that the client knows",
    "apply": "applies server-side; is told who owns a field that another manager wants, and takes it by force",
    "scale": "scales through the `scale` subresource, and the pods follow",
    "conflict": "is refused when it writes what it read too long ago; reads again, and may",
    "delete": "deletes a Deployment and what it owns; then there is no such thing",
    "reconnect": "goes on after the server was stopped and started again on the same store, and misses nothing",
}


class Story:
    """One client against one `k8slearn up`. Its steps are methods with the names in `STEPS`.

    `prepare` comes before them and `close` after, whatever happened.
    """

    client = ""  # as the table names it
    package = ""  # the distribution that its version comes from

    def __init__(self, up: Up, folder: Path) -> None:
        self.up = up
        self.folder = folder

    @classmethod
    def version(cls) -> str:
        from importlib.metadata import version

        return version(cls.package)

    def prepare(self) -> None:
        """Make the client."""

    def close(self) -> None:
        """Let go of it."""

    def restart(self) -> None:
        """Ctrl-C, and `k8slearn up` once more."""
        assert self.up.stop()[0] == 0
        self.up.start()


def configmap(name: str, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "default"}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(name: str = "web", replicas: int = 2, **pod: Any) -> dict[str, Any]:
    labels = {"app": name}
    spec = {"containers": [{"name": "web", "image": "registry.example/web:1"}], **pod}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def text(obj: dict[str, Any]) -> str:
    return json.dumps(obj)
