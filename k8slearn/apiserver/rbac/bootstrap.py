"""The roles and bindings of a fresh cluster, from `policy.yaml`.

Kubernetes: plugin/pkg/auth/authorizer/rbac/bootstrappolicy; pkg/registry/rbac/rest (PostStartHook)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from k8slearn.api.objects import Object
from k8slearn.apiserver.rbac.rules import Rule

GROUP = "rbac.authorization.k8s.io"
AGGREGATE = f"{GROUP}/aggregate-to-"
WORDS = {
    "read": "get,list,watch",
    "write": "create,delete,deletecollection,patch,update",
    "all": "create,delete,deletecollection,get,list,patch,update,watch",
    "core": "",
}
EVENTS = "create,update,patch core,events.k8s.io events"


def bootstrap_objects() -> list[Object]:
    """Every default ClusterRole, Role and binding, ready to be created. Private copies."""
    policy = _policy()
    controllers = (
        (f"system:controller:{n}", {"to": [n], "rules": r}) for n, r in policy["controllers"].items()
    )
    found: list[Object] = []
    for name, row in (*policy["clusterRoles"].items(), *controllers):
        found += _cluster_role(name, row)
    for row in policy["roles"]:
        found += _role(**row)
    return found


def rules_of(name: str) -> list[Rule]:
    """The rules of one default ClusterRole."""
    return [rule(line) for line in _policy()["clusterRoles"][name]["rules"]]


@cache
def _policy() -> dict[str, Any]:
    policy: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("policy.yaml").read_bytes())
    return policy


def rule(line: str) -> Rule:
    """``read core pods,pods/log`` as a rule; what is listed is sorted, as Kubernetes has it."""
    if line == "events":
        line = EVENTS
    verbs, groups, *resources = line.split()
    if not resources:
        return {"nonResourceURLs": _list(groups), "verbs": _list(verbs)}
    names = {"resourceNames": _list(resources[1])} if resources[1:] else {}
    found = {"apiGroups": _list(groups), "resources": _list(resources[0]), "verbs": _list(verbs)}
    return {**found, **names}


def _list(text: str) -> list[str]:
    return sorted(part for word in text.split(",") for part in WORDS.get(word, word).split(","))


def _cluster_role(name: str, row: dict[str, Any]) -> Iterator[Object]:
    role = _object("ClusterRole", name)
    if "aggregate" in row:
        role["metadata"]["labels"][f"{AGGREGATE}{row['aggregate']}"] = "true"
    if "gathers" in row:
        labels = {f"{AGGREGATE}{row['gathers']}": "true"}
        role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": labels}]}
    yield {**role, "rules": [rule(line) for line in row.get("rules", ())] or None}
    if "to" in row:
        yield _bound(_object("ClusterRoleBinding", name), "ClusterRole", name, row["to"])


def _role(name: str, namespace: str, rules: list[str], to: list[str], binding: str = "") -> Iterator[Object]:
    yield {**_object("Role", name, namespace), "rules": [rule(line) for line in rules]}
    yield _bound(_object("RoleBinding", binding or name, namespace), "Role", name, to)


def _object(kind: str, name: str, namespace: str = "") -> Object:
    metadata: Object = {
        "name": name,
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata}


def _bound(binding: Object, kind: str, role: str, to: Iterable[str]) -> Object:
    subjects = [_subject(who) for who in to]
    found = {**binding, "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role}}
    return {**found, "subjects": subjects} if subjects else found


def _subject(who: str) -> Object:
    kind, colon, name = who.partition(":")
    if colon:
        return {"kind": kind, "apiGroup": GROUP, "name": name}
    return {"kind": "ServiceAccount", "name": who, "namespace": "kube-system"}
