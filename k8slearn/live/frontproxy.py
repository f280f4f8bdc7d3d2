"""The front proxy's certificate: by it other API servers know that it is really us who say for whom we ask.

Its CA signs nothing else, and is not the cluster's: otherwise everybody who has a client certificate could
pass for us. What other servers need in order to check it stands in a ConfigMap, where every one of them
looks.

Kubernetes: --proxy-client-cert-file, --requestheader-client-ca-file;
pkg/controlplane/controller/clusterauthenticationtrust"""

from __future__ import annotations

import json
from pathlib import Path

from k8slearn.api import errors
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.live.certificates import Authority

NAME = "front-proxy-client"
WHERE = ("kube-system", "extension-apiserver-authentication")


class FrontProxy:
    """`pair` is shown to other servers. Its CA is kept in a folder of `home`."""

    def __init__(self, home: Path) -> None:
        self.authority = Authority(home / "front-proxy")
        self.pair = self.authority.client(NAME)

    def publish(self, server: ApiServer, clients: bytes) -> None:
        """Say whom to trust. `clients`: the CA of the cluster's own client certificates, in PEM."""
        body = self._configmap(clients)
        try:
            server.handle(Request("create", "configmaps", *WHERE, body=body))
        except errors.AlreadyExists:
            patch = {"data": body["data"]}
            server.handle(Request("patch", "configmaps", *WHERE, body=patch, options={"patchType": "merge"}))

    def _configmap(self, clients: bytes) -> Object:
        lists = {
            "requestheader-allowed-names": [NAME],
            "requestheader-username-headers": ["X-Remote-User"],
            "requestheader-uid-headers": ["X-Remote-Uid"],
            "requestheader-group-headers": ["X-Remote-Group"],
            "requestheader-extra-headers-prefix": ["X-Remote-Extra-"],
        }
        data = {name: json.dumps(values) for name, values in lists.items()}
        data["client-ca-file"] = clients.decode()
        data["requestheader-client-ca-file"] = self.authority.pair.certificate.decode()
        metadata = {"namespace": WHERE[0], "name": WHERE[1]}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
