"""Finds a node for each pod that has none: filter, score, pick, bind.

Duty: write one field, spec.nodeName, through the pod's ``binding``; say why when no node will do.
Never: start anything (the node's kubelet finds the pod by itself); look at what a pod really uses: only
at what it requests; move a pod that has a node.
Read first: `scheduler` (the cycle), then `plugins` (one rule each), `ranking`, `queue`, `nodeinfo`.

Kubernetes: pkg/scheduler
"""

from k8slearn.scheduler.decision import Decision
from k8slearn.scheduler.framework import Framework, Plugin
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS
from k8slearn.scheduler.scheduler import Scheduler

__all__ = ["DEFAULT_PLUGINS", "Decision", "Framework", "NodeInfo", "Plugin", "PodInfo", "Scheduler"]
