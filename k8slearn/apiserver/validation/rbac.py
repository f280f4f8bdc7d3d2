"""The rules of who may do what: roles and their bindings.

Kubernetes: pkg/apis/rbac/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.metadata import path_segment
from k8slearn.apiserver.validation.shapes import Check, Each, Shape, Spelt, label_selector

Spec = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"
SUBJECTS = ("ServiceAccount", "User", "Group")


# --- roles ----------------------------------------------------------------------------------------


def _rule(rule: Spec, path: str) -> Iterable[FieldError]:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    if rule.get("nonResourceURLs"):
        if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", rule["nonResourceURLs"], detail)
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def _namespaced_rule(rule: Spec, path: str) -> Iterable[FieldError]:
    if urls := rule.get("nonResourceURLs"):
        detail = "namespaced rules cannot apply to non-resource URLs"
        yield invalid(f"{path}.nonResourceURLs", urls, detail)
    yield from _rule(rule, path)


def _selects_some(rule: Spec, path: str) -> Iterable[FieldError]:
    if not rule.get("clusterRoleSelectors"):
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield required(f"{path}.clusterRoleSelectors", detail)


_AGGREGATION = Shape({"clusterRoleSelectors": Each(label_selector)}, also=(_selects_some,))

# --- bindings -------------------------------------------------------------------------------------


def _reference(binding: Object, path: str) -> Iterable[FieldError]:
    ref, kinds = binding.get("roleRef") or {}, ["ClusterRole"]
    if binding["kind"] == "RoleBinding":
        kinds.append("Role")
    if ref.get("apiGroup") != GROUP:
        yield unsupported("roleRef.apiGroup", ref.get("apiGroup", ""), [GROUP])
    if ref.get("kind") not in kinds:
        yield unsupported("roleRef.kind", ref.get("kind", ""), kinds)
    if not ref.get("name"):
        yield required("roleRef.name")
    yield from Spelt(path_segment)(ref.get("name", ""), "roleRef.name")


def _subject(subject: Spec, path: str) -> Iterable[FieldError]:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    if not name:
        yield required(f"{path}.name")
    if kind not in SUBJECTS:
        yield unsupported(f"{path}.kind", kind, SUBJECTS)
    elif kind == "ServiceAccount":
        yield from Spelt(formats.dns_subdomain)(name, f"{path}.name")
        if group:
            yield unsupported(f"{path}.apiGroup", group, [""])
    elif group != GROUP:
        yield unsupported(f"{path}.apiGroup", group, [GROUP])


def _subject_anywhere(subject: Spec, path: str) -> Iterable[FieldError]:
    """Where no namespace is meant, one has to be named."""
    yield from _subject(subject, path)
    if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
        yield required(f"{path}.namespace")


KINDS: dict[str, Check] = {
    "Role": Shape({"rules": Each(_namespaced_rule)}),
    "ClusterRole": Shape({"rules": Each(_rule), "aggregationRule": _AGGREGATION}),
    "RoleBinding": Shape({"subjects": Each(_subject)}, also=(_reference,)),
    "ClusterRoleBinding": Shape({"subjects": Each(_subject_anywhere)}, also=(_reference,)),
}


def check_update(new: Object, old: Object) -> Iterable[FieldError]:
    """A binding is made for one role; for another, make another."""
    if new.get("roleRef") != old.get("roleRef"):
        found = new.get("roleRef") or {}
        value = {
            "APIGroup": found.get("apiGroup", ""),
            "Kind": found.get("kind", ""),
            "Name": found.get("name", ""),
        }
        yield invalid("roleRef", value, "cannot change roleRef")
