"""The rules of volumes and of what mounts them.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateVolumes, ValidateVolumeMounts)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import quantities
from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.apiserver.validation.shapes import Check, Each, OneOf, Shape, dns_label, relative

Spec = dict[str, Any]


def _mode(mode: int, path: str) -> Iterable[FieldError]:
    if not 0 <= mode <= 0o777:
        yield invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")


def _absolute(text: str, path: str) -> Iterable[FieldError]:
    if not text.startswith("/"):
        yield invalid(path, text, "must be an absolute path")


def _no_steps_back(text: str, path: str) -> Iterable[FieldError]:
    if ".." in text.split("/"):
        yield invalid(path, text, "must not contain '..'")


def _size(text: str, path: str) -> Iterable[FieldError]:
    if quantities.parse(text) < 0:
        yield forbidden(path, "SizeLimit field must be a valid resource quantity")


_ITEMS = Each(Shape({"path": relative, "mode": _mode}, needs=("key", "path")))
_FILES: dict[str, Check] = {"defaultMode": _mode, "items": _ITEMS}
_HOST_PATHS = (
    "",
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
)

SOURCES: dict[str, Check] = {
    "emptyDir": Shape({"sizeLimit": _size}),
    "hostPath": Shape({"type": OneOf(*_HOST_PATHS), "path": _no_steps_back}, needs=("path",)),
    "secret": Shape(_FILES, needs=("secretName",)),
    "configMap": Shape(_FILES, needs=("name",)),
    "persistentVolumeClaim": Shape({}, needs=("claimName",)),
    "nfs": Shape({"path": _absolute}, needs=("server", "path")),
    "downwardAPI": Shape({"defaultMode": _mode}),
    "projected": Shape({"defaultMode": _mode}),
    "ephemeral": Shape({}, needs=("volumeClaimTemplate",)),
}


def _one_source(volume: Spec, path: str) -> Iterable[FieldError]:
    found = [kind for kind in volume if kind != "name"]
    if not found:
        yield required(path, "must specify a volume type")
    for other in found[1:]:
        yield forbidden(f"{path}.{other}", "may not specify more than 1 volume type")


VOLUMES = Each(Shape({"name": dns_label, **SOURCES}, needs=("name",), also=(_one_source,)), unique="name")


def mounts_are_there(spec: Spec, path: str) -> Iterable[FieldError]:
    """A container can only mount what the pod has as a volume."""
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field) or ()):
            if mounts := container.get("volumeMounts"):
                names = {volume.get("name") for volume in spec.get("volumes") or ()}
                for j, mount in enumerate(mounts):
                    if mount.get("name", "") not in names:
                        where = f"{path}.{field}[{i}].volumeMounts[{j}].name"
                        yield FieldError("FieldValueNotFound", where, mount.get("name", ""))
