"""The rules, one small file each, in the order in which the default scheduler runs them.

Kubernetes: pkg/scheduler/framework/plugins; order and weights: pkg/scheduler/apis/config/v1
"""

from typing import Any

from k8slearn.scheduler.plugins.balanced_allocation import NodeResourcesBalancedAllocation
from k8slearn.scheduler.plugins.node_affinity import NodeAffinity
from k8slearn.scheduler.plugins.node_name import NodeName
from k8slearn.scheduler.plugins.node_resources_fit import NodeResourcesFit
from k8slearn.scheduler.plugins.node_unschedulable import NodeUnschedulable
from k8slearn.scheduler.plugins.taint_toleration import TaintToleration

DEFAULT_PLUGINS: tuple[Any, ...] = (
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodeResourcesFit(),
    NodeResourcesBalancedAllocation(),
)

__all__ = [
    "DEFAULT_PLUGINS",
    "NodeAffinity",
    "NodeName",
    "NodeResourcesBalancedAllocation",
    "NodeResourcesFit",
    "NodeUnschedulable",
    "TaintToleration",
]
