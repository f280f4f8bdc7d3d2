"""The scheduler, with all default plugins: pods a second, from the request that creates one to its binding.

Through the API server, but without sockets and without kubelets. Beside each rate stands how long the processor worked
on one pod, which a busy machine does not falsify so much; and what spreading over zones or keeping apart costs.

"real" is kube-scheduler with its API server and etcd, on a machine with two cores, at 5,000 nodes; it is much the same
at 500.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from k8slearn import Cluster, Simulation
from k8slearn.api.objects import Object
from k8slearn.scheduler import EVERYTHING, Scheduler
from tools.bench.figure import Figure

SIZES = ((100, 2_000), (1_000, 5_000), (5_000, 10_000))  # nodes, pods
REAL = "real: 274 to 296/s"
AIM = 3 * 274  # pods a second
WEB = {"matchLabels": {"app": "web"}}


def figures() -> Iterator[Figure]:
    for nodes, pods in SIZES:
        rate, each = measure(nodes, pods, {})
        yield Figure(f"{pods:,} pods on {nodes:,} nodes", _told(rate, each), f"{AIM}/s ({REAL})", rate >= AIM)
    for what, spec in (("apart (anti-affinity)", apart()), ("evenly over 3 zones", evenly())):
        yield Figure(f"900 pods on 1,000 nodes, {what}", _told(*measure(1000, 900, spec)))


def measure(nodes: int, pods: int, spec: Object) -> tuple[float, float]:
    """(pods a second, seconds of the processor for each)"""
    sim = Simulation(Cluster(0, components=[partial(Scheduler, watches=EVERYTHING)]))
    for number in range(nodes):
        sim.client.create(machine(number))
    sim.run()
    began, worked = time.perf_counter(), time.process_time()
    for number in range(pods):
        sim.client.create(pod(number, spec))
    sim.run()
    spent, work = time.perf_counter() - began, time.process_time() - worked
    bound = sum("nodeName" in p["spec"] for p in sim.client.list("pods"))
    assert bound == pods, f"only {bound} of {pods} are bound"
    return pods / spent, work / pods


def _told(rate: float, each: float) -> str:
    return f"{rate:,.0f}/s  ({each * 1000:.2f} ms each)"


def machine(number: int) -> Object:
    name, have = f"node-{number}", {"cpu": "8", "memory": "32Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    status = {"allocatable": have, "capacity": have}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": status,
    }


def pod(number: int, spec: Object) -> Object:
    requests = {"cpu": "100m", "memory": "200Mi"}
    container = {"name": "c", "image": "registry.example/web:1", "resources": {"requests": requests}}
    metadata = {"name": f"web-{number}", "namespace": "default", "labels": {"app": "web"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **spec},
    }


def apart() -> Object:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": WEB}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def evenly() -> Object:
    zones = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "labelSelector": WEB}
    return {"topologySpreadConstraints": [{**zones, "whenUnsatisfiable": "DoNotSchedule"}]}
