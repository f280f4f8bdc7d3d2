"""Calling one admission webhook: where it is, what it is sent, and every way in which that can go wrong.

Kubernetes: apiserver/pkg/util/webhook (client.go, error.go); client-go/rest/request.go (transformResponse)
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object
from k8slearn.apiserver.admission.admissionreview import (
    Nonsense,
    Verdict,
    decode,
    encode,
    spoken,
    verdict,
)
from k8slearn.apiserver.conversion import place_of
from k8slearn.apiserver.outside import Call, CallFailed, Reply

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

HEADERS = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json, */*"),
    ("User-Agent", "kube-apiserver-admission"),
)


class CannotCall(Exception):
    """The webhook has not answered, or not sensibly: its failurePolicy decides. Kubernetes: ErrCallingWebhook"""


def call(server: ApiServer, webhook: Object, request: Object, *, mutating: bool) -> Verdict:
    """Ask a webhook about an AdmissionRequest. Raises CannotCall."""
    version = spoken(webhook.get("admissionReviewVersions") or ())
    if not version:
        raise CannotCall(
            "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        )
    uid = server.dice.uid("admission", webhook["name"], json.dumps(request, sort_keys=True))
    body = encode({**request, "uid": uid}, version)
    reply = _reply(server, webhook, body)
    try:
        review = decode(reply.body)
    except ValueError as error:
        raise CannotCall(f"failed to call webhook: {error}") from None
    try:
        return verdict(review, uid, version, mutating=mutating)
    except Nonsense as error:
        raise CannotCall(f"received invalid webhook response: {error}") from None
    except ValueError as error:
        raise CannotCall(f"failed to call webhook: {error}") from None


def _reply(server: ApiServer, webhook: Object, body: bytes) -> Reply:
    client, seconds = webhook["clientConfig"], webhook.get("timeoutSeconds", 10)
    place, path = place_of(client)
    target = f"{path}?timeout={seconds}s"
    bundle = authority(client)
    try:
        reply = server.outside(Call(place, target, body, "POST", HEADERS, bundle, float(seconds)))
    except CallFailed as error:
        raise CannotCall(f'failed to call webhook: Post "{address(place)}{target}": {error}') from None
    if not 200 <= reply.code <= 206:
        raise CannotCall(f"failed to call webhook: {refusal(reply)}")
    return reply


def authority(client: dict[str, Any]) -> str:
    """The CA bundle as PEM. Raises CannotCall."""
    try:
        bundle = base64.b64decode(client.get("caBundle") or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        bundle = "no PEM"
    if bundle and "-----BEGIN CERTIFICATE-----" not in bundle:
        why = "unable to load root certificates: unable to parse bytes as PEM block"
        raise CannotCall(f"could not get REST client: {why}")
    return bundle


def address(place: str) -> str:
    """How messages name a place: ``service/default/checker:443`` is ``https://checker.default.svc:443``."""
    if not place.startswith("service/"):
        return place
    _, namespace, rest = place.split("/")
    name, _, port = rest.partition(":")
    return f"https://{name}.{namespace}.svc:{port}"


#: What client-go makes of an answer that is none, by its code. Kubernetes: apierrors.NewGenericServerResponse
REFUSALS = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    406: "the server was unable to respond with a content type that the client supports",
    409: "the server reported a conflict",
    415: "the server was unable to respond with a content type that the client supports",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}


def refusal(reply: Reply) -> str:
    headers = {name.lower(): value for name, value in reply.headers}
    is_text = headers.get("content-type", "text/plain").startswith("text/")
    said = reply.body.decode("utf-8", "replace").strip() if is_text else ""
    if reply.code == 403 and said:
        return said
    if reply.code in REFUSALS:
        return REFUSALS[reply.code]
    if reply.code >= 500:
        quoted = json.dumps(said or "unknown", ensure_ascii=False)
        return f"an error on the server ({quoted}) has prevented the request from succeeding"
    return f"the server responded with the status code {reply.code} but did not return more information"
