"""Measures what pods and nodes use, and serves it as an API of its own: metrics.k8s.io.

Every fifteen seconds it asks how much each container has needed since, keeps the last answer and nothing older. It
is no part of the API server: an APIService hands its group on, and whoever asks (``kubectl top``, the autoscaler) is
answered from here. A container, or a machine, that has only just started has not been measured yet.

Kubernetes: sigs.k8s.io/metrics-server (pkg/scraper, pkg/storage, pkg/api)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, make_key, name_of, namespace_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.node.usage import Usage, total, usage
from k8slearn.traffic.people import WINDOW, Traffic

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
RESOLUTION = 15.0  # seconds between two looks
YOUNGEST = 10.0  # seconds that a container must have run to be measured
SYSTEM = Usage(cpu=50.0, memory=300 * 1024**2)  # of a node, for itself
NOT_ALLOWED = "the server does not allow this method on the requested resource"
SCRAPE = "scrape"  # the key that stands for a look at everything


class Sample(NamedTuple):
    at: float
    containers: tuple[tuple[str, Usage], ...]


class MetricsServer(Controller):
    name = "metrics-server"
    room = "node"
    primary = "pods"
    watches = ("nodes",)
    outside = ("traffic",)
    serves: ClassVar[str] = "service/kube-system/metrics-server:443"

    def __init__(self, traffic: Traffic | None = None) -> None:
        self.traffic = Traffic() if traffic is None else traffic

    def setup(self) -> None:
        self.samples: dict[Key, Sample] = {}
        self.queue.add(SCRAPE)

    def keys_for(self, change: Change) -> Iterable[Key]:
        return []  # it looks at its own times

    def reconcile(self, key: Key) -> Done | None:
        self.samples = {
            key_of(pod): sample for pod in self.cache.list("pods") if (sample := self._sample(pod))
        }
        self.samples |= {
            name_of(node): self._idle() for node in self.cache.list("nodes") if self._is_up(node)
        }
        return Done(again_in=RESOLUTION, background=True)

    def _sample(self, pod: Object) -> Sample | None:
        """What its containers use; the requests go to the first one. None: not all of them can be measured."""
        now, found = self.clock.now, list[tuple[str, Usage]]()
        if dig(pod, "status", "phase") != "Running":
            return None
        load = self.traffic.get(key_of(pod))
        for i, status in enumerate(dig(pod, "status", "containerStatuses", default=[])):
            started = dig(status, "state", "running", "startedAt")
            if started is None or now - seconds_of(started) < YOUNGEST:
                return None
            found.append((status["name"], usage(pod, status["name"], now, 0.0 if i else load)))
        return Sample(now, tuple(found))

    def _idle(self) -> Sample:
        """Of a machine, what it needs besides its pods."""
        return Sample(self.clock.now, (("", SYSTEM),))

    def _is_up(self, node: Object) -> bool:
        age = self.clock.now - seconds_of(node["metadata"]["creationTimestamp"])
        return age >= YOUNGEST and _is_ready(node)

    # --- the API ---

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Object]:
        """(code, body) for a GET."""
        labels = LabelSelector.parse(query.get("labelSelector", ""))
        if query.get("watch", "") in ("1", "true"):
            return refusal(405, "MethodNotAllowed", NOT_ALLOWED)
        match path.strip("/").split("/")[3:]:
            case []:
                return 200, DISCOVERY
            case ["pods"]:
                return 200, self._pods("", labels)
            case ["namespaces", namespace, "pods"]:
                return 200, self._pods(namespace, labels)
            case ["namespaces", namespace, "pods", name]:
                return self._pod(make_key(namespace, name))
            case ["nodes"]:
                return 200, _list("NodeMetricsList", self._nodes(labels))
            case ["nodes", name]:
                return self._one_node(name)
        return refusal(404, "NotFound", "the server could not find the requested resource")

    def _pod(self, key: Key) -> tuple[int, Object]:
        pod = self.cache.get("pods", key)
        if pod is None:
            return missing("pods", key.partition("/")[2])
        sample = self.samples.get(key)
        return (200, _measured(pod, sample)) if sample else missing("podmetrics", key, GROUP)

    def _one_node(self, name: str) -> tuple[int, Object]:
        node = self.cache.get("nodes", name)
        if node is None:
            return missing("nodes", name)
        return (200, self._node(node)) if name in self.samples else missing("nodemetrics", name, GROUP)

    def _pods(self, namespace: str, labels: LabelSelector) -> Object:
        pods = [p for p in self.cache.list("pods", namespace, labels) if key_of(p) in self.samples]
        return _list("PodMetricsList", [_measured(pod, self.samples[key_of(pod)]) for pod in pods])

    def _nodes(self, labels: LabelSelector) -> list[Object]:
        nodes = self.cache.list("nodes", labels=labels)
        return [self._node(node) for node in nodes if name_of(node) in self.samples]

    def _node(self, node: Object) -> Object:
        here = [name_of(node), *(key_of(pod) for pod in self.cache.by("node", "pods", name_of(node)))]
        mine = [self.samples[key] for key in here if key in self.samples]
        used = total(u for sample in mine for _, u in sample.containers)
        return {**_head(node, "NodeMetrics", mine[0].at), "usage": quantities(used)}

    def soft_state(self) -> dict[str, Any]:
        return {"samples": self.samples}  # replaced, never edited

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        self.samples = saved["samples"]


def quantities(used: Usage) -> Object:
    """As metrics-server writes them: billionths of a CPU, Ki of memory."""
    return {"cpu": f"{round(used.cpu * 1_000_000)}n", "memory": f"{used.memory // 1024}Ki"}


def _measured(pod: Object, sample: Sample) -> Object:
    containers = [{"name": name, "usage": quantities(used)} for name, used in sample.containers]
    return {**_head(pod, "PodMetrics", sample.at), "containers": containers}


def _head(obj: Object, kind: str, at: float) -> Object:
    metadata = {"name": name_of(obj), "creationTimestamp": timestamp(at), "labels": dict(labels_of(obj))}
    if namespace_of(obj):
        metadata["namespace"] = namespace_of(obj)
    measured = {"timestamp": timestamp(at), "window": f"{WINDOW}s"}
    return {"kind": kind, "apiVersion": f"{GROUP}/{VERSION}", "metadata": metadata, **measured}


def _list(kind: str, items: list[Object]) -> Object:
    """Entries do not say again of which kind they are, as in every list that is made of Go's types."""
    plain = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in items]
    return {"kind": kind, "apiVersion": f"{GROUP}/{VERSION}", "metadata": {}, "items": plain}


