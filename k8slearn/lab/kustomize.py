"""``kubectl kustomize FOLDER`` in small: objects, and what is to be different about them, without a template language.

A kustomization names what it starts from (`resources`) and what it changes. `build` reads the fields that stand in
`STEPS`, in this order, and refuses others by name, so that nothing is silently left out. Files are a mapping from path
to text, so that an overlay can be tried that is on no disk.

Kubernetes: sigs.k8s.io/kustomize/api/internal/target/kusttarget.go, api/hasher/hasher.go
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from k8slearn.api.kinds import BUILTIN, Kinds
from k8slearn.api.manifests import load
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.api.patches import apply_patch
from k8slearn.api.yamldata import documents

FILE = "kustomization.yaml"
GENERATED = "\0generated"  # marks an object whose name shall end with a hash; never leaves this file
REFERENCES = ("configMap", "configMapRef", "configMapKeyRef")  # fields of a pod that name a ConfigMap
BEHAVIORS = ("create", "merge", "replace")
KINDS = Kinds(BUILTIN)

Files = Mapping[str, str]


class BadKustomization(ValueError):
    """It cannot be built. The message names the file and what is wrong in it."""


def files_of(folder: str | Path) -> dict[str, str]:
    """All files below a folder, by their path in it."""
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in found}


def build(files: Files, folder: str = ".") -> list[Object]:
    """The objects that the kustomization in this folder stands for.

    Raises BadKustomization, or ManifestError and ApiError of what is in its files.
    """
    built = _built(files, folder)
    hashed = _names(built)
    return [_named(obj, hashed) for obj in built]


def _built(files: Files, folder: str) -> list[Object]:
    """The same, before generated names get their hash: whoever builds on it may still change what is in them."""
    place = posixpath.normpath(posixpath.join(folder, FILE))
    (said, _), *more = [*documents(_text(files, place))] or [({}, 1)]
    if more or not isinstance(said, dict):
        raise BadKustomization(f"{place}: there must be one object in it")
    for problem in _problems(said):
        raise BadKustomization(f"{place}: {problem}")
    objects: list[Object] = []
    for field, step in STEPS.items():
        for row in said.get(field) or []:
            objects = step(objects, row, files, posixpath.dirname(place))
    return objects


def _problems(said: Object) -> Iterator[str]:
    """What stands in a kustomization and cannot be read, or must stand in it and does not."""
    if unknown := sorted(said.keys() - STEPS.keys() - {"apiVersion", "kind"}):
        yield f"{', '.join(unknown)}: not among {', '.join(STEPS)}"
    for field, (needed, others) in ROWS.items():
        rows = said.get(field) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict if needed else str) for row in rows):
            yield f"{field}: must be a list of {'objects' if needed else 'paths'}"
            return
        for row in rows if needed else ():
            if row.keys().isdisjoint(needed):
                yield f"{field}: {' or '.join(needed)} is missing"
            if unknown := sorted(row.keys() - {*needed, *others}):
                yield f"{field}: {', '.join(unknown)}: not among {', '.join((*needed, *others))}"


def _text(files: Files, path: str) -> str:
    if path not in files:
        raise BadKustomization(f"{path}: there is no such file")
    return files[path]


# --- steps: what one row of a field does to the objects ------------------------------------------


def _resource(objects: list[Object], row: str, files: Files, here: str) -> list[Object]:
    """A manifest, or a folder with a kustomization of its own."""
    path = posixpath.normpath(posixpath.join(here, row))
    return [*objects, *(load(files[path], path) if path in files else _built(files, path))]


def _generator(objects: list[Object], row: Object, files: Files, here: str) -> list[Object]:
    """A ConfigMap of files and literals; `merge` and `replace` change one that is there."""
    name, behavior = row["name"], row.get("behavior", "create")
    there = [o for o in objects if (o["kind"], name_of(o)) == ("ConfigMap", name)]
    if behavior not in BEHAVIORS or bool(there) == (behavior == "create"):
        state = "is one already" if there else "is none"
        raise BadKustomization(f"configMapGenerator {name}: behavior {behavior}, and there {state}")
    old = dig(there[0], "data", default={}) if behavior == "merge" else {}
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    made["data"] = {**old, **dict(_pairs(row, files, here))}
    if not dig(row, "options", "disableNameSuffixHash", default=False):
        made[GENERATED] = True
    return [*(o for o in objects if o not in there), made]


def _pairs(row: Object, files: Files, here: str) -> Iterator[tuple[str, str]]:
    for path in row.get("files") or []:
        key, _, where = path.rpartition("=")
        yield key or posixpath.basename(where), _text(files, posixpath.normpath(posixpath.join(here, where)))
    for literal in row.get("literals") or []:
        key, _, value = literal.partition("=")
        yield key, value


def _patch(objects: list[Object], row: Object, files: Files, here: str) -> list[Object]:
    """A strategic merge patch, which says itself whom it means, or a JSON patch with a `target`."""
    text = (
        row["patch"]
        if "patch" in row
        else _text(files, posixpath.normpath(posixpath.join(here, row["path"])))
    )
    ((patch, _),) = documents(text)
    target = row.get("target") or {"kind": patch.get("kind"), "name": name_of(patch)}
    chosen = [o for o in objects if _is_meant(o, target)]
    if not chosen:
        raise BadKustomization(f"no matches for {target.get('kind', '')} {target.get('name', '')}".rstrip())
    return [_patched(o, patch) if o in chosen else o for o in objects]


def _is_meant(obj: Object, target: Object) -> bool:
    kind, name = target.get("kind"), target.get("name")
    return kind in (None, obj["kind"]) and name in (None, name_of(obj))


def _patched(obj: Object, patch: Any) -> Object:
    if isinstance(patch, list):
        return apply_patch(obj, patch, "json")
    return apply_patch(obj, patch, "strategic", KINDS.of(obj))


def _replicas(objects: list[Object], row: Object, files: Files, here: str) -> list[Object]:
    chosen = [o for o in objects if name_of(o) == row["name"] and o["kind"] in SCALABLE]
    if not chosen:
        raise BadKustomization(f"replicas: there is no {row['name']} that has any")
    return [{**o, "spec": {**o["spec"], "replicas": row["count"]}} if o in chosen else o for o in objects]


SCALABLE = ("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet")


def _image(objects: list[Object], row: Object, files: Files, here: str) -> list[Object]:
    """Wherever this image is used, another name or tag. One that nobody uses is no error."""
    return [
        _everywhere(o, lambda field, value: _retagged(row, value) if field == "image" else value)
        for o in objects
    ]


def _retagged(row: Object, image: Any) -> Any:
    path, slash, last = str(image).rpartition("/")
    name, _, tag = last.partition(":")
    if path + slash + name != row["name"]:
        return image
    tag = str(row.get("newTag", tag))
    return str(row.get("newName", row["name"])) + (f":{tag}" if tag else "")


Step = Callable[[list[Object], Any, Files, str], list[Object]]

#: field of a kustomization -> what each of its rows does
STEPS: dict[str, Step] = {
    "resources": _resource,
    "configMapGenerator": _generator,
    "patches": _patch,
    "replicas": _replicas,
    "images": _image,
}

#: field -> (what one of must stand in each of its rows, what may); a row without any is a path
ROWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "resources": ((), ()),
    "configMapGenerator": (("name",), ("behavior", "files", "literals", "options")),
    "patches": (("patch", "path"), ("target",)),
    "replicas": (("name",), ("count",)),
    "images": (("name",), ("newName", "newTag")),
}


# --- names that say what is inside ---------------------------------------------------------------


def _names(objects: list[Object]) -> dict[str, str]:
    """Of each generated ConfigMap: the name it was given -> the one it shall have."""
    return {name_of(o): f"{name_of(o)}-{content_hash(o)}" for o in objects if GENERATED in o}


def _named(obj: Object, hashed: Mapping[str, str]) -> Object:
    """With its own new name, and with those of the ConfigMaps that it uses."""
    named = {k: v for k, v in obj.items() if k != GENERATED}
    if GENERATED in obj:
        return {**named, "metadata": {**named["metadata"], "name": hashed[name_of(obj)]}}
    return _everywhere(named, lambda field, value: _refers(value, hashed) if field in REFERENCES else value)


def _refers(reference: Any, hashed: Mapping[str, str]) -> Any:
    known = isinstance(reference, dict) and reference.get("name") in hashed
    return {**reference, "name": hashed[reference["name"]]} if known else reference


def _everywhere(value: Any, change: Callable[[str, Any], Any], field: str = "") -> Any:
    """`change` what stands in each field, from the inside out."""
    if isinstance(value, dict):
        value = {name: _everywhere(inner, change, name) for name, inner in value.items()}
    elif isinstance(value, list):
        value = [_everywhere(item, change) for item in value]
    return change(field, value)


def content_hash(config_map: Object) -> str:
    """Ten letters that are others when anything in it is another: kustomize's own, so that names agree."""
    told = {"kind": "ConfigMap", "name": "", "data": config_map["data"]}  # the name does not count
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")  # as Go writes them
    hexadecimal = sha256(text.encode()).hexdigest()[:10]
    return hexadecimal.translate(str.maketrans("013ae", "ghkmt"))
