"""The rules of a container's environment: where its variables come from.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateEnv, validateObjectFieldSelector ...)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats, quantities
from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.apiserver.validation.shapes import Shape, Spelt

Spec = dict[str, Any]
STANDARD = frozenset(["cpu", "memory", "ephemeral-storage"])


def _one_source(allowed: tuple[str, ...], source: Spec, path: str) -> Iterable[FieldError]:
    found = [s for s in allowed if s in source]
    if not found:
        listed = ", ".join(f"`{s}`" for s in allowed[:-1])
        yield invalid(path, "", f"must specify one of: {listed} or `{allowed[-1]}`")
    elif len(found) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def _env_value(env: Spec, path: str) -> Iterable[FieldError]:
    source = env.get("valueFrom")
    if source is None:
        return
    yield from _one_source(_ENV_SOURCES, source, f"{path}.valueFrom")
    if env.get("value"):
        yield invalid(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")


def env_from(source: Spec, path: str) -> Iterable[FieldError]:
    return _one_source(("configMapRef", "secretRef"), source, path)


def _has_a_name(source: Spec, path: str) -> Iterable[FieldError]:
    name = source.get("name", "")
    return [invalid(f"{path}.name", name, problem) for problem in formats.dns_subdomain(name)]


_FIELDS = (
    "metadata.name metadata.namespace metadata.uid spec.nodeName spec.serviceAccountName status.hostIP status.hostIPs "
    "status.podIP status.podIPs"
).split()
_RESOURCES = tuple(f"{which}.{name}" for which in ("limits", "requests") for name in sorted(STANDARD))

_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def _field(source: Spec, path: str) -> Iterable[FieldError]:
    """What of itself a pod can see in a variable. Kubernetes: validateObjectFieldSelector"""
    found, where = source.get("fieldPath", ""), f"{path}.fieldPath"
    if not found:
        yield required(where)
    elif re.fullmatch(r"metadata\.(labels|annotations)\['[^']*'\]", found) or found in _FIELDS:
        return
    elif found in ("metadata.labels", "metadata.annotations", "spec.restartPolicy", "status.phase"):
        yield unsupported(where, found, _FIELDS)
    else:
        yield invalid(where, found, f"error converting fieldPath: field label not supported: {found}")


def _resource(source: Spec, path: str) -> Iterable[FieldError]:
    found, where = source.get("resource", ""), f"{path}.resource"
    if not found:
        yield required(where)
    elif found not in _RESOURCES and not found.startswith(("limits.hugepages-", "requests.hugepages-")):
        yield unsupported(where, found, _RESOURCES)
    else:
        yield from _divisor(source, path)


def _divisor(source: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: validateContainerResourceDivisor"""
    found, divisor = source["resource"], source.get("divisor", "0")
    kind = found.partition(".")[2]
    known = _DIVISORS if kind != "cpu" else ("1m", "1")
    if quantities.parse(divisor) == 0 or divisor in known:
        return
    named = {"ephemeral-storage": "local ephemeral storage"}.get(kind, kind.partition("-")[0])
    values = "1m and 1" if kind == "cpu" else ", ".join(_DIVISORS)
    detail = f"only divisor's values {values} are supported with the {named} resource"
    yield invalid(f"{path}.divisor", found, detail)


_NAMED_KEY = Shape({"key": Spelt(formats.config_key)}, needs=("key",), also=(_has_a_name,))
_VALUE_FROM = Shape(
    {
        "fieldRef": _field,
        "resourceFieldRef": _resource,
        "configMapKeyRef": _NAMED_KEY,
        "secretKeyRef": _NAMED_KEY,
    }
)
ENV = Shape({"name": Spelt(formats.env_name), "valueFrom": _VALUE_FROM}, needs=("name",), also=(_env_value,))