def missing(resource: str, name: str, group: str = "") -> tuple[int, Object]:
    """What is not there (`pods`), or is there and has not been measured (`podmetrics`)."""
    details = {"name": name, **({"group": group} if group else {}), "kind": resource}
    which = f"{resource}.{group}" if group else resource
    return refusal(404, "NotFound", f'{which} "{name}" not found', details)


def refusal(code: int, reason: str, message: str, details: Object | None = None) -> tuple[int, Object]:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return code, {**status, "reason": reason, "details": details or {}, "code": code}


def _is_ready(node: Object) -> bool:
    conditions = dig(node, "status", "conditions", default=[])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _resource(name: str, kind: str, namespaced: bool) -> Object:
    return {
        "name": name,
        "singularName": "",
        "namespaced": namespaced,
        "kind": kind,
        "verbs": ["get", "list"],
    }


DISCOVERY: Object = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": f"{GROUP}/{VERSION}",
    "resources": [_resource("nodes", "NodeMetrics", False), _resource("pods", "PodMetrics", True)],
}


def manifests() -> list[Object]:
    """What makes a cluster hand metrics.k8s.io to the metrics server: ``Cluster(objects=manifests(), ...)``."""
    labels = {"k8s-app": "metrics-server"}
    where = {"name": "metrics-server", "namespace": "kube-system"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {**where, "labels": labels}}
    service["spec"] = {"type": "ExternalName", "externalName": "metrics-server"}
    spec = {"group": GROUP, "version": VERSION, "groupPriorityMinimum": 100, "versionPriority": 100}
    spec |= {"service": {**where, "port": 443}, "insecureSkipTLSVerify": True}
    named = {"name": f"{VERSION}.{GROUP}", "labels": labels}
    apiservice = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": named}
    return [service, {**apiservice, "spec": spec}, _readers(labels)]


def _readers(labels: Object) -> Object:
    """Whoever may look at a namespace may look at what it uses."""
    roles = {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")}
    rule = {"apiGroups": [GROUP], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}
    name = "system:aggregated-metrics-reader"
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    return {**head, "metadata": {"name": name, "labels": {**labels, **roles}}, "rules": [rule]}
