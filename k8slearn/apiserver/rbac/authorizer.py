"""May this user do that? Whoever is bound to a role may do what its rules allow; nobody else may do anything.

The way of a question: members of ``system:masters`` may do everything; a kubelet is asked what it has to do with the
thing (`node`); then every binding that names the user or one of his groups is looked at, first those of the whole
cluster, then those of the namespace. No rule ever takes anything away, so the first that allows it decides.

Kubernetes: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from k8slearn.api import errors
from k8slearn.api.objects import Object, name_of, namespace_of
from k8slearn.api.users import SERVICE_ACCOUNT, User
from k8slearn.apiserver.rbac import node
from k8slearn.apiserver.rbac.rules import Rule, allows
from k8slearn.store import Store

GROUP = "rbac.authorization.k8s.io"


class Attributes(NamedTuple):
    """Who wants to do what. A request for something that is no resource has a `path` and nothing else.

    Kubernetes: authorizer.Attributes
    """

    user: User
    verb: str
    namespace: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    path: str = ""

    @property
    def is_resource(self) -> bool:
        return not self.path

    @property
    def full_resource(self) -> str:
        """``pods``, ``pods/log``: what the rules of a role call it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Grant(NamedTuple):
    """One binding that applies to a user, the subject through which it does, and what it grants."""

    binding: Object
    subject: Object
    rules: list[Rule]
    error: str = ""  # why there are no rules

    def __str__(self) -> str:
        kind, namespace, role = self.binding["kind"], namespace_of(self.binding), self.binding["roleRef"]
        name = name_of(self.binding) + (f"/{namespace}" if namespace else "")
        subject = self.subject["name"]
        if self.subject["kind"] == "ServiceAccount":
            subject = f"{subject}/{self.subject.get('namespace') or namespace}"
        return f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {self.subject["kind"]} "{subject}"'


class Authorizer:
    """Answers from what is in the store at that moment; remembers nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def authorize(self, asked: Attributes) -> tuple[bool, str]:
        """(allowed?, the reason, if there is something to say)."""
        if asked.user.is_master:
            return True, ""
        reasons = []
        if node.is_node(asked.user):
            allowed, reason = node.authorize(self.store, asked)
            if allowed:
                return True, ""
            reasons += [reason] if reason else []
        troubles = []
        for grant in self.grants(asked.user, asked.namespace):
            if any(allows(rule, asked) for rule in grant.rules):
                return True, f"RBAC: allowed by {grant}"
            troubles += [grant.error] if grant.error else []
        reasons += [f"RBAC: {errors_together(troubles)}"] if troubles else []
        return False, "\n".join(reasons)

    def rules_for(self, user: User, namespace: str) -> tuple[list[Rule], list[str]]:
        """(every rule that the user has there, what could not be looked up). Kubernetes: RulesFor"""
        grants = list(self.grants(user, namespace))
        return [r for g in grants for r in g.rules], [g.error for g in grants if g.error]

    def grants(self, user: User, namespace: str) -> Iterator[Grant]:
        """Every binding that applies to the user in a namespace ("": in the cluster as a whole)."""
        for binding in self.store.list("clusterrolebindings"):
            yield from self._grant(binding, user)
        if namespace:
            for binding in self.store.list("rolebindings"):
                if binding["metadata"]["namespace"] == namespace:
                    yield from self._grant(binding, user)

    def _grant(self, binding: Object, user: User) -> Iterator[Grant]:
        for subject in binding.get("subjects") or ():
            if applies(subject, user, binding["metadata"].get("namespace", "")):
                try:
                    yield Grant(binding, subject, self.rules_of(binding))
                except errors.NotFound as error:
                    yield Grant(binding, subject, [], error.message.replace("roles.", "role.", 1))
                return

    def rules_of(self, binding: Object) -> list[Rule]:
        """The rules of the role that a binding names. Raises NotFound."""
        reference = binding["roleRef"]
        plural, key = "clusterroles", reference["name"]
        if reference["kind"] == "Role":
            plural, key = "roles", f"{binding['metadata']['namespace']}/{key}"
        role = self.store.get(plural, key)
        if role is None:
            raise errors.not_found(plural, GROUP, reference["name"])
        return role.get("rules") or []


def applies(subject: Object, user: User, namespace: str) -> bool:
    """Does a binding's subject mean this user? `namespace` is the binding's."""
    kind, name = subject["kind"], subject["name"]
    if kind == "Group":
        return name in user.groups
    if kind == "User":
        return bool(user.name == name)
    home = subject.get("namespace") or namespace
    return kind == "ServiceAccount" and bool(home) and user.name == f"{SERVICE_ACCOUNT}{home}:{name}"


def errors_together(messages: list[str]) -> str:
    """Several errors in one line, each once. Kubernetes: utilerrors.NewAggregate"""
    once = list(dict.fromkeys(messages))
    return once[0] if len(once) == 1 else f"[{', '.join(once)}]"


# --- saying no ------------------------------------------------------------------------------------


def forbidden(asked: Attributes, reason: str = "") -> errors.Forbidden:
    """The 403 for somebody who may not. Kubernetes: responsewriters.ForbiddenStatusError"""
    why = _cannot(asked).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    why += f": {reason}" if reason else ""
    return refused(asked.resource, asked.group, asked.name, why)


def refused(resource: str, group: str, name: str, why: str) -> errors.Forbidden:
    """Kubernetes: apierrors.NewForbidden, which leaves out what it is not told."""
    titled = f"{resource}.{group}" if group else resource
    said = (
        (f'{titled} "{name}" is forbidden' if name else f"{titled} is forbidden") if resource else "forbidden"
    )
    details = {"name": name, "group": group, "kind": resource}
    return errors.Forbidden(f"{said}: {why}", details={k: v for k, v in details.items() if v})


def _cannot(asked: Attributes) -> str:
    if not asked.is_resource:
        return f'User "{asked.user.name}" cannot {asked.verb} path "{asked.path}"'
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    what = f'resource "{asked.full_resource}" in API group "{asked.group}"'
    return f'User "{asked.user.name}" cannot {asked.verb} {what} {where}'
