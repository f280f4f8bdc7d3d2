"""``authorizer.group('apps').resource('deployments').check('create').allowed()``: may whoever asks do that?

Kubernetes: apiserver/pkg/cel/library/authz.go
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from celpy import celtypes
from celpy.evaluation import CELEvalError


class Asker(Protocol):
    """Who knows: the API server's authorizer, asked for one request."""

    def decide(self, verb: str, asked: dict[str, str]) -> tuple[bool, str]:
        """(allowed, reason). `asked`: group, resource, subresource, namespace, name; or path; and serviceAccount."""


class Check(celtypes.MapType):  # celpy selects fields only of maps
    """A question that is being put together. The first one has a field: the question what the request itself may do."""

    def __init__(self, asker: Asker, asked: dict[str, str], about: dict[str, str] | None = None) -> None:
        super().__init__({})
        self.asker, self.asked = asker, asked
        if about is not None:
            self[celtypes.StringType("requestResource")] = Check(asker, about)

    def but(self, what: str, text: str) -> Check:
        return Check(self.asker, {**self.asked, what: str(text)})


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason: str


def _with(what: str) -> Callable[[Check, str], Check]:
    return lambda check, text: check.but(what, text)


def _filled(what: str) -> Callable[[Check, str], Check]:
    def asking(check: Check, text: str) -> Check:
        if not text.strip():
            raise CELEvalError(f"{what} must not be empty")
        return check.but(what, text)

    return asking


def _check(check: Check, verb: str) -> Decision:
    return Decision(*check.asker.decide(str(verb), check.asked))


FUNCTIONS: dict[str, Any] = {
    "path": _filled("path"),
    "group": _with("group"),
    "resource": _filled("resource"),
    "subresource": _with("subresource"),
    "namespace": _with("namespace"),
    "name": _with("name"),
    "serviceAccount": lambda check, namespace, name: check.but("serviceAccount", f"{namespace}/{name}"),
    "fieldSelector": lambda check, text: check,  # RBAC does not look at them
    "labelSelector": lambda check, text: check,
    "check": _check,
    "allowed": lambda decision: celtypes.BoolType(decision.allowed),
    "reason": lambda decision: celtypes.StringType(decision.reason),
    "errored": lambda decision: celtypes.BoolType(False),
    "error": lambda decision: celtypes.StringType(""),
}
