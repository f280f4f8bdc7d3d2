"""What a write goes through before it may be stored: a list of stages, each a small function.

A stage looks at the `Write` and changes ``write.object``, or raises an ApiError, in which case
nothing has happened. Nothing in here touches the store except to read.

Kubernetes: apiserver/pkg/registry/generic/registry/store.go (Create, Update), registry/rest/create.go
and update.go, and the admission chain in apiserver/pkg/admission.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors, schema
from k8slearn.api.clock import timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Key, Object, edit, make_key, meta, revision_of, thawed
from k8slearn.api.patches import undecodable
from k8slearn.api.requests import Request
from k8slearn.api.versions import convert
from k8slearn.apiserver import admission, strategy
from k8slearn.apiserver.allocation import allocate
from k8slearn.apiserver.defaults import default
from k8slearn.apiserver.managedfields import keep_times, manage_fields
from k8slearn.apiserver.rbac import check_escalation
from k8slearn.apiserver.validation import validate
from k8slearn.apiserver.warnings import warnings

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

TWICE_OWNED = (
    ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in 1.20+, and may "
    "reject such requests as early as 1.24; please fix your requests"
)
CHANGED_SINCE = "the object has been modified; please apply your changes to the latest version and try again"


@dataclass(slots=True)
class Write:
    """One write on its way: what was sent, what it has become, and what is stored now."""

    request: Request
    resource: Resource
    object: Object
    old: Object | None = None
    rounds: admission.Rounds | None = None  # set by the first mutating webhook

    @property
    def warnings(self) -> list[str]:
        """What the client will be told beside the answer."""
        return self.request.warnings

    @property
    def key(self) -> Key:
        m = self.object["metadata"]
        return make_key(m.get("namespace", ""), m.get("name", ""))


Stage = Callable[["ApiServer", Write], None]


def run(server: ApiServer, write: Write, stages: tuple[Stage, ...]) -> None:
    for stage in stages:
        stage(server, write)


# --- the stages ------------------------------------------------------------------------------


def decode(server: ApiServer, write: Write) -> None:
    """Is it an object of this kind at all? Wrong types are refused, unknown fields dropped."""
    resource, body = write.resource, write.object
    if not isinstance(body, dict):
        raise errors.BadRequest(f"the object provided is unrecognized (must be of type {resource.kind})")
    sent = (body.get("apiVersion") or resource.api_version, body.get("kind") or resource.kind)
    if sent != (resource.api_version, resource.kind):
        raise errors.BadRequest(f'{sent[1]} in version "{sent[0]}" cannot be handled as a {resource.kind}')
    strictness = write.request.options.get("fieldValidation", "Warn")
    known = {f: v for f, v in (write.old or {}).items() if body.get(f) is v and isinstance(v, dict)}
    new = {f: v for f, v in body.items() if f not in known}  # what is stored has been through here before
    try:
        obj, warnings = schema.decode(
            resource, new, field_validation=strictness, duplicates=write.request.options.get("duplicates")
        )
    except errors.BadRequest as error:
        if write.request.verb != "patch":
            raise
        kind = write.request.options.get("patchType", "merge")
        raise undecodable(error, body, write.request.body, kind) from None
    metadata = thawed(known.get("metadata") or obj.get("metadata") or {})
    decoded = {"apiVersion": sent[0], "kind": sent[1], **obj, **known, "metadata": metadata}
    write.resource = server.kinds.stored(resource)
    write.object = convert(decoded, resource, write.resource)
    write.warnings.extend(warnings)


def match_url(server: ApiServer, write: Write) -> None:
    """The name and namespace in the object must be those of the request, or absent."""
    m, request = write.object["metadata"], write.request
    if write.resource.namespaced and m.setdefault("namespace", request.namespace) != request.namespace:
        raise errors.BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if not write.resource.namespaced:
        m.pop("namespace", None)
    name = m.get("name")
    if request.verb != "create" and not name:
        why = "was undeterminable: name must be provided"
        raise errors.BadRequest(f"the name of the object ({request.name} based on URL) {why}")
    if request.verb != "create" and name != request.name:
        raise errors.BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({request.name})"
        )


def dedup_owners(server: ApiServer, write: Write) -> None:
    """An owner that is named twice is noted once, and the client is told."""
    owners = write.object["metadata"].get("ownerReferences") or ()
    once = [owner for i, owner in enumerate(owners) if owner not in owners[:i]]
    if len(once) == len(owners):
        return
    write.object["metadata"]["ownerReferences"] = once
    again = ", ".join(owner.get("uid", "") for i, owner in enumerate(owners) if owner in owners[:i])
    when = " after mutating admission happens" if write.request.verb == "patch" else ""
    write.warnings.append(f"{TWICE_OWNED.format(when)}; duplicate UID(s) observed: {again}")


def compare_revision(server: ApiServer, write: Write) -> None:
    """Optimistic locking: whoever says what he has read may only replace that. Not to say it is to insist."""
    assert write.old is not None
    resource, name = write.resource, write.request.name
    if write.request.verb == "update":
        _compare_uid(write)
    read_at = parse_revision(write.object["metadata"].get("resourceVersion") or "0")
    if read_at not in (0, revision_of(write.old)):
        raise errors.conflict(resource.plural, resource.group, name, CHANGED_SINCE)
    if read_at == 0 and strategy.is_conditional(resource) and write.request.verb == "update":
        rule = errors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise errors.invalid_object(resource.plural, resource.group, name, [rule])


def _compare_uid(write: Write) -> None:
    """Whoever says which object he means may not replace another of the same name."""
    assert write.old is not None
    meant, have = write.object["metadata"].get("uid"), write.old["metadata"]["uid"]
    if not meant or meant == have:
        return
    resource, name = write.resource, write.request.name
    key = "/".join(["/registry", storage_prefix(resource), *filter(None, (write.request.namespace, name))])
    why = (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {meant}, UID in object meta: {have}"
    )
    raise errors.conflict(resource.plural, resource.group, name, why)


#: Where etcd keeps the kinds that do not lie under their own names.
_PREFIXES = {
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "ingresses": "ingress",
}


def storage_prefix(resource: Resource) -> str:
    if not resource.builtin:
        return f"{resource.group}/{resource.plural}"
    return _PREFIXES.get(resource.plural, resource.plural)


def parse_revision(text: str | int) -> int:
    """A resourceVersion that a client has sent."""
    digits = str(text)
    if digits.isascii() and digits.isdigit():
        revision = int(digits[:21])  # Go's greatest has 20 digits
        if revision < 1 << 64:
            return revision
        why = "value out of range"
    else:
        why = "invalid syntax"
    why = f"strconv.ParseUint: parsing {json.dumps(digits)}: {why}"
    raise errors.ApiError(str(errors.invalid("resourceVersion", digits, why)))


def prepare_create(server: ApiServer, write: Write) -> None:
    """What only the server may say: uid, creation time, generation 1, no status yet."""
    m = write.object["metadata"]
    if m.pop("resourceVersion", None):
        raise errors.ApiError("resourceVersion should not be set on objects to be created")
    for given in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        m.pop(given, None)
    if not m.get("name") and m.get("generateName"):
        m["name"] = server.generate_name(write.resource, m)
    m["uid"] = server.dice.uid(server.lot, write.resource.name, m.get("name"))
    m["creationTimestamp"] = timestamp(server.clock.now)
    if strategy.has_generation(write.resource):
        m["generation"] = 1
    if write.resource.has_status and write.resource.kind not in strategy.BORN_WITH_STATUS:
        write.object.pop("status", None)


def prepare_update(server: ApiServer, write: Write) -> None:
    """A client of the main resource cannot change what is the server's, nor the status."""
    assert write.old is not None
    old, m = write.old, write.object["metadata"]
    for kept in ("uid", "deletionGracePeriodSeconds"):
        if kept in old["metadata"]:
            m.setdefault(kept, old["metadata"][kept])
    for fixed in ("creationTimestamp", "deletionTimestamp", "resourceVersion"):
        if fixed in old["metadata"]:
            m[fixed] = old["metadata"][fixed]
    m.pop("generation", None)
    if write.resource.has_status:
        write.object.pop("status", None)
        if "status" in old:
            write.object["status"] = old["status"]
    strategy.prepare_update(write.resource, write.object, old)
    generation = strategy.next_generation(write.resource, old, write.object)
    if generation:
        m["generation"] = generation


