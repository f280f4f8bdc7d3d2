"""Admission: the cluster's own rules about what may be written, and what it adds on its own account.

A chain of plugins, asked in order: first each may change the object (`admit`), then, when it is finished and
valid, each may refuse it (`validate`). The chain is a plain tuple, `ApiServer.admission`: look at it, leave
something out, or put in your own `Plugin`.

Never: decide who may do something (that is authorisation, before), or what an object means when it does not
say (that is `defaults`, the same in every cluster).
Read first: `plugin`, then `priority` or `limitranger`, then `resourcequota`; `webhooks` asks others.

Kubernetes: pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins, DefaultOffAdmissionPlugins)
"""

from k8slearn.apiserver.admission.defaultclasses import DefaultIngressClass, DefaultStorageClass
from k8slearn.apiserver.admission.defaulttolerationseconds import DefaultTolerationSeconds
from k8slearn.apiserver.admission.limitranger import LimitRanger
from k8slearn.apiserver.admission.mutatingadmissionpolicy import MutatingAdmissionPolicy
from k8slearn.apiserver.admission.namespacelifecycle import NamespaceLifecycle
from k8slearn.apiserver.admission.noderestriction import NodeRestriction
from k8slearn.apiserver.admission.plugin import (
    Plugin,
    Rounds,
    admit,
    concerned,
    operation,
    review,
    validate,
)
from k8slearn.apiserver.admission.podtopologylabels import PodTopologyLabels
from k8slearn.apiserver.admission.priority import Priority, PriorityAsSaid
from k8slearn.apiserver.admission.resourcequota import ResourceQuota
from k8slearn.apiserver.admission.runtimeclass import RuntimeClass
from k8slearn.apiserver.admission.serviceaccount import ServiceAccount, ServiceAccountName
from k8slearn.apiserver.admission.storageprotection import (
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
)
from k8slearn.apiserver.admission.taintnodesbycondition import TaintNodesByCondition
from k8slearn.apiserver.admission.validatingadmissionpolicy import ValidatingAdmissionPolicy
from k8slearn.apiserver.admission.webhooks import MutatingAdmissionWebhook, ValidatingAdmissionWebhook

#: What a cluster has that nobody has configured, in the real order. Webhooks and policies stand
#: before the quota, which is always last.
DEFAULT: tuple[Plugin, ...] = (
    NamespaceLifecycle(),
    LimitRanger(),
    ServiceAccount(),
    NodeRestriction(),
    TaintNodesByCondition(),
    Priority(),
    DefaultTolerationSeconds(),
    DefaultStorageClass(),
    StorageObjectInUseProtection(),
    PersistentVolumeClaimResize(),
    RuntimeClass(),
    DefaultIngressClass(),
    PodTopologyLabels(),
    MutatingAdmissionPolicy(),
    MutatingAdmissionWebhook(),
    ValidatingAdmissionPolicy(),
    ValidatingAdmissionWebhook(),
    ResourceQuota(),
)

#: For simulations, where lessons leave out the controllers on which some of these rely: pods get the name of an
#: account and no token and may name their own priority, machines and volumes come as they are.
SIMULATED: tuple[Plugin, ...] = (
    NamespaceLifecycle(),
    LimitRanger(),
    ServiceAccountName(),
    PriorityAsSaid(),
    DefaultTolerationSeconds(),
    DefaultStorageClass(),
    PersistentVolumeClaimResize(),
    RuntimeClass(),
    DefaultIngressClass(),
    MutatingAdmissionPolicy(),
    MutatingAdmissionWebhook(),
    ValidatingAdmissionPolicy(),
    ValidatingAdmissionWebhook(),
    ResourceQuota(),
)

__all__ = [
    "DEFAULT",
    "SIMULATED",
    "Plugin",
    "Rounds",
    "admit",
    "concerned",
    "operation",
    "review",
    "validate",
]
