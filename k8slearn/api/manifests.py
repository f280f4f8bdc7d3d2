"""Manifests as people write them: YAML or JSON, several documents, comments, anchors, lists of objects.

`load` gives plain objects or raises one `ManifestError` that says where and in kubectl's words what is
wrong. Whether the objects make sense is for the API server to say.

Kubernetes: cli-runtime/pkg/resource (Builder), apimachinery/pkg/util/yaml/decoder.go
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from k8slearn.api import yamldata
from k8slearn.api.kinds import BUILTIN
from k8slearn.api.objects import Object, meta, name_of

SOURCE = "\0"  # stands for the source's name in messages that are made before it is known
_PLURALS = {(r.api_version, r.kind): r.plural for r in BUILTIN}


class ManifestError(ValueError):
    """A manifest that cannot be used. `line` and `document` count from 1 in the whole source (0: unknown)."""

    def __init__(self, message: str, *, source: str, document: int = 0, line: int = 0) -> None:
        super().__init__(message)
        self.source, self.document, self.line = source, document, line


def load(text: str, source: str = "stdin") -> list[Object]:
    """All objects of a manifest, in order; `kind: List` and its like are opened."""
    objects: list[Object] = []
    for number, (data, line) in enumerate(_documents(text, source), 1):
        try:
            objects += _opened(data)
        except ValueError as wrong:
            said = _said(str(wrong), source)
            raise ManifestError(said, source=source, document=number, line=line) from None
    return objects


def _said(wrong: str, source: str) -> str:
    if wrong.startswith("error when"):
        return "error: " + wrong.replace(SOURCE, source)
    return (
        f'error: error validating "{source}": error validating data: {wrong}; '
        "if you choose to ignore these errors, turn validation off with --validate=false"
    )


def _documents(text: str, source: str) -> Iterator[tuple[Any, int]]:
    """(data, first line) of each document. What begins like JSON is read as JSON, else as YAML."""
    if text.lstrip().startswith("{") and (found := _json_stream(text)) is not None:
        yield from found
        return
    number = 1
    try:
        for document in yamldata.documents(text):
            yield document
            number += 1
    except yamldata.YamlError as error:
        where = f"line {error.line}: " if error.line and "unmarshal errors" not in str(error) else ""
        message = f"error: error parsing {source}: error converting YAML to JSON: yaml: {where}{error}"
        raise ManifestError(message, source=source, document=number, line=error.line) from None


def _json_stream(text: str) -> list[tuple[Any, int]] | None:
    """One JSON value after the other; None when it is not JSON (it may still be YAML in braces)."""
    decoder, found, at = json.JSONDecoder(), [], 0
    try:
        while rest := text[at:].lstrip():
            at = len(text) - len(rest)
            line = text.count("\n", 0, at) + 1
            data, at = decoder.raw_decode(text, at)
            found.append((data, line))
    except (ValueError, RecursionError):
        return None
    return found


def _opened(data: Any) -> Iterator[Object]:
    """The object, or the objects of a list; each has been looked at."""
    if not isinstance(data, dict):
        raise ValueError("invalid object to validate")
    missing = [f"{field} not set" for field in ("apiVersion", "kind") if not isinstance(data.get(field), str)]
    if missing:
        raise ValueError(f"[{', '.join(missing)}]" if len(missing) > 1 else missing[0])
    if isinstance(data.get("items"), list):
        for item in data["items"]:
            yield from _opened(_typed(item, data))
        return
    _must_have_a_name(data)
    yield data


def _typed(item: Any, parent: Object) -> Any:
    """Items of a PodList need not say that they are Pods."""
    kind = parent["kind"].removesuffix("List")
    if isinstance(item, dict) and kind and not item.get("kind") and not item.get("apiVersion"):
        return {"apiVersion": parent["apiVersion"], "kind": kind, **item}
    return item


def _must_have_a_name(obj: Object) -> None:
    if not isinstance(obj.get("metadata") or {}, dict) or name_of(obj) or meta(obj).get("generateName"):
        return
    api_version, kind = obj["apiVersion"], obj["kind"]
    group, _, version = api_version.rpartition("/")
    plural = _PLURALS.get((api_version, kind), f"{kind.lower()}s")
    raise ValueError(
        f'error when retrieving current configuration of:\nResource: "{group}/{version}, Resource={plural}", '
        f'GroupVersionKind: "{group}/{version}, Kind={kind}"\n'
        f'Name: "", Namespace: "{meta(obj).get("namespace") or "default"}"\n'
        f'from server for: "{SOURCE}": resource name may not be empty'
    )
