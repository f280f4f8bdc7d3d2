"""What a CustomResourceDefinition makes: rows for the table of kinds, and with each what its schema can do.

Kubernetes: apiextensions-apiserver/pkg/apiserver/customresource_handler.go (getOrCreateServingInfoFor)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from k8slearn.api.errors import FieldError
from k8slearn.api.objects import Object, dig
from k8slearn.api.resources import Resource
from k8slearn.api.shapes import Shape
from k8slearn.api.structural.defaulting import default, mentions
from k8slearn.api.structural.listtypes import check_lists
from k8slearn.api.structural.pruning import PRESERVE, Schema, prune
from k8slearn.api.structural.shapes import shape_of_object
from k8slearn.api.structural.values import NOTHING, check_value

Converter = Callable[[list[Object], str], list[Object]]  # (objects, the apiVersion that is wanted)
ANYTHING: Schema = {"type": "object", PRESERVE: True}
#: In the order in which discovery lists the verbs of custom resources.
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class Definition:
    """One version of a kind that people have defined. Two are the same only if they are the very same one."""

    def __init__(self, crd: Object, version: dict[str, Any], converter: Converter | None = None) -> None:
        self.crd = crd
        self.version = version
        self.converter = converter  # None: versions differ in nothing but their name
        self.schema: Schema = dig(version, "schema", "openAPIV3Schema", default=None) or ANYTHING

    @cached_property
    def shape(self) -> Shape:
        """How objects merge when they are applied."""
        return shape_of_object(self.schema)

    @cached_property
    def scale(self) -> dict[str, str] | None:
        """The three paths of the scale subresource."""
        found: dict[str, str] | None = dig(self.version, "subresources", "scale", default=None)
        return found

    @cached_property
    def columns(self) -> list[dict[str, Any]]:
        return list(self.version.get("additionalPrinterColumns") or ())

    @cached_property
    def selectable(self) -> list[str]:
        """The fields that objects can be selected by: ``spec.color``."""
        return [f["jsonPath"].removeprefix(".") for f in self.version.get("selectableFields") or ()]

    @property
    def has_several_versions(self) -> bool:
        return len(self.crd["spec"]["versions"]) > 1

    @cached_property
    def has_defaults(self) -> bool:
        return mentions(self.schema, "default")

    @cached_property
    def has_rules(self) -> bool:
        return mentions(self.schema, "x-kubernetes-validations")

    # --- what is done with an object ---

    def prune(self, obj: Object) -> tuple[Object, list[str]]:
        """(a copy without what the schema does not know, the paths of what that was)"""
        return prune(self.schema, obj)

    def default(self, obj: Object) -> None:
        if self.has_defaults:
            default(self.schema, obj)

    def check(self, obj: Object, old: Object | None = None) -> list[FieldError]:
        """What of the object does not fit; and if all does, what the rules say of it."""
        before = NOTHING if old is None else old
        found = [*check_value(self.schema, obj, "", before), *check_lists(self.schema, obj)]
        if found or not self.has_rules:
            return found
        from k8slearn.api.structural.rules import check_rules  # the language is loaded where it is spoken

        return check_rules(self.schema, obj, old, "")


def rows(crd: Object, converter: Converter | None = None) -> list[Resource]:
    """A row for each version, the stored one first. What is not served is in the table all the same."""
    versions = sorted(crd["spec"]["versions"], key=lambda v: not v["storage"])
    return [_row(crd, version, converter) for version in versions]


def _row(crd: Object, version: dict[str, Any], converter: Converter | None) -> Resource:
    spec, names = crd["spec"], dig(crd, "status", "acceptedNames", default=None) or crd["spec"]["names"]
    parts = version.get("subresources") or {}
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        short=tuple(names.get("shortNames") or ()),
        subresources=tuple(part for part in ("status", "scale") if part in parts),
        categories=tuple(names.get("categories") or ()),
        verbs=VERBS,
        singular=names.get("singular") or names["kind"].lower(),
        served=version["served"],
        definition=Definition(crd, version, converter),
    )


def is_established(crd: Object) -> bool:
    """May its objects be asked for?"""
    conditions = dig(crd, "status", "conditions", default=None) or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
