"""The rules of a pod spec, wherever it stands. Read `containers` for what is inside, `volumes` for what is mounted.

Kubernetes: pkg/apis/core/validation/validation.go (ValidatePodSpec)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.containers import CONTAINER, INIT_CONTAINER
from k8slearn.apiserver.validation.shapes import (
    Between,
    Check,
    Each,
    OneOf,
    Shape,
    dns_label,
    dns_subdomain,
    label_selector,
    labels,
    natural,
)
from k8slearn.apiserver.validation.volumes import VOLUMES, mounts_are_there

Spec = dict[str, Any]


def _toleration(t: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: ValidateTolerations"""
    key, op, effect = t.get("key", ""), t.get("operator", ""), t.get("effect", "")
    if key:
        yield from (invalid(f"{path}.key", key, problem) for problem in formats.label_key(key))
    elif op != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", op, detail)
    if "tolerationSeconds" in t and effect != "NoExecute":
        yield invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if op == "Exists" and t.get("value"):
        yield invalid(f"{path}.operator", t, "value must be empty when `operator` is 'Exists'")
    elif op not in ("", "Equal", "Exists"):
        yield unsupported(f"{path}.operator", op, ("Equal", "Exists"))
    elif op != "Exists":
        problems = formats.label_value(t.get("value", ""))
        yield from (invalid(f"{path}.operator", t.get("value", ""), problem) for problem in problems)
    if effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        yield unsupported(f"{path}.effect", effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"))


def _node_requirement(value: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: ValidateNodeSelectorRequirement"""
    op, values = value.get("operator", ""), value.get("values") or ()
    if op in ("In", "NotIn") and not values:
        yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif op in ("Exists", "DoesNotExist") and values:
        yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif op in ("Gt", "Lt") and len(values) != 1:
        yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    elif op not in ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"):
        yield invalid(f"{path}.operator", op, "not a valid selector operator")
    key = value.get("key", "")
    yield from (invalid(f"{path}.key", key, problem) for problem in formats.label_key(key))


def _node_field(value: Spec, path: str) -> Iterable[FieldError]:
    """Nodes can be chosen by one field only, their name."""
    op, key = value.get("operator", ""), value.get("key", "")
    if op not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", op, "not a valid selector operator")
    elif len(value.get("values") or ()) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")


def _has_terms(selector: Spec, path: str) -> Iterable[FieldError]:
    if not selector.get("nodeSelectorTerms"):
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")


def _weight(weight: int, path: str) -> Iterable[FieldError]:
    if not 1 <= weight <= 100:
        yield invalid(path, weight, "must be in the range 1-100")


def _topology(term: Spec, path: str) -> Iterable[FieldError]:
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    else:
        yield from (invalid(f"{path}.topologyKey", key, problem) for problem in formats.label_key(key))


_NODE_TERM = Shape({"matchExpressions": Each(_node_requirement), "matchFields": Each(_node_field)})
_NODE_SELECTOR = Shape({"nodeSelectorTerms": Each(_NODE_TERM)}, also=(_has_terms,))
_POD_TERM = Shape({"labelSelector": label_selector, "namespaceSelector": label_selector}, also=(_topology,))
_REQUIRED, _PREFERRED = (f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
_PODS = Shape({_REQUIRED: Each(_POD_TERM), _PREFERRED: Each(Shape({"podAffinityTerm": _POD_TERM, "weight": _weight}))})
_AFFINITY = Shape(
    {
        "nodeAffinity": Shape(
            {_REQUIRED: _NODE_SELECTOR, _PREFERRED: Each(Shape({"preference": _NODE_TERM, "weight": _weight}))}
        ),
        "podAffinity": _PODS,
        "podAntiAffinity": _PODS,
    }
)


def _skew(skew: int, path: str) -> Iterable[FieldError]:
    if skew <= 0:
        yield invalid(path, skew, "must be greater than zero")


_SPREAD = Shape(
    {
        "maxSkew": _skew,
        "whenUnsatisfiable": OneOf("DoNotSchedule", "ScheduleAnyway"),
        "labelSelector": label_selector,
    },
    also=(_topology,),
)


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
    for i, container in enumerate(spec["containers"] if spec.get("hostNetwork") else ()):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort", 0) != port.get("containerPort"):
                where = f"{path}.containers[{i}].ports[{j}].hostPort"
                yield invalid(where, port.get("hostPort", 0), "must match `containerPort` when `hostNetwork` is true")


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


def _dns(spec: Spec, path: str) -> Iterable[FieldError]:
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield required(f"{path}.dnsConfig.nameservers", detail)


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
        "tolerations": Each(_toleration),
        "affinity": _AFFINITY,
        "topologySpreadConstraints": Each(_SPREAD),
        "securityContext": Shape(
            {field: Between(0, 2**31 - 1) for field in ("runAsUser", "runAsGroup", "fsGroup")}
        ),
    },
    also=(_has_containers, _names_differ, _host_network, _host_ports, _dns, mounts_are_there),
)


def annotations(found: dict[str, str], path: str) -> Iterable[FieldError]:
    for key in found:
        yield from (invalid(path, key, problem) for problem in formats.label_key(key.lower()))


POD_TEMPLATE = Shape({"metadata": Shape({"labels": labels, "annotations": annotations}), "spec": POD_SPEC})


def _has_spec(pod: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in pod else [required("spec.containers")]


KINDS: dict[str, Check] = {
    "Pod": Shape({"spec": POD_SPEC}, also=(_has_spec,)),
    "PodTemplate": Shape({"template": POD_TEMPLATE}),
}
