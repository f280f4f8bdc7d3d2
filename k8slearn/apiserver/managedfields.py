"""Who said what: ``metadata.managedFields`` keeps, for each writer, the set of fields that he set last.

Every ordinary write takes the fields that it changes away from everybody else. Server-side apply (`apply.py`)
asks before it takes. Bookkeeping costs time, so a simulation only does it for objects that somebody applies
(``server.manages_fields``).

Kubernetes: apimachinery/pkg/util/managedfields (one file there per class here or less),
sigs.k8s.io/structured-merge-diff/merge/update.go. Read `fieldpaths` first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api import fieldpaths
from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.fieldpaths import FieldSet, difference, of_paths, union, without
from k8slearn.api.fieldsets import Comparison, compare
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.shapes import shape_of
from k8slearn.api.users import NODE, User

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

APPLY, UPDATE = "Apply", "Update"
CONTROLLER = "system:serviceaccount:kube-system:"
MOST_UPDATERS = 10
ANCIENT, BEFORE_FIRST_APPLY, UNKNOWN = "ancient-changes", "before-first-apply", "unknown"


class Manager(NamedTuple):
    """Who an entry belongs to. An applier stays the same whichever version of the API he uses."""

    name: str
    operation: str
    api_version: str = ""  # of updaters only
    subresource: str = ""


@dataclass(frozen=True)
class Entry:
    """One manager's fields, and when he last changed something."""

    fields: FieldSet
    api_version: str
    time: str = ""


Managed = dict[Manager, Entry]

# --- what nobody owns ------------------------------------------------------------------------

#: What the server itself keeps. Kubernetes: stripmeta.go
NEVER = of_paths(
    *("apiVersion kind metadata metadata.name metadata.namespace metadata.creationTimestamp").split(),
    *("metadata.selfLink metadata.uid metadata.clusterName metadata.generation").split(),
    *("metadata.managedFields metadata.resourceVersion").split(),
)

STATUS, SPEC = of_paths("status"), of_paths("spec")

#: What a write through /status cannot set, where that is more than the spec. Kubernetes: GetResetFields
NOT_THROUGH_STATUS = {
    "Deployment": of_paths("spec", "metadata.labels"),
    "Pod": of_paths("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
}
NOT_IN_CUSTOM_STATUS = of_paths("spec", "metadata")


def out_of_reach(resource: Resource, subresource: str) -> FieldSet:
    """The fields that a write through this door cannot set, so that it does not come to own them."""
    if not subresource:
        return STATUS if resource.has_status else {}
    if subresource != "status":
        return {}
    return NOT_THROUGH_STATUS.get(resource.kind, SPEC) if resource.builtin else NOT_IN_CUSTOM_STATUS


# --- the stages ------------------------------------------------------------------------------


def manage_fields(server: ApiServer, write: Write) -> None:
    """The stage of every write but apply: after defaulting, before admission adds what nobody asked for."""
    old = write.old
    before = old["metadata"].get("managedFields") if old else None
    if write.request.options.get("patchType") == "apply":
        return
    metadata = dict(write.object["metadata"])
    given = metadata.pop("managedFields", None)
    if not (before or server.manages_fields or given is not None):
        return
    write.object = {**write.object, "metadata": metadata}
    if not (before or server.manages_fields):
        return
    entries: list[Object] | None = before
    with suppress(ValueError):  # an item without its key: validation will not let it pass
        entries = encode(_after(server, write, _starting_point(given, before, write.request.subresource)))
    if entries:
        metadata["managedFields"] = entries


def _after(server: ApiServer, write: Write, managed: Managed) -> Managed:
    """Who owns what after this write. Of an object that nobody kept book on, no book is begun."""
    if not managed and write.old is not None:
        return managed
    request, now = write.request, timestamp(server.clock.now)
    manager = request.options.get("fieldManager") or _program(request.user)
    return updated(write.resource, write.old, write.object, managed, manager, request.subresource, now)


def _program(user: User) -> str:
    """What a component's program is called, for those who talk to us without HTTP and its User-Agent."""
    if user.name.startswith(NODE):
        return "kubelet"
    component = user.name.removeprefix(CONTROLLER)
    if component == user.name:
        return UNKNOWN
    return "kube-scheduler" if "scheduler" in component else "kube-controller-manager"


def keep_times(server: ApiServer, write: Write) -> None:
    """The last stage: if nothing has changed but the time of an entry, nothing has changed."""
    new, old = write.object["metadata"], write.old
    if (
        old is None
        or "managedFields" not in new
        or old["metadata"].get("managedFields") == new["managedFields"]
    ):
        return
    if [_timeless(e) for e in new["managedFields"]] == [
        _timeless(e) for e in old["metadata"].get("managedFields", [])
    ]:
        ignored = {"resourceVersion": 0, "managedFields": 0}
        same = {**old["metadata"], **ignored} == {**new, **ignored}
        if same and {**old, "metadata": 0} == {**write.object, "metadata": 0}:
            new["managedFields"] = old["metadata"]["managedFields"]


def _timeless(entry: Object) -> Object:
    return {**entry, "time": ""}


def _starting_point(given: Any, before: Any, subresource: str) -> Managed:
    """Who owns what before this write. A client may rewrite the list, or reset it with ``[]`` or ``[{}]``."""
    if subresource:
        return _readable(before)
    if given is not None and given in ([], [{}]):
        return {}
    return _readable(given) or _readable(before)


def _readable(entries: Any) -> Managed:
    try:
        return decode(entries or [])
    except (ValueError, RecursionError):
        return {}


# --- the rules -------------------------------------------------------------------------------


def updated(
    resource: Resource,
    old: Object | None,
    new: Object,
    managed: Managed,
    name: str,
    subresource: str,
    now: str,
) -> Managed:
    """Who owns what after `name` wrote `new` over `old`: what has changed is his, and nobody else's."""
    closed = out_of_reach(resource, subresource)
    change = Comparison(
        *(without(part, closed) for part in compare(shape_of(resource), unmanaged(old), unmanaged(new)))
    )
    gone = union(change.changed, change.removed)
    if gone:
        managed = {m: Entry(difference(e.fields, gone), e.api_version, e.time) for m, e in managed.items()}
        managed = {m: e for m, e in managed.items() if e.fields}
    mine = difference(change.changed, NEVER)
    if mine:
        api_version = new["apiVersion"]
        manager = Manager(name, UPDATE, api_version, subresource)
        if manager in managed:
            mine = union(mine, managed[manager].fields)
        managed = {**managed, manager: Entry(mine, api_version, now)}
    return capped(managed)


def unmanaged(obj: Object | None) -> Object:
    """An object without the book that is kept about it; nothing is an object without fields."""
    if obj is None:
        return {}
    if "managedFields" not in obj["metadata"]:
        return obj
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}


