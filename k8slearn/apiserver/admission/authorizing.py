"""The `authorizer` that expressions of policies and webhooks may ask.

Kubernetes: apiserver/pkg/cel/library/authz.go, apiserver/pkg/admission/plugin/cel/activation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.users import SERVICE_ACCOUNT, User
from k8slearn.apiserver.admission.matching import Asked
from k8slearn.apiserver.rbac import Attributes

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer


class Authorizing(NamedTuple):
    """Asks the server's authorizer for one user. Kubernetes: library.authorizerVal"""

    server: ApiServer
    user: User

    def decide(self, verb: str, asked: dict[str, str]) -> tuple[bool, str]:
        fields = {name: text for name, text in asked.items() if name != "serviceAccount"}
        return self.server.authorizer.authorize(Attributes(self._who(asked), verb, **fields))

    def _who(self, asked: dict[str, str]) -> User:
        if "serviceAccount" not in asked:
            return self.user
        namespace, _, name = asked["serviceAccount"].partition("/")
        return User.called(f"{SERVICE_ACCOUNT}{namespace}:{name}")


def authorizer(server: ApiServer, write: Write, asked: Asked) -> Any:
    """What expressions call `authorizer`: about the user of this request, and what it is about."""
    from k8slearn.api.cel.authorizer import Check  # loaded where it is spoken

    about = {
        "group": asked.resource.group,
        "resource": asked.resource.plural,
        "subresource": asked.subresource,
        "namespace": asked.namespace if asked.resource.namespaced else "",
        "name": asked.name,
    }
    return Check(Authorizing(server, write.request.user), {}, about)
