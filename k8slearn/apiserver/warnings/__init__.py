"""What is not wrong but worth a word: warnings travel in a header beside the answer, and kubectl prints them.

`pods` has those of pods and of the templates for pods.

Kubernetes: WarningsOnCreate and WarningsOnUpdate of each strategy; pkg/api/*/warnings.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from k8slearn.api import formats
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, annotations_of, dig, name_of
from k8slearn.apiserver.services import is_headless
from k8slearn.apiserver.warnings.pods import DEPRECATED_VOLUMES, fractions, of_pod

#: Kinds that are only still there: said at every request for them.
DEPRECATED = {
    "v1 Endpoints": ("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",),
    "v1 ComponentStatus": ("v1 ComponentStatus is deprecated in v1.19+",),
}

# Annotations that something better has replaced. Kind -> annotation -> what to say.
_STORAGE_CLASS = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead'
}
_ANNOTATIONS: dict[str, dict[str, str]] = {
    "PersistentVolumeClaim": _STORAGE_CLASS,
    "PersistentVolume": {
        **_STORAGE_CLASS,
        "volume.beta.kubernetes.io/mount-options": (
            'deprecated since v1.31; use "mountOptions" attribute instead'
        ),
    },
    "ServiceAccount": {
        "kubernetes.io/enforce-mountable-secrets": (
            "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        )
    },
}
_TEMPLATES = {
    **dict.fromkeys("Deployment ReplicaSet StatefulSet DaemonSet Job".split(), "spec.template"),
    "ReplicationController": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
    "PodTemplate": "template",
}
_IN_POD_NAMES = frozenset("Deployment ReplicaSet ReplicationController Job CronJob".split())


def warnings(resource: Resource, obj: Object, old: Object | None = None) -> list[str]:
    """What to tell whoever writes `obj` (in the place of `old`). Custom resources give no cause."""
    kind = resource.kind
    if not resource.builtin:
        return []
    found = [*_names(kind, obj)] if old is None else []
    if kind == "Pod":
        return found + ([*of_pod(obj, "")] if old is None else [])
    if kind in _TEMPLATES and _asks_anew(obj, old):
        where = _TEMPLATES[kind]
        found += of_pod(dig(obj, *where.split("."), default={}), where)
    found += _annotations(kind, obj)
    if kind in _SPECIAL:
        found += _SPECIAL[kind](obj, old)
    return found


def _asks_anew(obj: Object, old: Object | None) -> bool:
    return old is None or obj["metadata"].get("generation") != old["metadata"].get("generation")


def _names(kind: str, obj: Object) -> Iterator[str]:
    if kind != "Pod" and kind not in _IN_POD_NAMES:
        return
    problems = formats.dns_label(name_of(obj))
    if problems:
        where = "the Pod's hostname" if kind == "Pod" else "Pod names and hostnames"
        yield (
            f"metadata.name: this is used in {where}, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(problems)}]"
        )


def _annotations(kind: str, obj: Object) -> Iterator[str]:
    found = annotations_of(obj)
    for key, message in _ANNOTATIONS.get(kind, {}).items():
        if key in found:
            yield f"metadata.annotations[{key}]: {message}"


# --- kinds ----------------------------------------------------------------------------------------

_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"


def _service(service: Object, old: Object | None) -> Iterator[str]:
    spec = service["spec"]
    if _HINTS in annotations_of(service):
        yield f"annotation {_HINTS} is deprecated, please use {_MODE} instead"
    if is_headless(spec):
        if spec.get("loadBalancerIP"):
            yield "spec.loadBalancerIP is ignored for headless services"
        if spec.get("externalIPs"):
            yield "spec.externalIPs is ignored for headless services"
        if spec.get("sessionAffinity") == "ClientIP":
            yield "spec.SessionAffinity is ignored for headless services"
    if spec.get("type") == "ExternalName" and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if spec.get("type") != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'


_CLASS = "kubernetes.io/ingress.class"


def _ingress(ingress: Object, old: Object | None) -> Iterator[str]:
    if _CLASS in annotations_of(ingress) and (old is None or _CLASS not in annotations_of(old)):
        yield f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def _claim(claim: Object, old: Object | None) -> Iterable[str]:
    requests = dig(claim, "spec", "resources", "requests", default={})
    return fractions({"storage": requests.get("storage", "0")}, "spec.resources.requests")


def _volume(volume: Object, old: Object | None) -> Iterator[str]:
    spec = volume.get("spec") or {}
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        yield (
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the "
            "recommended approach is to use dynamic provisioning."
        )
    yield from (f"spec.{source}: {text}" for source, text in DEPRECATED_VOLUMES.items() if source in spec)
    yield from fractions({"storage": (spec.get("capacity") or {}).get("storage", "0")}, "spec.capacity")


def _stateful_set(stateful_set: Object, old: Object | None) -> Iterator[str]:
    spec = stateful_set.get("spec") or {}
    for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        requests = dig(claim, "spec", "resources", "requests", default={})
        where = f"spec.volumeClaimTemplates[{i}].spec.resources.requests"
        yield from fractions({"storage": requests.get("storage", "0")}, where)
    if spec.get("revisionHistoryLimit", 0) < 0:
        yield (
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is "
            "recommended"
        )


def _job(job: Object, old: Object | None) -> Iterator[str]:
    spec = job.get("spec") or {}
    many = spec.get("completions", 0) > 100_000 and spec.get("parallelism", 0) > 10_000
    if spec.get("completionMode") == "Indexed" and many:
        yield (
            "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
            "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        )


_SPECIAL: dict[str, Callable[[Object, Object | None], Iterable[str]]] = {
    "Service": _service,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "StatefulSet": _stateful_set,
    "Job": _job,
}
