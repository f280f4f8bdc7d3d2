"""What there was before ReplicaSets: the same loop, with a selector of plain labels.

Kubernetes: pkg/controller/replication, which wraps the ReplicaSet controller just so
"""

from __future__ import annotations

from k8slearn.api.objects import Object
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.replicaset import ReplicaSetController


class ReplicationControllerController(ReplicaSetController):
    name = "replication-controller"
    primary = "replicationcontrollers"
    reports_terminating = False

    def selector_of(self, owner: Object) -> LabelSelector:
        return LabelSelector.from_set(owner["spec"]["selector"])
