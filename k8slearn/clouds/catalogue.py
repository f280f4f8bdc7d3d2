"""The providers there are, as a table: two imaginary clouds, and a machine room of one's own.

A provider is three systems outside of the cluster (disks, load balancers, machines), the controllers that speak to
them, and the StorageClasses that its customers find. Everything that differs from one to the next stands in a row
here, and nothing of it in a manifest: who names no class gets what is the default where he is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from k8slearn.api.objects import Object
from k8slearn.clouds.autoscaler import ClusterAutoscaler
from k8slearn.clouds.balancers import Balancers, Line
from k8slearn.clouds.disks import Disks, Offer
from k8slearn.clouds.machineroom import MachineRoom
from k8slearn.clouds.machines import Machines, Pool
from k8slearn.clouds.nodes import CloudNodeController, CloudNodeLifecycleController
from k8slearn.clouds.provisioner import Provisioner
from k8slearn.clouds.resizer import Resizer
from k8slearn.clouds.service import ServiceController
from k8slearn.clouds.volumes import HOSTNAME, ZONE
from k8slearn.machinery import Controller

DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
WAIT, AT_ONCE = "WaitForFirstConsumer", "Immediate"


@dataclass(frozen=True)
class Class:
    """A StorageClass on offer; the first of a provider is the default."""

    name: str
    kind: str = "standard"
    mode: str = WAIT
    grows: bool = True


@dataclass(frozen=True)
class Provider:
    """Who offers what. The first pool has the first machines, and never fewer than those.

    `place`: the node label that says where a disk can be reached.
    """

    name: str
    region: str
    zones: tuple[str, ...]
    pools: tuple[Pool, ...]
    line: Line
    offer: Offer
    classes: tuple[Class, ...]
    place: str = ZONE
    autoscales: bool = True

    @property
    def driver(self) -> str:
        return f"disk.{self.name}.example.com"

    def components(self, nodes: int, kubelet: Callable[..., Controller]) -> list[Callable[[], Controller]]:
        """The controllers, each with the system it speaks to. `nodes` machines have been started long ago."""
        first = replace(self.pools[0], least=nodes, most=max(nodes, self.pools[0].most))
        machines = Machines((first, *self.pools[1:]), self.zones)
        machines.resize(self.pools[0].name, nodes, now=0.0, ready=True)
        disks = Disks(self.offer, self.zones if self.place == ZONE else ())
        scaling = [partial(ClusterAutoscaler, machines, self.zones, self.region)] if self.autoscales else []
        return [
            partial(MachineRoom, machines, kubelet),
            partial(CloudNodeController, machines, self.name, self.region),
            partial(CloudNodeLifecycleController, machines),
            *scaling,
            partial(ServiceController, Balancers(self.line), self.line.field),
            partial(Provisioner, self.driver, disks, self.place),
            partial(Resizer, self.driver, disks),
        ]

    def objects(self) -> list[Object]:
        return [self._class(c, default=c is self.classes[0]) for c in self.classes]

    def _class(self, row: Class, *, default: bool) -> Object:
        return {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": row.name, "annotations": dict(DEFAULT) if default else {}},
            "provisioner": self.driver,
            "parameters": {"kind": row.kind},
            "volumeBindingMode": row.mode,
            "allowVolumeExpansion": row.grows,
        }


A = Provider(
    "cloud-a",
    region="north",
    zones=("north-1", "north-2"),
    pools=(
        Pool("workers", "a.large", "8", "32Gi", price=0.40, boot=60, most=100),
        Pool("big", "a.huge", "32", "128Gi", price=1.60, boot=90, most=4),
    ),
    line=Line(addresses=tuple(f"203.0.113.{i}" for i in range(1, 255)), seconds=5),
    offer=Offer(kinds=("standard", "fast")),
    classes=(Class("balanced"), Class("fast", "fast")),
)
B = Provider(
    "cloud-b",
    region="east",
    zones=("east-a", "east-b", "east-c"),
    pools=(Pool("default-pool", "b-standard-8", "8", "32Gi", price=0.35, boot=120, most=50),),
    line=Line(domain="east.cloud-b.example.com", seconds=40),
    offer=Offer(smallest=10, largest=4096, most=200),
    classes=(Class("standard-disk", mode=AT_ONCE), Class("standard-disk-near")),
)
ON_PREMISE = Provider(
    "on-premise",
    region="basement",
    zones=("rack-1",),
    pools=(Pool("rack", "bare-metal", "8", "32Gi", price=0.0, boot=300, most=100),),
    line=Line(addresses=("192.168.1.240", "192.168.1.241", "192.168.1.242"), seconds=1),
    offer=Offer(largest=500),
    classes=(Class("local", grows=False),),
    place=HOSTNAME,
    autoscales=False,  # nobody buys a machine in ten seconds
)
PROVIDERS = {"a": A, "b": B, "on-premise": ON_PREMISE}


def provider(name: str) -> Provider:
    """Raises ValueError that says which there are."""
    if name not in PROVIDERS:
        raise ValueError(f'there is no cloud "{name}": choose one of {", ".join(PROVIDERS)}')
    return PROVIDERS[name]
