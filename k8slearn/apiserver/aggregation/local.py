"""The APIServices of our own groups: they hand nothing on, and say in which order clients see the groups.

Kubernetes: pkg/controlplane/apiserver/aggregator.go (DefaultGenericAPIServicePriorities,
apiServicesToRegister)"""

from __future__ import annotations

from k8slearn.api.builtin import BUILTIN
from k8slearn.api.objects import Object

AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"

OWN = "apiregistration.k8s.io"  # the group of APIServices: always first, and registered nowhere
FIRST = 20001  # above everything that an APIService may ask for
OF_DEFINITIONS = (1000, 100)  # priorities of a group that people have defined, and of each of its versions
NEWEST, STABLE = 30, 15  # priorities of a version beside others, and of the only one

#: The priority of each group: the highest comes first.
GROUPS = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "resource.k8s.io": 15900,
}
VERSIONS = {("", "v1"): 1, ("autoscaling", "v2"): NEWEST, ("flowcontrol.apiserver.k8s.io", "v1"): 21}


def group_priority(group: str) -> int:
    return FIRST if group == OWN else GROUPS.get(group, OF_DEFINITIONS[0])


def version_priority(group: str, version: str) -> int:
    return VERSIONS.get((group, version), STABLE) if group in GROUPS else OF_DEFINITIONS[1]


def local_apiservices() -> list[Object]:
    """One for each version of our own groups, as the server makes them when it starts."""
    versions = dict.fromkeys((r.group, r.version) for r in BUILTIN if r.served and r.group in GROUPS)
    return [_apiservice(group, version) for group, version in versions]


def _apiservice(group: str, version: str) -> Object:
    spec = {"group": group} if group else {}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {AUTOMANAGED: "onstart"}},
        "spec": {
            **spec,
            "version": version,
            "groupPriorityMinimum": group_priority(group),
            "versionPriority": version_priority(group, version),
        },
    }
