"""Cells that many kinds share: counts, ratios, labels, selectors, names of containers.

A formatter gets what stands at some paths of an object (None where nothing does) and says what the cell
shows. Its docstring is the column's description, so it is said to the reader of a table.

Kubernetes: pkg/printers/internalversion/printers.go, apimachinery/pkg/apis/meta/v1/helpers.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from k8slearn.api.duration import human_duration, since
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import controller_of
from k8slearn.api.selectors import LabelSelector

NONE, UNSET, UNKNOWN, ERROR = "<none>", "<unset>", "<unknown>", "<error>"

Fields = Mapping[str, Any]
Formatter = Callable[..., Any]


def age(timestamp: str | None, now: float) -> str:
    """How long ago that was."""
    return since(timestamp, now)


def age_or_none(timestamp: str | None, now: float) -> str:
    """How long ago that was, if it ever was."""
    return since(timestamp, now) if timestamp else NONE


def duration_or_none(seconds: int | None) -> str:
    """How long it shall last."""
    return NONE if seconds is None else human_duration(seconds)


def text(value: Any, missing: str) -> str:
    """A number or a percentage, as text."""
    return missing if value is None else str(value)


def true_or_false(value: bool | None) -> str:
    """Is it so?"""
    return UNSET if value is None else str(value)


def ratio(have: int | None, want: int | None) -> str:
    """How many there are, of how many wanted."""
    return f"{have or 0}/{want or 0}"


def count(*collections: Any) -> int:
    """How many there are."""
    return sum(len(c) for c in collections if c)


def listed(values: Iterable[str] | None) -> str:
    """All of them."""
    return ",".join(values or ())


def listed_or_none(values: Iterable[str] | None) -> str:
    """All of them."""
    return listed(values) or NONE


def at_most(most: int, values: list[str], separator: str = ",") -> str:
    """The first few, and how many more there are: ``10.0.0.1,10.0.0.2,10.0.0.3 + 4 more...``"""
    more = f" + {len(values) - most} more..." if len(values) > most else ""
    return separator.join(values[:most]) + more


def labels(pairs: Mapping[str, str] | None) -> str:
    """Labels, by name.

    Kubernetes: labels.FormatLabels
    """
    return str(LabelSelector.from_set(pairs)) or NONE


def selector(fields: Fields | None) -> str:
    """Which labels are meant.

    Kubernetes: metav1.FormatLabelSelector
    """
    try:
        return bare_selector(fields) or NONE
    except ApiError:
        return ERROR


def bare_selector(fields: Fields | None) -> str:
    """Which labels are meant; nothing when it means everything, or nothing."""
    return "" if fields is None else str(LabelSelector.of(fields))


def each_name(things: Iterable[Fields] | None) -> str:
    """The name of each."""
    return ",".join(t.get("name", "") for t in things or ())


def each_image(containers: Iterable[Fields] | None) -> str:
    """The image of each container."""
    return ",".join(c.get("image", "") for c in containers or ())


def kind_and_name(reference: Fields | None) -> str:
    """Who is referred to."""
    reference = reference or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def namespace_and_name(reference: Fields | None) -> str:
    """Who is referred to; Local where it is the server itself."""
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else "Local"


def controller(obj: Fields) -> str:
    """Who looks after it."""
    owner = controller_of(obj)
    if owner is None:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    kind = f"{owner['kind']}.{group}" if group else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


def condition(conditions: Iterable[Fields] | None, kind: str) -> Fields | None:
    """The condition of this type, if there is one."""
    return next((c for c in conditions or () if c.get("type") == kind), None)


def is_true(conditions: Iterable[Fields] | None, kind: str) -> bool:
    """Is there a condition of this type, and does it hold?"""
    found = condition(conditions, kind)
    return found is not None and found.get("status") == "True"
