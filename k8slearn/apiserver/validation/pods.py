"""The rules of a pod spec, wherever it stands. Read next: `containers`, `volumes`, `scheduling`.

Kubernetes: pkg/apis/core/validation/validation.go (ValidatePodSpec)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.addresses import address
from k8slearn.apiserver.validation.containers import CONTAINER, INIT_CONTAINER, seccomp
from k8slearn.apiserver.validation.scheduling import AFFINITY, SPREAD, spreads_differ, toleration
from k8slearn.apiserver.validation.shapes import (
    Between,
    Check,
    Each,
    OneOf,
    Shape,
    dns_label,
    dns_subdomain,
    labels,
    natural,
)
from k8slearn.apiserver.validation.volumes import VOLUMES, mounts_are_there

Spec = dict[str, Any]


def _has_containers(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("containers"):
        yield required(f"{path}.containers")


def _names_differ(spec: Spec, path: str) -> Iterable[FieldError]:
    """Init containers and containers share one set of names."""
    containers = [
        (f"{path}.{field}[{i}].name", c.get("name"))
        for field in ("containers", "initContainers")
        for i, c in enumerate(spec.get(field) or ())
    ]
    seen: set[str | None] = set()
    for where, name in containers if len(containers) > 1 else ():
        if name and name in seen:
            yield duplicate(where, name)
        seen.add(name)


def _host_network(spec: Spec, path: str) -> Iterable[FieldError]:
    """On the node's network a container's port *is* the node's port."""
    for i, container in enumerate(spec.get("containers") or () if spec.get("hostNetwork") else ()):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort", 0) != port.get("containerPort"):
                where = f"{path}.containers[{i}].ports[{j}].hostPort"
                yield invalid(
                    where, port.get("hostPort", 0), "must match `containerPort` when `hostNetwork` is true"
                )


def _host_ports(spec: Spec, path: str) -> Iterable[FieldError]:
    """Two containers cannot have the same port of their node."""
    seen: set[str] = set()
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            taken = f"{port.get('hostIP', '')}/{port.get('protocol', 'TCP')}/{port['hostPort']}"
            if taken in seen:
                yield duplicate(f"{path}.containers[{i}].ports[{j}].hostPort", taken)
            seen.add(taken)


# --- names, addresses, gates --------------------------------------------------------------------

MOST_NAMESERVERS, MOST_SEARCHES = 3, 32


def _dns(spec: Spec, path: str) -> Iterable[FieldError]:
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield required(f"{path}.dnsConfig.nameservers", detail)


def _nameservers(servers: list[str], path: str) -> Iterable[FieldError]:
    if len(servers) > MOST_NAMESERVERS:
        yield invalid(path, servers, f"must not have more than {MOST_NAMESERVERS} nameservers")
    for i, text in enumerate(servers):
        yield from address(text, f"{path}[{i}]")


def _searches(searches: list[str], path: str) -> Iterable[FieldError]:
    if len(searches) > MOST_SEARCHES:
        yield invalid(path, searches, f"must not have more than {MOST_SEARCHES} search paths")


def _gates(spec: Spec, path: str) -> Iterable[FieldError]:
    """Gates keep a pod from being placed; so it cannot have a place."""
    gates, seen = spec.get("schedulingGates") or (), set()
    for i, gate in enumerate(gates):
        name = gate.get("name", "")
        yield from (invalid(f"{path}.schedulingGates[{i}]", name, p) for p in formats.qualified_name(name))
        if name in seen:
            yield duplicate(f"{path}.schedulingGates[{i}]", name)
        seen.add(name)
    if gates and spec.get("nodeName"):
        yield forbidden(f"{path}.nodeName", "cannot be set until all schedulingGates have been cleared")


def _system(spec: Spec, path: str) -> Iterable[FieldError]:
    name = (spec.get("os") or {}).get("name")
    if name is not None:
        yield from (
            OneOf("linux", "windows")(name, f"{path}.os.name") if name else [required(f"{path}.os.name")]
        )


def _readiness_gate(gate: Spec, path: str) -> Iterable[FieldError]:
    kind = gate.get("conditionType", "")
    return [invalid(f"{path}.conditionType", kind, problem) for problem in formats.qualified_name(kind)]


POD_SPEC = Shape(
    {
        "containers": Each(CONTAINER),
        "initContainers": Each(INIT_CONTAINER),
        "volumes": VOLUMES,
        "restartPolicy": OneOf("Always", "OnFailure", "Never"),
        "dnsPolicy": OneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "nodeSelector": labels,
        "nodeName": dns_subdomain,
        "serviceAccountName": dns_subdomain,
        "priorityClassName": dns_subdomain,
        "runtimeClassName": dns_subdomain,
        "hostname": dns_label,
        "subdomain": dns_label,
        "activeDeadlineSeconds": Between(1, 2**31 - 1),
        "terminationGracePeriodSeconds": natural,
        "tolerations": Each(toleration),
        "hostAliases": Each(Shape({"ip": address, "hostnames": Each(dns_subdomain)})),
        "dnsConfig": Shape({"nameservers": _nameservers, "searches": _searches}),
        "readinessGates": Each(_readiness_gate),
        "preemptionPolicy": OneOf("Never", "PreemptLowerPriority"),
        "affinity": AFFINITY,
        "topologySpreadConstraints": Each(SPREAD),
        "securityContext": Shape(
            {
                **{field: Between(0, 2**31 - 1) for field in ("runAsUser", "runAsGroup", "fsGroup")},
                "supplementalGroups": Each(Between(0, 2**31 - 1)),
                "fsGroupChangePolicy": OneOf("OnRootMismatch", "Always"),
                "supplementalGroupsPolicy": OneOf("Merge", "Strict"),
                "seccompProfile": seccomp,
            }
        ),
    },
    also=(
        _has_containers,
        _names_differ,
        _host_network,
        _host_ports,
        _dns,
        _gates,
        _system,
        spreads_differ,
        mounts_are_there,
    ),
)


def annotation_keys(found: dict[str, str], path: str) -> Iterable[FieldError]:
    for key in found:
        yield from (invalid(path, key, problem) for problem in formats.label_key(key.lower()))


POD_TEMPLATE = Shape(
    {"metadata": Shape({"labels": labels, "annotations": annotation_keys}), "spec": POD_SPEC}
)


def _has_spec(pod: Object, path: str) -> Iterable[FieldError]:
    if not pod.get("spec"):
        yield required("spec.containers")
    elif pod["spec"].get("ephemeralContainers") and "resourceVersion" not in pod["metadata"]:
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")


KINDS: dict[str, Check] = {
    "Pod": Shape({"spec": POD_SPEC}, also=(_has_spec,)),
    "PodTemplate": Shape({"template": POD_TEMPLATE}),
}
