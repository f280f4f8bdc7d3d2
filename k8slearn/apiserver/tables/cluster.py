"""Cells about nodes, volumes, access and admission: what belongs to the cluster as a whole.

Kubernetes: pkg/printers/internalversion/printers.go, kube-aggregator/pkg/registry/apiservice
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from k8slearn.api.objects import Object, annotations_of, dig, is_deleting
from k8slearn.apiserver.tables.cells import NONE, UNSET, Fields, condition, is_true, selector

Many = Sequence[Fields] | None

# --- nodes ------------------------------------------------------------------------------------

ROLE = "node-role.kubernetes.io/"


def node_status(node: Object) -> str:
    """Is the node ready, and does it take new pods?"""
    ready = condition(dig(node, "status", "conditions"), "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if dig(node, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def node_roles(labels: Mapping[str, str] | None) -> str:
    """What the node's labels say it is for."""
    labels = labels or {}
    roles = {key.removeprefix(ROLE) for key in labels if key.startswith(ROLE)}
    return ",".join(sorted((roles | {labels.get("kubernetes.io/role", "")}) - {""})) or NONE


def node_address(addresses: Many, kind: str) -> str:
    """The first address of this sort."""
    return next((a.get("address", "") for a in addresses or () if a.get("type") == kind), NONE)


def component_health(conditions: Many) -> str:
    """Is the component well?"""
    if condition(conditions, "Healthy") is None:
        return "Unknown"
    return "Healthy" if is_true(conditions, "Healthy") else "Unhealthy"


def component_says(conditions: Many, field: str) -> str:
    """What the component says about its health."""
    return str(dig(condition(conditions, "Healthy"), field, default=""))


# --- volumes ----------------------------------------------------------------------------------

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
    "volumeattributesclass.alpha.kubernetes.io/is-default-class",
)
MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def phase_or_terminating(obj: Object) -> str:
    """Where it is in its life."""
    return "Terminating" if is_deleting(obj) else str(dig(obj, "status", "phase", default=""))


def access_modes(modes: Iterable[str] | None) -> str:
    """How it can be mounted."""
    return ",".join(short for mode, short in MODES.items() if mode in (modes or ()))


def claim(reference: Fields | None) -> str:
    """The claim it belongs to."""
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""


def claimed_modes(volume: str | None, modes: Iterable[str] | None) -> str:
    """How it can be mounted, once there is a volume."""
    return access_modes(modes) if volume else ""


def claimed_capacity(volume: str | None, capacity: str | None) -> str:
    """How much it holds, once there is a volume."""
    return str(capacity or "0") if volume else ""


def storage_class(obj: Object) -> str:
    """The class of storage."""
    return str(annotations_of(obj).get(BETA_CLASS) or dig(obj, "spec", "storageClassName", default=""))


def name_or_default(metadata: Fields | None) -> str:
    """The name, and whether it is the one taken when none is asked for."""
    annotations = dig(metadata, "annotations", default={})
    mark = " (default)" if any(annotations.get(a) == "true" for a in DEFAULT_CLASS) else ""
    return f"{dig(metadata, 'name', default='')}{mark}"


# --- access and admission ---------------------------------------------------------------------


def subjects(found: Many, kind: str) -> str:
    """To whom the role is given.

    Kubernetes: rbac.SubjectsStrings
    """
    names = [s for s in found or () if s.get("kind") == kind]
    if kind == "ServiceAccount":
        return ", ".join(f"{s.get('namespace', '')}/{s.get('name', '')}" for s in names)
    return ", ".join(s.get("name", "") for s in names)


def certificate_condition(status: Fields | None) -> str:
    """What has been decided about the request."""
    types = {c.get("type") for c in dig(status, "conditions", default=())}
    words = [next((w for w in ("Denied", "Approved") if w in types), "Pending")]
    words += ["Failed"] if "Failed" in types else []
    return ",".join([*words, "Issued"] if dig(status, "certificate") else words)


def param_kind(kind: Fields | None) -> str:
    """The kind of the objects that hold its parameters."""
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET


def param_ref(reference: Fields | None) -> str:
    """Which objects hold its parameters."""
    reference = reference or {}
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return UNSET if reference.get("selector") is None else selector(reference["selector"])


def dangling(conditions: Many) -> str:
    """Does it name a priority level that is not there?"""
    return str(dig(condition(conditions, "Dangling"), "status", default="?"))


def availability(conditions: Many) -> str:
    """Can the service behind this API be reached?"""
    found = condition(conditions, "Available")
    if found is None:
        return "Unknown"
    status, reason = found.get("status", ""), found.get("reason")
    return f"{status} ({reason})" if reason and status != "True" else str(status)
