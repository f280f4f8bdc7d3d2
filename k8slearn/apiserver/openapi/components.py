"""The schemas of a document: every type that can be met from its operations, with what is known of each field.

Kubernetes: the generated pkg/generated/openapi; the extensions: kube-openapi/pkg/generators
"""

from __future__ import annotations

import json
import re
from typing import Any

from k8slearn.api import schema
from k8slearn.api.definitions import ANYTHING
from k8slearn.api.mergerules import ATOMIC_STRUCTS, is_always_there, rule_of
from k8slearn.api.resources import Resource
from k8slearn.apiserver.openapi import descriptions
from k8slearn.apiserver.openapi.names import META, REF, SPECIAL, of_kind, of_type, ref

Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
}
_ZEROS: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "float": 0}

#: What stands behind ``any``: by field, for there are few of them.
EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_JSON = ("JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray")
_ANY = {
    "fieldsV1": META + "FieldsV1",
    "data": RAW,
    "parameters": RAW,
    "status": RAW,
    **dict.fromkeys(["default", "example", "enum"], EXTENSIONS + "JSON"),
    **dict.fromkeys(["additionalItems", "additionalProperties"], EXTENSIONS + "JSONSchemaPropsOrBool"),
    "items": EXTENSIONS + "JSONSchemaPropsOrArray",
    "dependencies": EXTENSIONS + "JSONSchemaPropsOrStringArray",
}

STANDARD_METADATA = "Standard object's metadata. What every object has: its name, its labels, who owns it."

#: The types without fields.
_FIXED: dict[str, Schema] = {
    SPECIAL["time"]: {"type": "string", "format": "date-time"},
    SPECIAL["microtime"]: {"type": "string", "format": "date-time"},
    SPECIAL["quantity"]: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    SPECIAL["intorstring"]: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    META + "Patch": {"type": "object"},
    META + "FieldsV1": {"type": "object"},
    RAW: {"type": "object"},
    **{EXTENSIONS + name: {"description": "Any JSON value that makes sense there."} for name in _JSON},
}
#: Strategies of strategic merge patches that the table of merges does without.
_STRATEGIES = {"DeploymentSpec.strategy": "retainKeys", "PodSpec.volumes": "merge,retainKeys"}


class Library:
    """Every schema that a server with these kinds can name, made one by one as they are asked for."""

    def __init__(self, kinds: list[Resource]) -> None:
        self.types = {of_type(spelt): spelt for spelt in schema.types()}
        self.lists = {f"{of_kind(r)}List": r for r in kinds if "list" in r.verbs}
        self.custom = {of_kind(r): r for r in kinds if schema.kind_type(r) is None}
        self.gvks = {of_type(spelt): [_gvk(*kind.split())] for kind, spelt in schema.kinds().items()}
        versions = dict.fromkeys(r.api_version for r in kinds)
        self.gvks[META + "DeleteOptions"] = [_gvk(v, "DeleteOptions") for v in versions]

    def schemas(self, roots: set[str]) -> dict[str, Schema]:
        """The schemas of these names, and those that they need."""
        found: dict[str, Schema] = {}
        todo = list(roots)
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = self.schema(name)
                todo += references(found[name])
        return dict(sorted(found.items()))

    def schema(self, name: str) -> Schema:
        if name in _FIXED:
            return _FIXED[name]
        if name in self.lists:
            return _list(self.lists[name])
        if name in self.custom:
            return _custom(self.custom[name])
        found = _struct(self.types[name])
        return {**found, "x-kubernetes-group-version-kind": self.gvks[name]} if name in self.gvks else found


def references(value: Any) -> set[str]:
    """The names of all schemas that are referred to."""
    return set(re.findall(rf'"{re.escape(REF)}([^"]+)"', json.dumps(value)))


def _gvk(api_version: str, kind: str) -> dict[str, str]:
    group, _, version = api_version.rpartition("/")
    return {"group": group, "kind": kind, "version": version}


# --- schemas of structs ----------------------------------------------------------------------


def _struct(spelt: str) -> Schema:
    about = descriptions.of(spelt, schema.packages()[spelt])
    fields = schema.types()[spelt]
    found: Schema = {"type": "object"}
    if about.text:
        found = {"description": about.text, **found}
    if needed := [field for field, of in fields.items() if _is_required(of)]:
        found["required"] = needed
    if fields:
        found["properties"] = {f: _field(spelt, f, of, about.fields.get(f, "")) for f, of in fields.items()}
    if {spelt, spelt.rpartition(".")[2]} & ATOMIC_STRUCTS:
        found["x-kubernetes-map-type"] = "atomic"
    return found


