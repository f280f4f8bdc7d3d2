"""The rules of what is kept: ConfigMap, Secret, volumes and their claims and classes.

Kubernetes: pkg/apis/core/validation/validation.go, pkg/apis/storage/validation
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats, quantities
from k8slearn.api.errors import NOTHING, FieldError, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.validation.shapes import NEGATIVE, Check, Each, OneOf, Shape, label_selector

Spec = dict[str, Any]
MOST_BYTES = 1024 * 1024  # of all values of a ConfigMap or a Secret
OWNER = "kubernetes.io/service-account.name"
REDACTED = "<secret contents redacted>"

# --- ConfigMap, Secret ----------------------------------------------------------------------------


def _keys(data: dict[str, str], path: str) -> Iterable[FieldError]:
    for key in data:
        yield from (invalid(f"{path}[{key}]", key, problem) for problem in formats.config_key(key))


def _fits(path: str, size: int) -> Iterable[FieldError]:
    if size > MOST_BYTES:
        yield FieldError("FieldValueTooLong", path, NOTHING, f"may not be more than {MOST_BYTES} bytes")


def _config_map(config: Object, path: str) -> Iterable[FieldError]:
    text, binary = config.get("data") or {}, config.get("binaryData") or {}
    for key in sorted(text.keys() & binary.keys()):
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    size = sum(len(v.encode()) for v in text.values()) + sum(len(b64decode(v)) for v in binary.values())
    yield from _fits("", size)


# Type of a Secret -> the keys it must have.
SECRETS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}


def _secret(secret: Object, path: str) -> Iterable[FieldError]:
    data, kind = secret.get("data") or {}, secret.get("type", "")
    yield from _fits("data", sum(len(b64decode(value)) for value in data.values()))
    yield from (required(f"data[{key}]") for key in SECRETS.get(kind, ()) if key not in data)
    if kind in ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"):
        yield from _is_json(data.get(SECRETS[kind][0]), f"data[{SECRETS[kind][0]}]")
    elif kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        yield required("data[username]")
        yield required("data[password]")
    elif kind == "kubernetes.io/service-account-token" and not dig(secret, "metadata", "annotations", OWNER):
        yield required(f"metadata.annotations[{OWNER}]")


def _is_json(value: str | None, path: str) -> Iterable[FieldError]:
    text = b64decode(value or "e30=").decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        wrong = f"invalid character {rest[:1]!r} looking for beginning of value"
        yield invalid(path, REDACTED, wrong if rest else "unexpected end of JSON input")


# --- storage --------------------------------------------------------------------------------------

_MODES = OneOf("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_VOLUME_MODE = OneOf("Filesystem", "Block")
_RECLAIM = OneOf("Delete", "Retain")
# What a PersistentVolume says besides where it is.
_NO_SOURCE = frozenset(
    "accessModes capacity claimRef mountOptions nodeAffinity persistentVolumeReclaimPolicy storageClassName "
    "volumeAttributesClassName volumeMode".split()
)


def amounts(found: dict[str, str], path: str) -> Iterable[FieldError]:
    for name, amount in found.items():
        if quantities.parse(amount) < 0:
            yield invalid(f"{path}[{name}]", amount, NEGATIVE)


def _claim(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("accessModes"):
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    size = dig(spec, "resources", "requests", "storage")
    if size is None:
        yield required(f"{path}.resources[storage]")
    elif quantities.parse(size) <= 0:
        yield invalid(f"{path}.resources[storage]", size, "must be greater than zero")


def _volume(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("accessModes"):
        yield required(f"{path}.accessModes")
    if not spec.get("capacity"):
        yield required(f"{path}.capacity")
    elif set(spec["capacity"]) != {"storage"}:
        yield unsupported(f"{path}.capacity", spec["capacity"], ["storage"])
    sources = [field for field in spec if field not in _NO_SOURCE]
    if not sources:
        yield required(path, "must specify a volume type")
    for other in sources[1:]:
        yield forbidden(f"{path}.{other}", "may not specify more than 1 volume type")


def _has_spec(obj: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in obj else [required("spec")]


_CLAIM = Shape(
    {"accessModes": Each(_MODES), "selector": label_selector, "volumeMode": _VOLUME_MODE}, also=(_claim,)
)
_VOLUME = Shape(
    {
        "capacity": amounts,
        "accessModes": Each(_MODES),
        "volumeMode": _VOLUME_MODE,
        "persistentVolumeReclaimPolicy": OneOf("Delete", "Retain", "Recycle"),
        "hostPath": Shape({}, needs=("path",)),
        "nfs": Shape({}, needs=("server", "path")),
    },
    also=(_volume,),
)
_CLASS = Shape(
    {"reclaimPolicy": _RECLAIM, "volumeBindingMode": OneOf("Immediate", "WaitForFirstConsumer")},
    needs=("provisioner",),
)

KINDS: dict[str, Check] = {
    "ConfigMap": Shape({"data": _keys, "binaryData": _keys}, also=(_config_map,)),
    "Secret": Shape({"data": _keys}, also=(_secret,)),
    "PersistentVolumeClaim": Shape({"spec": _CLAIM}, also=(_has_spec,)),
    "PersistentVolume": Shape({"spec": _VOLUME}, also=(_has_spec,)),
    "StorageClass": _CLASS,
}
