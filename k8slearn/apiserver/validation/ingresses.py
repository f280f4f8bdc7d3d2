"""The rules of the way into a cluster: Ingress, IngressClass.

Kubernetes: pkg/apis/networking/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, forbidden, invalid, required, too_long, unsupported
from k8slearn.api.objects import Object, annotations_of, dig
from k8slearn.apiserver.validation.addresses import is_address
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_label,
    dns_subdomain,
    port,
)

Spec = dict[str, Any]

# --- Ingress --------------------------------------------------------------------------------------


def _name(host: str, path: str) -> Iterable[FieldError]:
    spelt = formats.wildcard_subdomain if "*" in host else formats.dns_subdomain
    return Spelt(spelt)(host, path)


def _host(host: str, path: str) -> Iterable[FieldError]:
    if is_address(host):
        yield invalid(path, host, "must be a DNS name, not an IP address")
    yield from _name(host, path)


PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_NOT_WITHIN, _NOT_AT_THE_END = ("//", "/./", "/../", "%2f", "%2F"), ("/..", "/.")


def _http_path(rule: Spec, path: str) -> Iterable[FieldError]:
    kind, text = rule.get("pathType", ""), rule.get("path", "")
    if not kind:
        yield required(f"{path}.pathType", "pathType must be specified")
        return
    if kind not in PATH_TYPES:
        yield unsupported(f"{path}.pathType", kind, PATH_TYPES)
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        yield invalid(f"{path}.path", text, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        yield from _plain_path(text, f"{path}.path")
    yield from _backend(rule.get("backend") or {}, f"{path}.backend")


def _plain_path(text: str, path: str) -> Iterable[FieldError]:
    yield from (invalid(path, text, f"must not contain '{s}'") for s in _NOT_WITHIN if s in text)
    yield from (invalid(path, text, f"cannot end with '{s}'") for s in _NOT_AT_THE_END if text.endswith(s))


def _backend(backend: Spec, path: str) -> Iterable[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        yield from _reference(resource, f"{path}.resource")
    elif service is not None:
        yield from _backend_service(service, path)
    else:
        yield invalid(path, "", "resource or service backend is required")


def _backend_service(service: Spec, path: str) -> Iterable[FieldError]:
    if not service.get("name"):
        yield required(f"{path}.service.name")
    yield from dns_label(service.get("name", ""), f"{path}.service.name")
    chosen = service.get("port") or {}
    if chosen.get("number") and chosen.get("name"):
        yield invalid(path, "", "cannot set both port name & port number")
    elif chosen.get("name"):
        yield from Spelt(formats.port_name)(chosen["name"], f"{path}.service.port.name")
    elif chosen.get("number"):
        yield from port(chosen["number"], f"{path}.service.port.number")
    else:
        yield required(path, "port name or number is required")


def _reference(reference: Spec, path: str) -> Iterable[FieldError]:
    """Kubernetes: validateIngressTypedLocalObjectReference"""
    yield from dns_subdomain(reference.get("apiGroup") or "", f"{path}.apiGroup")
    for field in ("kind", "name"):
        if not reference.get(field):
            yield required(f"{path}.{field}", f"{field} is required")


def _leads_somewhere(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid(path, None, "either `defaultBackend` or `rules` must be specified")


_CLASS = "kubernetes.io/ingress.class"


def _class_said_once(ingress: Object, path: str) -> Iterable[FieldError]:
    """The class was an annotation before it became a field."""
    said, name = annotations_of(ingress).get(_CLASS), dig(ingress, "spec", "ingressClassName")
    if None not in (said, name) and said != name and "resourceVersion" not in ingress["metadata"]:
        yield invalid(f"annotations.{_CLASS}", said, "must match `ingressClassName` when both are specified")


def _has_spec(ingress: Spec, path: str) -> Iterable[FieldError]:
    return [] if "spec" in ingress else _leads_somewhere({}, "spec")


_HTTP = Shape({"paths": Each(_http_path)}, needs=("paths",))
_INGRESS = Shape(
    {
        "rules": Each(Shape({"host": _host, "http": _HTTP})),
        "defaultBackend": _backend,
        "tls": Each(Shape({"hosts": Each(_name), "secretName": dns_subdomain})),
        "ingressClassName": dns_subdomain,
    },
    also=(_leads_somewhere,),
)

# --- IngressClass ---------------------------------------------------------------------------------

LONGEST_CONTROLLER = 250


def _controller(text: str, path: str) -> Iterable[FieldError]:
    if len(text) > LONGEST_CONTROLLER:
        yield too_long(path, LONGEST_CONTROLLER)
    yield from domain_prefixed_path(text, path)


def domain_prefixed_path(text: str, path: str) -> Iterable[FieldError]:
    """``example.com/controller``. Kubernetes: IsDomainPrefixedPath"""
    domain, _, rest = text.partition("/")
    if not domain or not rest:
        yield invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    yield from dns_subdomain(domain, path)
    yield from Spelt(formats.http_path)(rest, path)


def _parameters(parameters: Spec, path: str) -> Iterable[FieldError]:
    yield from _reference(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    yield from OneOf("Cluster", "Namespace")(scope or "", f"{path}.scope")
    if scope == "Cluster" and namespace:
        yield forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'")
    if scope == "Namespace" and not namespace:
        yield required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")


def _class_has_spec(found: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in found else [required("spec.controller")]


_INGRESS_CLASS = Shape({"controller": _controller, "parameters": _parameters}, needs=("controller",))

KINDS: dict[str, Check] = {
    "Ingress": Shape({"spec": _INGRESS}, also=(_has_spec, _class_said_once)),
    "IngressClass": Shape({"spec": _INGRESS_CLASS}, also=(_class_has_spec,)),
}
