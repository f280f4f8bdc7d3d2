"""JSON Web Tokens: some claims, and a signature that only who has the key can make.

Simplified: signed with a secret (HS256), where Kubernetes uses a key pair, so that others can check its tokens too.

Kubernetes: pkg/serviceaccount/jwt.go; RFC 7519
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

Claims = dict[str, Any]


def sign(claims: Claims, key: bytes) -> str:
    header = {"alg": "HS256", "kid": key_id(key), "typ": "JWT"}
    signed = f"{_encode(_as_json(header))}.{_encode(_as_json(claims))}"
    return f"{signed}.{_encode(_signature(signed, key))}"


def verify(token: str, key: bytes) -> Claims:
    """The claims of a token. Raises ValueError for what is none, or was signed with another key."""
    if not key:
        raise ValueError("there is no key, so anybody could have signed this")
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_encode(_signature(signed, key)).encode(), signature.encode()):
        raise ValueError("the signature is not ours")
    if json.loads(_decode(signed.partition(".")[0])).get("alg") != "HS256":
        raise ValueError("the signature is of another kind")
    return claims_of(token)


def claims_of(token: str) -> Claims:
    """What a token says, whoever has signed it. Raises ValueError."""
    _, claims, _ = token.split(".")
    found = json.loads(_decode(claims))
    if not isinstance(found, dict):
        raise ValueError("the claims are no object")
    return found


def key_id(key: bytes) -> str:
    """A name for the key that does not give it away."""
    return _encode(hashlib.sha256(b"key id:" + key).digest())


def _signature(signed: str, key: bytes) -> bytes:
    return hmac.digest(key, signed.encode(), "sha256")


def _as_json(value: Claims) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
