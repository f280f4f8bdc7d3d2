"""What the API server says when it says no: one exception tree that mirrors ``Status.reason``.

The same classes come out of the in-process client and of the HTTP client, so a controller can
write ``except Conflict`` and not care where its API server lives. Every error can be turned into
the ``Status`` object that travels over the wire (`ApiError.status`) and back (`from_status`).

Kubernetes: staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOTHING = object()


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field. Kubernetes: field.Error in validation/field/errors.go."""

    reason: str  # FieldValueInvalid, FieldValueRequired, ...
    path: str  # spec.containers[0].image
    value: Any = NOTHING
    detail: str = ""

    TITLES = {
        "FieldValueRequired": "Required value",
        "FieldValueInvalid": "Invalid value",
        "FieldValueTypeInvalid": "Invalid value",
        "FieldValueNotSupported": "Unsupported value",
        "FieldValueForbidden": "Forbidden",
        "FieldValueDuplicate": "Duplicate value",
        "FieldValueNotFound": "Not found",
        "FieldValueTooLong": "Too long",
        "FieldValueTooMany": "Too many",
    }

    @property
    def text(self) -> str:
        """The message without its path: ``Invalid value: -1: must be ...``."""
        parts = [self.TITLES[self.reason]]
        if self.value is not NOTHING and self.reason not in ("FieldValueRequired", "FieldValueForbidden"):
            parts.append(_as_go_prints(self.value))
        return ": ".join(p for p in [*parts, self.detail] if p)

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def _as_go_prints(value: Any) -> str:
    """As JSON; inside of maps and lists, Go's encoder also hides what could be read as HTML."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, (dict, list)):
        for mark, hidden in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
            text = text.replace(mark, hidden)
    return text


def required(path: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", path, detail=detail)


def invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, detail)


def forbidden(path: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, detail=detail)


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", path, value)


def not_found_value(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", path, value)


def too_long(path: str, most: int) -> FieldError:
    return FieldError("FieldValueTooLong", path, detail=f"may not be more than {most} bytes")


def too_many(path: str, found: int, most: int) -> FieldError:
    return FieldError("FieldValueTooMany", path, found, f"must have at most {most} item{'s' * (most != 1)}")


def unsupported(path: str, value: Any, allowed: Iterable[str]) -> FieldError:
    listed = ", ".join(json.dumps(a) for a in sorted(allowed))
    return FieldError("FieldValueNotSupported", path, value, f"supported values: {listed}")


class ApiError(Exception):
    """An answer that is not what was asked for. ``code`` and ``reason`` are those of the Status."""

    code = 500
    reason = "Unknown"

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self.is_generic = details == {}  # the HTTP layer's own answers carry empty details
        self.metadata: dict[str, Any] = {}  # of the Status: where to go on with a list that has expired

    def status(self) -> dict[str, Any]:
        """This error as the ``Status`` object of the wire."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
        }
        body |= {"message": self.message, "reason": self.reason, "details": self.details, "code": self.code}
        if not self.details and not self.is_generic:
            del body["details"]
        return {k: v for k, v in body.items() if (k, v) != ("reason", "Unknown")}


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    code, reason = 404, "NotFound"


class NoKindMatch(NotFound):
    """Nobody serves this kind. ``details`` names the object. Kubernetes: meta.NoKindMatchError"""


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class Conflict(ApiError):
    """The object has moved on since it was read (or a precondition does not hold)."""

    code, reason = 409, "Conflict"


class Expired(ApiError):
    """The revision asked for has been compacted away: list again."""

    code, reason = 410, "Expired"


class RequestEntityTooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """The object broke rules; ``errors`` says which, field by field."""

    code, reason = 422, "Invalid"

    @property
    def causes(self) -> list[dict[str, Any]]:
        return list(self.details.get("causes", []))


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class ServerTimeout(ApiError):
    """No answer came. The write may or may not have happened."""

    code, reason = 504, "Timeout"


class Unreachable(ServerTimeout):
    """Nothing got through at all: the connection is cut. Who tries again keeps house; nobody waits for it."""


def _family(base: type[ApiError]) -> Iterable[type[ApiError]]:
    for child in base.__subclasses__():
        yield child
        yield from _family(child)


def from_status(body: dict[str, Any]) -> ApiError:
    """The exception for a ``Status`` body; an unknown reason becomes a plain `ApiError`."""
    by_reason = {e.reason: e for e in reversed([*_family(ApiError)])}  # the first of a reason counts
    cls = by_reason.get(body.get("reason", ""), ApiError)
    error = cls(body.get("message", ""), details=body.get("details"))
    error.code = body.get("code", cls.code)
    return error


def no_such_resource() -> NotFound:
    """The 404 for a URL behind which there is no kind or no subresource."""
    return NotFound("the server could not find the requested resource", details={})


def not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource", details={})


def _details(resource: str, group: str, name: str) -> dict[str, Any]:
    details = {"name": name, "group": group, "kind": resource}
    return {k: v for k, v in details.items() if v}


def _titled(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource


def not_found(resource: str, group: str, name: str) -> NotFound:
    return NotFound(f'{_titled(resource, group)} "{name}" not found', details=_details(resource, group, name))


def already_exists(resource: str, group: str, name: str) -> AlreadyExists:
    return AlreadyExists(
        f'{_titled(resource, group)} "{name}" already exists', details=_details(resource, group, name)
    )


def conflict(resource: str, group: str, name: str, why: str) -> Conflict:
    return Conflict(
        f'Operation cannot be fulfilled on {_titled(resource, group)} "{name}": {why}',
        details=_details(resource, group, name),
    )


def refused(resource: str, group: str, name: str, why: str) -> Forbidden:
    return Forbidden(
        f'{_titled(resource, group)} "{name}" is forbidden: {why}', details=_details(resource, group, name)
    )


def invalid_object(kind: str, group: str, name: str, errors: list[FieldError]) -> Invalid:
    """The 422 for an object that broke the rules in ``errors`` (at least one).

    The message says everything once; the causes repeat what was found twice, as Kubernetes' do.
    """
    said = list(dict.fromkeys(str(e) for e in errors))
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    message = f'{_titled(kind, group)} "{name}" is invalid: {listed}'
    causes = [{"reason": e.reason, "message": e.text, "field": e.path} for e in errors]
    return Invalid(message, details={**_details(kind, group, name), "causes": causes})
