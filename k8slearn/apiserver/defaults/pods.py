"""The defaults of a pod spec, wherever it stands: in a Pod or in the template of a workload.

Read `defaults` first.

Kubernetes: pkg/apis/core/v1/defaults.go (SetDefaults_PodSpec, SetDefaults_Container ...)
"""

from __future__ import annotations

import re
from typing import Any

from k8slearn.api.objects import edit

Fields = dict[str, Any]

POD: Fields = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
CONTAINER: Fields = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
PROBE: Fields = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
HTTP_GET: Fields = {"path": "/", "scheme": "HTTP"}
VOLUMES: dict[str, Fields] = {
    **{kind: {"defaultMode": 0o644} for kind in ("secret", "configMap", "downwardAPI", "projected")},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
}


def fill(target: Fields, fields: Fields) -> None:
    """Give `target` a copy of each field that it does not have."""
    for field, value in fields.items():
        if field not in target:
            target[field] = edit(value)


def default_pod_spec(spec: Fields) -> None:
    fill(spec, POD)
    for containers in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(containers) or ():
            _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)


def requests_from_limits(resources: Fields) -> None:
    """Who names a limit but no request asks for the limit. In Pods only, not in templates."""
    if limits := resources.get("limits"):
        fill(resources.setdefault("requests", {}), limits)


def host_ports(container: Fields) -> None:
    """On the node's network a container's port *is* the node's port. In Pods only, not in templates."""
    for port in container.get("ports") or ():
        fill(port, {"hostPort": port.get("containerPort", 0)})


def _container(container: Fields) -> None:
    fill(container, CONTAINER)
    fill(container, {"imagePullPolicy": _pull_policy(container.get("image", ""))})
    for port in container.get("ports") or ():
        fill(port, {"protocol": "TCP"})
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            fill(container[probe], PROBE)
            _handler(container[probe])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _handler(hook)
    for env in container.get("env") or ():
        _field_ref(env.get("valueFrom") or {})


def _handler(handler: Fields) -> None:
    if "httpGet" in handler:
        fill(handler["httpGet"], HTTP_GET)
    if "grpc" in handler:
        fill(handler["grpc"], {"service": ""})


def _field_ref(source: Fields) -> None:
    if "fieldRef" in source:
        fill(source["fieldRef"], {"apiVersion": "v1"})
    if "resourceFieldRef" in source:
        fill(source["resourceFieldRef"], {"divisor": "0"})


def _volume(volume: Fields) -> None:
    """A volume that says nothing is an empty directory."""
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
    for kind in VOLUMES.keys() & volume.keys():
        fill(volume[kind], VOLUMES[kind])
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "serviceAccountToken" in source:
            fill(source["serviceAccountToken"], {"expirationSeconds": 3600})
        _items(source.get("downwardAPI") or {})
    _items(volume.get("downwardAPI") or {})
    if "image" in volume:
        fill(volume["image"], {"pullPolicy": _pull_policy(volume["image"].get("reference", ""))})
    claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if claim:
        fill(claim.setdefault("spec", {}), {"volumeMode": "Filesystem", "resources": {}})


def _items(source: Fields) -> None:
    for item in source.get("items") or ():
        _field_ref(item)


def _pull_policy(image: str) -> str:
    """``latest``, said or meant, is a moving target and must be pulled every time."""
    found = re.fullmatch(r"(?:.*/)?[^/:@]+(?::(?P<tag>[^/:@]+))?(?P<digest>@.+)?", image)
    tag = found and (found["tag"] or ("" if found["digest"] else "latest"))
    return "Always" if tag == "latest" else "IfNotPresent"
