"""The file from which kubectl and every client library learn where the server is and who they are.

Kubernetes: client-go/tools/clientcmd/api/v1/types.go (Config)
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from k8slearn.live.certificates import write_private

NAME = "k8slearn"
USER = "kubernetes-admin"


def config(server: str, authority: bytes, *, token: str) -> dict[str, Any]:
    """One cluster, one user with a bearer token, one context that joins them."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": USER, "user": {"token": token}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": USER, "namespace": "default"}}],
        "current-context": NAME,
        "preferences": {},
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write the file. One that is not ours is left alone: raises FileExistsError."""
    if path.exists() and not is_ours(path):
        raise FileExistsError(
            f"{path} is a kubeconfig of something else; name another file with --kubeconfig, and nothing is lost"
        )
    write_private(path, yaml.safe_dump(content, sort_keys=False).encode())


def is_ours(path: Path) -> bool:
    """Does the file speak of nothing but a cluster of ours?"""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return False
    clusters = found.get("clusters") if isinstance(found, dict) else None
    return found is None or [c.get("name") for c in clusters or [] if isinstance(c, dict)] == [NAME]
