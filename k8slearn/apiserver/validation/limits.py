"""The rules of how much a namespace may use: LimitRange, ResourceQuota.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateLimitRange, ValidateResourceQuota)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats, quantities
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required
from k8slearn.apiserver.validation.environment import STANDARD
from k8slearn.apiserver.validation.shapes import NEGATIVE, Check, Each, Shape

Spec = dict[str, Any]

# --- LimitRange -----------------------------------------------------------------------------------

TYPES = ("Container", "Pod", "PersistentVolumeClaim")
# What may not be greater than what, whose fault it is, which value is shown, and how they are called.
_ORDER = (
    ("min", "max", "min", "min", "min", "max"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest", "min", "default request"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest", "default request", "max"),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest", "default request", "default limit"),
    ("min", "default", "default", "min", "min", "default"),
    ("default", "max", "default", "max", "default", "max"),
)


def _limit(limit: Spec, path: str) -> Iterable[FieldError]:
    kind = limit.get("type", "")
    if "/" not in kind and kind not in TYPES:
        yield from (invalid(f"{path}.type", kind, problem) for problem in formats.qualified_name(kind))
        yield invalid(f"{path}.type", kind, "must be a standard limit type or fully qualified")
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if limit.get(field):
                yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not any("storage" in (limit.get(f) or {}) for f in ("min", "max")):
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", detail)
    yield from _in_order(limit, path)
    yield from _ratios(limit, path)


def _in_order(limit: Spec, path: str) -> Iterable[FieldError]:
    for less, more, where, shown, one, other in _ORDER:
        a, b = limit.get(less) or {}, limit.get(more) or {}
        for name in a.keys() & b.keys():
            if quantities.parse(a[name]) > quantities.parse(b[name]):
                value = (limit.get(shown) or {})[name]
                detail = f"{one} value {a[name]} is greater than {other} value {b[name]}"
                yield invalid(f"{path}.{where}[{name}]", value, detail)


def _ratios(limit: Spec, path: str) -> Iterable[FieldError]:
    for name, ratio in (limit.get("maxLimitRequestRatio") or {}).items():
        where = f"{path}.maxLimitRequestRatio[{name}]"
        if quantities.parse(ratio) < 1:
            yield invalid(where, ratio, f"ratio {ratio} is less than 1")
        greatest, least = (quantities.parse((limit.get(end) or {}).get(name, 0)) for end in ("max", "min"))
        if not greatest or not least:
            continue
        most = float(greatest / least)
        if float(quantities.parse(ratio)) > most:
            yield invalid(where, ratio, f"ratio {ratio} is greater than max/min = {most:f}")


def _types_differ(limits: list[Spec], path: str) -> Iterable[FieldError]:
    seen: set[str] = set()
    for i, limit in enumerate(limits):
        if (kind := limit.get("type", "")) in seen:
            yield duplicate(f"{path}[{i}].type", kind)
        seen.add(kind)
    yield from Each(_limit)(limits, path)


# --- ResourceQuota --------------------------------------------------------------------------------

COUNTED = frozenset(
    "pods services replicationcontrollers resourcequotas secrets configmaps persistentvolumeclaims "
    "services.nodeports services.loadbalancers".split()
)
_STANDARD_QUOTA = COUNTED | STANDARD | {"storage", "requests.storage"}
_STANDARD_QUOTA |= {f"{which}.{name}" for which in ("requests", "limits") for name in STANDARD}
_OF_PODS = frozenset(["pods"]) | {
    n for n in _STANDARD_QUOTA if n.partition(".")[2] in STANDARD or n in STANDARD
}
_BEST_EFFORT = frozenset(["pods"])
# Scope -> the standard resources it can be applied to; None is all of them.
SCOPES: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(["Terminating", "NotTerminating", "NotBestEffort"], _OF_PODS),
    **dict.fromkeys(["PriorityClass", "CrossNamespacePodAffinity"], _OF_PODS),
    "BestEffort": _BEST_EFFORT,
    "VolumeAttributesClass": frozenset(["persistentvolumeclaims", "requests.storage"]),
}
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_EXISTS = frozenset(
    ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"]
)


def _hard(hard: dict[str, str], path: str) -> Iterable[FieldError]:
    for name, amount in hard.items():
        where = f"{path}[{name}]"
        yield from (invalid(where, name, problem) for problem in formats.qualified_name(name))
        if (
            "/" not in name
            and name not in _STANDARD_QUOTA
            and not name.startswith(("requests.hugepages-", "hugepages-"))
        ):
            yield invalid(where, name, "must be a standard resource for quota")
        if quantities.parse(amount) < 0:
            yield invalid(where, amount, NEGATIVE)
        if (name in COUNTED or name.startswith("count/")) and quantities.milli(amount) % 1000:
            yield invalid(where, amount, "must be an integer")


def _scopes(spec: Spec, path: str) -> Iterable[FieldError]:
    scopes, where = spec.get("scopes") or [], f"{path}.scopes"
    for scope in scopes:
        if scope not in SCOPES:
            yield invalid(where, scopes, "unsupported scope")
            continue
        fits = SCOPES[scope] or _STANDARD_QUOTA
        for name in spec.get("hard") or {}:
            if name in _STANDARD_QUOTA and name not in fits:
                yield invalid(where, scopes, "unsupported scope applied to resource")
    if any(set(pair) <= set(scopes) for pair in _CONFLICTS):
        yield invalid(where, scopes, "conflicting scopes")


def _scope_selector(expression: Spec, path: str) -> Iterable[FieldError]:
    scope, op, values = (expression.get(f) for f in ("scopeName", "operator", "values"))
    if scope not in SCOPES:
        yield invalid(f"{path}.scopeName", scope or "", "unsupported scope")
    if scope in _EXISTS and op != "Exists":
        detail = (
            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
            "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
            "ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        yield invalid(f"{path}.operator", op or "", detail)
    if op in ("In", "NotIn"):
        if not values:
            detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            yield required(f"{path}.values", detail)
    elif op in ("Exists", "DoesNotExist"):
        if values:
            detail = "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector"
            yield invalid(f"{path}.values", values, detail)
    else:
        yield invalid(f"{path}.operator", op or "", "not a valid selector operator")


_QUOTA = Shape(
    {"hard": _hard, "scopeSelector": Shape({"matchExpressions": Each(_scope_selector)})}, also=(_scopes,)
)
KINDS: dict[str, Check] = {
    "LimitRange": Shape({"spec": Shape({"limits": _types_differ})}),
    "ResourceQuota": Shape({"spec": _QUOTA}),
}