def prepare_status(server: ApiServer, write: Write) -> None:
    """The status subresource changes the status, and for most kinds the metadata; never what is asked for."""
    assert write.old is not None
    metadata = strategy.status_metadata(write.resource, write.object, write.old)
    if "managedFields" in write.object["metadata"]:
        metadata = {**metadata, "managedFields": write.object["metadata"]["managedFields"]}
    status = thawed(write.object.get("status"))
    write.object = {**write.old, "metadata": edit(metadata), "status": status}
    strategy.prepare_status(write.resource, write.object, write.old)


def fill_defaults(server: ApiServer, write: Write) -> None:
    """What was left unsaid, as the API documents it. The stored object says everything."""
    write.object = {field: thawed(value) for field, value in write.object.items()}
    default(write.resource, write.object)


def admit(server: ApiServer, write: Write) -> None:
    """Mutating admission; after it, what the server itself says of a new object."""
    admission.admit(server, write)
    if write.old is None:
        strategy.prepare_create(write.resource, write.object)


def admit_status(server: ApiServer, write: Write) -> None:
    """Mutating admission of a status; what webhooks have changed beside it is dropped."""
    admission.admit(server, write)
    if write.rounds is not None:
        write.object = edit(write.object)
        prepare_status(server, write)


def check(server: ApiServer, write: Write) -> None:
    """Every rule that the finished object breaks, all at once."""
    asked = server.kinds.named(write.request.resource)
    broken = validate(write.resource, write.object, write.old, write.request.subresource, asked.group)
    if broken:
        m = meta(write.object)
        raise errors.invalid_object(
            write.resource.kind, write.resource.group, m.get("name") or m.get("generateName", ""), broken
        )


