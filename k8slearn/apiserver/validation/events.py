"""The rules of events: few for those of v1, more for those that come by way of events.k8s.io.

Kubernetes: pkg/apis/core/validation/events.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, invalid, required
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.validation.shapes import Check

_LENGTHS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_NEEDED = ("reportingInstance", "action", "reason")


def _event(event: Object, path: str) -> Iterable[FieldError]:
    """An event with an eventTime is a new one, and has to say more. Kubernetes: legacyValidateEvent"""
    about = dig(event, "involvedObject", "namespace", default="")
    own, new = event["metadata"].get("namespace", ""), bool(event.get("eventTime"))
    homes = ("default", "kube-system") if new else ("default",)
    if (about != own and (about or own not in homes)) if not new else (not about and own not in homes):
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")
    if new:
        yield from _new_event(event)


def _new_event(event: Object) -> Iterable[FieldError]:
    """(v1 calls the reporting controller a component; the message does not.)"""
    controller = event.get("reportingComponent", "")
    if not controller:
        yield required("reportingController")
    yield from (invalid("reportingController", controller, p) for p in formats.qualified_name(controller))
    yield from (required(field) for field in _NEEDED if not event.get(field))
    for field, most in _LENGTHS.items():
        if len(event.get(field, "").encode()) > most:
            yield invalid(field, "", f"can have at most {most} characters")


def check_strictly(event: Object, path: str) -> Iterable[FieldError]:
    """What is asked in addition of those who come by way of events.k8s.io/v1. Kubernetes: ValidateEventCreate"""
    if (series := event.get("series")) is not None:
        if series.get("count", 0) < 2:
            yield invalid("series.count", "", "should be at least 2")
        if not series.get("lastObservedTime"):
            yield required("series.lastObservedTime")
    if not event.get("eventTime"):
        yield required("eventTime")
    if event.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {event.get('type', '')}")
    for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if event.get(field):
            yield invalid(field, "", "needs to be unset")


_FINAL = (
    "involvedObject reason message source firstTimestamp lastTimestamp count type eventTime action related "
    "reportingComponent reportingInstance"
).split()


def check_update_strictly(new: Object, old: Object) -> Iterable[FieldError]:
    """Only the series goes on."""
    for field in _FINAL:
        if (new.get(field) or None) != (old.get(field) or None):
            shown = "reportingController" if field == "reportingComponent" else field
            yield invalid(shown, new.get(field), "field is immutable")


KINDS: dict[str, Check] = {"Event": _event}
