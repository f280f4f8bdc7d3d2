"""The rules of APIServices: called as what they are about, and safe in how they trust the server behind them.

Kubernetes: kube-aggregator/pkg/apis/apiregistration/validation/validation.go
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, invalid, required
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.shapes import Check

Spec = dict[str, Any]
PRIORITIES = (("groupPriorityMinimum", 20000), ("versionPriority", 1000))


def _api_service(apiservice: Object, path: str) -> Iterable[FieldError]:
    spec = apiservice.get("spec") or {}
    group, version = spec.get("group", ""), spec.get("version", "")
    name = f"{version}.{group}"
    if apiservice["metadata"].get("name") != name:
        detail = f'must be `spec.version+"."+spec.group`: "{name}"'
        yield invalid("metadata.name", apiservice["metadata"].get("name", ""), detail)
    if not group and version != "v1":
        yield required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    if group:
        yield from (invalid("spec.group", group, problem) for problem in formats.dns_subdomain(group))
    yield from (invalid("spec.version", version, problem) for problem in formats.dns_1035_label(version))
    for field, most in PRIORITIES:
        if not 0 < spec.get(field, 0) <= most:
            yield invalid(f"spec.{field}", spec.get(field, 0), f"must be positive and less than {most}")
    yield from _remote(spec) if spec.get("service") else _local(spec)


def _local(spec: Spec) -> Iterable[FieldError]:
    if spec.get("caBundle"):
        size = f"{len(b64decode(spec['caBundle']))} bytes"
        yield invalid("spec.caBundle", size, "local APIServices may not have a caBundle")
    if spec.get("insecureSkipTLSVerify"):
        detail = "local APIServices may not have insecureSkipTLSVerify"
        yield invalid("spec.insecureSkipTLSVerify", True, detail)


def _remote(spec: Spec) -> Iterable[FieldError]:
    for field in ("namespace", "name"):
        if not spec["service"].get(field):
            yield required(f"spec.service.{field}")
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        yield invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present")


KINDS: dict[str, Check] = {"APIService": _api_service}
