"""The controllers that make a control plane, one file each, named as Kubernetes names them.

Duty: for one kind each, bring what is closer to what was asked for.
Never: import or call each other. A Deployment talks to a ReplicaSet only through the API.
Read first: `replicaset`, which shows the whole pattern; then `deployment`.

Kubernetes: pkg/controller
"""

from k8slearn.controllers.deployment import DeploymentController
from k8slearn.controllers.endpointslice import EndpointSliceController
from k8slearn.controllers.garbagecollector import GarbageCollector
from k8slearn.controllers.namespace import NamespaceController
from k8slearn.controllers.nodelifecycle import NodeLifecycleController
from k8slearn.controllers.podgc import PodGarbageCollector
from k8slearn.controllers.replicaset import ReplicaSetController
from k8slearn.controllers.tainteviction import TaintEvictionController

__all__ = [
    "DeploymentController",
    "EndpointSliceController",
    "GarbageCollector",
    "NamespaceController",
    "NodeLifecycleController",
    "PodGarbageCollector",
    "ReplicaSetController",
    "TaintEvictionController",
]
