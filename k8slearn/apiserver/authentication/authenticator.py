"""Who is it? A client certificate, a token that is in a table, or the token of a service account.

Who shows nothing is ``system:anonymous``. Who shows something that is not valid is not let in at all.

Kubernetes: pkg/kubeapiserver/authenticator/config.go; apiserver/pkg/authentication/request/{x509,bearertoken}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.errors import Unauthorized
from k8slearn.api.users import ANONYMOUS, AUTHENTICATED, User
from k8slearn.apiserver.authentication import tokens
from k8slearn.apiserver.authentication.tokens import BadToken

if TYPE_CHECKING:
    from k8slearn.apiserver.http.messages import Certificate
    from k8slearn.apiserver.server import ApiServer

INVALID = "invalid bearer token"


class Identity(NamedTuple):
    """Whose token it is, and for whom it was made out. Kubernetes: authenticator.Response"""

    user: User
    audiences: list[str]


class Authenticator:
    """`tokens` is a table of tokens that never expire."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.tokens: dict[str, User] = {}

    def authenticate(self, authorization: str, certificate: Certificate | None = None) -> User | None:
        """The user; None for somebody who does not say who he is. Raises Unauthorized.

        `authorization` is the header of that name; `certificate` one that our CA has signed.
        """
        if certificate is not None and certificate.common_name:
            return _let_in(User(certificate.common_name, certificate.organizations))
        token = bearer_token(authorization)
        if not token:
            return None
        try:
            return self.identify(token).user
        except BadToken:
            raise Unauthorized("Unauthorized") from None

    def identify(self, token: str, audiences: list[str] | None = None) -> Identity:
        """Whose token it is; made out for one of `audiences`, by default this API server. Raises BadToken."""
        audiences = audiences or [tokens.ISSUER]
        known = self.tokens.get(token)
        if known is not None and tokens.ISSUER in audiences:
            return Identity(_let_in(known), [tokens.ISSUER])
        if not tokens.is_ours(token):
            raise BadToken(INVALID)
        user, meant = tokens.account_of(self.server, token, audiences)
        return Identity(_let_in(user), meant)


def bearer_token(authorization: str) -> str:
    """``abc`` of ``Bearer abc``; "" for anything else."""
    scheme, *rest = authorization.strip().split(" ", 2)
    return rest[0] if rest and scheme.lower() == "bearer" else ""


def _let_in(user: User) -> User:
    """With the group of all who are known."""
    if user.name == ANONYMOUS.name or {AUTHENTICATED, *ANONYMOUS.groups} & set(user.groups):
        return user
    return user._replace(groups=(*user.groups, AUTHENTICATED))
