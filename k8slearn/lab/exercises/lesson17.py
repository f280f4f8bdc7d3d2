"""Lesson 17, anywhere: a manifest to be mended (17.1), an overlay (17.2), load balancers in a fourth place (17.3).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.berths import (
    BERTHS,
    FINALIZER,
    Harbour,
    address_of,
    finalizers,
    port_of,
    service,
    wants,
    with_address,
)
from k8slearn.lab.exercises.festival import BASE, FESTIVAL_OVERLAY, rendered
from k8slearn.lab.exercises.moving import MOVING, TIED, hindered

EXERCISES = (MOVING, FESTIVAL_OVERLAY, BERTHS)

__all__ = [
    "BASE",
    "EXERCISES",
    "FINALIZER",
    "TIED",
    "Harbour",
    "address_of",
    "finalizers",
    "hindered",
    "port_of",
    "rendered",
    "service",
    "wants",
    "with_address",
]
