"""The rules, one small file each, in the order in which the default scheduler runs them.

Kubernetes: pkg/scheduler/framework/plugins; order and weights: pkg/scheduler/apis/config/v1
"""

from typing import Any

from k8slearn.scheduler.plugins.balanced_allocation import NodeResourcesBalancedAllocation
from k8slearn.scheduler.plugins.default_binder import DefaultBinder
from k8slearn.scheduler.plugins.default_preemption import DefaultPreemption
from k8slearn.scheduler.plugins.node_affinity import NodeAffinity
from k8slearn.scheduler.plugins.node_name import NodeName
from k8slearn.scheduler.plugins.node_resources_fit import NodeResourcesFit
from k8slearn.scheduler.plugins.node_unschedulable import NodeUnschedulable
from k8slearn.scheduler.plugins.priority_sort import PrioritySort
from k8slearn.scheduler.plugins.scheduling_gates import SchedulingGates
from k8slearn.scheduler.plugins.taint_toleration import TaintToleration

DEFAULT_PLUGINS: tuple[Any, ...] = (
    SchedulingGates(),
    PrioritySort(),
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodeResourcesFit(),
    DefaultPreemption(),
    NodeResourcesBalancedAllocation(),
    DefaultBinder(),
)

__all__ = [
    "DEFAULT_PLUGINS",
    "DefaultBinder",
    "DefaultPreemption",
    "NodeAffinity",
    "NodeName",
    "NodeResourcesBalancedAllocation",
    "NodeResourcesFit",
    "NodeUnschedulable",
    "PrioritySort",
    "SchedulingGates",
    "TaintToleration",
]
