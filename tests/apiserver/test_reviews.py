"""Reviews: questions that are created as objects.

Facts recorded from Kubernetes v1.36: scenario serviceaccounts-tokens, and ``kubectl auth can-i``.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import BadRequest, Invalid
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.api.users import ADMIN, User
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.authentication.authenticator import Authenticator
from k8slearn.apiserver.rbac import Authorizer
from k8slearn.apiserver.rbac.authorizer import GROUP
from k8slearn.apiserver.rbac.bootstrap import rule
from k8slearn.apiserver.reviews import REVIEWS
from tests import fakes
from tests.fakes import named

BOB = User.called("bob")
PODS = {"verb": "list", "resource": "pods", "namespace": "default"}
READS = 'RBAC: allowed by RoleBinding "reads/default" of Role "reads" to User "bob"'


@pytest.fixture
def server() -> ApiServer:
    server = fakes.server()
    server.signing_key = b"key"
    server.authenticator, server.authorizer = Authenticator(server), Authorizer(server.store)
    server.authenticator.tokens["secret"] = User("carol", ("team",), "7", (("scopes", ("a", "b")),))
    rules = [rule("list core pods"), rule("get apps deployments web")]
    server.store.put("roles", "default/reads", named("Role", "reads", f"{GROUP}/v1", rules=rules))
    reference = {"apiGroup": GROUP, "kind": "Role", "name": "reads"}
    bound = named(
        "RoleBinding", "reads", f"{GROUP}/v1", roleRef=reference, subjects=[{"kind": "User", "name": "bob"}]
    )
    server.store.put("rolebindings", "default/reads", bound)
    return server


def ask(
    server: ApiServer, kind: str, spec: Any = None, user: User = BOB, namespace: str = "", **body: Any
) -> Object:
    body = {**({} if spec is None else {"spec": spec}), **body}
    return REVIEWS[kind](server, Request("create", f"{kind.lower()}s", namespace, body=body, user=user))


def status(server: ApiServer, kind: str, spec: Any = None, user: User = BOB, namespace: str = "") -> Object:
    found: Object = ask(server, kind, spec, user, namespace)["status"]
    return found


# --- who? -------------------------------------------------------------------------------------------


def test_who_am_i(server):
    user = User("carol", ("team",), "7", (("scopes", ("a",)),))
    answer = ask(server, "SelfSubjectReview", user=user)
    told = {"username": "carol", "uid": "7", "groups": ["team"], "extra": {"scopes": ["a"]}}
    assert answer == {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"userInfo": told},
    }


def test_whose_token(server):
    assert status(server, "TokenReview", {"token": "secret"}) == {
        "authenticated": True,
        "audiences": ["https://kubernetes.default.svc"],
        "user": {
            "username": "carol",
            "uid": "7",
            "groups": ["team", "system:authenticated"],
            "extra": {"scopes": ["a", "b"]},
        },
    }


def test_nobodys_token(server):
    assert status(server, "TokenReview", {"token": "wrong"}) == {"user": {}, "error": "invalid bearer token"}
    assert status(server, "TokenReview", {"token": "secret", "audiences": ["x"]})["user"] == {}
    with pytest.raises(BadRequest, match="token is required for TokenReview in authentication"):
        ask(server, "TokenReview", {})


# --- may he? ----------------------------------------------------------------------------------------


def test_may_i(server):
    asked = {"resourceAttributes": PODS}
    answer = ask(server, "SelfSubjectAccessReview", asked)
    assert answer == {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": asked,
        "status": {"allowed": True, "reason": READS},
    }
    elsewhere = {"resourceAttributes": {**PODS, "namespace": "kube-system"}}
    assert status(server, "SelfSubjectAccessReview", elsewhere) == {"allowed": False}
    assert status(server, "SelfSubjectAccessReview", elsewhere, ADMIN) == {"allowed": True}


def test_may_he(server):
    asked = {"resourceAttributes": PODS, "user": "bob"}
    assert status(server, "SubjectAccessReview", asked, ADMIN) == {"allowed": True, "reason": READS}
    assert status(server, "SubjectAccessReview", {**asked, "user": "carol"}, ADMIN) == {"allowed": False}
    masters = {"resourceAttributes": PODS, "groups": ["system:masters"]}
    assert status(server, "SubjectAccessReview", masters) == {"allowed": True}
    path = {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}, "user": "bob"}
    assert status(server, "SubjectAccessReview", path) == {"allowed": False}


def test_may_he_here(server):
    asked = {"resourceAttributes": PODS, "user": "bob"}
    answer = ask(server, "LocalSubjectAccessReview", asked, ADMIN, "default")
    assert answer["metadata"] == {"namespace": "default"}
    assert answer["status"] == {"allowed": True, "reason": READS}
    with pytest.raises(
        Invalid, match=r"spec\.resourceAttributes\.namespace: .* must match metadata\.namespace"
    ):
        ask(server, "LocalSubjectAccessReview", asked, ADMIN, "kube-system")


WRONG = [
    (
        "SelfSubjectAccessReview",
        {},
        "spec.resourceAttributes: Required value: exactly one of nonResourceAttributes or resourceAttributes must be "
        "specified",
    ),
    (
        "SelfSubjectAccessReview",
        {"resourceAttributes": PODS, "nonResourceAttributes": {"path": "/x", "verb": "get"}},
        'spec.nonResourceAttributes: Invalid value: {"path":"/x","verb":"get"}: cannot be specified in combination '
        "with resourceAttributes",
    ),
    (
        "SubjectAccessReview",
        {"resourceAttributes": PODS},
        'spec.user: Invalid value: "": at least one of user or group must be specified',
    ),
]


@pytest.mark.parametrize(("kind", "spec", "message"), WRONG)
def test_no_question(server, kind, spec, message):
    with pytest.raises(Invalid) as refused:
        ask(server, kind, spec)
    assert refused.value.message == f'.authorization.k8s.io "" is invalid: {message}'


def test_a_question_has_no_name(server):
    with pytest.raises(Invalid, match=r"metadata: Invalid value: .*: must be empty"):
        ask(server, "SelfSubjectAccessReview", {"resourceAttributes": PODS}, metadata={"name": "x"})


# --- what may I? ------------------------------------------------------------------------------------


def test_what_may_i(server):
    answer = ask(server, "SelfSubjectRulesReview", {"namespace": "default"})
    assert answer["spec"] == {}
    assert answer["status"] == {
        "resourceRules": [
            {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"]},
        ],
        "nonResourceRules": [],
        "incomplete": False,
    }
    with pytest.raises(BadRequest, match="no namespace on request"):
        ask(server, "SelfSubjectRulesReview", {})


def test_what_cannot_be_looked_up(server):
    server.store.delete("roles", "default/reads")
    answer = status(server, "SelfSubjectRulesReview", {"namespace": "default"})
    assert answer["incomplete"]
    assert answer["evaluationError"] == f'role.{GROUP} "reads" not found'


@pytest.mark.parametrize("kind", REVIEWS)
@pytest.mark.parametrize("body", [None, [], "x", {"kind": "Pod"}, {"metadata": 3}])
def test_nonsense_is_refused(server, kind, body):
    with pytest.raises(BadRequest):
        REVIEWS[kind](server, Request("create", f"{kind.lower()}s", body=body, user=BOB))


@pytest.mark.parametrize("kind", sorted(REVIEWS.keys() - {"SelfSubjectReview"}))
@pytest.mark.parametrize("spec", [[], {"token": 1, "namespace": 1, "resourceAttributes": 1}])
def test_a_nonsensical_question_is_refused(server, kind, spec):
    with pytest.raises(BadRequest):
        ask(server, kind, spec)
