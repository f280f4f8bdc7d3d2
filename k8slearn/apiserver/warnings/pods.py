"""The warnings about a pod, or about a template for pods. Read `warnings` first.

Kubernetes: pkg/api/pod/warnings.go, pkg/api/node/util.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api import quantities
from k8slearn.api.objects import dig

Spec = dict[str, Any]

DEPRECATED_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    **dict.fromkeys(["scaleIO", "flocker", "storageos"], "deprecated in v1.22, non-functional in v1.25+"),
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    **dict.fromkeys(["cephfs", "rbd"], "deprecated in v1.28, non-functional in v1.31+"),
}
DEPRECATED_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
}
# Annotations, or how they begin (with a / at the end).
DEPRECATED_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    **dict.fromkeys(
        ["seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"],
        'non-functional in v1.27+; use the "seccompProfile" field instead',
    ),
    **dict.fromkeys(
        ["security.alpha.kubernetes.io/sysctls", "security.alpha.kubernetes.io/unsafe-sysctls"],
        'non-functional in v1.11+; use the "sysctls" field instead',
    ),
    "container.apparmor.security.beta.kubernetes.io/": (
        'deprecated since v1.30; use the "appArmorProfile" field instead'
    ),
}
_REQUIRED, _PREFERRED = (f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
_NO_SELECTOR = "a null labelSelector results in matching no pod"


def of_pod(pod: Spec, path: str) -> Iterator[str]:
    """`pod` is a pod, or a template at `path`."""
    prefix, spec = f"{path}." if path else "", pod.get("spec") or {}
    for key in dig(pod, "metadata", "annotations", default={}):
        known = key if key in DEPRECATED_ANNOTATIONS else key.partition("/")[0] + "/"
        if known in DEPRECATED_ANNOTATIONS:
            yield f"{prefix}metadata.annotations[{key}]: {DEPRECATED_ANNOTATIONS[known]}"
    yield from _placing(spec, f"{prefix}spec")
    for i, volume in enumerate(spec.get("volumes") or ()):
        for source in DEPRECATED_VOLUMES.keys() & volume.keys():
            yield f"{prefix}spec.volumes[{i}].{source}: {DEPRECATED_VOLUMES[source]}"
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        where = f"{prefix}spec.terminationGracePeriodSeconds"
        yield f"{where}: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _secrets(spec, f"{prefix}spec.imagePullSecrets")
    yield from _containers(spec, f"{prefix}spec")


# --- where to -----------------------------------------------------------------------------------


def _placing(spec: Spec, path: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if key in DEPRECATED_LABELS:
            yield f"{path}.nodeSelector[{key}]: {DEPRECATED_LABELS[key]}"
    for where, key in _node_keys(dig(spec, "affinity", "nodeAffinity", default={})):
        if key in DEPRECATED_LABELS:
            yield f"{path}.affinity.nodeAffinity.{where}.key: {key} is {DEPRECATED_LABELS[key]}"
    for i, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        where, key = f"{path}.topologySpreadConstraints[{i}]", spread.get("topologyKey", "")
        if key in DEPRECATED_LABELS:
            yield f"{where}.topologyKey: {key} is {DEPRECATED_LABELS[key]}"
        if spread.get("labelSelector") is None:
            yield f"{where}.labelSelector: {_NO_SELECTOR}"
    for where, term in _pod_terms(spec.get("affinity") or {}):
        if term.get("labelSelector") is None:
            yield f"{path}.affinity.{where}.labelSelector: {_NO_SELECTOR}"


def _node_keys(affinity: Spec) -> Iterator[tuple[str, str]]:
    """Every (place, label) that node affinity looks at."""
    terms = dig(affinity, _REQUIRED, "nodeSelectorTerms", default=[])
    found = [(f"{_REQUIRED}.nodeSelectorTerms[{i}]", term) for i, term in enumerate(terms)]
    for i, preferred in enumerate(affinity.get(_PREFERRED) or ()):
        found.append((f"{_PREFERRED}[{i}].preference", preferred.get("preference") or {}))
    for where, term in found:
        for j, expression in enumerate(term.get("matchExpressions") or ()):
            yield f"{where}.matchExpressions[{j}]", expression.get("key", "")


def _pod_terms(affinity: Spec) -> Iterator[tuple[str, Spec]]:
    for which in ("podAffinity", "podAntiAffinity"):
        for i, term in enumerate(dig(affinity, which, _REQUIRED, default=[])):
            yield f"{which}.{_REQUIRED}[{i}]", term
        for i, preferred in enumerate(dig(affinity, which, _PREFERRED, default=[])):
            yield f"{which}.{_PREFERRED}[{i}].podAffinityTerm", preferred.get("podAffinityTerm") or {}


# --- what ---------------------------------------------------------------------------------------


def _secrets(spec: Spec, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, secret in enumerate(spec.get("imagePullSecrets") or ()):
        name = secret.get("name", "")
        if not name:
            yield f'{path}[{i}].name: invalid empty name ""'
        elif name in seen:
            yield f'{path}[{i}].name: duplicate name "{name}"'
        seen.add(name)


def _containers(spec: Spec, path: str) -> Iterator[str]:
    ports: dict[tuple[int, str], str] = {}
    names: dict[str, str] = {}
    for field in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(field) or ()):
            where = f"{path}.{field}[{i}]"
            for which in ("limits", "requests"):
                yield from fractions(
                    (container.get("resources") or {}).get(which) or {}, f"{where}.resources.{which}"
                )
            yield from _environment(container, where)
            if field == "containers":
                yield from _ports(container, where, ports, names)
    yield from fractions(spec.get("overhead") or {}, f"{path}.overhead")


def fractions(amounts: dict[str, str], path: str) -> Iterator[str]:
    """There is no half a byte."""
    for name in ("memory", "ephemeral-storage", "storage"):
        if name in amounts and quantities.milli(amounts[name]) % 1000:
            yield f'{path}[{name}]: fractional byte value "{amounts[name]}" is invalid, must be an integer'


def _environment(container: Spec, path: str) -> Iterator[str]:
    """The last definition counts; but one that is made from the one before has a good reason."""
    seen: set[str] = set()
    for i, env in enumerate(container.get("env") or ()):
        name = env.get("name", "")
        if name in seen and f"$({name})" not in env.get("value", ""):
            yield f'{path}.env[{i}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _ports(
    container: Spec, path: str, ports: dict[tuple[int, str], str], names: dict[str, str]
) -> Iterator[str]:
    for i, port in enumerate(container.get("ports") or ()):
        where = f"{path}.ports[{i}]"
        number, name = (port.get("containerPort", 0), port.get("protocol", "TCP")), port.get("name", "")
        if number in ports:
            yield f"{where}: duplicate port definition with {ports[number]}"
        if name and name in names:
            first = names[name]
            yield (
                f'{where}.name: duplicate port name "{name}" with {first}.name, services and probes that '
                f"select ports by name will use {first}"
            )
        ports.setdefault(number, where)
        if name:
            names.setdefault(name, where)
