"""The rules, one small file each, in the order in which the default scheduler runs them.

Kubernetes: pkg/scheduler/framework/plugins; order and weights: pkg/scheduler/apis/config/v1
"""

from typing import Any

from k8slearn.scheduler.plugins.balanced_allocation import NodeResourcesBalancedAllocation
from k8slearn.scheduler.plugins.default_binder import DefaultBinder
from k8slearn.scheduler.plugins.default_preemption import DefaultPreemption
from k8slearn.scheduler.plugins.image_locality import ImageLocality
from k8slearn.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from k8slearn.scheduler.plugins.node_affinity import NodeAffinity
from k8slearn.scheduler.plugins.node_name import NodeName
from k8slearn.scheduler.plugins.node_ports import NodePorts
from k8slearn.scheduler.plugins.node_resources_fit import NodeResourcesFit
from k8slearn.scheduler.plugins.node_unschedulable import NodeUnschedulable
from k8slearn.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from k8slearn.scheduler.plugins.pod_topology_spread import PodTopologySpread
from k8slearn.scheduler.plugins.priority_sort import PrioritySort
from k8slearn.scheduler.plugins.scheduling_gates import SchedulingGates
from k8slearn.scheduler.plugins.taint_toleration import TaintToleration
from k8slearn.scheduler.plugins.volume_binding import VolumeBinding
from k8slearn.scheduler.plugins.volume_restrictions import VolumeRestrictions
from k8slearn.scheduler.plugins.volume_zone import VolumeZone

IN_TREE: tuple[type[Any], ...] = (
    SchedulingGates,
    PrioritySort,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    NodeVolumeLimits,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    DefaultPreemption,
    NodeResourcesBalancedAllocation,
    ImageLocality,
    DefaultBinder,
)
DEFAULT_PLUGINS: tuple[Any, ...] = tuple(plugin() for plugin in IN_TREE)

#: What they look at, besides pods and nodes.
EVERYTHING = tuple(dict.fromkeys(kind for p in DEFAULT_PLUGINS for kind in (*p.needs, *p.watches)))

__all__ = [
    "DEFAULT_PLUGINS",
    "EVERYTHING",
    "IN_TREE",
    "DefaultBinder",
    "DefaultPreemption",
    "ImageLocality",
    "InterPodAffinity",
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "NodeResourcesBalancedAllocation",
    "NodeResourcesFit",
    "NodeUnschedulable",
    "NodeVolumeLimits",
    "PodTopologySpread",
    "PrioritySort",
    "SchedulingGates",
    "TaintToleration",
    "VolumeBinding",
    "VolumeRestrictions",
    "VolumeZone",
]
