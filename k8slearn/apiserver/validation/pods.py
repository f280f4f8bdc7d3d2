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
)
from k8slearn.apiserver.validation.sharing import (
    host_network,
    host_ports,
    host_users,
    one_process_space,
    sysctls,
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


# --- names, addresses, gates --------------------------------------------------------------------

MOST_NAMESERVERS, MOST_SEARCHES = 3, 32


def _dns(spec: Spec, path: str) -> Iterable[FieldError]:
    if spec.get("dnsPolicy") != "None":
        return
    if "dnsConfig" not in spec:
        yield required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    elif not spec["dnsConfig"].get("nameservers"):
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
    for i, search in enumerate(searches):
        name = search.replace("_", "-") if search != "." else ""  # underscores are let through
        problems = formats.dns_subdomain(name.removesuffix(".")) if name else ()
        yield from (invalid(f"{path}[{i}]", search, problem) for problem in problems)


def _options(options: list[Spec], path: str) -> Iterable[FieldError]:
    return [required(f"{path}[{i}]", "must not be empty") for i, o in enumerate(options) if not o.get("name")]


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


def _sleeps(spec: Spec, path: str) -> Iterable[FieldError]:
    """Nobody can sleep longer than he has time to end."""
    grace = spec.get("terminationGracePeriodSeconds", 30)
    for i, container in enumerate(spec.get("containers") or ()):
        for hook, handler in (container.get("lifecycle") or {}).items():
            seconds = ((handler or {}).get("sleep") or {}).get("seconds", 0) if hook != "stopSignal" else 0
            if not 0 <= seconds <= grace:
                detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                yield invalid(f"{path}.containers[{i}].lifecycle.{hook}.sleep", seconds, detail)


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
        "tolerations": Each(toleration),
        "hostAliases": Each(Shape({"ip": address, "hostnames": Each(dns_subdomain)})),
        "dnsConfig": Shape({"nameservers": _nameservers, "searches": _searches, "options": _options}),
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
                "sysctls": sysctls,
            }
        ),
    },
    also=(
        _has_containers,
        _names_differ,
        host_network,
        host_ports,
        host_users,
        one_process_space,
        _sleeps,
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
        return
    if pod["spec"].get("ephemeralContainers") and "resourceVersion" not in pod["metadata"]:
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")


def _trimmed(pod: Object, path: str) -> Iterable[FieldError]:
    """(A template may have anything.) Kubernetes: validateContainerOnlyForPod"""
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for i, container in enumerate((pod.get("spec") or {}).get(field) or ()):
            image = container.get("image", "")
            if image != image.strip():
                detail = "must not have leading or trailing whitespace"
                yield invalid(f"spec.{field}[{i}].image", image, detail)


KINDS: dict[str, Check] = {
    "Pod": Shape({"spec": POD_SPEC}, also=(_has_spec, _trimmed)),
    "PodTemplate": Shape({"template": POD_TEMPLATE}),
}
