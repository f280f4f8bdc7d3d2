"""The controllers that make a control plane, one file each, named as Kubernetes names them.

Duty: for one kind each, bring what is closer to what was asked for.
Never: import or call each other. A Deployment talks to a ReplicaSet only through the API.
Read first: `replicaset`, which shows the whole pattern, with `podcontrol`; then `deployment`.

Kubernetes: pkg/controller
"""

from k8slearn.controllers.apiservice import AvailableConditionController
from k8slearn.controllers.clusterroleaggregation import ClusterRoleAggregationController
from k8slearn.controllers.crdregistration import CRDRegistrationController
from k8slearn.controllers.cronjob import CronJobController
from k8slearn.controllers.customresourcedefinition import CustomResourceDefinitionController
from k8slearn.controllers.daemonset import DaemonSetController
from k8slearn.controllers.deployment import DeploymentController
from k8slearn.controllers.disruption import DisruptionController
from k8slearn.controllers.endpoints import EndpointsController
from k8slearn.controllers.endpointslice import EndpointSliceController
from k8slearn.controllers.ephemeralvolume import EphemeralVolumeController
from k8slearn.controllers.garbagecollector import GarbageCollector
from k8slearn.controllers.job import JobController
from k8slearn.controllers.namespace import NamespaceController
from k8slearn.controllers.nodelifecycle import NodeLifecycleController
from k8slearn.controllers.persistentvolumes import PersistentVolumeController
from k8slearn.controllers.podautoscaler import HorizontalPodAutoscalerController
from k8slearn.controllers.podgc import PodGarbageCollector
from k8slearn.controllers.pvcprotection import PVCProtectionController
from k8slearn.controllers.pvprotection import PVProtectionController
from k8slearn.controllers.replicaset import ReplicaSetController
from k8slearn.controllers.replicationcontroller import ReplicationControllerController
from k8slearn.controllers.resourcequota import ResourceQuotaController
from k8slearn.controllers.rootca import RootCACertPublisher
from k8slearn.controllers.serviceaccounts import ServiceAccountsController
from k8slearn.controllers.statefulset import StatefulSetController
from k8slearn.controllers.tainteviction import TaintEvictionController
from k8slearn.controllers.tokens import TokensController
from k8slearn.controllers.ttlafterfinished import TTLAfterFinishedController
from k8slearn.controllers.volumeexpand import ExpandController

__all__ = [
    "AvailableConditionController",
    "CRDRegistrationController",
    "ClusterRoleAggregationController",
    "CronJobController",
    "CustomResourceDefinitionController",
    "DaemonSetController",
    "DeploymentController",
    "DisruptionController",
    "EndpointSliceController",
    "EndpointsController",
    "EphemeralVolumeController",
    "ExpandController",
    "GarbageCollector",
    "HorizontalPodAutoscalerController",
    "JobController",
    "NamespaceController",
    "NodeLifecycleController",
    "PVCProtectionController",
    "PVProtectionController",
    "PersistentVolumeController",
    "PodGarbageCollector",
    "ReplicaSetController",
    "ReplicationControllerController",
    "ResourceQuotaController",
    "RootCACertPublisher",
    "ServiceAccountsController",
    "StatefulSetController",
    "TTLAfterFinishedController",
    "TaintEvictionController",
    "TokensController",
]
