"""Questions in the form of objects: Who am I? Whose token is this? May he do that? What may I do?

They are created, answered in their status, and forgotten: nothing is stored.

Kubernetes: pkg/registry/authentication/{tokenreview,selfsubjectreview}, pkg/registry/authorization
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import timestamp
from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver.authentication.authenticator import INVALID
from k8slearn.apiserver.authentication.tokens import BadToken
from k8slearn.apiserver.pipeline import Write, decode
from k8slearn.apiserver.rbac import Attributes
from k8slearn.apiserver.rbac.authorizer import errors_together
from k8slearn.apiserver.rbac.node import is_node
from k8slearn.apiserver.rbac.rules import Rule

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

Review = Callable[["ApiServer", Request], Object]
AUTHORIZATION = "authorization.k8s.io"


def _decoded(server: ApiServer, request: Request) -> Object:
    write = Write(request, server.kinds.named(request.resource), request.body)
    decode(server, write)
    return {**write.object, "spec": write.object.get("spec") or {}}


# --- who? ---------------------------------------------------------------------------------------------


def self_subject_review(server: ApiServer, request: Request) -> Object:
    """``kubectl auth whoami``"""
    review = _decoded(server, request)
    return {
        "kind": review["kind"],
        "apiVersion": review["apiVersion"],
        "metadata": {"creationTimestamp": timestamp(server.clock.now)},
        "status": {"userInfo": user_info(request.user)},
    }


def token_review(server: ApiServer, request: Request) -> Object:
    review = _decoded(server, request)
    spec = review["spec"]
    if not spec.get("token"):
        raise errors.BadRequest("token is required for TokenReview in authentication")
    try:
        user, audiences = server.authenticator.identify(spec["token"], spec.get("audiences"))
    except BadToken as error:
        said = errors_together([INVALID, str(error)])
        return {**review, "status": {"user": {}, "error": said}}
    status = {"authenticated": True, "user": user_info(user), "audiences": audiences}
    return {**review, "status": status}


def user_info(user: User) -> dict[str, Any]:
    extra = {key: list(values) for key, values in user.extra}
    told = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}
    return {field: value for field, value in told.items() if value}


# --- may he? ------------------------------------------------------------------------------------------


def subject_access_review(server: ApiServer, request: Request) -> Object:
    review = _decoded(server, request)
    broken = [*_one_question(review["spec"]), *_somebody(review["spec"]), *_no_metadata(review, request)]
    return _answered(server, review, _subject(review["spec"]), broken)


def local_subject_access_review(server: ApiServer, request: Request) -> Object:
    """Like the former, about one namespace, so that one can be allowed to ask in that namespace only."""
    review = _decoded(server, request)
    review["metadata"] = {**review["metadata"], "namespace": request.namespace}
    spec = review["spec"]
    broken = [*_one_question(spec), *_somebody(spec), *_no_metadata(review, request), *_at_home(review)]
    return _answered(server, review, _subject(spec), broken)


def self_subject_access_review(server: ApiServer, request: Request) -> Object:
    """``kubectl auth can-i``"""
    review = _decoded(server, request)
    broken = [*_one_question(review["spec"]), *_no_metadata(review, request)]
    return _answered(server, review, request.user, broken)


def _answered(server: ApiServer, review: Object, user: User, broken: list[FieldError]) -> Object:
    if broken:
        raise errors.invalid_object("", AUTHORIZATION, "", broken)
    allowed, reason = server.authorizer.authorize(_question(user, review["spec"]))
    status = {"allowed": allowed, **({"reason": reason} if reason else {})}
    return {**review, "status": status}


def _subject(spec: Object) -> User:
    extra = tuple((key, tuple(values or ())) for key, values in sorted((spec.get("extra") or {}).items()))
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), extra)


def _question(user: User, spec: Object) -> Attributes:
    asked = spec.get("resourceAttributes")
    if asked is None:
        asked = spec["nonResourceAttributes"]
        return Attributes(user, asked.get("verb", ""), path=asked.get("path") or "/")
    fields = ("verb", "namespace", "group", "version", "resource", "subresource", "name")
    return Attributes(user, **{field: asked.get(field, "") for field in fields})


def _one_question(spec: Object) -> Iterator[FieldError]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        said = "cannot be specified in combination with resourceAttributes"
        yield invalid("spec.nonResourceAttributes", path, said)
    if resource is None and path is None:
        said = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield required("spec.resourceAttributes", said)
    for field in ("fieldSelector", "labelSelector"):
        selector = (resource or {}).get(field)
        if selector is not None:
            yield from _selector(selector, f"spec.resourceAttributes.{field}")


def _selector(selector: Object, path: str) -> Iterator[FieldError]:
    if selector.get("rawSelector") and selector.get("requirements"):
        said = "may not specified at the same time as requirements"
        yield invalid(f"{path}.rawSelector", selector["rawSelector"], said)
    if not selector.get("rawSelector") and not selector.get("requirements"):
        yield required(
            f"{path}.requirements", f"when {path} is specified, requirements or rawSelector is required"
        )


def _somebody(spec: Object) -> Iterator[FieldError]:
    if not spec.get("user") and not spec.get("groups"):
        yield invalid("spec.user", "", "at least one of user or group must be specified")


def _no_metadata(review: Object, request: Request) -> Iterator[FieldError]:
    given = {k: v for k, v in review["metadata"].items() if k != "managedFields"}
    allowed = {"namespace": request.namespace} if request.namespace else {}
    if given != allowed:
        yield invalid("metadata", given, "must be empty except for namespace" if allowed else "must be empty")


def _at_home(review: Object) -> Iterator[FieldError]:
    spec, namespace = review["spec"], review["metadata"]["namespace"]
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and resource.get("namespace", "") != namespace:
        meant = resource.get("namespace", "")
        yield invalid("spec.resourceAttributes.namespace", meant, "must match metadata.namespace")
    if path is not None:
        yield forbidden("spec.nonResourceAttributes", "disallowed on this kind of request")


# --- what may I? --------------------------------------------------------------------------------------


def self_subject_rules_review(server: ApiServer, request: Request) -> Object:
    """``kubectl auth can-i --list``"""
    review = _decoded(server, request)
    namespace = review["spec"].get("namespace", "")
    if not namespace:
        raise errors.BadRequest("no namespace on request")
    rules, troubles = server.authorizer.rules_for(request.user, namespace)
    if is_node(request.user):
        troubles.insert(0, "node authorizer does not support user rule resolution")
    status = {
        "resourceRules": _shown(rules, "resources", ("verbs", "apiGroups", "resources", "resourceNames")),
        "nonResourceRules": _shown(rules, "nonResourceURLs", ("verbs", "nonResourceURLs")),
        "incomplete": bool(troubles),
        **({"evaluationError": errors_together(troubles)} if troubles else {}),
    }
    return {**review, "metadata": {}, "spec": {}, "status": status}


def _shown(rules: list[Rule], kind: str, fields: tuple[str, ...]) -> list[Rule]:
    return [{f: rule[f] for f in fields if rule.get(f)} for rule in rules if rule.get(kind)]


REVIEWS: dict[str, Review] = {
    "SelfSubjectReview": self_subject_review,
    "TokenReview": token_review,
    "SubjectAccessReview": subject_access_review,
    "LocalSubjectAccessReview": local_subject_access_review,
    "SelfSubjectAccessReview": self_subject_access_review,
    "SelfSubjectRulesReview": self_subject_rules_review,
}
