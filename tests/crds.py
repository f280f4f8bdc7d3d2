"""CustomResourceDefinitions for tests: small ones, made of what a test is about."""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object

GROUP = "example.com"


def crd(plural: str = "widgets", kind: str = "Widget", *, group: str = GROUP, **rest: Any) -> Object:
    """`spec`: the properties of the spec. `schema`: the whole schema. `version`: more of the version. `versions`:
    all of them. `names`, `scope`, `conversion`: as in the definition."""
    properties = {"spec": {"type": "object", "properties": rest.get("spec", {})}}
    schema = rest.get("schema") or {"type": "object", "properties": properties}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        **rest.get("version", {}),
    }
    spec: Object = {
        "group": group,
        "scope": rest.get("scope", "Namespaced"),
        "names": {"plural": plural, "kind": kind, **rest.get("names", {})},
        "versions": rest.get("versions") or [version],
    }
    if "conversion" in rest:
        spec["conversion"] = rest["conversion"]
    metadata = {"name": f"{plural}.{group}"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def widget(name: str = "a", version: str = "v1", group: str = GROUP, **rest: Any) -> Object:
    metadata = {"name": name, "namespace": "default", **rest.pop("metadata", {})}
    return {"apiVersion": f"{group}/{version}", "kind": "Widget", "metadata": metadata, **rest}
