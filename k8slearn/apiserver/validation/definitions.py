"""The rules of CustomResourceDefinitions: their names, their versions, their schemas.

Kubernetes: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object, dig
from k8slearn.api.structural.defaulting import mentions
from k8slearn.api.structural.wellformed import check_schema
from k8slearn.apiserver.validation.shapes import Check

Spec = dict[str, Any]

APPROVED = "api-approved.kubernetes.io"
COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
COLUMN_FORMATS = ("int32", "int64", "float", "double", "byte", "date", "date-time", "password")
#: A path to one field, as scale and selectable fields need it: ``.spec.replicas``.
SIMPLE_PATH = re.compile(r"(\.[a-zA-Z_][a-zA-Z0-9_-]*|\['[^']+'\])+")
STILL_STORED = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)
_ZERO_VERSION = {
    "Name": "",
    "Served": False,
    "Storage": False,
    "Deprecated": False,
    "DeprecationWarning": None,
    "Schema": None,
    "Subresources": None,
    "AdditionalPrinterColumns": None,
    "SelectableFields": None,
}


def definition(crd: Object, path: str = "") -> list[FieldError]:
    spec, names = crd.get("spec") or {}, dig(crd, "spec", "names", default=None) or {}
    found = [*_name(crd, spec, names), *_group(crd, spec), *_names(names), *_scope(spec)]
    found += [*_versions(crd, spec), *_schemas(spec), *_conversion(spec)]
    return found


# --- names ---


def _name(crd: Object, spec: Spec, names: Spec) -> Iterator[FieldError]:
    name, wanted = crd["metadata"].get("name", ""), f"{names.get('plural', '')}.{spec.get('group', '')}"
    if name != wanted and "resourceVersion" not in crd["metadata"]:
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _group(crd: Object, spec: Spec) -> Iterator[FieldError]:
    group = spec.get("group", "")
    if not group:
        yield required("spec.group")
        return
    problems = formats.dns_subdomain(group)
    yield from (invalid("spec.group", group, problem) for problem in problems)
    if not problems and "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    protected = group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))
    if protected and not (crd["metadata"].get("annotations") or {}).get(APPROVED):
        detail = (
            f'protected groups must have approval annotation "{APPROVED}", see '
            "https://github.com/kubernetes/enhancements/pull/1111"
        )
        yield required(f"metadata.annotations[{APPROVED}]", detail)


def _names(names: Spec) -> Iterator[FieldError]:
    for field in ("plural", "singular", "kind", "listKind"):
        name = names.get(field, "")
        if not name and field in ("plural", "kind"):
            yield required(f"spec.names.{field}")
            continue
        label = name if field in ("plural", "singular") else name.lower()
        problems = formats.dns_1035_label(label) if name else ()
        yield from (invalid(f"spec.names.{field}", name, problem) for problem in problems)
    for field in ("shortNames", "categories"):
        for i, name in enumerate(names.get(field) or ()):
            for problem in formats.dns_1035_label(name):
                yield invalid(f"spec.names.{field}[{i}]", name, problem)
    if names.get("kind") and names["kind"] == names.get("listKind"):
        yield invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")


def _scope(spec: Spec) -> Iterator[FieldError]:
    if not spec.get("scope"):
        yield required("spec.scope")
    elif spec["scope"] not in ("Cluster", "Namespaced"):
        yield unsupported("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        instead = "set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        detail = f"cannot set to true, {instead}"
        yield invalid("spec.preserveUnknownFields", True, detail)


# --- versions ---


def _versions(crd: Object, spec: Spec) -> Iterator[FieldError]:
    versions, stored = spec.get("versions") or [], dig(crd, "status", "storedVersions", default=None)
    seen: set[str] = set()
    for i, version in enumerate(versions):
        name = version.get("name", "")
        yield from (invalid(f"spec.versions[{i}].name", name, p) for p in formats.dns_1035_label(name))
        if name in seen:
            yield duplicate(f"spec.versions[{i}].name", name)
        seen.add(name)
        if version.get("deprecationWarning") is not None and not version.get("deprecated"):
            where = f"spec.versions[{i}].deprecationWarning"
            yield invalid(where, version["deprecationWarning"], "can only be set for deprecated versions")
    storage = [v["name"] for v in versions if v.get("storage")]
    if len(storage) != 1:
        shown = [_as_go(v) for v in versions]
        yield invalid("spec.versions", shown, "must have exactly one version marked as storage version")
    if not stored:
        yield invalid("status.storedVersions", stored or None, "must have at least one stored version")
    elif storage and storage[-1] not in stored:
        yield invalid("status.storedVersions", stored, f"must have the storage version {storage[-1]}")
    for i, name in enumerate(stored or ()):
        if name not in seen:
            yield invalid(f"status.storedVersions[{i}]", name, STILL_STORED.format(name))


def _as_go(version: Spec) -> Spec:
    """As Go prints it, where what all versions share stands elsewhere."""
    shown = {f: version.get(f[0].lower() + f[1:], zero) for f, zero in _ZERO_VERSION.items()}
    return {
        **shown,
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


# --- schemas ---


def _schemas(spec: Spec) -> Iterator[FieldError]:
    """If all versions have the same schema, its place is one that only the server knows."""
    versions = spec.get("versions") or []
    schemas = [dig(v, "schema", "openAPIV3Schema", default=None) for v in versions]
    shared = len(versions) > 0 and all(s is not None and s == schemas[0] for s in schemas)
    for i, (version, schema) in enumerate(zip(versions, schemas, strict=True)):
        if schema is None:
            yield required(f"spec.versions[{i}].schema.openAPIV3Schema")
        elif not shared:
            yield from _schema(schema, f"spec.versions[{i}].schema.openAPIV3Schema")
        yield from _extras(version, f"spec.versions[{i}]" if len(versions) > 1 else "spec")
    if shared:
        yield from _schema(schemas[0], "spec.validation.openAPIV3Schema")


def _schema(schema: Spec, path: str) -> list[FieldError]:
    found = check_schema(schema, path)
    if found or not mentions(schema, "x-kubernetes-validations"):
        return found
    from k8slearn.api.structural.rulecheck import compile_rules  # the language is loaded where it is spoken

    return compile_rules(schema, path)


def _extras(version: Spec, path: str) -> Iterator[FieldError]:
    for i, column in enumerate(version.get("additionalPrinterColumns") or ()):
        yield from _column(column, f"{path}.additionalPrinterColumns[{i}]")
    scale = dig(version, "subresources", "scale", default=None)
    if scale is not None:
        yield from _scale(scale, f"{path}.subresources.scale")
    for i, field in enumerate(version.get("selectableFields") or ()):
        if not SIMPLE_PATH.fullmatch(field.get("jsonPath", "")):
            detail = "must be a simple JSON path starting with ."
            yield invalid(f"{path}.selectableFields[{i}].jsonPath", field.get("jsonPath", ""), detail)


def _column(column: Spec, path: str) -> Iterator[FieldError]:
    if not column.get("name"):
        yield required(f"{path}.name")
    if not column.get("type"):
        yield required(f"{path}.type", f"must be one of {','.join(sorted(COLUMN_TYPES))}")
    elif column["type"] not in COLUMN_TYPES:
        yield invalid(f"{path}.type", column["type"], f"must be one of {','.join(sorted(COLUMN_TYPES))}")
    if column.get("format") and column["format"] not in COLUMN_FORMATS:
        yield invalid(
            f"{path}.format", column["format"], f"must be one of {','.join(sorted(COLUMN_FORMATS))}"
        )
    if not column.get("jsonPath"):
        yield required(f"{path}.jsonPath")
    elif not column["jsonPath"].startswith((".", "[")):
        yield invalid(f"{path}.jsonPath", column["jsonPath"], "must be a json path starting with .")


_SCALE = (
    ("specReplicasPath", ".spec", True),
    ("statusReplicasPath", ".status", True),
    ("labelSelectorPath", "", False),
)


def _scale(scale: Spec, path: str) -> Iterator[FieldError]:
    for field, root, needed in _SCALE:
        text = scale.get(field, "")
        if not text and needed:
            yield required(f"{path}.{field}")
        elif text and not SIMPLE_PATH.fullmatch(text):
            yield invalid(f"{path}.{field}", text, "should be a json path without array notation")
        elif text and root and not text.startswith(root + "."):
            yield invalid(f"{path}.{field}", text, f"should be a json path under {root}")
        elif text and not root and not text.startswith((".spec.", ".status.")):
            yield invalid(f"{path}.{field}", text, "should be a json path under either .spec or .status")


# --- conversion ---


def _conversion(spec: Spec) -> Iterator[FieldError]:
    conversion = spec.get("conversion") or {}
    strategy = conversion.get("strategy", "None")
    if strategy not in ("None", "Webhook"):
        yield unsupported("spec.conversion.strategy", strategy, ("None", "Webhook"))
    webhook = conversion.get("webhook") or {}
    if strategy == "Webhook":
        yield from _webhook(webhook)
    elif webhook:
        where = "spec.conversion.webhookClientConfig"
        yield forbidden(where, "should not be set when strategy is not set to Webhook")


def _webhook(webhook: Spec) -> Iterator[FieldError]:
    client = webhook.get("clientConfig")
    if client is None:
        yield required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")
    elif ("url" in client) == ("service" in client):
        yield required("spec.conversion.webhookClientConfig", "exactly one of url or service is required")
    versions = webhook.get("conversionReviewVersions") or []
    if not versions:
        yield required("spec.conversion.conversionReviewVersions")
    elif not {"v1", "v1beta1"} & {*versions}:
        detail = "must include at least one of v1, v1beta1"
        yield invalid("spec.conversion.conversionReviewVersions", versions, detail)


# --- updates ---


def check_change(new: Object, old: Object) -> Iterable[FieldError]:
    """What cannot change once the definition is served."""
    conditions = dig(old, "status", "conditions", default=None) or ()
    if not any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
        return
    for field in ("group", "scope"):
        if new["spec"].get(field) != old["spec"].get(field):
            yield invalid(f"spec.{field}", new["spec"].get(field), "field is immutable")
    for field in ("kind", "plural"):
        if dig(new, "spec", "names", field) != dig(old, "spec", "names", field):
            yield invalid(f"spec.names.{field}", dig(new, "spec", "names", field), "field is immutable")


KINDS: dict[str, Check] = {"CustomResourceDefinition": definition}
