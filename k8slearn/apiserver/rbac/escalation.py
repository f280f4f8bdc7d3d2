"""Nobody grants what he does not have: not in a role he writes, not in a binding.

Otherwise whoever may write roles could do anything: he would write himself one. The ways around: to be in
``system:masters``, to have the verb ``escalate`` on the role, or ``bind`` on the role that a binding names.

Kubernetes: pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased/storage.go,
pkg/registry/rbac/escalation_check.go, pkg/registry/rbac/validation/rule.go (ConfirmNoEscalation)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, name_of
from k8slearn.apiserver.rbac.authorizer import GROUP, Attributes, refused
from k8slearn.apiserver.rbac.rules import Rule, compact, describe, missing, quoted

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

ROLES = frozenset(["Role", "ClusterRole"])
BINDINGS = frozenset(["RoleBinding", "ClusterRoleBinding"])
EVERYTHING: list[Rule] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]


def check_escalation(server: ApiServer, write: Write) -> None:
    """A stage for creates and updates of roles and bindings; others pass. Raises Forbidden, NotFound.

    A cluster without the default roles, as simulations are, has nobody who was granted anything yet.
    """
    kind = write.resource.kind
    if kind not in ROLES | BINDINGS or write.resource.group != GROUP or write.request.user.is_master:
        return
    if server.store.get("clusterroles", "cluster-admin") is None:
        return
    if write.old is not None and _only_lets_go(write.old, write.object):
        return
    if kind in ROLES:
        _check_role(server, write)
    else:
        _check_binding(server, write)


def _check_role(server: ApiServer, write: Write) -> None:
    if _may(server, write, "escalate", write.resource.plural, write.request.name):
        return
    _confirm(server, write, write.object.get("rules") or [])
    gathers = write.object.get("aggregationRule") or (write.old or {}).get("aggregationRule")
    if gathers and _lacks(server, write, EVERYTHING):
        raise _refused(write, "must have cluster-admin privileges to use the aggregationRule")


def _check_binding(server: ApiServer, write: Write) -> None:
    role = write.object.get("roleRef") or {}
    plural = "roles" if role.get("kind") == "Role" else "clusterroles"
    if not role.get("name") or _may(server, write, "bind", plural, role["name"]):
        return  # a binding to nothing is for validation to refuse
    _confirm(server, write, server.authorizer.rules_of(write.object))


def _may(server: ApiServer, write: Write, verb: str, resource: str, name: str) -> bool:
    request = write.request
    asked = Attributes(request.user, verb, request.namespace, GROUP, "*", resource, name=name)
    return server.authorizer.authorize(asked)[0]


def _confirm(server: ApiServer, write: Write, rules: list[Rule]) -> None:
    lacking = _lacks(server, write, rules)
    if lacking:
        user = write.request.user
        who = f'user "{user.name}" (groups={quoted(user.groups)})'
        listed = "\n".join(sorted({describe(rule) for rule in compact(lacking)}))
        _, troubles = server.authorizer.rules_for(user, write.request.namespace)
        failed = f"; resolution errors: [{' '.join(troubles)}]" if troubles else ""
        said = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}{failed}"
        raise _refused(write, said)


def _lacks(server: ApiServer, write: Write, rules: list[Rule]) -> list[Rule]:
    held, _ = server.authorizer.rules_for(write.request.user, write.request.namespace)
    return missing(held, rules)


def _refused(write: Write, why: str) -> Exception:
    return refused(write.resource.plural, GROUP, name_of(write.object), why)


def _only_lets_go(old: Object, new: Object) -> bool:
    """An update of owners and finalizers alone must stay possible, or nothing could be deleted."""
    ours = {"ownerReferences", "finalizers", "managedFields", "resourceVersion"}
    before = {k: v for k, v in old["metadata"].items() if k not in ours}
    after = {k: v for k, v in new["metadata"].items() if k not in ours}
    return before == after and {**old, "metadata": 0} == {**new, "metadata": 0}