def _is_required(spelt: str) -> bool:
    return spelt.endswith("!") and not spelt.endswith("?!!")


def _field(struct: str, field: str, spelt: str, text: str) -> Schema:
    bare = spelt.rstrip("!?")
    found: Schema = {"description": text} if text else {}
    found |= _value(bare, field)
    if _is_required(spelt) and bare in _ZEROS:
        found["default"] = _ZEROS[bare]
    if bare in schema.types() and is_always_there(struct, field):
        found["default"] = {}
    return found | _merging(struct, field, bare)


def _value(bare: str, field: str) -> Schema:
    if bare in _SCALARS:
        return _SCALARS[bare]
    if bare[0] == "[":
        return {"type": "array", "items": _item(bare[1:-1], field)}
    if bare[0] == "{":
        return {"type": "object", "additionalProperties": _item(bare[1:-1], field)}
    return {"allOf": [ref(_ANY[field] if bare == "any" else SPECIAL.get(bare) or of_type(bare))]}


def _item(bare: str, field: str) -> Schema:
    """What a list or a map consists of: never nothing, so its zero stands for that."""
    zero = _ZEROS.get(bare, {} if bare in schema.types() else None)
    return _value(bare, field) if zero is None else {**_value(bare, field), "default": zero}


def _merging(struct: str, field: str, bare: str) -> Schema:
    """How strategic merge patch and server-side apply treat this field."""
    rule = rule_of(struct, field, bare)
    found: Schema = {}
    if bare[0] == "[":
        found["x-kubernetes-list-type"] = rule.relation
        if rule.keys:
            found["x-kubernetes-list-map-keys"] = list(rule.keys)
        if rule.patch == "merge":
            found["x-kubernetes-patch-strategy"] = "merge"
        if rule.patch_key:
            found["x-kubernetes-patch-merge-key"] = rule.patch_key
    elif bare[0] == "{" and rule.relation == "atomic":
        found["x-kubernetes-map-type"] = "atomic"
    strategy = _STRATEGIES.get(f"{struct.rpartition('.')[2]}.{field}")
    return {**found, "x-kubernetes-patch-strategy": strategy} if strategy else found


# --- schemas of kinds ------------------------------------------------------------------------


def _list(resource: Resource) -> Schema:
    """The list of a kind: its items, and at which version of everything they were like that."""
    about = _about_list(resource)
    properties = {
        **_named(),
        "items": {"type": "array", "items": {"allOf": [ref(of_kind(resource))], "default": {}}},
        "metadata": {"allOf": [ref(META + "ListMeta")], "default": {}},
    }
    described = {
        f: {"description": about.fields[f], **of} if f in about.fields else of for f, of in properties.items()
    }
    found: Schema = {
        "description": about.text,
        "type": "object",
        "required": ["items"],
        "properties": described,
    }
    return {**found, "x-kubernetes-group-version-kind": [_gvk(resource.api_version, f"{resource.kind}List")]}


def _about_list(resource: Resource) -> descriptions.Description:
    spelt = schema.kind_type(resource)
    found = descriptions.of(f"{spelt}List", schema.packages()[spelt]) if spelt else descriptions.NOTHING
    return found if found.text else found._replace(text=f"{resource.kind}List is a list of {resource.kind}")


def _custom(resource: Resource) -> Schema:
    """What a definition says of its kind; of others we know nothing but that it is one."""
    metadata = {"allOf": [ref(META + "ObjectMeta")], "description": STANDARD_METADATA}
    gvk = [_gvk(resource.api_version, resource.kind)]
    told = resource.definition.schema if resource.definition is not None else ANYTHING
    properties = {**(told.get("properties") or {}), **_named(), "metadata": metadata}
    found: Schema = {
        **_published(told),
        "type": "object",
        "properties": {f: _published(s) for f, s in properties.items()},
    }
    return {**found, "x-kubernetes-group-version-kind": gvk}


def _published(told: Any) -> Any:
    """A schema as clients are shown it: without the rules that only the server understands."""
    if isinstance(told, dict):
        return {k: _published(v) for k, v in told.items() if k != "x-kubernetes-validations"}
    return [_published(v) for v in told] if isinstance(told, list) else told


def _named() -> Schema:
    """What every kind says of itself."""
    about = descriptions.of("v1.Pod", "core").fields
    fields = {name: {"type": "string"} for name in ("apiVersion", "kind")}
    return {f: {"description": about[f], **of} if f in about else of for f, of in fields.items()}
