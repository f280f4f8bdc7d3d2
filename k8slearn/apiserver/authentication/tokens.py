"""Tokens of service accounts: made on request, for a time, and as long as what they are bound to exists.

`create_token` is the ``token`` subresource of service accounts. `account_of` says whose a token is, and looks whether
the account, and the pod, node or secret that it is bound to, are still the same ones.

Kubernetes: pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import EPOCH, seconds_of, timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, make_key, name_of, namespace_of, uid_of
from k8slearn.api.requests import Request
from k8slearn.api.users import SERVICE_ACCOUNT, User, groups_of
from k8slearn.apiserver.authentication import jwt
from k8slearn.apiserver.authentication.jwt import Claims
from k8slearn.apiserver.pipeline import Write, decode

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

ISSUER = "https://kubernetes.default.svc"
TOKEN_REQUEST = Resource("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests")

HOUR = 3600
SHORTEST, LONGEST = 600, 2**32  # seconds
PROJECTED = HOUR + 7  # what admission asks for in pods: such a token is warned about when it expires, but ...
EXTENDED = 365 * 24 * HOUR  # ... lives on, for programs that do not read their token again
LEEWAY = 60  # seconds by which clocks may differ

#: What a token can be bound to: kind -> resource.
BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}

EXTRA = "authentication.kubernetes.io/"
INVALIDATED = "service account token has been invalidated"
OTHER_UID = (
    "the UID in the bound object reference (%s) does not match the UID in record. "
    "The object might have been deleted and then recreated"
)


class BadToken(Exception):
    """The token was ours, but it no longer counts; the message says why."""


# --- making one ---------------------------------------------------------------------------------------


def create_token(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Answer a TokenRequest. `resource` is that of service accounts."""
    write = Write(request, TOKEN_REQUEST, request.body)
    decode(server, write)
    _check_name(write.object["metadata"], request)
    account = server.get(resource, request)
    spec = {"expirationSeconds": HOUR, "boundObjectRef": None, **(write.object.get("spec") or {})}
    spec["audiences"] = spec.get("audiences") or [ISSUER]
    _check_expiration(spec["expirationSeconds"])
    bound = _bound(server, account, spec["boundObjectRef"])
    now = server.clock.now
    metadata = {**write.object["metadata"], "name": request.name, "namespace": request.namespace}
    status = {
        "token": jwt.sign(_claims(server, account, spec, bound), server.signing_key),
        "expirationTimestamp": timestamp(now + spec["expirationSeconds"]),
    }
    metadata["creationTimestamp"] = timestamp(now)
    return {**write.object, "metadata": metadata, "spec": spec, "status": status}


def _check_name(metadata: Object, request: Request) -> None:
    for field, given in (("name", request.name), ("namespace", request.namespace)):
        if metadata.get(field, given) != given:
            rule = f"must match the service account {field} if specified"
            broken = errors.invalid(f"metadata.{field}", metadata[field], rule)
            raise errors.invalid_object("TokenRequest", TOKEN_REQUEST.group, request.name, [broken])


def _check_expiration(seconds: int) -> None:
    if not SHORTEST <= seconds <= LONGEST:
        limit = "less than 10 minutes" if seconds < SHORTEST else "larger than 2^32 seconds"
        broken = errors.invalid("spec.expirationSeconds", seconds, f"may not specify a duration {limit}")
        raise errors.invalid_object("TokenRequest", TOKEN_REQUEST.group, "", [broken])


def _bound(server: ApiServer, account: Object, reference: Object | None) -> dict[str, Object]:
    """What the token is bound to, by kind: a token for a pod names its node, too."""
    if reference is None:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    group, _, version = reference.get("apiVersion", "").rpartition("/")
    if group or kind not in BOUND:
        raise errors.BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    found = _stored(server, kind, namespace_of(account), name)
    if found is None:
        raise errors.not_found(BOUND[kind], "", name)
    if kind == "Pod":
        _check_runs_as(found, name_of(account))
    if reference.get("uid", "") not in ("", uid_of(found)):
        raise errors.conflict(kind, "", name, OTHER_UID % reference["uid"])
    node = dig(found, "spec", "nodeName") if kind == "Pod" else None
    if node is None:
        return {kind: found}
    return {kind: found, "Node": _stored(server, "Node", "", node) or {"metadata": {"name": node}}}


def _check_runs_as(pod: Object, account: str) -> None:
    runs_as = dig(pod, "spec", "serviceAccountName", default="")
    if runs_as != account:
        said = (
            f'cannot bind token for serviceaccount "{account}" to pod running with serviceaccount "{runs_as}"'
        )
        raise errors.BadRequest(said)


