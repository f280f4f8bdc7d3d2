"""What an object takes from a ResourceQuota: counts, and for pods and claims what they ask for.

Admission adds it up before something is made, the quota controller when something is gone: both by the
same table. A resource in nobody's table can still be counted, as ``count/PLURAL.GROUP``.

Kubernetes: pkg/quota/v1/evaluator/core (pods.go, services.go, persistent_volume_claims.go), pkg/quota/v1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from k8slearn.api import volumes
from k8slearn.api.clock import seconds_of
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig
from k8slearn.api.quantities import parse, total

Usage = dict[str, str]  # resource name -> quantity

COMPUTE = ("cpu", "memory", "ephemeral-storage")
OF_CLASS = ".storageclass.storage.k8s.io/"
FINISHED = ("Succeeded", "Failed")

# --- pods ------------------------------------------------------------------------------------


def pod_requests(pod: Object) -> Usage:
    """What a pod asks of a node in all. Kubernetes: resourcehelper.PodRequests"""
    return _pod_resources(pod, "requests")


def pod_limits(pod: Object) -> Usage:
    return _pod_resources(pod, "limits")


def _pod_resources(pod: Object, which: str) -> Usage:
    """Containers and sidecars run together; each init container runs beside the sidecars before it."""
    spec = pod["spec"]
    sidecars: Usage = {}
    peak: Usage = {}
    for container in spec.get("initContainers") or ():
        asked = dig(container, "resources", which, default={})
        if container.get("restartPolicy") == "Always":
            sidecars = added([sidecars, asked])
            peak = greatest(peak, sidecars)
        else:
            peak = greatest(peak, added([sidecars, asked]))
    together = added([dig(c, "resources", which, default={}) for c in spec["containers"]] + [sidecars])
    found = greatest(together, peak)
    overhead = spec.get("overhead") or {}
    if which == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in found}
    return added([found, overhead])


def _pod(pod: Object, now: float) -> Usage:
    if _is_over(pod, now):
        return {}
    requests, limits = pod_requests(pod), pod_limits(pod)
    usage = {"pods": "1"}
    usage |= {name: requests[name] for name in COMPUTE if name in requests}
    usage |= {f"requests.{name}": amount for name, amount in requests.items()}
    usage |= {f"limits.{name}": limits[name] for name in COMPUTE if name in limits}
    return usage | {name: amount for name, amount in requests.items() if name.startswith("hugepages-")}


def _is_over(pod: Object, now: float) -> bool:
    """It has ended, or should have by now: it takes nothing but its place in ``count/pods``."""
    if dig(pod, "status", "phase") in FINISHED:
        return True
    ends = pod["metadata"].get("deletionTimestamp")
    grace = pod["metadata"].get("deletionGracePeriodSeconds")
    return ends is not None and grace is not None and now > seconds_of(ends) + grace


# --- services and claims ---------------------------------------------------------------------


def _service(service: Object, now: float) -> Usage:
    spec = service["spec"]
    kind, ports = spec.get("type", "ClusterIP"), spec.get("ports") or []
    allocated = ports
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        allocated = [p for p in ports if p.get("nodePort")]
    return {
        "services": "1",
        "services.loadbalancers": str(int(kind == "LoadBalancer")),
        "services.nodeports": str(len(allocated) if kind in ("NodePort", "LoadBalancer") else 0),
    }


def _claim(claim: Object, now: float) -> Usage:
    usage = {"persistentvolumeclaims": "1"}
    asked = volumes.request(claim)
    given = dig(claim, "status", "allocatedResources", "storage")
    if asked is not None:
        usage["requests.storage"] = max(asked, given or asked, key=parse)
    prefix = (dig(claim, "spec", "storageClassName") or "") + OF_CLASS
    return usage | ({prefix + name: amount for name, amount in usage.items()} if prefix != OF_CLASS else {})


EVALUATORS: dict[str, Callable[[Object, float], Usage]] = {
    "pods": _pod,
    "services": _service,
    "persistentvolumeclaims": _claim,
}
COUNTED = frozenset(["configmaps", "secrets", "replicationcontrollers", "resourcequotas"])  # by plural alone


def usage(resource: Resource, obj: Object, now: float = 0.0) -> Usage:
    """Everything that this object takes, by the names a quota may limit."""
    found = {f"count/{resource.qualified}": "1"}
    if resource.qualified in COUNTED:
        found[resource.qualified] = "1"
    evaluate = EVALUATORS.get(resource.qualified)
    return found | evaluate(obj, now) if evaluate else found


def measured_on(name: str) -> str:
    """The objects that a name in ``spec.hard`` is about (``pods``, ``deployments.apps``); "" for none."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name in COUNTED:
        return name
    if name in ("persistentvolumeclaims", "requests.storage") or OF_CLASS in name:
        return "persistentvolumeclaims"
    if name in ("services", "services.nodeports", "services.loadbalancers"):
        return "services"
    about_pods = name in (*COMPUTE, "pods") or name.startswith(("requests.", "limits.", "hugepages-"))
    return "pods" if about_pods else ""


