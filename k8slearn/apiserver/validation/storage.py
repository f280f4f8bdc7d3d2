"""The rules of what is kept: ConfigMap, Secret, volumes and their claims and classes.

Kubernetes: pkg/apis/core/validation/validation.go, pkg/apis/storage/validation
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats, quantities
from k8slearn.api.errors import FieldError, forbidden, invalid, required, too_long, unsupported
from k8slearn.api.jsonsyntax import syntax_error
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.validation.shapes import (
    NEGATIVE,
    Check,
    Each,
    OneOf,
    Shape,
    dns_subdomain,
    label_selector,
)

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
        yield too_long(path, MOST_BYTES)


def _config_map(config: Object, path: str) -> Iterable[FieldError]:
    text, binary = config.get("data") or {}, config.get("binaryData") or {}
    for key in sorted(text.keys() & binary.keys()):
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    size = sum(len(v.encode()) for v in text.values()) + sum(len(b64decode(v)) for v in binary.values())
    yield from _fits("[]", size)


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
    """(What was secret does not become public by being wrong.)"""
    text = b64decode(value or "e30=")
    wrong = syntax_error(text)
    if not wrong and not text.lstrip().startswith((b"{", b"null")):
        named = {b"[": "array", b'"': "string", b"t": "bool", b"f": "bool"}
        found = named.get(text.lstrip()[:1], "number")
        wrong = f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
    if wrong:
        yield invalid(path, REDACTED, wrong)


# --- storage --------------------------------------------------------------------------------------

MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
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


def _modes(modes: list[str], path: str) -> Iterable[FieldError]:
    yield from (unsupported(path, mode, MODES) for mode in modes if mode not in MODES)
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


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
    for name, amount in (spec.get("capacity") or {}).items():
        if quantities.parse(amount) <= 0:
            yield invalid(f"{path}.capacity[{name}]", amount, "must be greater than zero")
    sources = [field for field in spec if field not in _NO_SOURCE]
    if not sources:
        yield required(path, "must specify a volume type")
    for other in sources[1:]:
        yield forbidden(f"{path}.{other}", "may not specify more than 1 volume type")


def _has_spec(obj: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in obj else [required("spec")]


CLAIM = Shape(
    {
        "accessModes": _modes,
        "selector": label_selector,
        "volumeMode": _VOLUME_MODE,
        "storageClassName": dns_subdomain,
    },
    also=(_claim,),
)
_VOLUME = Shape(
    {
        "accessModes": _modes,
        "volumeMode": _VOLUME_MODE,
        "storageClassName": dns_subdomain,
        "persistentVolumeReclaimPolicy": OneOf("Delete", "Retain", "Recycle"),
        "hostPath": Shape({}, needs=("path",)),
        "nfs": Shape({}, needs=("server", "path")),
    },
    also=(_volume,),
)


def _provisioner(name: str, path: str) -> Iterable[FieldError]:
    return [invalid(path, name, problem) for problem in formats.qualified_name(name.lower())]


def _parameters(parameters: dict[str, str], path: str) -> Iterable[FieldError]:
    if "" in parameters:
        yield invalid(path, "", "field can not be empty.")
    if len(parameters) > MOST_PARAMETERS:
        yield FieldError("FieldValueTooLong", path, detail=f"may not be more than {MOST_PARAMETERS} bytes")
    if sum(len(k.encode()) + len(v.encode()) for k, v in parameters.items()) > MOST_PARAMETER_BYTES:
        yield too_long(path, MOST_PARAMETER_BYTES)


MOST_PARAMETERS, MOST_PARAMETER_BYTES = 512, 256 * 1024
_CLASS = Shape(
    {
        "provisioner": _provisioner,
        "parameters": _parameters,
        "reclaimPolicy": _RECLAIM,
        "volumeBindingMode": OneOf("Immediate", "WaitForFirstConsumer"),
    },
    needs=("provisioner",),
)
_DRIVER = Shape(
    {
        "fsGroupPolicy": OneOf("ReadWriteOnceWithFSType", "None", "File"),
        "volumeLifecycleModes": Each(OneOf("Persistent", "Ephemeral")),
    }
)

KINDS: dict[str, Check] = {
    "ConfigMap": Shape({"data": _keys, "binaryData": _keys}, also=(_config_map,)),
    "Secret": Shape({"data": _keys}, also=(_secret,)),
    "PersistentVolumeClaim": Shape({"spec": CLAIM}, also=(_has_spec,)),
    "PersistentVolume": Shape({"spec": _VOLUME}, also=(_has_spec,)),
    "StorageClass": _CLASS,
    "CSIDriver": Shape({"spec": _DRIVER}),
    "VolumeAttributesClass": Shape({}, needs=("driverName",)),
}