def capped(managed: Managed) -> Managed:
    """At most ten updaters: the oldest of one version share an entry. Kubernetes: capmanagers.go"""
    updaters = [m for m in managed if m.operation == UPDATE]
    excess = len(updaters) - MOST_UPDATERS
    if excess <= 0:
        return managed
    managed = dict(managed)
    first: dict[str, Manager] = {}
    for manager in sorted(updaters, key=lambda m: (_seconds(managed[m]), m)):
        version = managed[manager].api_version
        if excess > 0 and version in first:
            bucket = Manager(ANCIENT, UPDATE, version)
            entry, shared = managed.pop(manager), managed.pop(first[version])
            managed[bucket] = Entry(union(entry.fields, shared.fields), version, entry.time)
            first[version] = bucket
            excess -= 1
        first.setdefault(version, manager)
    return managed


def _seconds(entry: Entry) -> float:
    return seconds_of(entry.time) if entry.time else 0


# --- the wire --------------------------------------------------------------------------------


def decode(entries: Any) -> Managed:
    """``metadata.managedFields``, read. Raises ValueError for what is no such list."""
    managed: Managed = {}
    for i, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        if not isinstance(entry, dict) or any(not isinstance(entry.get(f), str | None) for f in _TEXTS):
            raise ValueError(f"managed fields entry {i} is malformed")
        operation, version = entry.get("operation"), entry.get("apiVersion") or ""
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not version:
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            kind = entry.get("fieldsType")
            what = f'invalid fieldsType "{kind}"' if kind else "missing fieldsType"
            raise ValueError(f"{what} in managed fields entry {i}")
        named = version if operation == UPDATE else ""
        manager = Manager(entry.get("manager") or "", operation, named, entry.get("subresource") or "")
        fields = fieldpaths.parse(entry.get("fieldsV1") or {})
        managed[manager] = Entry(fields, version, entry.get("time") or "")
        _seconds(managed[manager])
    return managed


_TEXTS = ("manager", "operation", "apiVersion", "time", "fieldsType", "subresource")


def encode(managed: Managed) -> list[Object]:
    """The inverse of `decode`: appliers first, then by age."""
    ordered = sorted(managed.items(), key=lambda me: (me[0].operation, _seconds(me[1]), *me[0]))
    return [_encode(manager, entry) for manager, entry in ordered]


def _encode(manager: Manager, entry: Entry) -> Object:
    found = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fieldpaths.dump(entry.fields),
        "subresource": manager.subresource,
    }
    return {name: value for name, value in found.items() if value or name == "fieldsV1"}
