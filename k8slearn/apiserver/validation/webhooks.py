"""The rules of admission that others do: webhook configurations. `policies` goes on.

Kubernetes: pkg/apis/admissionregistration/validation, apiserver/pkg/util/webhook/validation.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.apiserver.validation.expressions import compiles
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_subdomain,
    label_selector,
    port,
)

Spec = dict[str, Any]

# --- which requests -------------------------------------------------------------------------------

OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
FAILURE = OneOf("Fail", "Ignore")
MATCH = OneOf("Equivalent", "Exact")


def _operations(rule: Spec, path: str) -> Iterable[FieldError]:
    found = rule.get("operations") or []
    yield from _some(found, f"{path}.operations", "operations")
    for i, operation in enumerate(found):
        yield from OneOf(*OPERATIONS)(operation, f"{path}.operations[{i}]")


def _some(found: list[str], path: str, others: str) -> Iterable[FieldError]:
    """At least one; and a star stands alone."""
    if not found:
        yield required(path)
    if len(found) > 1 and "*" in found:
        yield invalid(path, found, f"if '*' is present, must not specify other {others}")


def _resources(rule: Spec, path: str) -> Iterable[FieldError]:
    yield from _some(rule.get("apiGroups") or [], f"{path}.apiGroups", "API groups")
    yield from _some(rule.get("apiVersions") or [], f"{path}.apiVersions", "API versions")
    for field in ("apiVersions", "resources"):
        yield from (
            required(f"{path}.{field}[{i}]") for i, text in enumerate(rule.get(field) or ()) if not text
        )
    found, where = rule.get("resources") or [], f"{path}.resources"
    if not found:
        yield required(where)
    if len(found) > 1 and "*/*" in found:
        yield invalid(where, found, "if '*/*' is present, must not specify other resources")
    elif "*" in found and any("/" not in text for text in found if text != "*"):
        detail = "if '*' is present, must not specify other resources without subresources"
        yield invalid(where, found, detail)


RULE = Shape({"scope": OneOf("*", "Cluster", "Namespaced")}, also=(_operations, _resources))

# --- whom to ask ----------------------------------------------------------------------------------

_FORM = "; desired format: https://host[/path]"


def _url(text: str, path: str) -> Iterable[FieldError]:
    url = urlsplit(text)
    if url.scheme != "https":
        yield invalid(path, url.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not url.netloc:
        yield invalid(path, url.netloc, f"host must be specified{_FORM}")
    parts = (("fragments", url.fragment), ("query parameters", url.query))
    if url.username is not None:
        yield invalid(path, url.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    yield from (invalid(path, part, f"{what} are not permitted in the URL") for what, part in parts if part)


def _service(service: Spec, path: str) -> Iterable[FieldError]:
    for field in ("name", "namespace"):
        if not service.get(field):
            yield required(f"{path}.{field}", f"service {field} is required")
    number = service.get("port", 443)
    yield from (
        invalid(e.path, number, f"port is not valid: {e.detail}") for e in port(number, f"{path}.port")
    )
    text = service.get("path", "")
    if text and not text.startswith("/"):
        yield invalid(f"{path}.path", text, "must start with a '/'")


def _client(webhook: Spec, path: str) -> Iterable[FieldError]:
    client = webhook.get("clientConfig") or {}
    if ("url" in client) == ("service" in client):
        yield required(f"{path}.clientConfig", "exactly one of url or service is required")
    elif "url" in client:
        yield from _url(client["url"], f"{path}.clientConfig.url")
    else:
        yield from _service(client["service"], f"{path}.clientConfig.service")


# --- webhooks -------------------------------------------------------------------------------------


def fully_qualified(name: str, path: str) -> Iterable[FieldError]:
    """``check.example.com``. Kubernetes: IsFullyQualifiedName"""
    if not name:
        yield required(path)
        return
    yield from dns_subdomain(name, path)
    if name.count(".") < 2:
        yield invalid(path, name, "should be a domain with at least three segments separated by dots")


def _effects(webhook: Spec, path: str) -> Iterable[FieldError]:
    effects, allowed = webhook.get("sideEffects"), ("None", "NoneOnDryRun")
    if not effects:
        yield required(f"{path}.sideEffects", f"must specify one of {', '.join(allowed)}")
    elif effects not in allowed:
        yield unsupported(f"{path}.sideEffects", effects, allowed)


def _versions(webhook: Spec, path: str) -> Iterable[FieldError]:
    found, where, known = (
        webhook.get("admissionReviewVersions") or [],
        f"{path}.admissionReviewVersions",
        {"v1", "v1beta1"},
    )
    if not found:
        yield required(where, "must specify one of v1, v1beta1")
        return
    for i, version in enumerate(found):
        if version in found[:i]:
            yield invalid(f"{where}[{i}]", version, "duplicate version")
        yield from Spelt(formats.dns_1035_label)(version, f"{where}[{i}]")
    if not known & set(found):
        yield invalid(where, found, "must include at least one of v1, v1beta1")


def _seconds(webhook: Spec, path: str) -> Iterable[FieldError]:
    if not 1 <= webhook.get("timeoutSeconds", 10) <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        yield invalid(f"{path}.timeoutSeconds", webhook["timeoutSeconds"], detail)


def _has_name(webhook: Spec, path: str) -> Iterable[FieldError]:
    return fully_qualified(webhook.get("name", ""), f"{path}.name")


def condition(condition: Spec, path: str) -> Iterable[FieldError]:
    if not condition.get("name"):
        yield required(f"{path}.name")
    yield from Spelt(formats.qualified_name)(condition.get("name", ""), f"{path}.name")
    if not condition.get("expression", "").strip():
        yield required(f"{path}.expression")


def _of_webhook(one: Spec, path: str) -> Iterable[FieldError]:
    from k8slearn.api.cel.admission import NAMES  # loaded where it is spoken

    yield from condition(one, path)
    yield from compiles(one, "expression", path, NAMES)


_WEBHOOK = Shape(
    {
        "rules": Each(RULE),
        "failurePolicy": FAILURE,
        "matchPolicy": MATCH,
        "namespaceSelector": label_selector,
        "objectSelector": label_selector,
        "reinvocationPolicy": OneOf("IfNeeded", "Never"),
        "matchConditions": Each(_of_webhook, unique="name"),
    },
    also=(_has_name, _effects, _versions, _seconds, _client),
)
_WEBHOOKS = Shape({"webhooks": Each(_WEBHOOK, unique="name")})

KINDS: dict[str, Check] = dict.fromkeys(
    ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"], _WEBHOOKS
)
