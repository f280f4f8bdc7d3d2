"""Asks a webhook to show objects of a custom kind in another version.

Kubernetes: apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.objects import Object, dig, edit
from k8slearn.apiserver.outside import Call, CallFailed

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

TIMEOUT = 30.0  # seconds
MAY_CHANGE = ("labels", "annotations")  # of the metadata; the rest is the server's
REVIEW = "apiextensions.k8s.io/v1"


class Converter:
    """The webhook of one definition. (Kubernetes: webhookConverter)"""

    def __init__(self, server: ApiServer, crd: Object) -> None:
        self.server, self.crd = server, crd
        self.client: dict[str, Any] = dig(crd, "spec", "conversion", "webhook", "clientConfig", default={})

    def __call__(self, objects: list[Object], wanted: str) -> list[Object]:
        """The same objects, in the same order, as `wanted` (an apiVersion) shows them. Raises InternalError."""
        different = [o for o in objects if o["apiVersion"] != wanted]
        if not different:
            return objects
        try:
            made = iter(self._ask(different, wanted))
            return [
                o if o["apiVersion"] == wanted else _with_metadata_of(next(made), o, wanted) for o in objects
            ]
        except (CallFailed, ValueError, KeyError, TypeError) as error:
            raise errors.InternalError(self._failed(objects[0], str(error))) from None

    def _failed(self, obj: Object, why: str) -> str:
        group, _, version = obj["apiVersion"].rpartition("/")
        return f"conversion webhook for {group}/{version}, Kind={obj['kind']} failed: {why}"

    def _ask(self, objects: list[Object], wanted: str) -> list[Object]:
        uid = self.server.dice.uid("conversion", wanted, *(o["metadata"].get("uid", "") for o in objects))
        request = {"uid": uid, "desiredAPIVersion": wanted, "objects": edit(objects)}
        review = {"kind": "ConversionReview", "apiVersion": REVIEW, "request": request}
        place, target = place_of(self.client)
        body = json.dumps(review, separators=(",", ":")).encode()
        header = (("Content-Type", "application/json"),)
        call = Call(place, target, body, "POST", header, _bundle(self.client), TIMEOUT)
        reply = self.server.outside(call)
        if reply.code != 200:
            raise ValueError(f"the server answered with {reply.code}")
        return _converted(json.loads(reply.body), uid, len(objects))


def _bundle(client: dict[str, Any]) -> str:
    """The CA bundle as PEM: it is written down in base64."""
    return base64.b64decode(client.get("caBundle") or "").decode()


def place_of(client: dict[str, Any]) -> tuple[str, str]:
    """(place, target) of a ``clientConfig``: a URL, or a Service."""
    if client.get("url"):
        scheme, _, rest = client["url"].partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host}", slash + path or "/"
    service = client.get("service") or {}
    place = f"service/{service.get('namespace', '')}/{service.get('name', '')}:{service.get('port', 443)}"
    return place, service.get("path") or "/"


def _converted(review: Any, uid: str, count: int) -> list[Object]:
    """What the answer holds. Raises ValueError when it is not an answer to what was asked."""
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        raise ValueError("no response provided")
    if response.get("uid") != uid:
        raise ValueError(f'expected response.uid="{uid}"')
    if (response.get("result") or {}).get("status") != "Success":
        raise ValueError(
            (response.get("result") or {}).get("message") or "response.result.status was not Success"
        )
    found: list[Object] = response.get("convertedObjects") or []
    if len(found) != count:
        raise ValueError(f"webhook returned {len(found)} objects, expected {count}")
    return found


def _with_metadata_of(new: Object, old: Object, wanted: str) -> Object:
    """A converter says what is in an object; who it is, the server knows. Raises ValueError."""
    if new.get("apiVersion") != wanted:
        raise ValueError(f"returned object of another version: {new.get('apiVersion')}, expected {wanted}")
    if new.get("kind") != old["kind"]:
        raise ValueError(f"returned object of another kind: {new.get('kind')}, expected {old['kind']}")
    given = new.get("metadata") or {}
    for field in ("name", "namespace", "uid"):
        if given.get(field) != old["metadata"].get(field):
            raise ValueError(
                f"must have the same {field}: {given.get(field)} != {old['metadata'].get(field)}"
            )
    said = {field: given[field] for field in MAY_CHANGE if given.get(field)}
    kept = {f: v for f, v in old["metadata"].items() if f not in MAY_CHANGE}
    return {**new, "metadata": {**edit(kept), **said}}
