"""What a query says: parameters become options, with the types and the rules that they have.

Kubernetes: apimachinery/pkg/apis/meta/v1/types.go (ListOptions, CreateOptions ...), meta/v1/validation,
meta/internalversion/validation
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.api.errors import NOTHING, BadRequest, FieldError, forbidden, invalid, invalid_object
from k8slearn.apiserver.http.requestinfo import RequestInfo

Options = dict[str, Any]


def _integer(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _boolean(text: str) -> bool:
    return text.lower() not in ("false", "0")


# Parameter -> how to read it. Parameters that are not here are not options of ours and are left out.
PARAMETERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(["labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch"], str),
    **dict.fromkeys(["continue", "fieldManager", "fieldValidation", "propagationPolicy", "dryRun"], str),
    **dict.fromkeys(["limit", "timeoutSeconds", "gracePeriodSeconds"], _integer),
    **dict.fromkeys(["allowWatchBookmarks", "sendInitialEvents", "force", "orphanDependents"], _boolean),
    **dict.fromkeys(["container", "includeObject", "sinceTime"], str),
    **dict.fromkeys(["tailLines", "limitBytes", "sinceSeconds"], _integer),
    **dict.fromkeys(["follow", "previous", "timestamps"], _boolean),
}

#: What chooses the objects of a list; the rest of a query says what to do with them.
LIST_OPTIONS = frozenset(
    ["labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch", "continue", "limit"]
)
#: What the options of a verb are called when something is wrong with them.
TITLES = {
    "list": "ListOptions",
    "watch": "ListOptions",
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}
VALIDATIONS = ("", "Ignore", "Strict", "Warn")
NOT_OLDER, EXACT = "NotOlderThan", "Exact"


def options_of(info: RequestInfo, query: dict[str, str]) -> Options:
    """The options of a request. Raises BadRequest for what cannot be read, Invalid for what breaks a rule."""
    read = {name: PARAMETERS[name](text) for name, text in query.items() if name in PARAMETERS}
    options = {name: value for name, value in read.items() if value not in (None, "")}
    rules = {"list": _of_lists, "watch": _of_watches}.get(info.verb, _of_writes)
    if info.verb == "deletecollection":
        check_options("ListOptions", [*_of_lists(options, read)])
    check_options(TITLES.get(info.verb, ""), [*rules(options, read)])
    return options


def check_options(title: str, broken: list[FieldError]) -> None:
    if broken:
        raise invalid_object(title, "meta.k8s.io", "", broken)


def _of_lists(options: Options, _: Options) -> Iterator[FieldError]:
    match, path = options.get("resourceVersionMatch"), "resourceVersionMatch"
    if "sendInitialEvents" in options:
        yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if match is None:
        return
    if "resourceVersion" not in options:
        yield forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if "continue" in options:
        yield forbidden(path, "resourceVersionMatch is forbidden when continue is provided")
    if match not in (EXACT, NOT_OLDER):
        yield _unsupported(path, f'"{match}"', f'"{EXACT}", "{NOT_OLDER}", ""')
    if match == EXACT and options.get("resourceVersion") == "0":
        yield forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def _of_watches(options: Options, _: Options) -> Iterator[FieldError]:
    match, path = options.get("resourceVersionMatch"), "resourceVersionMatch"
    if "sendInitialEvents" in options and match != NOT_OLDER:
        yield forbidden(path, f"sendInitialEvents requires setting resourceVersionMatch to {NOT_OLDER}")
    if match is None:
        return
    if "sendInitialEvents" not in options:
        yield forbidden(
            path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        )
    if match != NOT_OLDER:
        yield _unsupported(path, f'"{match}"', f'"{NOT_OLDER}"')
    if "continue" in options:
        yield forbidden(path, "resourceVersionMatch is forbidden when continue is provided")


def _of_writes(options: Options, read: Options) -> Iterator[FieldError]:
    if read.get("dryRun", "All") not in ("All", ""):
        yield _unsupported("dryRun", f'[]string{{"{read["dryRun"]}"}}', '"All"')
    manager = options.get("fieldManager", "")
    if len(manager.encode()) > 128:
        yield FieldError("FieldValueTooLong", "fieldManager", NOTHING, "may not be more than 128 bytes")
    if not manager.isprintable():
        yield invalid("fieldManager", manager, "should only contain printable characters")
    if options.get("fieldValidation", "") not in VALIDATIONS:
        listed = ", ".join(f'"{v}"' for v in VALIDATIONS)
        yield _unsupported("fieldValidation", f'"{options["fieldValidation"]}"', listed)


def _unsupported(path: str, value: str, supported: str) -> FieldError:
    """`value` and `supported` as Go prints them."""
    return FieldError("FieldValueNotSupported", path, NOTHING, f"{value}: supported values: {supported}")