# --- scopes ----------------------------------------------------------------------------------


def in_scope(quota: Object, resource: Resource, obj: Object) -> bool:
    """Does the quota look at this object at all?"""
    spec = quota["spec"]
    asked = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    asked += dig(spec, "scopeSelector", "matchExpressions", default=[])
    return all(_matches(term, resource, obj) for term in asked)


def _matches(term: Object, resource: Resource, obj: Object) -> bool:
    name = term["scopeName"]
    if resource.qualified == "persistentvolumeclaims" and name == "VolumeAttributesClass":
        return _chosen(term, dig(obj, "spec", "volumeAttributesClassName"))
    if resource.qualified != "pods":
        return False
    if name == "PriorityClass":
        return _chosen(term, dig(obj, "spec", "priorityClassName"))
    return SCOPES[name](obj) if name in SCOPES else False


def _chosen(term: Object, value: str | None) -> bool:
    values = term.get("values") or ()
    answers = {"In": value in values, "NotIn": value not in values, "Exists": bool(value)}
    return answers.get(term["operator"], not value)


def _has_deadline(pod: Object) -> bool:
    return dig(pod, "spec", "activeDeadlineSeconds", default=-1) >= 0


def _is_best_effort(pod: Object) -> bool:
    containers = [
        *dig(pod, "spec", "containers", default=[]),
        *dig(pod, "spec", "initContainers", default=[]),
    ]
    asked = [dig(c, "resources", which, default={}) for c in containers for which in ("requests", "limits")]
    return not any(parse(amount) for part in asked for amount in part.values())


def _looks_abroad(pod: Object) -> bool:
    """An affinity to pods of other namespaces."""
    affinity = dig(pod, "spec", "affinity", default={})
    terms: list[Object] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        terms += dig(affinity, kind, "requiredDuringSchedulingIgnoredDuringExecution", default=[])
        preferred = dig(affinity, kind, "preferredDuringSchedulingIgnoredDuringExecution", default=[])
        terms += [p["podAffinityTerm"] for p in preferred]
    return any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms)


SCOPES: dict[str, Callable[[Object], bool]] = {
    "Terminating": _has_deadline,
    "NotTerminating": lambda pod: not _has_deadline(pod),
    "BestEffort": _is_best_effort,
    "NotBestEffort": lambda pod: not _is_best_effort(pod),
    "CrossNamespacePodAffinity": _looks_abroad,
}


# --- arithmetic ------------------------------------------------------------------------------


def added(parts: Iterable[Usage]) -> Usage:
    """Name by name, the sum."""
    found: dict[str, list[str]] = {}
    for part in parts:
        for name, amount in part.items():
            found.setdefault(name, []).append(amount)
    return {name: total(amounts) for name, amounts in found.items()}


def greatest(one: Usage, other: Usage) -> Usage:
    """Name by name, the greater of the two."""
    return {name: max(one.get(name, "0"), other.get(name, "0"), key=parse) for name in {**one, **other}}
