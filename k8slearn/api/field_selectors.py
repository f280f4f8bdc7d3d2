"""Field selectors: ``spec.nodeName=node-1,status.phase!=Running``.

Unlike labels, only a few fields can be selected by, and which ones is a table: the API server keeps an
index for them (`FieldSelector.exact` is how a watch finds it). That is how ten thousand kubelets can each
watch nothing but their own pods.

Kubernetes: apimachinery/pkg/fields/selector.go; the fields: pkg/apis/*/v1/conversion.go
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from k8slearn.api.errors import BadRequest
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig

_INVOLVED = "kind namespace name uid apiVersion resourceVersion fieldPath"

# Kind -> field -> what it counts as when absent.
FIELDS: dict[str, dict[str, Any]] = {
    "pods": {
        "spec.nodeName": "",
        "spec.restartPolicy": "",
        "spec.schedulerName": "",
        "spec.serviceAccountName": "",
        "spec.hostNetwork": False,
        "status.phase": "",
        "status.podIP": "",
        "status.nominatedNodeName": "",
    },
    "nodes": {"spec.unschedulable": False},
    "events": {
        **{f"involvedObject.{name}": "" for name in _INVOLVED.split()},
        "reason": "",
        "type": "",
        "source": "",
        "reportingComponent": "",
    },
    "namespaces": {"status.phase": ""},
    "secrets": {"type": ""},
    "services": {"spec.clusterIP": "", "spec.type": ""},
    "replicationcontrollers": {"status.replicas": 0},
    "replicasets.apps": {"status.replicas": 0},
    "jobs.batch": {"status.successful": 0},
    "certificatesigningrequests.certificates.k8s.io": {"spec.signerName": ""},
    "resourceslices.resource.k8s.io": {"spec.nodeName": "", "spec.driver": ""},
    "events.events.k8s.io": {
        **{f"regarding.{name}": "" for name in _INVOLVED.split()},
        "reason": "",
        "type": "",
        "reportingController": "",
    },
}

# Selectable names that are not paths: the first path that holds something counts.
ALIASES = {
    "source": ("source.component", "reportingComponent"),
    "status.successful": ("status.succeeded",),
    "reportingController": ("reportingComponent",),
    **{f"regarding.{name}": (f"involvedObject.{name}",) for name in _INVOLVED.split()},
}

_UNSUPPORTED = {
    "jobs.batch": 'field label "{}" not supported for Job',
    None: '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"',
}
_OPERATOR = re.compile("!=|==|=")


class Term(NamedTuple):
    field: str
    equal: bool
    value: str
    absent: Any = ""

    def matches(self, obj: Object) -> bool:
        return (_read(obj, self.field, self.absent) == self.value) is self.equal

    def __str__(self) -> str:
        escaped = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.field}{'=' if self.equal else '!='}{escaped}"


class FieldSelector:
    """Terms on fields, all of which must hold. Kubernetes: fields.Selector."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[Term, ...] = ()) -> None:
        self.terms = terms

    @staticmethod
    def parse(text: str, resource: Resource | None = None) -> FieldSelector:
        """From the typed form. With a `resource`, fields it cannot be selected by are a BadRequest."""
        return _parsed(text, resource)

    @property
    def empty(self) -> bool:
        """It restricts nothing."""
        return not self.terms

    def matches(self, obj: Object) -> bool:
        return all(term.matches(obj) for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The one value that `field` must have, or None when it is not pinned down."""
        return next((t.value for t in self.terms if t.field == field and t.equal), None)

    def __str__(self) -> str:
        return ",".join(str(t) for t in self.terms)

    def __repr__(self) -> str:
        return f"FieldSelector({str(self)!r})"


@lru_cache(maxsize=1024)
def _parsed(text: str, resource: Resource | None) -> FieldSelector:
    parts = sorted(part for part in re.findall(r"(?:\\.|[^,\\]|\\$)+", text) if part)
    return FieldSelector(tuple(_term(part, text, resource) for part in parts))


def _term(part: str, text: str, resource: Resource | None) -> Term:
    found = _OPERATOR.search(part)
    if found is None:
        raise BadRequest(f"invalid selector: '{text}'; can't understand '{part}'")
    field, value = part[: found.start()], _unescaped(part[found.end() :])
    return Term(field, found.group() != "!=", value, _absent(field, resource))


def _unescaped(value: str) -> str:
    """Kubernetes: fields.UnescapeValue"""
    for piece in re.findall(r"\\.?|=", value):
        if piece == "=":
            raise BadRequest(f"invalid field selector: unescaped character in value: {ord(piece)}")
        if piece not in (r"\\", r"\,", r"\="):
            raise BadRequest(f"invalid field selector: invalid escape sequence: {piece}")
    return re.sub(r"\\(.)", r"\1", value)


def _absent(field: str, resource: Resource | None) -> Any:
    """What the field counts as when it is absent; BadRequest when it cannot be selected by."""
    if resource is None or field == "metadata.name":
        return ""
    if field == "metadata.namespace" and (resource.namespaced or resource.qualified not in FIELDS):
        return ""
    fields = FIELDS.get(resource.qualified, None if resource.builtin else _selectable(resource))
    if fields is None:
        raise BadRequest(_UNSUPPORTED[None].format(field))
    if field not in fields:
        raise BadRequest(_UNSUPPORTED.get(resource.qualified, "field label not supported: {}").format(field))
    return fields[field]


def _selectable(resource: Resource) -> dict[str, Any]:
    """What the definition of a custom kind names in ``selectableFields``."""
    return dict.fromkeys(resource.definition.selectable, "") if resource.definition is not None else {}


def _read(obj: Object, field: str, absent: Any) -> str:
    """The field as text: booleans are ``true`` and ``false``."""
    paths = ALIASES.get(field, (field,))
    value = next((v for p in paths if (v := dig(obj, *p.split("."))) not in (None, "")), absent)
    return str(value).lower() if isinstance(value, bool) else str(value)
