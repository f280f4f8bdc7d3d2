"""Is a rule of admission meant for this request? Pure functions, for webhooks and for policies.

A request is shown to them as `Asked`. The answer is a row of the table of kinds: the version in which whoever made
the rule wants to see the object (``matchPolicy: Equivalent`` finds a request by its other names, too), or None.

Kubernetes: apiserver/pkg/admission/plugin/webhook/predicates (rules, namespace, object),
apiserver/pkg/admission/plugin/policy/matching
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.errors import not_found
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, dig, labels_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.admission.plugin import DELETE, operation

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

Rule = dict[str, Any]

#: What says who is asked is itself never asked about; a mistake in it could not be mended any more.
EXEMPT = frozenset(
    f"{kind}.admissionregistration.k8s.io"
    for kind in (
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    )
)


class Asked(NamedTuple):
    """A request as admission sees it. Kubernetes: admission.Attributes

    resource: the row of the version that the URL names; subresource: "" is the object itself.
    operation: CREATE, UPDATE, DELETE or CONNECT. namespace: of a Namespace, its own name.
    object and old are as they are stored; a DELETE has no object, a CREATE no old one.
    """

    resource: Resource
    subresource: str
    operation: str
    namespace: str
    name: str
    object: Object | None
    old: Object | None


def asked(server: ApiServer, write: Write) -> Asked:
    request, resource = write.request, server.kinds.named(write.request.resource)
    doing = operation(write)
    name = request.name or dig(write.object, "metadata", "name", default="")
    namespace = name if resource.qualified == "namespaces" else request.namespace
    obj = None if doing == DELETE else write.object
    return Asked(resource, request.subresource, doing.upper(), namespace, name, obj, write.old)


def namespace_of(server: ApiServer, asked: Asked) -> Object | None:
    """The namespace object of the request: a Namespace that is being written is its own. Raises NotFound."""
    if not asked.namespace:
        return None
    written = asked.resource.qualified == "namespaces" and not asked.subresource
    if written and asked.object is not None:
        return asked.object
    found = server.store.get("namespaces", asked.namespace)
    if found is None:
        raise not_found("namespaces", "", asked.namespace)
    return found


def is_exempt(asked: Asked) -> bool:
    return asked.resource.qualified in EXEMPT


# --- the whole question ----------------------------------------------------------------------


def matches(server: ApiServer, constraints: Object, asked: Asked) -> Resource | None:
    """A policy's ``matchConstraints`` or a binding's ``matchResources``. Without resourceRules, they mean everything.

    Raises NotFound for a namespace that is not there, but only if everything else fits.
    """
    rules = constraints.get("resourceRules") or ()
    policy = constraints.get("matchPolicy", "Equivalent")
    if version_meant(server.kinds, constraints.get("excludeResourceRules") or (), policy, asked):
        return None
    meant = version_meant(server.kinds, rules, policy, asked) if rules else asked.resource
    return meant if meant and is_selected(server, constraints, asked) else None


def is_selected(server: ApiServer, constraints: Object, asked: Asked) -> bool:
    """``namespaceSelector`` and ``objectSelector``: a cluster-scoped object is in every namespace, an object is
    meant if its new or its old labels are."""
    if not selects_object(constraints.get("objectSelector"), asked):
        return False
    selector = LabelSelector.of(constraints.get("namespaceSelector") or {})
    if selector.empty or not asked.namespace:
        return True
    return selector.matches(labels_of(namespace_of(server, asked) or {}))


def selects_object(selector: Object | None, asked: Asked) -> bool:
    labels = LabelSelector.of(selector or {})
    shown = [obj for obj in (asked.object, asked.old) if obj is not None]
    return labels.empty or any(labels.matches(labels_of(obj)) for obj in shown)


# --- rules -----------------------------------------------------------------------------------


def version_meant(kinds: Kinds, rules: Iterable[Rule], policy: str, asked: Asked) -> Resource | None:
    """The version by which the first fitting rule names the request: its own one, before any equivalent."""
    rules = [*rules]
    if any(fits(rule, asked, asked.resource) for rule in rules):
        return asked.resource
    if policy != "Equivalent":
        return None
    others = [*equivalents(kinds, asked)]
    return next((other for rule in rules for other in others if fits(rule, asked, other)), None)


def equivalents(kinds: Kinds, asked: Asked) -> Iterator[Resource]:
    """The other versions, or groups, in which the same stored object is served."""
    stored = kinds.stored(asked.resource)
    for other in kinds:
        if other is asked.resource or other.plural != asked.resource.plural:
            continue
        if kinds.stored(other) is stored and asked.subresource in ("", *other.subresources):
            yield other


def fits(rule: Rule, asked: Asked, resource: Resource) -> bool:
    """Does a rule name this request, if it is one for `resource`? Kubernetes: rules.Matcher"""
    names = rule.get("resourceNames") or ()
    return (
        _one_of(rule.get("apiGroups"), resource.group)
        and _one_of(rule.get("apiVersions"), resource.version)
        and _one_of(rule.get("operations"), asked.operation)
        and (not names or asked.name in names)
        and _in_scope(rule.get("scope", "*"), asked)
        and any(_means(text, resource.plural, asked.subresource) for text in rule.get("resources") or ())
    )


def _one_of(listed: Iterable[str] | None, value: str) -> bool:
    return any(item in ("*", value) for item in listed or ())


def _in_scope(scope: str, asked: Asked) -> bool:
    """A Namespace is no part of itself: it is cluster-scoped."""
    namespaced = asked.resource.namespaced
    return scope == "*" or namespaced == (scope == "Namespaced")


def _means(text: str, plural: str, subresource: str) -> bool:
    """``pods``, ``pods/status``, ``pods/*``, ``*``, ``*/*``, ``*/scale``. A part is meant only where it is named."""
    resource, _, part = text.partition("/")
    return resource in ("*", plural) and part in ("*", subresource)
