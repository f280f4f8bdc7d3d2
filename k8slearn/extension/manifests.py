"""What has to be applied so that a cluster hands weather.example.com to the weather server."""

from __future__ import annotations

import base64

from k8slearn.api.objects import Object
from k8slearn.extension.kinds import GROUP, VERSIONS

NAME = "weather"
PRIORITY = 2000  # of the group: before what people have defined, behind all of Kubernetes' own


def service(namespace: str = "default", host: str = "localhost") -> Object:
    """A Service that leads out of the cluster, to a program on this machine."""
    metadata = {"name": NAME, "namespace": namespace}
    spec = {"type": "ExternalName", "externalName": host}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def apiservices(namespace: str = "default", port: int = 443, authority: bytes = b"") -> list[Object]:
    """One for each version. `authority`: the CA, in PEM, that has signed the server's certificate; "" trusts any."""
    trust = (
        {"caBundle": base64.b64encode(authority).decode()} if authority else {"insecureSkipTLSVerify": True}
    )
    where = {"namespace": namespace, "name": NAME, "port": port}
    ranks = {version: 10 * (len(VERSIONS) - i) for i, version in enumerate(VERSIONS)}
    return [
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{version}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "version": version,
                "groupPriorityMinimum": PRIORITY,
                "versionPriority": ranks[version],
                "service": where,
                **trust,
            },
        }
        for version in VERSIONS
    ]
