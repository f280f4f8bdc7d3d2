"""The machines: a kubelet on each makes the pods that are bound to it run, and says how they are.

Duty: for one node, register it, keep its heartbeat going, move its pods through their stages, and protect it from them.
Never: choose a node for a pod; look at other nodes' pods; restart what runs because it was restarted itself.
Read first: `stages` (what happens to a container, as a table), then `kubelet`, `podworker`, `situation`; `programs` for
what runs in the containers. For others: `usage` (what one needs), `serving` (whether it takes a request), `logs`.

A kubelet is built up in layers, each a file: `heartbeat` (registers and reports the machine), `allocation` (who may
come in), `guard` (who must go), `shutdown` (how the machine goes down), `kubelet` (the pods).

Kubernetes: pkg/kubelet. The idea of stages as data comes from kwok, which simulates kubelets for tests.
"""

from k8slearn.node.kubelet import Kubelet
from k8slearn.node.stages import HOLLOW, REALISTIC, Stage, load_stages

__all__ = ["HOLLOW", "REALISTIC", "Kubelet", "Stage", "load_stages"]
