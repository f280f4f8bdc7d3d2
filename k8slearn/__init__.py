"""Kubernetes from the inside: a small control plane that can be stepped, rewound, replayed and broken.

    from pathlib import Path
    from k8slearn import Simulation, load
    sim = Simulation(nodes=3)
    sim.apply(load(Path("examples/guestbook.yaml").read_text()))
    sim.run()
    print(sim.trace.text())

Read next: `rooms`, the map of the house.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.api import edit
    from k8slearn.api.kinds import Resource
    from k8slearn.api.manifests import load
    from k8slearn.cluster import Cluster
    from k8slearn.machinery import Controller, Done
    from k8slearn.sim import Simulation

__version__ = "0.1.0"
__all__ = ["Cluster", "Controller", "Done", "Resource", "Simulation", "edit", "load"]

#: Where the names that most programs need are at home; imported when they are first used.
HOMES = {
    "Cluster": "k8slearn.cluster",
    "Controller": "k8slearn.machinery",
    "Done": "k8slearn.machinery",
    "Resource": "k8slearn.api.kinds",
    "Simulation": "k8slearn.sim",
    "edit": "k8slearn.api",
    "load": "k8slearn.api.manifests",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'k8slearn' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
