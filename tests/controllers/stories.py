"""For every controller something that people do, and what must look the same in the end, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from k8slearn.api.objects import Object, edit
from k8slearn.cluster import Cluster
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act
from tests.fakes import configmap, deployment, named, namespace, pod, replicaset, rolling, service, template


@dataclass(frozen=True)
class Story:
    """`player` has all the bad luck; `looks_at` are the resources that must look as on a calm day."""

    player: str
    looks_at: str
    acts: tuple[Act, ...]


def world() -> Simulation:
    return Simulation(Cluster.complete(["node-0", "node-1"], kubelet=partial(Kubelet, stages=HOLLOW)))


# --- what people do -------------------------------------------------------------------------------


def make(*objects: Object) -> Act:
    names = ", ".join(f"{o['kind']} {o['metadata']['name']}" for o in objects)
    return Act(f"create {names}", lambda sim: sim.create([edit(o) for o in objects]) and None)


def settled(*objects: Object) -> Act:
    """People wait until it has come true: what they do next builds on it."""
    made = make(*objects)
    return do(f"{made.text}, and wait", lambda sim: (made.do(sim), sim.run()))


def patch(resource: str, name: str, **body: Any) -> Act:
    return Act(f"patch {resource} {name}", lambda sim: sim.client.patch(resource, name, patch=body) and None)


def delete(resource: str, name: str, **options: Any) -> Act:
    return Act(f"delete {resource} {name}", lambda sim: sim.client.delete(resource, name, **options) and None)


def wait(seconds: float) -> Act:
    return Act(f"wait {seconds:g} seconds", lambda sim: sim.advance(seconds) and None)


def do(text: str, action: Callable[[Simulation], object]) -> Act:
    return Act(text, lambda sim: action(sim) and None)


def image(version: int) -> Object:
    return {"spec": {"containers": [{"name": "c", "image": f"app:{version}"}]}}


def delete_a_pod(label: str) -> Act:
    def go(sim: Simulation) -> object:
        found = [p for p in sim.client.list("pods") if p["metadata"]["labels"].get("app") == label]
        return sim.client.delete(min(found, key=lambda p: p["metadata"]["name"])) if found else None

    return do(f"delete a pod of {label}", go)


def workload(kind: str, name: str, **spec: Any) -> Object:
    labels = {"app": name}
    body = {"selector": {"matchLabels": labels}, "template": template(labels), **spec}
    return named(kind, name, "apps/v1", spec=body)


def job(name: str, **spec: Any) -> Object:
    inside = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    return named("Job", name, "batch/v1", spec={"template": {"spec": inside}, **spec})


def claim(name: str, size: str = "1Gi", **spec: Any) -> Object:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return named("PersistentVolumeClaim", name, spec=body)


def volume(name: str, size: str = "1Gi", policy: str = "Retain") -> Object:
    body = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/data"},
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": "manual",
    }
    return named("PersistentVolume", name, namespace="", spec=body)


GROWS = named(
    "StorageClass",
    "grows",
    "storage.k8s.io/v1",
    namespace="",
    provisioner="disk.example.com",
    allowVolumeExpansion=True,
)
DISK = {
    "hostPath": None,
    "csi": {"driver": "disk.example.com", "volumeHandle": "a"},
    "storageClassName": "grows",
}
SCRATCH = {
    "name": "scratch",
    "ephemeral": {"volumeClaimTemplate": {"spec": claim("any", storageClassName="manual")["spec"]}},
}
RC = named(
    "ReplicationController",
    "old",
    spec={"replicas": 2, "selector": {"app": "old"}, "template": template({"app": "old"})},
)


def autoscaler(name: str, target: str) -> Object:
    of = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    spec = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": of}
    return named("HorizontalPodAutoscaler", name, "autoscaling/v2", spec=spec)


HPA = autoscaler("web", "web")
BUDGET = named(
    "PodDisruptionBudget",
    "web",
    "policy/v1",
    spec={"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
)
TASK = job("task")["spec"]
CRON = named(
    "CronJob",
    "tick",
    "batch/v1",
    # three times, and then not for a year; who was deaf makes up for the last one only
    spec={"schedule": "5,10,15 0 1 1 *", "jobTemplate": {"spec": TASK}, "successfulJobsHistoryLimit": 1},
)
ROLE = named(
    "ClusterRole",
    "sum",
    "rbac.authorization.k8s.io/v1",
    namespace="",
    aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"to": "sum"}}]},
)
PART = named(
    "ClusterRole",
    "part",
    "rbac.authorization.k8s.io/v1",
    namespace="",
    metadata={"labels": {"to": "sum"}},
    rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
)
CRD = named(
    "CustomResourceDefinition",
    "widgets.example.com",
    "apiextensions.k8s.io/v1",
    namespace="",
    spec={
        "group": "example.com",
        "names": {"plural": "widgets", "kind": "Widget"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
)
OTHER_CRD = CRD | {
    "metadata": {"name": "gadgets.example.com"},
    "spec": CRD["spec"] | {"names": {"plural": "gadgets", "kind": "Gadget"}},
}
WIDGET = named("Widget", "a", "example.com/v1")

# --- the stories ----------------------------------------------------------------------------------

WORKLOADS = "deployments replicasets pods"

STORIES = (
    Story(
        "deployment-controller",
        "deployments pods",
        (
            make(deployment("web", 3, strategy=rolling(1, 1))),
            patch("deployments", "default/web", spec={"template": image(2)}),
            patch("deployments", "default/web", spec={"replicas": 4}),
            patch("deployments", "default/web", spec={"template": image(1)}),
        ),
    ),
    Story(
        "replicaset-controller",
        "replicasets pods",
        (
            make(replicaset("web", 3)),
            delete_a_pod("web"),
            patch("replicasets", "default/web", spec={"replicas": 2}),
            make(replicaset("other", 1)),
        ),
    ),
    Story(
        "replication-controller",
        "replicationcontrollers pods",
        (make(RC), delete_a_pod("old"), patch("replicationcontrollers", "default/old", spec={"replicas": 3})),
    ),
    Story(
        "statefulset-controller",
        "statefulsets pods persistentvolumeclaims",
        (
            make(workload("StatefulSet", "db", serviceName="db", replicas=2)),
            patch("statefulsets", "default/db", spec={"template": image(2)}),
            delete("pods", "default/db-0"),
            patch("statefulsets", "default/db", spec={"replicas": 3}),
        ),
    ),
    Story(
        "daemonset-controller",
        "daemonsets pods",
        (
            make(workload("DaemonSet", "agent")),
            patch("daemonsets", "default/agent", spec={"template": image(2)}),
            delete_a_pod("agent"),
        ),
    ),
    Story(
        "job-controller",
        "jobs pods",
        (
            make(
                job("many", completions=3, parallelism=2), job("one", completionMode="Indexed", completions=2)
            ),
            make(job("later", suspend=True)),
            delete("jobs", "default/one", propagationPolicy="Background"),
        ),
    ),
    Story(
        "cronjob-controller",
        "cronjobs jobs",
        (
            make(CRON, CRON | {"metadata": {"name": "quiet"}, "spec": CRON["spec"] | {"suspend": True}}),
            wait(930),
        ),
    ),
    Story(
        "ttl-after-finished-controller",
        "jobs",
        (make(job("soon", ttlSecondsAfterFinished=10), job("kept")), wait(60)),
    ),
    Story(
        "endpointslice-controller",
        "endpointslices services",
        (
            make(service("web"), deployment("web", 3)),
            patch("deployments", "default/web", spec={"replicas": 1}),
            make(service("gone")),
            delete("services", "default/gone"),
        ),
    ),
    Story(
        "endpoint-controller",
        "endpoints services",
        (
            make(service("web"), deployment("web", 3)),
            patch("deployments", "default/web", spec={"replicas": 1}),
        ),
    ),
    Story(
        "garbage-collector-controller",
        WORKLOADS,
        (
            settled(deployment("web", 2), deployment("gone", 2), replicaset("alone", 1)),
            delete("deployments", "default/web", propagationPolicy="Foreground"),
            delete("deployments", "default/gone"),
            # nothing is orphaned here: who is orphaned, a collector with old news gets wrong, in Kubernetes, too
            delete("replicasets", "default/alone", propagationPolicy="Background"),
        ),
    ),
    Story(
        "namespace-controller",
        "namespaces configmaps pods deployments",
        (
            make(namespace("shop")),
            make(configmap("a") | {"metadata": {"name": "a", "namespace": "shop"}}),
            delete("namespaces", "shop"),
        ),
    ),
    Story(
        "pod-garbage-collector",
        "pods",
        (
            make(pod("stuck", nodeName="nowhere"), pod("fine")),
            wait(120),
        ),
    ),
    Story(
        "service-account-controller",
        "serviceaccounts namespaces",
        (
            make(namespace("shop")),
            delete("serviceaccounts", "shop/default"),
        ),
    ),
    Story(
        "root-ca-cert-publisher",
        "configmaps",
        (make(namespace("shop")), delete("configmaps", "shop/kube-root-ca.crt")),
    ),
    Story(
        "tokens-controller",
        "serviceaccounts",
        (
            make(named("ServiceAccount", "robot")),
            make(
                named(
                    "Secret",
                    "robot-token",
                    type="kubernetes.io/service-account-token",
                    metadata={"annotations": {"kubernetes.io/service-account.name": "robot"}},
                )
            ),
            delete("serviceaccounts", "default/robot"),
        ),
    ),
    Story(
        "resourcequota-controller",
        "resourcequotas",
        (
            make(named("ResourceQuota", "q", spec={"hard": {"pods": "5", "services": "2"}})),
            make(deployment("web", 3), service("web")),
            patch("deployments", "default/web", spec={"replicas": 1}),
        ),
    ),
    Story(
        "disruption-controller",
        "poddisruptionbudgets",
        (
            make(deployment("web", 3), BUDGET),
            patch("deployments", "default/web", spec={"replicas": 4}),
            patch("poddisruptionbudgets", "default/web", spec={"minAvailable": 1}),
        ),
    ),
    Story(
        "horizontal-pod-autoscaler",
        "deployments horizontalpodautoscalers",
        (
            make(deployment("web", 6)),
            make(HPA),
            wait(60),
            delete("horizontalpodautoscalers", "default/web"),
            # whether it got round to its work before it went is luck; afterwards it must leave this alone
            patch("deployments", "default/web", spec={"replicas": 3}),
        ),
    ),
    Story(
        "clusterrole-aggregation-controller",
        "clusterroles",
        (make(ROLE), make(PART), delete("clusterroles", "part")),
    ),
    Story(
        "customresourcedefinition-controller",
        "customresourcedefinitions widgets.example.com",
        (
            make(CRD),
            make(WIDGET),
            delete("customresourcedefinitions", "widgets.example.com"),
            make(OTHER_CRD),
        ),
    ),
    Story(
        "crd-registration-controller",
        "apiservices",
        (make(CRD), delete("customresourcedefinitions", "widgets.example.com"), make(OTHER_CRD)),
    ),
    Story(
        "persistent-volume-binder",
        "persistentvolumes persistentvolumeclaims",
        (
            # No claim is deleted: what becomes of its volume depends on whether the two were bound before.
            settled(volume("a"), claim("data", storageClassName="manual")),
            make(claim("more", "2Gi", storageClassName="manual")),
            make(volume("b", "2Gi", policy="Delete")),
            patch("persistentvolumes", "a", metadata={"labels": {"shelf": "upper"}}),
        ),
    ),
    Story(
        "ephemeral-volume-controller",
        "persistentvolumeclaims pods",
        (
            settled(volume("a"), pod("scratch", volumes=[SCRATCH])),
            make(pod("other", volumes=[SCRATCH])),
            delete("pods", "default/other"),
        ),
    ),
    Story(
        "persistentvolume-expander-controller",
        "persistentvolumes persistentvolumeclaims",
        (
            make(GROWS),
            settled(
                volume("a") | {"spec": volume("a")["spec"] | DISK}, claim("data", storageClassName="grows")
            ),
            patch(
                "persistentvolumeclaims", "default/data", spec={"resources": {"requests": {"storage": "2Gi"}}}
            ),
        ),
    ),
    Story(
        "pvc-protection-controller",
        "persistentvolumeclaims pods",
        (
            make(volume("a"), claim("data", storageClassName="manual")),
            make(pod("user", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])),
            delete("persistentvolumeclaims", "default/data"),
            delete("pods", "default/user"),
        ),
    ),
    Story(
        "pv-protection-controller",
        "persistentvolumes",
        (
            make(volume("a"), claim("data", storageClassName="manual")),
            delete("persistentvolumes", "a"),
            delete("persistentvolumeclaims", "default/data"),
        ),
    ),
    Story(
        "default-scheduler",
        "pods",
        (
            make(deployment("web", 3)),
            make(pod("picky", nodeSelector={"disk": "fast"})),
            patch("nodes", "node-1", metadata={"labels": {"disk": "fast"}}),
        ),
    ),
    Story(
        "node-lifecycle-controller",
        "nodes pods",
        (
            make(deployment("web", 2)),
            do("cut node-0 off", lambda sim: sim.fault("cut_off", "kubelet/node-0")),
            wait(400),
            do("bring node-0 back", lambda sim: sim.fault("heal", "kubelet/node-0")),
            wait(60),
        ),
    ),
    Story(
        "taint-eviction-controller",
        "pods",
        (
            make(deployment("web", 2), pod("stays", tolerations=[{"operator": "Exists"}])),
            patch("nodes", "node-0", spec={"taints": [{"key": "a", "value": "b", "effect": "NoExecute"}]}),
        ),
    ),
    Story(
        "available-condition-controller",
        "apiservices",
        (
            make(
                named(
                    "APIService",
                    "v1.far.example.com",
                    "apiregistration.k8s.io/v1",
                    namespace="",
                    spec={
                        "group": "far.example.com",
                        "version": "v1",
                        "groupPriorityMinimum": 10,
                        "versionPriority": 10,
                        "insecureSkipTLSVerify": True,
                        "service": {"name": "far", "namespace": "default"},
                    },
                )
            ),
            make(service("far")),
        ),
    ),
)
