"""Server-side apply: a client says which fields it cares about, and the server keeps track of who cares.

The patch is everything its sender has an opinion about. Fields it names are merged in and become the sender's;
fields it named last time and leaves out now go, unless somebody else owns them too. Whoever would change
another's field is refused, and told whose it is, unless he insists (``force``).

Kubernetes: apimachinery/pkg/util/managedfields/internal (structuredmerge.go, lastappliedmanager.go),
sigs.k8s.io/structured-merge-diff/merge/update.go (Apply, prune)
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import timestamp
from k8slearn.api.errors import ApiError, BadRequest
from k8slearn.api.fieldpaths import FieldSet, difference, has, intersection, path_text, paths, union, without
from k8slearn.api.fieldsets import compare, field_set, with_structs
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, annotations_of, edit
from k8slearn.api.patches import as_object, check_options
from k8slearn.api.requests import Request
from k8slearn.api.shapes import Shape, shape_of
from k8slearn.api.structuredmerge import merge, mistakes, remove
from k8slearn.apiserver import managedfields
from k8slearn.apiserver.managedfields import APPLY, BEFORE_FIRST_APPLY, NEVER, Entry, Managed, Manager

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

NOT_DECODED = "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Conflicts = list[tuple[Manager, tuple[str, ...]]]


def apply(server: ApiServer, resource: Resource, request: Request, old: Object | None) -> Object:
    """What becomes of `old` (None: nothing is there yet) when ``request.body`` is applied to it.

    The answer goes through the ordinary stages afterwards; its managedFields are final. Raises ApiError:
    Conflict, with one cause for each field that belongs to somebody else.
    """
    check_options({"patchType": "apply", **request.options})
    patch = as_object({} if request.body is None else request.body, NOT_DECODED)
    _check_patch(resource, patch)
    live = managedfields.unmanaged(old)
    manager = Manager(request.options["fieldManager"], APPLY, "", request.subresource)
    now = timestamp(server.clock.now)
    try:
        new, managed = _applied(resource, request, live, _owners(resource, old, live, now), manager)
    except ValueError as wrong:  # what is stored does not fit the schema
        raise ApiError(f"failed to create typed live object ({_who(live)}): {wrong}") from None
    if new != live and manager in managed:
        managed[manager] = replace(managed[manager], time=now)
    _check_duplicates(request.options)
    return _finished(edit(new), patch, managed, manager, request, resource, old)


def _check_duplicates(options: dict[str, Any]) -> None:
    """A key that comes twice. Those who asked for a warning get none: it has a line break, which no header can hold."""
    duplicates = options.pop("duplicates", None)
    if duplicates and options.get("fieldValidation") == "Strict":
        why = f"error converting YAML to JSON: {duplicates[0]}"
        raise BadRequest(f"error strict decoding YAML: {why}")


def _applied(
    resource: Resource, request: Request, live: Object, managed: Managed, manager: Manager
) -> tuple[Object, Managed]:
    """(`live` with the patch in it, its owners)"""
    shape, patch = shape_of(resource), request.body
    closed = managedfields.out_of_reach(resource, request.subresource)
    mine = without(field_set(shape, patch), closed)
    last = managed.get(manager)
    managed = {**managed, manager: Entry(mine, resource.api_version, last.time if last else "")}
    new = merge(shape, live, patch)
    if last is not None:
        new = _pruned(shape, new, last.fields, managed)
    change = compare(shape, live, new)
    changed, removed = without(change.changed, closed), without(change.removed, closed)
    allowed = _may_take(request, shape, live)
    return new, _taken(managed, manager, changed, removed, allowed)


def _check_patch(resource: Resource, patch: Object) -> None:
    """Is it an object of this kind and version, and does the schema know all that it says?"""
    if (patch.get("apiVersion"), patch.get("kind")) != (resource.api_version, resource.kind):
        raise BadRequest(f"invalid object type: {_gvk(patch)}")
    metadata = patch.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    wrong = [f"{path}: {what}" if path else what for path, what in mistakes(shape_of(resource), patch)]
    if wrong:
        listed = wrong[0] if len(wrong) == 1 else "\n  ".join(["errors:", *wrong])
        raise ApiError(f"failed to create typed patch object ({_who(patch)}): {listed}")


def _who(obj: Object) -> str:
    """``default/web; apps/v1, Kind=Deployment``"""
    metadata = obj.get("metadata")
    m = metadata if isinstance(metadata, dict) else {}
    return f"{m.get('namespace', '')}/{m.get('name', '')}; {_gvk(obj)}"


def _gvk(patch: Object) -> str:
    """``apps/v1, Kind=Deployment``; the core group has no name, but its slash: ``/v1, Kind=Pod``"""
    group, _, version = str(patch.get("apiVersion") or "").rpartition("/")
    return f"{group}/{version}, Kind={patch.get('kind') or ''}"


def _owners(resource: Resource, old: Object | None, live: Object, now: str) -> Managed:
    """Who owns what so far. Nobody wrote it down: then all there is belongs to whoever came before."""
    try:
        managed = managedfields.decode(old["metadata"].get("managedFields") or []) if old else {}
    except ValueError as wrong:
        raise ApiError(f"failed to decode managed fields: {wrong}") from None
    if managed or old is None:
        return managed
    return managedfields.updated(resource, None, live, {}, BEFORE_FIRST_APPLY, "", now)


# --- fields nobody wants any more ------------------------------------------------------------


def _pruned(shape: Shape, merged: Object, last: FieldSet, managed: Managed) -> Object:
    """`merged` without what the manager applied last time and nobody owns now."""
    everything = with_structs(shape, field_set(shape, merged))
    kept: FieldSet = with_structs(shape, field_set(shape, remove(shape, merged, with_structs(shape, last))))
    for entry in managed.values():
        kept = union(kept, with_structs(shape, entry.fields))
    kept = with_structs(shape, field_set(shape, remove(shape, merged, difference(everything, kept))))
    return remove(shape, merged, intersection(difference(everything, kept), with_structs(shape, last))) or {}


# --- fields of others ------------------------------------------------------------------------


def _taken(
    managed: Managed, manager: Manager, changed: FieldSet, removed: FieldSet, allowed: FieldSet | None
) -> Managed:
    """The owners after `manager` changed and removed fields. Raises Conflict; `allowed` (None: all) is his to take."""
    conflicts: Conflicts = []
    found: Managed = {}
    for other, entry in managed.items():
        fields = entry.fields
        if other != manager:
            conflicts += [(other, path) for path in paths(intersection(fields, changed))]
            fields = difference(difference(fields, changed), removed)
        elif not (fields := difference(fields, NEVER)):
            continue
        if fields:
            found[other] = Entry(fields, entry.api_version, entry.time)
    if allowed is not None:
        conflicts = [(other, path) for other, path in conflicts if not has(allowed, path)]
        if conflicts:
            raise _conflict(conflicts)
    return found


def _conflict(conflicts: Conflicts) -> errors.Conflict:
    conflicts = sorted(conflicts, key=lambda c: c[0])
    cause = {"reason": "FieldManagerConflict"}
    causes = [
        {**cause, "message": f"conflict with {_titled(m)}", "field": path_text(p)} for m, p in conflicts
    ]
    if len(conflicts) == 1:
        listed = f"1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines: list[str] = []
        for manager in dict.fromkeys(m for m, _ in conflicts):
            lines.append(f"conflicts with {_titled(manager)}:")
            lines += [f"- {path_text(path)}" for m, path in conflicts if m == manager]
        listed = f"{len(conflicts)} conflicts: " + "\n".join(lines)
    return errors.Conflict(f"Apply failed with {listed}", details={"causes": causes})


def _titled(manager: Manager) -> str:
    """``"kubectl" using apps/v1``"""
    title = json.dumps(manager.name, ensure_ascii=False)
    if manager.subresource:
        title += f' with subresource "{manager.subresource}"'
    return f"{title} using {manager.api_version}" if manager.api_version else title


# --- kubectl, which applied on the client's side before --------------------------------------


def _may_take(request: Request, shape: Shape, live: Object) -> FieldSet | None:
    """The fields that may be taken from others without asking; None: all of them.

    kubectl may have what it applied itself when it still did so on the client's side.
    """
    if request.options.get("force"):
        return None
    text = annotations_of(live).get(LAST_APPLIED)
    if request.options["fieldManager"] != "kubectl" or not text:
        return {}
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(said, dict) or said.get("apiVersion") != live["apiVersion"] or [*mistakes(shape, said)]:
        return {}
    change = compare(shape, said, live)
    changed = union(change.changed, change.removed)
    return difference(field_set(shape, said), changed)


def _finished(
    new: Object,
    patch: Object,
    managed: Managed,
    manager: Manager,
    request: Request,
    resource: Resource,
    old: Object | None,
) -> Object:
    new.setdefault("metadata", {})
    metadata = new["metadata"] = new["metadata"] or {}
    if manager.name == "kubectl" and annotations_of(new).get(LAST_APPLIED):
        metadata["annotations"][LAST_APPLIED] = _as_last_applied(patch)
    if managed:
        metadata["managedFields"] = managedfields.encode(managed)
    if old is None and metadata.get("uid"):
        why = f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing object was found"
        raise errors.conflict(resource.plural, resource.group, request.name, why)
    if not metadata.get("name"):
        why = (
            f"the name of the object ({request.name} based on URL) was undeterminable: name must be provided"
        )
        raise BadRequest(why)
    return new


def _as_last_applied(patch: Object) -> str:
    """The patch as kubectl would have noted it: sorted, compact, ended by a line break, and without the note."""
    metadata: dict[str, Any] = patch.get("metadata") or {}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    if "annotations" in metadata:
        metadata = {**metadata, "annotations": annotations}
    return json.dumps({**patch, "metadata": metadata}, sort_keys=True, separators=(",", ":")) + "\n"
