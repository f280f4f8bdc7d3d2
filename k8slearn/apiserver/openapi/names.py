"""How OpenAPI calls types: by the Go package they live in, backwards.

Kubernetes: kube-openapi/pkg/util (ToRESTFriendlyName)
"""

from __future__ import annotations

from k8slearn.api import schema
from k8slearn.api.resources import Resource

REF = "#/components/schemas/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."

#: Where the types of a group live, if not in k8s.io/api.
_HOMES = {
    "meta": "io.k8s.apimachinery.pkg.apis.meta",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
}

#: Types that are no structs; types.json spells them with one word.
SPECIAL = {
    "time": META + "Time",
    "microtime": META + "MicroTime",
    "quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "intorstring": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
}


def of_type(spelt: str) -> str:
    """``v1.PodSpec``, as types.json spells it, is ``io.k8s.api.core.v1.PodSpec``."""
    package = schema.packages()[spelt]
    return f"{_HOMES.get(package, f'io.k8s.api.{package}')}.{spelt.rpartition('/')[2]}"


def of_kind(resource: Resource) -> str:
    """``io.k8s.api.apps.v1.Deployment``; of a custom resource ``com.example.v1.Website``."""
    found = schema.kind_type(resource)
    if found:
        return of_type(found)
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def ref(name: str) -> dict[str, str]:
    return {"$ref": REF + name}
