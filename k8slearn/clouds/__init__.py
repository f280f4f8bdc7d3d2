"""What can be rented outside of the cluster, and the controllers that rent it.

Duty: turn what objects ask for into disks, load balancers and machines of somebody else's, and write down what came.
Never: import other controllers, or let anything out there be lost, leaked or made twice, whenever a process dies.
Read first: `catalogue`, a table of who offers what; `disks`, a world outside that knows nothing of Kubernetes; then
`provisioner`, which speaks to it.

Kubernetes: k8s.io/cloud-provider, the sidecars of CSI drivers, cluster-autoscaler
"""

from k8slearn.clouds.autoscaler import ClusterAutoscaler
from k8slearn.clouds.balancers import Balancers, Line
from k8slearn.clouds.catalogue import PROVIDERS, Provider, provider
from k8slearn.clouds.disks import Disks, Offer
from k8slearn.clouds.machineroom import MachineRoom
from k8slearn.clouds.machines import Machines, Pool
from k8slearn.clouds.nodes import CloudNodeController, CloudNodeLifecycleController
from k8slearn.clouds.provisioner import Provisioner
from k8slearn.clouds.refused import Refused
from k8slearn.clouds.resizer import Resizer
from k8slearn.clouds.service import ServiceController

__all__ = [
    "PROVIDERS",
    "Balancers",
    "CloudNodeController",
    "CloudNodeLifecycleController",
    "ClusterAutoscaler",
    "Disks",
    "Line",
    "MachineRoom",
    "Machines",
    "Offer",
    "Pool",
    "Provider",
    "Provisioner",
    "Refused",
    "Resizer",
    "ServiceController",
    "provider",
]
