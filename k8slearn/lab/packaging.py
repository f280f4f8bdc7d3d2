"""The same app, packed three times: as plain manifests, as an overlay of kustomize, as one object for an operator.

    shop = packages("../examples/shop")
    worlds = {package.name: installed(package) for package in shop}

What they have in common says `what_matters`: what a user of the app would notice, read off a cluster; names, labels and
who owns whom may differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from k8slearn.api.manifests import load
from k8slearn.api.objects import Object, dig, key_of, labels_of, namespace_of
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.controllers.pods import is_ready
from k8slearn.lab.kustomize import build, files_of
from k8slearn.operators import WebsiteController, definition
from k8slearn.sim import Simulation

PLAIN, OVERLAY, OPERATOR = "plain manifests", "an overlay", "one object"


@dataclass(frozen=True)
class Package:
    """`files` by their path; `at` is the one, or the folder with a kustomization, that is applied."""

    name: str
    files: dict[str, str]
    at: str

    def objects(self) -> list[Object]:
        """What is sent to the API server."""
        return load(self.files[self.at], self.at) if self.at in self.files else build(self.files, self.at)

    def lines(self) -> int:
        """How many lines somebody has written, without empty ones and comments."""
        return sum(
            bool(line.partition("# ")[0].strip())
            for text in self.files.values()
            for line in text.splitlines()
        )

    def edited(self, old: str, new: str) -> Package:
        """With another text in its files, wherever it stands. Raises ValueError if it stands nowhere."""
        if not any(old in text for text in self.files.values()):
            raise ValueError(f"{old!r} stands in no file of {self.name}")
        return replace(self, files={path: text.replace(old, new) for path, text in self.files.items()})


def packages(folder: str | Path) -> list[Package]:
    """The three of examples/shop."""
    folder = Path(folder)
    overlay = {
        p: text for p, text in files_of(folder / "kustomize").items() if not p.startswith("overlays/test/")
    }
    return [
        Package(PLAIN, files_of(folder / "plain"), "shop.yaml"),
        Package(OVERLAY, overlay, "overlays/production"),
        Package(
            OPERATOR, {"website.yaml": (folder / "website.yaml").read_text(encoding="utf-8")}, "website.yaml"
        ),
    ]


def installed(package: Package, nodes: int = 2) -> Simulation:
    """A cluster in which the operator is at work, and the package applied."""
    sim = Simulation(Cluster(nodes, adding=[WebsiteController], objects=[definition("websites")]))
    sim.apply(package.objects())
    sim.run()
    return sim


# --- looking ---------------------------------------------------------------------------------


def what_matters(client: Client, key: str = "default/shop") -> Object:
    """Servers, pages and address of the app, as somebody who uses it would tell them."""
    deployment, service = client.get("deployments", key), client.get("services", key)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return {
        "servers": deployment["spec"]["replicas"],
        "ready": sum(map(is_ready, behind(client, service))),
        "image": container["image"],
        "listens on": [port["containerPort"] for port in container["ports"]],
        "memory": dig(container, "resources", "limits", "memory"),
        "pages": _pages(client, pod, namespace_of(deployment)),
        "address": [
            (port["port"], port["targetPort"], port["protocol"]) for port in service["spec"]["ports"]
        ],
    }


def behind(client: Client, service: Object) -> list[Object]:
    """The pods that a Service sends requests to, if they are ready."""
    wanted = service["spec"]["selector"].items()
    return [pod for pod in client.list("pods", namespace_of(service)) if wanted <= labels_of(pod).items()]


def _pages(client: Client, pod: Object, namespace: str) -> dict[str, Any]:
    """Where each ConfigMap is mounted -> what is in it."""
    paths = {m["name"]: m["mountPath"] for c in pod["containers"] for m in c.get("volumeMounts", [])}
    named = {v["name"]: v["configMap"]["name"] for v in pod.get("volumes", []) if "configMap" in v}
    return {
        paths[volume]: dict(client.get("configmaps", f"{namespace}/{name}")["data"])
        for volume, name in named.items()
    }


def renewed(sim: Simulation, since: int) -> int:
    """How many pods were started after this revision of the store."""
    return sum(e.resource == "pods" and e.type == "ADDED" for e in sim.store.log[since:])


def keys(objects: Iterable[Object]) -> list[str]:
    return [f"{obj['kind']} {key_of(obj)}" for obj in objects]
