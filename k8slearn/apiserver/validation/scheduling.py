"""The rules of what a pod asks of its place: tolerations, affinity, spreading.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateTolerations, validateAffinity ...)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.apiserver.validation.shapes import Each, OneOf, Shape, Spelt, label_selector

Spec = dict[str, Any]


def toleration(t: Spec, path: str) -> Iterable[FieldError]:
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
        yield invalid(f"{path}.operator", t["value"], "value must be empty when `operator` is 'Exists'")
    elif op not in ("", "Equal", "Exists"):
        yield unsupported(f"{path}.operator", op, ("Equal", "Exists"))
    elif op != "Exists" and (problems := formats.label_value(t.get("value", ""))):
        yield invalid(f"{path}.operator", t["value"], ";".join(problems))
    if effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        yield unsupported(f"{path}.effect", effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"))


def _node_requirement(value: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: ValidateNodeSelectorRequirement"""
    op, values = value.get("operator", ""), value.get("values") or ()
    if op in ("In", "NotIn") and not values:
        yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif op in ("Exists", "DoesNotExist") and values:
        yield forbidden(
            f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        )
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


def _pod_topology(term: Spec, path: str) -> Iterable[FieldError]:
    """The same; but of nothing at all it is also said that it is no name."""
    yield from _topology(term, path)
    if not term.get("topologyKey"):
        yield from (invalid(f"{path}.topologyKey", "", problem) for problem in formats.label_key(""))


def _strict_requirement(value: Spec, path: str) -> Iterable[FieldError]:
    """What is required may not name values that no label can have."""
    yield from _node_requirement(value, path)
    for i, text in enumerate(value.get("values") or ()):
        yield from Spelt(formats.label_value)(text, f"{path}.values[{i}]")


def _namespaces(names: list[str], path: str) -> Iterable[FieldError]:
    where = path.removesuffix("s")
    return [invalid(where, name, problem) for name in names for problem in formats.dns_label(name)]


_NODE_TERM = Shape({"matchExpressions": Each(_node_requirement), "matchFields": Each(_node_field)})
_STRICT_TERM = Shape({"matchExpressions": Each(_strict_requirement), "matchFields": Each(_node_field)})
_NODE_SELECTOR = Shape({"nodeSelectorTerms": Each(_STRICT_TERM)}, also=(_has_terms,))
_POD_TERM = Shape(
    {"labelSelector": label_selector, "namespaceSelector": label_selector, "namespaces": _namespaces},
    also=(_pod_topology,),
)
_REQUIRED, _PREFERRED = (f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
_PODS = Shape(
    {_REQUIRED: Each(_POD_TERM), _PREFERRED: Each(Shape({"podAffinityTerm": _POD_TERM, "weight": _weight}))}
)
AFFINITY = Shape(
    {
        "nodeAffinity": Shape(
            {
                _REQUIRED: _NODE_SELECTOR,
                _PREFERRED: Each(Shape({"preference": _NODE_TERM, "weight": _weight})),
            }
        ),
        "podAffinity": _PODS,
        "podAntiAffinity": _PODS,
    }
)


def _skew(skew: int, path: str) -> Iterable[FieldError]:
    if skew <= 0:
        yield invalid(path, skew, "must be greater than zero")


SPREAD = Shape(
    {
        "maxSkew": _skew,
        "whenUnsatisfiable": OneOf("DoNotSchedule", "ScheduleAnyway"),
        "labelSelector": label_selector,
        **dict.fromkeys(["nodeAffinityPolicy", "nodeTaintsPolicy"], OneOf("Honor", "Ignore")),
    },
    also=(_topology,),
)


def _domains(spread: Spec, path: str) -> Iterable[FieldError]:
    least, where = spread.get("minDomains"), f"{path}.minDomains"
    if least is None:
        return
    if least <= 0:
        yield invalid(where, least, "must be greater than zero")
    if spread.get("whenUnsatisfiable") == "ScheduleAnyway":
        yield invalid(where, least, "can only use minDomains if whenUnsatisfiable=DoNotSchedule")


def spreads_differ(spec: Spec, path: str) -> Iterable[FieldError]:
    """Two constraints on one key have to differ in what happens when they cannot be met."""
    seen: set[str] = set()
    for i, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        where, pair = f"{path}.topologySpreadConstraints[{i}]", ("topologyKey", "whenUnsatisfiable")
        yield from _domains(spread, where)
        found = "{" + ", ".join(spread.get(field, "") for field in pair) + "}"
        if found in seen:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", found)
        seen.add(found)
