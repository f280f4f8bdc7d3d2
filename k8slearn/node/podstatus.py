"""The whole status of a pod, as its kubelet writes it after a pass.

Kubernetes: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus), pkg/kubelet/status/status_manager.go (mergePodStatus)
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object
from k8slearn.node.life import Doom
from k8slearn.node.podworker import PodWorker
from k8slearn.node.resize import with_conditions
from k8slearn.node.status import conditions, phase

FIELDS = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}


def pod_status(worker: PodWorker, host: str, now: float) -> Object:
    """The status as it is now; conditions of others are kept. A pod that was ended says so when all has stopped."""
    pod, old = worker.pod, worker.pod["status"]
    told = {name: worker.statuses(field) for field, name in FIELDS.items()}
    init, main = told["initContainerStatuses"], told["containerStatuses"]
    doom = worker.doom if worker.doom is not None and worker.spent else None
    summary = "Failed" if doom else phase(pod, init, main, over=worker.over or worker.spent)
    status = {
        **old,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": summary,
        "conditions": with_conditions(conditions(pod, summary, init, main, now), worker.run.resize, now),
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": worker.address,
        "podIPs": [{"ip": worker.address}],
        "startTime": old.get("startTime") or timestamp(now),
        "containerStatuses": main,
    }
    for field in ("initContainerStatuses", "ephemeralContainerStatuses"):
        if told[field]:
            status[field] = told[field]
    return _doomed(status, doom, now) if doom else status


def _doomed(status: Object, doom: Doom, now: float) -> Object:
    status = {**status, "reason": doom.reason, "message": doom.message}
    if not doom.disrupted:
        return status
    others = [c for c in status["conditions"] if c["type"] != "DisruptionTarget"]
    target = {
        "type": "DisruptionTarget",
        "observedGeneration": status["observedGeneration"],
        "status": "True",
        "lastTransitionTime": timestamp(now),
        "reason": "TerminationByKubelet",
        "message": doom.message,
    }
    return {**status, "conditions": [*others, target]}
