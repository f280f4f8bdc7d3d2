"""What a DaemonSet's pods look like, and on which nodes they may be.

Kubernetes: pkg/controller/daemon/util/daemonset_util.go, and NodeShouldRunDaemonPod
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object, annotations_of, dig, labels_of, name_of
from k8slearn.api.selectors import node_selector_matches
from k8slearn.api.taints import NO_EXECUTE, NO_SCHEDULE, is_tolerated, taints_of
from k8slearn.controllers.pods import from_template

HASH = "controller-revision-hash"
GENERATION = "pod-template-generation"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

#: Troubles of a node that are no reason for its daemons to leave: effect and key of each taint.
TOLERATED = (
    (NO_EXECUTE, "node.kubernetes.io/not-ready"),
    (NO_EXECUTE, "node.kubernetes.io/unreachable"),
    (NO_SCHEDULE, "node.kubernetes.io/disk-pressure"),
    (NO_SCHEDULE, "node.kubernetes.io/memory-pressure"),
    (NO_SCHEDULE, "node.kubernetes.io/pid-pressure"),
    (NO_SCHEDULE, "node.kubernetes.io/unschedulable"),
)
ON_HOST_NETWORK = (NO_SCHEDULE, "node.kubernetes.io/network-unavailable")


def tolerations(template: Object) -> list[Object]:
    """The template's, and those that every daemon has."""
    spec = template["spec"]
    wanted = [*TOLERATED, *([ON_HOST_NETWORK] if spec.get("hostNetwork") else [])]
    added = [{"key": key, "operator": "Exists", "effect": effect} for effect, key in wanted]
    own = [t for t in spec.get("tolerations") or () if _untimed(t) not in added]
    return [*own, *added]


def _untimed(toleration: Object) -> Object:
    return {k: v for k, v in toleration.items() if k != "tolerationSeconds"}


def may_run_on(ds: Object, node: Object) -> tuple[bool, bool]:
    """(should a pod run there, may one that is there stay?)"""
    template = ds["spec"]["template"]
    spec = template["spec"]
    selected = (spec.get("nodeSelector") or {}).items() <= labels_of(node).items()
    required = dig(spec, "affinity", "nodeAffinity", REQUIRED)
    elsewhere = spec.get("nodeName") not in (None, "", name_of(node))
    if elsewhere or not selected or not (required is None or node_selector_matches(required, node)):
        return False, False
    known = tolerations(template)
    untolerated = [
        t["effect"] for t in taints_of(node, NO_SCHEDULE, NO_EXECUTE) if not is_tolerated(t, known)
    ]
    return not untolerated, NO_EXECUTE not in untolerated


def new_pod(ds: Object, node: str, digest: str) -> Object:
    """A pod that wants to be on this node and nowhere else."""
    pod = from_template(ds["spec"]["template"], ds)
    labels: dict[str, str] = pod["metadata"].setdefault("labels", {})
    generation = annotations_of(ds).get("deprecated.daemonset.template.generation", "")
    if generation.isdigit():
        labels[GENERATION] = generation
    labels[HASH] = digest
    spec: dict[str, Any] = pod["spec"]
    spec["tolerations"] = tolerations(ds["spec"]["template"])
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    only_there = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})[REQUIRED] = only_there
    return pod


def target_of(pod: Object) -> str:
    """The node it is on, or wants to be on."""
    if pod["spec"].get("nodeName"):
        return pod["spec"]["nodeName"]
    terms = dig(pod, "spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms", default=())
    fields = [f for term in terms for f in term.get("matchFields") or () if f["key"] == "metadata.name"]
    return fields[0]["values"][0] if fields else ""


def is_updated(pod: Object, digest: str) -> bool:
    return labels_of(pod).get(HASH) == digest