def warn(server: ApiServer, write: Write) -> None:
    """What is not wrong, but worth a word."""
    write.warnings.extend(warnings(write.resource, write.object, write.old))


def allot(server: ApiServer, write: Write) -> None:
    """Addresses and ports, from the server's pools."""
    allocate(server, write.resource, write.object, write.old)


READ: tuple[Stage, ...] = (decode, match_url)  # can it be read at all, and is it what the URL says?
CREATE: tuple[Stage, ...] = (
    decode,
    match_url,
    dedup_owners,
    prepare_create,
    fill_defaults,
    manage_fields,
    admit,
    check_escalation,
    check,
    warn,
    allot,
    admission.validate,
)
UPDATE: tuple[Stage, ...] = (
    decode,
    match_url,
    dedup_owners,
    compare_revision,
    fill_defaults,
    manage_fields,
    admit,
    prepare_update,
    check_escalation,
    check,
    warn,
    allot,
    admission.validate,
    keep_times,
)
STATUS: tuple[Stage, ...] = (
    decode,
    match_url,
    compare_revision,
    prepare_status,
    fill_defaults,
    manage_fields,
    admit_status,
    check,
    admission.validate,
    keep_times,
)


def stages_for(write: Write) -> tuple[Stage, ...]:
    """Which stages a write passes, in order."""
    if write.old is None:
        return CREATE
    return STATUS if write.request.subresource == "status" else UPDATE


def unchanged(old: Object, new: dict[str, Any]) -> bool:
    """Would writing `new` change anything? A write that changes nothing is not written."""
    a, b = dict(old["metadata"]), dict(new["metadata"])
    a.pop("resourceVersion", None), b.pop("resourceVersion", None)
    return a == b and {**old, "metadata": 0} == {**new, "metadata": 0}
