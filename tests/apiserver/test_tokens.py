"""Tokens: how service accounts get them, and who is let in with what.

Facts recorded from Kubernetes v1.36: scenario serviceaccounts-tokens.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.clock import EPOCH
from k8slearn.api.errors import BadRequest, Conflict, Invalid, NotFound, Unauthorized
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.authentication import jwt
from k8slearn.apiserver.authentication.authenticator import Authenticator
from k8slearn.apiserver.authentication.tokens import ISSUER, BadToken, create_token
from k8slearn.apiserver.http.messages import Certificate
from tests import fakes
from tests.fakes import Clock, named

KEY = b"a key that only the server has"
HOUR = 3600


@pytest.fixture
def server(clock: Clock) -> ApiServer:
    server = fakes.server(clock)
    server.signing_key = KEY
    server.authenticator = Authenticator(server)
    create(server, named("ServiceAccount", "bot"))
    return server


def create(server: ApiServer, obj: Object) -> Object:
    resource, m = server.kinds.of(obj), obj["metadata"]
    found: Object = server.handle(
        Request("create", resource.name, m.get("namespace", ""), m["name"], body=obj)
    )
    return found


def delete(server: ApiServer, resource: str, key: str) -> None:
    server.store.delete(resource, key)


def request(server: ApiServer, spec: Any = None, name: str = "bot", **body: Any) -> Object:
    asked = Request("create", "serviceaccounts", "default", name, "token", {"spec": spec or {}, **body})
    return create_token(server, server.kinds.named("serviceaccounts"), asked)


def token(server: ApiServer, **spec: Any) -> str:
    text: str = request(server, spec)["status"]["token"]
    return text


def let_in(server: ApiServer, text: str) -> User | None:
    return server.authenticator.authenticate(f"Bearer {text}")


def why_not(server: ApiServer, text: str, audiences: list[str] | None = None) -> str:
    with pytest.raises(Unauthorized) if audiences is None else pytest.raises(BadToken):
        server.authenticator.identify(text, audiences) if audiences else let_in(server, text)
    with pytest.raises(BadToken) as refused:
        server.authenticator.identify(text, audiences)
    return str(refused.value)


# --- asking for one ---------------------------------------------------------------------------------


def test_the_answer(server):
    answer = request(server, {"expirationSeconds": 1000})
    assert (answer["kind"], answer["apiVersion"]) == ("TokenRequest", "authentication.k8s.io/v1")
    assert answer["metadata"] == {
        "name": "bot",
        "namespace": "default",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    assert answer["spec"] == {"audiences": [ISSUER], "expirationSeconds": 1000, "boundObjectRef": None}
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T00:16:40Z"


def test_what_it_claims(server):
    claims = jwt.verify(token(server), KEY)
    account = server.store.get("serviceaccounts", "default/bot")["metadata"]
    now = int(EPOCH.timestamp())
    assert claims.pop("jti")
    assert claims == {
        "aud": [ISSUER],
        "exp": now + HOUR,
        "iat": now,
        "iss": "https://kubernetes.default.svc",
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "bot", "uid": account["uid"]}},
        "nbf": now,
        "sub": "system:serviceaccount:default:bot",
    }


@pytest.mark.parametrize(
    ("seconds", "limit"), [(5, "less than 10 minutes"), (2**32 + 1, "larger than 2^32 seconds")]
)
def test_not_too_short_and_not_too_long(server, seconds, limit):
    with pytest.raises(Invalid) as refused:
        request(server, {"expirationSeconds": seconds})
    said = f"spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration {limit}"
    assert refused.value.message == f'TokenRequest.authentication.k8s.io "" is invalid: {said}'
    assert "name" not in refused.value.details


def test_for_whom(server):
    with pytest.raises(NotFound, match='serviceaccounts "ghost" not found'):
        request(server, name="ghost")
    with pytest.raises(Invalid, match="must match the service account name if specified"):
        request(server, metadata={"name": "other"})
    with pytest.raises(BadRequest):
        request(server, kind="Pod", apiVersion="v1")
    with pytest.raises(BadRequest):
        request(server, {"expirationSeconds": "long"})


def test_bound_to_what(server):
    create(server, fakes.pod("web", serviceAccountName="other"))
    for reference, error, message in (
        (
            {"kind": "ConfigMap", "apiVersion": "v1", "name": "x"},
            BadRequest,
            "object of type /v1, Kind=ConfigMap",
        ),
        ({"kind": "Pod", "apiVersion": "v1", "name": "x"}, NotFound, 'pods "x" not found'),
        (
            {"kind": "Pod", "apiVersion": "v1", "name": "web"},
            BadRequest,
            'cannot bind token for serviceaccount "bot" to pod running with serviceaccount "other"',
        ),
    ):
        with pytest.raises(error, match=message):
            request(server, {"boundObjectRef": reference})


def test_bound_to_another_object_of_that_name(server):
    create(server, named("Secret", "s"))
    with pytest.raises(Conflict) as refused:
        request(server, {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": "old"}})
    assert refused.value.message == (
        'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (old) does not match '
        "the UID in record. The object might have been deleted and then recreated"
    )


# --- coming in with one -----------------------------------------------------------------------------


def test_who_comes_with_it(server):
    user = let_in(server, token(server))
    assert user.name == "system:serviceaccount:default:bot"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
    assert user.uid == server.store.get("serviceaccounts", "default/bot")["metadata"]["uid"]
    ((key, (value,)),) = user.extra
    assert key == "authentication.kubernetes.io/credential-id"
    assert value.startswith("JTI=")


def test_a_token_of_a_pod_tells_where_it_runs(server):
    create(server, named("Node", "node-0", namespace=""))
    pod = create(server, fakes.pod("web", serviceAccountName="bot", nodeName="node-0"))
    text = token(server, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "web"})
    told = {key.partition("/")[2]: value for key, (value,) in let_in(server, text).extra}
    assert told["pod-name"] == "web"
    assert told["pod-uid"] == pod["metadata"]["uid"]
    assert told["node-name"] == "node-0"
    assert list(told) == sorted(told)
    delete(server, "nodes", "node-0")
    assert let_in(server, text)
    delete(server, "pods", "default/web")
    assert why_not(server, text) == "service account token has been invalidated"


@pytest.mark.parametrize(
    ("kind", "resource", "key"), [("Secret", "secrets", "default/x"), ("Node", "nodes", "x")]
)
def test_it_ends_with_what_it_is_bound_to(server, kind, resource, key):
    obj = named(kind, "x", namespace="" if kind == "Node" else "default")
    create(server, obj)
    text = token(server, boundObjectRef={"kind": kind, "apiVersion": "v1", "name": "x"})
    assert let_in(server, text)
    delete(server, resource, key)
    assert why_not(server, text) == "service account token has been invalidated"
    create(server, obj)
    assert f"does not match service account {kind.lower()} ref claim" in why_not(server, text)


def test_it_ends_with_its_account(server):
    text = token(server)
    delete(server, "serviceaccounts", "default/bot")
    assert why_not(server, text) == 'serviceaccounts "bot" not found'
    create(server, named("ServiceAccount", "bot"))
    assert "does not match claim" in why_not(server, text)


def test_it_expires(server, clock):
    text = token(server, expirationSeconds=600)
    clock.now = 600 + 59
    assert let_in(server, text)
    clock.now += 2
    assert why_not(server, text) == "service account token has expired"


def test_what_a_pod_is_given_outlives_its_hour(server, clock):
    create(server, fakes.pod("web", serviceAccountName="bot"))
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "web"}
    answer = request(server, {"expirationSeconds": HOUR + 7, "boundObjectRef": reference})
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T01:00:07Z"
    clock.now = 24.0 * HOUR
    assert let_in(server, answer["status"]["token"])


def test_for_other_ears(server):
    text = token(server, audiences=["vault"])
    assert (
        why_not(server, text) == f'token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]'
    )
    assert server.authenticator.identify(text, ["vault", "x"]).audiences == ["vault"]


def test_somebody_elses_signature(server):
    text = token(server)
    head, claims, signature = text.split(".")
    other = jwt.sign(jwt.verify(text, KEY), b"another key")
    forged = (
        urlsafe_b64encode(json.dumps({"iss": ISSUER, "sub": "system:admin"}).encode()).rstrip(b"=").decode()
    )
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for bad in (
        other,
        f"{head}.{forged}.{signature}",
        f"{unsigned}.{claims}.",
        f"{head}.{claims}.",
        text[:-2],
    ):
        assert why_not(server, bad) == "invalid bearer token"


def test_without_a_key_nobody_is_let_in(server):
    server.signing_key = b""
    assert why_not(server, token(server)) == "invalid bearer token"


@given(st.text(max_size=60))
def test_any_text_is_refused_quietly(text):
    server = fakes.server()
    server.signing_key = KEY
    with pytest.raises(BadToken):
        Authenticator(server).identify(text)
    with pytest.raises(BadToken):
        Authenticator(server).identify(
            f"{text}.{urlsafe_b64encode(b'{' + text.encode() + b'}').decode()}.{text}"
        )


def test_a_deeply_nested_token(server):
    deep = urlsafe_b64encode(b"[" * 100_000).decode()
    assert why_not(server, f"a.{deep}.b") == "invalid bearer token"


# --- other ways to come in --------------------------------------------------------------------------


def test_a_token_from_the_table(server):
    server.authenticator.tokens["secret"] = User("carol", ("team",))
    assert let_in(server, "secret") == User("carol", ("team", "system:authenticated"))
    assert server.authenticator.authenticate("bearer secret").name == "carol"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  x", "Basic abc", "secret"])
def test_who_shows_nothing_is_nobody(server, header):
    assert server.authenticator.authenticate(header) is None


def test_a_wrong_token_is_worse_than_none(server):
    with pytest.raises(Unauthorized) as refused:
        let_in(server, "wrong")
    assert refused.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_a_certificate_counts_more_than_a_token(server):
    certificate = Certificate("carol", ("team",))
    user = server.authenticator.authenticate("Bearer wrong", certificate)
    assert user == User("carol", ("team", "system:authenticated"))
    assert server.authenticator.authenticate("", Certificate("")) is None
