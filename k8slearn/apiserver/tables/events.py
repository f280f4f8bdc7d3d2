"""Cells about Events, which come in two shapes: core/v1, and events.k8s.io/v1 with other names for the same.

Kubernetes: pkg/printers/internalversion/printers.go (printEvent)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.duration import since
from k8slearn.api.objects import Object, dig

#: As core/v1 says it -> as events.k8s.io/v1 does.
OTHER_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}


def _of(event: Object, name: str, default: Any = "") -> Any:
    return event.get(name) or event.get(OTHER_NAMES[name]) or default


def event_first_seen(event: Object, now: float) -> str:
    """How long ago it happened first."""
    return since(_of(event, "firstTimestamp") or event.get("eventTime"), now)


def event_last_seen(event: Object, now: float) -> str:
    """How long ago it happened last."""
    if event.get("series"):
        return since(event["series"].get("lastObservedTime"), now)
    last = _of(event, "lastTimestamp")
    return since(last, now) if last else event_first_seen(event, now)


def event_count(event: Object) -> int:
    """How often it happened."""
    return int(dig(event, "series", "count", default=0) if event.get("series") else _of(event, "count", 1))


def event_object(event: Object) -> str:
    """What it happened to."""
    about = _of(event, "involvedObject", {})
    kind, name = about.get("kind", "").lower(), about.get("name")
    return f"{kind}/{name}" if name else kind


def event_subobject(event: Object) -> str:
    """Which part of it, such as a container."""
    return str(_of(event, "involvedObject", {}).get("fieldPath", ""))


def event_source(event: Object) -> str:
    """Who noticed, and where."""
    source = _of(event, "source", {})
    component = source.get("component") or _of(event, "reportingComponent")
    instance = source.get("host") or event.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def event_message(event: Object) -> str:
    """What happened, in a sentence."""
    return str(_of(event, "message")).strip()
