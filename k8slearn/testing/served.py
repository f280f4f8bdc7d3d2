"""The fixture `live_cluster`: an API server on a port of this machine, for operators in any language."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx2

from k8slearn.live.notebook import Background


@dataclass
class LiveCluster:
    """`namespace` is fresh, and the test's own."""

    plane: Background
    namespace: str

    @property
    def url(self) -> str:
        return self.plane.url

    @property
    def token(self) -> str:
        """The administrator's."""
        return self.plane.token

    @property
    def kubeconfig(self) -> Path:
        """A file, for ``KUBECONFIG`` or ``--kubeconfig``."""
        return self.plane.kubeconfig

    @property
    def authority(self) -> Path:
        """The certificate that its own is signed with."""
        return self.kubeconfig.parent / "ca.crt"

    @property
    def env(self) -> dict[str, str]:
        """What a process needs in its environment to find it."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    def http(self) -> httpx2.Client:
        """A client that is trusted, and trusts nobody else."""
        return httpx2.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.token}"},
            verify=ssl.create_default_context(cafile=str(self.authority)),
            trust_env=False,
        )


def begin(plane: Background) -> LiveCluster:
    """A namespace with a name that the server makes up."""
    found = LiveCluster(plane, "")
    with found.http() as http:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "test-"}}
        answer = http.post("/api/v1/namespaces", json=body).raise_for_status()
    found.namespace = answer.json()["metadata"]["name"]
    return found


def end(cluster: LiveCluster) -> None:
    """Everything in the namespace goes; the next test does not wait for it."""
    with cluster.http() as http:
        http.delete(f"/api/v1/namespaces/{cluster.namespace}")
