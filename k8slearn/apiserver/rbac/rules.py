"""What a rule of a role allows, and whether some rules hold as much as others.

A rule lists verbs, and either API groups and resources (``pods``, ``pods/log``, ``*/scale``, ``*``), perhaps only
those of certain names, or paths that are no resources (``/metrics``, ``/healthz/*``). It can only allow; what no
rule allows is forbidden. Nothing in here knows who asks.

Kubernetes: component-helpers/auth/rbac/validation/policy_comparator.go, pkg/apis/rbac/v1/evaluation_helpers.go,
pkg/registry/rbac/validation/policy_compact.go
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.apiserver.rbac.authorizer import Attributes

Rule = dict[str, Any]

ALL = "*"
FIELDS = ("apiGroups", "resources", "nonResourceURLs", "resourceNames", "verbs")  # in the order of messages

# --- does a rule allow it? --------------------------------------------------------------------------


def allows(rule: Rule, asked: Attributes) -> bool:
    """Kubernetes: rbac.RuleAllows"""
    if not _among(rule.get("verbs"), asked.verb):
        return False
    if not asked.is_resource:
        return any(_covers_path(path, asked.path) for path in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _among(rule.get("apiGroups"), asked.group)
        and _has_resource(rule.get("resources") or (), asked.full_resource)
        and (not names or asked.name in names)
    )


def _among(values: Collection[str] | None, wanted: str) -> bool:
    return values is not None and (wanted in values or ALL in values)


def _has_resource(resources: Collection[str], wanted: str) -> bool:
    """``*/scale`` is that subresource of every resource; ``pods`` alone says nothing of ``pods/log``."""
    if wanted in resources or ALL in resources:
        return True
    _, slash, subresource = wanted.partition("/")
    return bool(slash) and f"*/{subresource}" in resources


def _covers_path(path: str, wanted: str) -> bool:
    return path in (ALL, wanted) or (path.endswith(ALL) and wanted.startswith(path.rstrip(ALL)))


# --- do rules hold as much as others? ----------------------------------------------------------------


def missing(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of `wanted` is not among `held`, as rules about one thing each. Kubernetes: validation.Covers"""
    held = list(held)
    single = [part for rule in wanted for part in breakdown(rule)]
    return [part for part in single if not any(_covers(rule, part) for rule in held)]


def breakdown(rule: Rule) -> Iterator[Rule]:
    """A rule as many rules, each about one verb on one thing. Kubernetes: validation.BreakdownRule"""
    verbs, names = rule.get("verbs") or (), rule.get("resourceNames") or (None,)
    things = product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs, names)
    for group, resource, verb, name in things:
        named = {} if name is None else {"resourceNames": [name]}
        yield {"apiGroups": [group], "resources": [resource], **named, "verbs": [verb]}
    for path, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [path], "verbs": [verb]}


def _covers(rule: Rule, part: Rule) -> bool:
    """Does `rule` allow all that `part`, a rule about one thing, allows?"""
    if not _among(rule.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        return any(_covers_path(p, part["nonResourceURLs"][0]) for p in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _among(rule.get("apiGroups"), part["apiGroups"][0])
        and _has_resource(rule.get("resources") or (), part["resources"][0])
        and (not names or (part.get("resourceNames") or [None])[0] in names)
    )


def compact(parts: Iterable[Rule]) -> list[Rule]:
    """Rules about the same resource as one, with all their verbs. Kubernetes: validation.CompactRules"""
    merged: dict[str, Rule] = {}
    for part in parts:
        thing = json.dumps([part.get(f) for f in FIELDS[:4]]) + (
            "" if "resources" in part else part["verbs"][0]
        )
        verbs = merged.setdefault(thing, {**part, "verbs": []})["verbs"]
        verbs += [v for v in part["verbs"] if v not in verbs]
    return list(merged.values())


def describe(rule: Rule) -> str:
    """As messages show a rule: ``{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}``."""
    said = [f"{_title(field)}:{quoted(rule[field])}" for field in FIELDS if rule.get(field)]
    return "{" + ", ".join(said) + "}"


def _title(field: str) -> str:
    return "APIGroups" if field == "apiGroups" else field[0].upper() + field[1:]


def quoted(texts: Iterable[str]) -> str:
    """A list of strings as Go prints it with ``%q``."""
    return "[" + " ".join(json.dumps(t, ensure_ascii=False) for t in texts) + "]"
