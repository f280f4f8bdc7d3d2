"""The rooms of the house, what each is for, and who may import whom: the architecture as one table.

`tests/test_architecture.py` holds every import against it; notebook 00 draws its graph from it.
Read this first; then any room, starting with its `__init__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE_WHEELS = frozenset({"yaml", "jsonpatch", "jsonpath", "jsonpointer"})
"""Third-party modules that any room may import: pure Python, so that the core runs in a browser."""


@dataclass(frozen=True)
class Room:
    """One folder or file directly under `k8slearn/`.

    may_import: the other rooms it may name; whatever is not listed is forbidden.
    wheels: third-party top-level modules it may import besides `CORE_WHEELS`.
    kubernetes: where the real one keeps the same duty, or "" where it has none.
    """

    duty: str
    may_import: frozenset[str] = frozenset()
    wheels: frozenset[str] = frozenset()
    kubernetes: str = ""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMPONENT = _names("machinery client api")
PLAYERS = _names("controllers scheduler node clouds operators")
CONTROL_PLANE = COMPONENT | PLAYERS | _names("apiserver store cluster")

ROOMS: dict[str, Room] = {
    "api": Room(
        "nouns: pure functions on plain dicts",
        wheels=_names("celpy lark re2"),  # loaded only where expressions are spoken
        kubernetes="k8s.io/apimachinery",
    ),
    "store": Room(
        "one append-only log with revisions; a watch is a cursor",
        _names("api"),
        kubernetes="etcd",
    ),
    "apiserver": Room(
        "the one door to the store: every request through one pipeline",
        _names("api store"),
        kubernetes="k8s.io/apiserver",
    ),
    "client": Room(
        "the only door components may use: the verbs, and errors named by reason",
        _names("api"),
        kubernetes="k8s.io/client-go/rest",
    ),
    "machinery": Room(
        "what every controller shares: informer, cache, work queue, manager",
        _names("client api"),
        kubernetes="k8s.io/client-go/tools/cache, util/workqueue; sigs.k8s.io/controller-runtime",
    ),
    "controllers": Room(
        "one file per built-in controller",
        COMPONENT,
        kubernetes="pkg/controller, run by kube-controller-manager",
    ),
    "scheduler": Room(
        "finds a node for each pod that has none: filter, score, bind",
        COMPONENT,
        kubernetes="pkg/scheduler, run by kube-scheduler",
    ),
    "node": Room(
        "kubelets move pods through their stages",
        COMPONENT,
        kubernetes="pkg/kubelet",
    ),
    "traffic": Room(
        "what becomes of requests: routers, names, an ingress, and people who count the answers",
        COMPONENT | _names("node"),
        kubernetes="pkg/proxy; the add-ons CoreDNS, ingress-nginx and metrics-server",
    ),
    "clouds": Room(
        "what can be rented outside of the cluster, and who rents it: disks, load balancers, machines",
        COMPONENT,
        kubernetes="k8s.io/cloud-provider, the sidecars of CSI, cluster-autoscaler",
    ),
    "operators": Room(
        "what a learner's controller looks like",
        COMPONENT,
        kubernetes="any operator built on controller-runtime",
    ),
    "extension": Room(
        "somebody else's API server, to which a group is handed: its own storage, computed objects",
        _names("apiserver api"),
        kubernetes="k8s.io/sample-apiserver",
    ),
    "cluster": Room(
        "the composition root: which components make a control plane",
        (CONTROL_PLANE | {"traffic"}) - {"cluster"},
        kubernetes="what kubeadm puts together",
    ),
    "sim": Room(
        "the deterministic world: who moves next, virtual time, dice, faults, time travel",
        CONTROL_PLANE,
    ),
    "live": Room(
        "the real world: sockets, the wall clock, any kubeconfig",
        CONTROL_PLANE | _names("extension"),
        _names("uvicorn cryptography click httpx2 lightkube"),
        kubernetes="cmd/kube-apiserver",
    ),
    "testing": Room(
        "the pytest plugin for people who write operators",
        CONTROL_PLANE | _names("sim live"),
        _names("pytest hypothesis httpx2"),
        kubernetes="sigs.k8s.io/controller-runtime/pkg/envtest",
    ),
    "lab": Room(
        "the notebook's side: snapshots out, commands in, pictures, exercises",
        CONTROL_PLANE | _names("traffic sim live testing rooms"),
        _names(
            "anywidget ipywidgets traitlets IPython matplotlib networkx nbformat pygments rich"
            " jupyterlab jupyter_server"
        ),
    ),
    "rooms": Room("this table"),
    "cli": Room(
        "the command line",
        CONTROL_PLANE | _names("sim live testing lab rooms"),
        _names("click rich"),
        kubernetes="kubectl",
    ),
}

WORLDLY = frozenset(
    {"sim", "live", "cli", "lab.launch", "lab.terminal", "testing.patience", "testing.served"}
)
"""Rooms, or single files of one, that may know the time of day, throw dice, start threads or open sockets."""
