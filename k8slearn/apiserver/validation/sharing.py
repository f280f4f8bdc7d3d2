"""The rules of what a pod shares with its node: network, ports, processes, users, kernel parameters.

Read first: `pods`.

Kubernetes: pkg/apis/core/validation/validation.go (validatePodHostNetworkDeps, validateHostUsers, validateSysctls)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required

Spec = dict[str, Any]


def host_network(spec: Spec, path: str) -> Iterable[FieldError]:
    """On the node's network a container's port *is* the node's port. (A template may leave it to the pod.)"""
    for i, container in enumerate(spec.get("containers") or () if spec.get("hostNetwork") else ()):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort", port.get("containerPort")) != port.get("containerPort"):
                where = f"{path}.containers[{i}].ports[{j}].hostPort"
                yield invalid(
                    where, port["hostPort"], "must match `containerPort` when `hostNetwork` is true"
                )


def host_ports(spec: Spec, path: str) -> Iterable[FieldError]:
    """Two containers cannot have the same port of their node."""
    seen: set[str] = set()
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            taken = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if taken in seen:
                yield duplicate(f"{path}.containers[{i}].ports[{j}].hostPort", taken)
            seen.add(taken)


def host_users(spec: Spec, path: str) -> Iterable[FieldError]:
    """Who has users of his own cannot have the rest of the node's."""
    named = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    for field, shown in named.items() if spec.get("hostUsers") is False else ():
        if spec.get(field):
            yield forbidden(f"{path}.{shown}", "when `pod.Spec.HostUsers` is false")


def one_process_space(spec: Spec, path: str) -> Iterable[FieldError]:
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.securityContext.shareProcessNamespace", True, detail)


_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"^({_SEGMENT}[\./])*{_SEGMENT}$"
LONGEST_SYSCTL = 253


def sysctls(found: list[Spec], path: str) -> Iterable[FieldError]:
    seen: set[str] = set()
    for i, sysctl in enumerate(found):
        name, where = sysctl.get("name", ""), f"{path}[{i}].name"
        if not name:
            yield required(where)
        elif len(name) > LONGEST_SYSCTL or not re.match(_SYSCTL, name):
            yield invalid(
                where, name, f"must have at most {LONGEST_SYSCTL} characters and match regex {_SYSCTL}"
            )
        elif name in seen:
            yield duplicate(where, name)
        seen.add(name)
