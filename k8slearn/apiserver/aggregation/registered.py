"""Which groups and versions are handed on, to whom, and how one speaks to them.

An APIService is called VERSION.GROUP, so the store itself is the table: whether a request is for somebody
else is one look.

Kubernetes: kube-aggregator/pkg/apiserver/{apiserver.go,handler_proxy.go};
client-go/transport/round_trippers.go"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from k8slearn.api.objects import Object, dig
from k8slearn.api.users import MASTERS, User
from k8slearn.apiserver.outside import Call, CallFailed, missing

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

APISERVICES = "apiservices"
AGGREGATOR = User("system:kube-aggregator", (MASTERS,))  # who asks when nobody has sent us
PATIENCE = 5.0  # seconds for what nobody is waiting for
LEGAL_IN_A_HEADER = "!#$&'*+-.^_`|~"  # besides letters and digits, in the name of one


def handed_on(server: ApiServer, segments: list[str]) -> Object | None:
    """The APIService that hands this path to another server; None if it is ours, or nobody's."""
    match segments:
        case ["apis", group, version, *_] | ["openapi", "v3", "apis", group, version]:
            return _elsewhere(server.store.get(APISERVICES, f"{version}.{group}"))
    return None


def others(server: ApiServer) -> list[Object]:
    """Every APIService that hands something on, by name."""
    return [found for found in server.store.list(APISERVICES) if _elsewhere(found)]


def _elsewhere(apiservice: Object | None) -> Object | None:
    return apiservice if apiservice is not None and apiservice["spec"].get("service") else None


def is_available(apiservice: Object) -> bool:
    """What the controller found when it looked last: who has not been found yet is not asked."""
    conditions: Iterable[Object] = dig(apiservice, "status", "conditions", default=None) or ()
    return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)


def place_of(apiservice: Object) -> str:
    service = apiservice["spec"]["service"]
    return f"service/{service['namespace']}/{service['name']}:{service.get('port', 443)}"


def path_of(apiservice: Object) -> str:
    """Where a server says what it has of this version; it must, so that is also how one finds out if it is there."""
    spec = apiservice["spec"]
    return f"/apis/{spec['group']}/{spec['version']}" if spec.get("group") else f"/api/{spec['version']}"


def call(
    apiservice: Object,
    target: str,
    user: User,
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    timeout: float = PATIENCE,
) -> Call:
    """A request to the server behind an APIService, in the name of `user`."""
    spec = apiservice["spec"]
    said = (*headers, *identity(user))
    found = Call(place_of(apiservice), target, body, method, said, _authority(spec), timeout)
    return found._replace(insecure=bool(spec.get("insecureSkipTLSVerify")), as_proxy=True)


def address(server: ApiServer, apiservice: Object) -> str:
    """How messages name the place: by the Service's address, or by the host that it stands for."""
    service = apiservice["spec"]["service"]
    found = _service(server, apiservice) or {"spec": {}}
    host = found["spec"].get("externalName") or found["spec"].get("clusterIP") or service["name"]
    return f"https://{host}:{service.get('port', 443)}"


def _service(server: ApiServer, apiservice: Object) -> Object | None:
    service = apiservice["spec"]["service"]
    return server.store.get("services", f"{service['namespace']}/{service['name']}")


def why(server: ApiServer, apiservice: Object, error: CallFailed) -> str:
    """What went wrong. A simulated world knows only that nobody is there; here it is known if the Service is."""
    if str(error) == missing(place_of(apiservice)) and _service(server, apiservice) is not None:
        return missing(address(server, apiservice))
    return str(error)


def identity(user: User) -> list[tuple[str, str]]:
    """The headers that say for whom a proxy asks. Kubernetes: transport.SetAuthProxyHeaders"""
    said = [("X-Remote-User", user.name)]
    said += [("X-Remote-Uid", user.uid)] if user.uid else []
    said += [("X-Remote-Group", group) for group in user.groups]
    for key, values in user.extra:
        said += [(f"X-Remote-Extra-{quote(key, safe=LEGAL_IN_A_HEADER)}", value) for value in values]
    return said


def _authority(spec: Object) -> str:
    try:
        return base64.b64decode(spec.get("caBundle") or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return "no PEM"  # so that nobody is trusted