def _stored(server: ApiServer, kind: str, namespace: str, name: str) -> Object | None:
    return server.store.get(BOUND[kind], make_key("" if kind == "Node" else namespace, name))


def _claims(server: ApiServer, account: Object, spec: dict[str, Any], bound: dict[str, Object]) -> Claims:
    now = int(EPOCH.timestamp() + server.clock.now)
    namespace, name = namespace_of(account), name_of(account)
    ours: Claims = {"namespace": namespace, "serviceaccount": _reference(account)}
    ours |= {kind.lower(): _reference(obj) for kind, obj in bound.items()}
    seconds = spec["expirationSeconds"]
    if "Pod" in bound and seconds == PROJECTED and ISSUER in spec["audiences"]:
        ours["warnafter"], seconds = now + seconds, EXTENDED
    user = f"{SERVICE_ACCOUNT}{namespace}:{name}"
    return {
        "aud": spec["audiences"],
        "exp": now + seconds,
        "iat": now,
        "iss": ISSUER,
        "jti": server.dice.uid(server.store.revision, "token", user, server.clock.now),
        "kubernetes.io": ours,
        "nbf": now,
        "sub": user,
    }


def _reference(obj: Object) -> dict[str, str]:
    uid = {"uid": uid_of(obj)} if uid_of(obj) else {}
    return {"name": name_of(obj), **uid}


# --- whose is it? -------------------------------------------------------------------------------------


def is_ours(token: str) -> bool:
    """Does it say that we have issued it? Whether that is true is another question."""
    try:
        return jwt.claims_of(token).get("iss") == ISSUER
    except (ValueError, RecursionError):
        return False


def account_of(server: ApiServer, token: str, audiences: list[str]) -> tuple[User, list[str]]:
    """(the account as a user, those of `audiences` that the token is for). Raises BadToken."""
    try:
        claims = jwt.verify(token, server.signing_key)
    except (ValueError, RecursionError):
        raise BadToken("invalid bearer token") from None
    meant = [audience for audience in claims["aud"] if audience in audiences]
    if not meant:
        said = f"token audiences {_listed(claims['aud'])} is invalid for the target audiences {_listed(audiences)}"
        raise BadToken(said)
    now = EPOCH.timestamp() + server.clock.now
    if now - LEEWAY > claims["exp"]:
        raise BadToken("service account token has expired")
    if now + LEEWAY < claims["nbf"]:
        raise BadToken("service account token is not valid yet")
    ours = claims["kubernetes.io"]
    _check_account(server, ours)
    for kind in BOUND:
        if kind.lower() in ours:
            _check_bound(server, kind, ours)
    return _user(claims), meant


def _listed(audiences: list[str]) -> str:
    return "[" + " ".join(json.dumps(a, ensure_ascii=False) for a in audiences) + "]"


def _check_account(server: ApiServer, ours: Claims) -> None:
    namespace, reference = ours["namespace"], ours["serviceaccount"]
    account = server.store.get("serviceaccounts", f"{namespace}/{reference['name']}")
    if account is None:
        raise BadToken(f'serviceaccounts "{reference["name"]}" not found')
    if _gone(server, account):
        raise BadToken(f"service account {namespace}/{reference['name']} has been deleted")
    if uid_of(account) != reference["uid"]:
        raise BadToken(f"service account UID ({uid_of(account)}) does not match claim ({reference['uid']})")


def _check_bound(server: ApiServer, kind: str, ours: Claims) -> None:
    if kind == "Node" and "pod" in ours:
        return  # only told, and not bound to
    reference, word = ours[kind.lower()], kind.lower()
    found = _stored(server, kind, ours["namespace"], reference["name"])
    if found is None or _gone(server, found):
        raise BadToken(INVALIDATED)
    if uid_of(found) != reference["uid"]:
        claimed = f"service account {word} ref claim ({reference['uid']})"
        raise BadToken(f"{word} UID ({uid_of(found)}) does not match {claimed}")


def _gone(server: ApiServer, obj: Object) -> bool:
    """Deleted, if only held by somebody."""
    at = obj["metadata"].get("deletionTimestamp")
    return at is not None and seconds_of(at) < server.clock.now - LEEWAY


def _user(claims: Claims) -> User:
    ours = claims["kubernetes.io"]
    extra = {"credential-id": f"JTI={claims['jti']}"}
    for kind in ("node", "pod"):
        if kind in ours:
            extra |= {f"{kind}-{field}": value for field, value in ours[kind].items()}
    name: str = claims["sub"]
    told = tuple((EXTRA + key, (value,)) for key, value in sorted(extra.items()))
    return User(name, tuple(groups_of(name)), ours["serviceaccount"]["uid"], told)
