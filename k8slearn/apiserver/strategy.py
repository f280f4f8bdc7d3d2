"""Where kinds differ from each other, as tables: generation, first status, what an update cannot touch.

Kubernetes: pkg/registry/<group>/<kind>/strategy.go, one per kind; here one table per question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver import services
from k8slearn.apiserver.defaults.status import default_status

#: Kinds whose metadata.generation counts the changes of what is asked for, and where that stands.
GENERATION: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        "Pod ReplicationController Deployment ReplicaSet StatefulSet DaemonSet Job CronJob PodDisruptionBudget "
        "Ingress IngressClass NetworkPolicy CSIDriver FlowSchema PriorityLevelConfiguration ServiceCIDR "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy "
        "MutatingAdmissionPolicyBinding CustomResourceDefinition DeviceClass ResourceSlice".split(),
        ("spec",),
    ),
    **dict.fromkeys(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"], ("webhooks",)),
    "EndpointSlice": ("addressType", "endpoints", "ports"),
    "PodTemplate": ("template",),
    "PriorityClass": (),
}

#: What of the metadata counts as a wish, too: a Deployment's annotations by an accident of history.
_WISHES = {"Deployment": "annotations", "EndpointSlice": "labels"}

#: Kinds that may not be updated blindly: an update must name the resourceVersion it has read.
CONDITIONAL = frozenset(
    "Lease PodDisruptionBudget CSIDriver CSINode CSIStorageCapacity VolumeAttachment RuntimeClass APIService "
    "CustomResourceDefinition ValidatingWebhookConfiguration MutatingWebhookConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy "
    "MutatingAdmissionPolicyBinding".split()
)

#: Kinds of which an update makes the object that is not there yet. Kubernetes: AllowCreateOnUpdate
CREATED_BY_UPDATE = frozenset(
    "Service Endpoints Event LimitRange Lease RuntimeClass Role RoleBinding ClusterRole ClusterRoleBinding".split()
)

#: Kinds whose DELETE answers with the object that went, not with a Status.
RETURNS_DELETED = frozenset(
    "Pod Namespace Service PersistentVolumeClaim PersistentVolume ResourceQuota ServiceAccount PodTemplate "
    "StorageClass CSIDriver CSINode CSIStorageCapacity VolumeAttachment VolumeAttributesClass ResourceClaim "
    "ResourceClaimTemplate ResourceSlice DeviceClass".split()
)

#: Kinds with a status that may be given on creation: a machine registers itself with what it is.
BORN_WITH_STATUS = frozenset(["Node"])

#: Kinds of which the status subresource leaves all metadata alone. So do custom resources.
STATUS_ONLY = frozenset(
    "CertificateSigningRequest CustomResourceDefinition APIService ValidatingAdmissionPolicy FlowSchema "
    "PriorityLevelConfiguration ServiceCIDR".split()
)

#: What of the metadata a write of the status cannot change, though it can change the rest.
_NOT_WITH_STATUS = {"Deployment": ("labels",), "Pod": ("ownerReferences", "deletionTimestamp")}

#: Namespaces without which there is no cluster. Kubernetes: admission/plugin/namespace/lifecycle
IMMORTAL = frozenset(["default", "kube-system", "kube-public"])


def is_conditional(resource: Resource) -> bool:
    return resource.kind in CONDITIONAL or not resource.builtin


# --- generation -----------------------------------------------------------------------------------


def has_generation(resource: Resource) -> bool:
    return resource.kind in GENERATION or not resource.builtin


def next_generation(resource: Resource, old: Object, new: Object) -> int:
    """One more, if `new` asks for what `old` did not. A kind that does not count keeps what it was born with."""
    now: int = old["metadata"].get("generation", 0)
    return now + (has_generation(resource) and asks_for_something_new(resource, old, new))


def asks_for_something_new(resource: Resource, old: Object, new: Object) -> bool:
    """Does `new` ask for anything that `old` did not? Metadata and status are no wishes."""
    if not resource.builtin:
        ignored: Object = {"metadata": 0, **({"status": 0} if resource.has_status else {})}
        return {**old, **ignored} != {**new, **ignored}
    if any(old.get(field) != new.get(field) for field in GENERATION[resource.kind]):
        return True
    also = _WISHES.get(resource.kind)
    return also is not None and (old["metadata"].get(also) or {}) != (new["metadata"].get(also) or {})


# --- what the server says of a new object ---------------------------------------------------------

#: What is said of a pod that its gates keep from the scheduler.
GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
    "lastProbeTime": None,
    "lastTransitionTime": None,
}


def qos_class(pod: Object) -> str:
    """How dear a pod is when its node runs out of memory. Kubernetes: pkg/apis/core/v1/helper/qos"""
    containers = [
        *dig(pod, "spec", "containers", default=[]),
        *dig(pod, "spec", "initContainers", default=[]),
    ]
    resources = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    for r in resources:
        limits, requests = r.get("limits") or {}, r.get("requests") or {}
        if not {"cpu", "memory"} <= set(limits) or {**limits, **requests} != limits:
            return "Burstable"
    return "Guaranteed"


def _pod(pod: Object) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(pod)}
    if dig(pod, "spec", "schedulingGates"):
        pod["status"]["conditions"] = [{**GATED}]


def _namespace(namespace: Object) -> None:
    namespace["status"] = {"phase": "Active"}
    finalizers = dig(namespace, "spec", "finalizers", default=None) or []
    own = [] if "kubernetes" in finalizers else ["kubernetes"]
    namespace["spec"] = {"finalizers": [*finalizers, *own]}


def _volume(volume: Object) -> None:
    since = volume["metadata"]["creationTimestamp"]
    volume["status"] = {"phase": "Pending", "lastPhaseTransitionTime": since}


def _definition(crd: Object) -> None:
    stored = [v["name"] for v in crd["spec"].get("versions") or () if v.get("storage")]
    accepted: Object = {"plural": "", "kind": ""}
    crd["status"] = {"conditions": None, "acceptedNames": accepted, "storedVersions": stored[:1] or None}


_CREATE: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Namespace": _namespace,
    "PersistentVolume": _volume,
    "Service": services.prepare_create,
    "CustomResourceDefinition": _definition,
}


def prepare_create(resource: Resource, obj: Object) -> None:
    """What the server itself says about an object that nobody has looked at yet."""
    if resource.kind in _CREATE and resource.builtin:
        _CREATE[resource.kind](obj)


# --- what an update cannot touch ------------------------------------------------------------------

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def _keep_finalizers(new: Object, old: Object) -> None:
    new["spec"] = old.get("spec", {})  # only the finalize subresource may change them


def _daemon_set(new: Object, old: Object) -> None:
    """An old way to count, kept as an annotation that nobody else can write."""
    counted = (old["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "1")
    changed = dig(new, "spec", "template") != dig(old, "spec", "template")
    annotations: dict[str, Any] = new["metadata"].setdefault("annotations", {})
    annotations[_TEMPLATE_GENERATION] = str(int(counted) + changed)


def _stored_versions(new: Object, old: Object) -> None:
    """Objects may lie in any version that was ever the stored one."""
    status = new.get("status") or {}
    stored = [v["name"] for v in new["spec"].get("versions") or () if v.get("storage")]
    fresh = [name for name in stored[:1] if name not in (status.get("storedVersions") or ())]
    if fresh:
        new["status"] = {**status, "storedVersions": [*(status.get("storedVersions") or ()), *fresh]}


_UPDATE: dict[str, Callable[[Object, Object], None]] = {
    "Namespace": _keep_finalizers,
    "DaemonSet": _daemon_set,
    "CustomResourceDefinition": _stored_versions,
    "Service": services.prepare_update,
}


def prepare_update(resource: Resource, new: Object, old: Object) -> None:
    """Fields outside metadata and status that an update of the main resource cannot touch."""
    if resource.kind in _UPDATE and resource.builtin:
        _UPDATE[resource.kind](new, old)


def status_metadata(resource: Resource, new: Object, old: Object) -> dict[str, Any]:
    """The metadata after a write of the status: for most kinds, what was sent; the server's own fields stay."""
    m, before = new["metadata"], old["metadata"]
    if resource.kind in STATUS_ONLY or not resource.builtin:
        return before
    free = {"labels", "annotations", "finalizers", "ownerReferences"}
    free -= set(_NOT_WITH_STATUS.get(resource.kind, ()))
    kept = {field: value for field, value in before.items() if field not in free}
    return {**kept, **{field: m[field] for field in free if m.get(field)}}


def prepare_status(resource: Resource, new: Object, old: Object) -> None:
    """What a write of the status may leave unsaid."""
    if new["status"] is None:
        del new["status"]
        if not resource.builtin:
            return
    status = new.setdefault("status", {})
    if resource.kind == "Pod":
        _keep_what_a_pod_was(status, old.get("status") or {})
    default_status(resource, new)


def _keep_what_a_pod_was(status: dict[str, Any], before: dict[str, Any]) -> None:
    """Old kubelets forget these."""
    for field in ("qosClass", "observedGeneration"):
        if field in before:
            status.setdefault(field, before[field])
    seen = {
        c["type"]: c["observedGeneration"]
        for c in before.get("conditions") or ()
        if "observedGeneration" in c
    }
    for condition in status.get("conditions") or ():
        if condition.get("type") in seen:
            condition.setdefault("observedGeneration", seen[condition["type"]])
