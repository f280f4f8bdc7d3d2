"""Fills Secrets of type kubernetes.io/service-account-token: the way to a token that does not expire.

Nobody needs one any more, since pods get short-lived tokens; but who writes such a Secret gets it filled,
and it goes with its ServiceAccount. Where Kubernetes signs the token itself with the private key, we ask the
API for one that is bound to the Secret: who can do without a key should.

Kubernetes: pkg/controller/serviceaccount/tokens_controller.go
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import Conflict, NotFound
from k8slearn.api.objects import Key, Object, annotations_of, dig, edit, key_of, name_of, namespace_of, uid_of
from k8slearn.api.requests import Request
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

TYPE = "kubernetes.io/service-account-token"
ACCOUNT = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
LONG = 2**32  # seconds: the longest that may be asked for


class TokensController(Controller):
    """`certificate` is the text of ca.crt, in PEM."""

    name = "tokens-controller"
    room = "controllers"
    primary = "secrets"
    watches = ("serviceaccounts",)
    WIRING = Controller.WIRING | {"certificate"}

    def __init__(self, certificate: str = "") -> None:
        self.certificate = certificate

    def selectors(self, resource: str) -> dict[str, Any]:
        return {"fields": f"type={TYPE}"} if resource == "secrets" else {}

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "secrets":
            return [key_of(change.object)]
        secrets = self.cache.list("secrets", namespace_of(change.object))
        return [key_of(s) for s in secrets if annotations_of(s).get(ACCOUNT) == name_of(change.object)]

    def reconcile(self, key: Key) -> Done | None:
        secret = self.cache.get("secrets", key)
        if secret is None:
            return None
        account = self._account(secret)
        try:
            if account is None:
                self.client.delete(secret, preconditions={"uid": uid_of(secret)})
            else:
                self._fill(secret, account)
        except (NotFound, Conflict):
            return None  # it has changed meanwhile: we shall hear of it
        return None

    def _account(self, secret: Object) -> Object | None:
        """Whose token it is, if that one still exists. The cache may not know it yet."""
        annotations = annotations_of(secret)
        key = f"{namespace_of(secret)}/{annotations.get(ACCOUNT, '')}"
        try:
            found = self.cache.get("serviceaccounts", key) or self.client.get("serviceaccounts", key)
        except NotFound:
            return None
        return found if annotations.get(ACCOUNT_UID) in (None, "", uid_of(found)) else None

    def _fill(self, secret: Object, account: Object) -> None:
        data = dict(secret.get("data") or {})
        if self.certificate:
            data["ca.crt"] = _encoded(self.certificate)
        data.setdefault("namespace", _encoded(namespace_of(secret)))
        if not data.get("token"):
            data["token"] = _encoded(self._token(secret, account))
        changed = edit({**secret, "data": data})
        changed["metadata"]["annotations"] |= {ACCOUNT: name_of(account), ACCOUNT_UID: uid_of(account)}
        if changed != secret:
            self.client.update(changed)

    def _token(self, secret: Object, account: Object) -> str:
        bound = {"apiVersion": "v1", "kind": "Secret", "name": name_of(secret), "uid": uid_of(secret)}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": LONG, "boundObjectRef": bound},
        }
        where = ("serviceaccounts", namespace_of(account), name_of(account), "token")
        request = Request("create", *where, body=body, user=self.client.user)
        return str(dig(self.client.transport.handle(request), "status", "token", default=""))


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
