"""The rules of containers that come to a pod later, to look into it: they serve nobody and reserve nothing.

Kubernetes: pkg/apis/core/validation/validation.go (validateEphemeralContainers)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, forbidden, not_found_value
from k8slearn.apiserver.validation.containers import COMMON

Spec = dict[str, Any]

_NOT_THEIRS = (
    "ports",
    "resources",
    "resizePolicy",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_REFUSAL = "cannot be set for an Ephemeral Container"


def ephemeral_containers(spec: Spec, path: str) -> Iterable[FieldError]:
    others = {c.get("name") for f in ("containers", "initContainers") for c in spec.get(f) or ()}
    seen = set(others)
    for i, container in enumerate(spec.get("ephemeralContainers") or ()):
        where, name = f"{path}.ephemeralContainers[{i}]", container.get("name", "")
        yield from COMMON(container, where)
        if name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        target = container.get("targetContainerName")
        if target and target not in others:
            yield not_found_value(f"{where}.targetContainerName", target)
        yield from _not_theirs(container, where)


def _not_theirs(container: Spec, path: str) -> Iterable[FieldError]:
    for field in _NOT_THEIRS:
        if container.get(field):
            yield forbidden(f"{path}.{field}", _REFUSAL)
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                yield forbidden(f"{path}.volumeMounts[{i}].{field}", _REFUSAL)
