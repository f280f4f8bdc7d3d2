"""Finds a node for each pod that has none: filter, score, pick, bind.

Duty: write one field, spec.nodeName, through the pod's ``binding``; say why when no node will do.
Never: start anything (the node's kubelet finds the pod by itself); look at what a pod really uses: only
at what it requests; move a pod that has a node.
Read first: `scheduler` (the cycle), then `framework` (what a plugin is) and `plugins` (one rule each), `ranking` and
`counts` (why it is fast), `queue` and `events` (who is tried again when), `binding`, `preemption`.

Kubernetes: pkg/scheduler
"""

from k8slearn.scheduler.decision import Decision
from k8slearn.scheduler.framework import Nomination, Plugin, Wait
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS, EVERYTHING
from k8slearn.scheduler.runtime import Framework
from k8slearn.scheduler.scheduler import Scheduler

__all__ = [
    "DEFAULT_PLUGINS",
    "EVERYTHING",
    "Decision",
    "Framework",
    "NodeInfo",
    "Nomination",
    "Plugin",
    "PodInfo",
    "Scheduler",
    "Wait",
]
