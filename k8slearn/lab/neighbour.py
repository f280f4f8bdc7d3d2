"""A program beside a simulated cluster, on a machine of its own that can be switched off.

    sim = Simulation(AGGREGATING, world={"machine": Machine()})
    sim.programs[PLACE] = Hosted(sim, WeatherServer(sim.clock))
    sim.meddle("machine", "stop")

Whether the machine runs is a part of the simulated world, so it is rewound with the cluster. What the program
keeps is not.
"""

from __future__ import annotations

from functools import partial

from k8slearn.apiserver.aggregation.local import local_apiservices
from k8slearn.apiserver.outside import Call, CallFailed, Program, Reply, missing
from k8slearn.cluster import Cluster
from k8slearn.controllers import (
    AvailableConditionController,
    CRDRegistrationController,
    CustomResourceDefinitionController,
    NamespaceController,
)
from k8slearn.sim import Simulation

#: No more players than a cluster needs that hands groups on.
AGGREGATING = Cluster(
    0,
    components=(
        AvailableConditionController,
        CRDRegistrationController,
        CustomResourceDefinitionController,
        partial(NamespaceController, aggregated=True),
    ),
    objects=local_apiservices(),
)


class Machine:
    """A computer. Only data: see `k8slearn.sim.outsideworld`."""

    def __init__(self) -> None:
        self.runs = True

    def stop(self) -> None:
        self.runs = False

    def start(self) -> None:
        self.runs = True


class Hosted:
    """Implements k8slearn.apiserver.outside.Program: passes calls to `program` while the machine runs.

    heard: every call that came through.
    """

    def __init__(self, sim: Simulation, program: Program) -> None:
        self.sim, self.program = sim, program
        self.heard: list[Call] = []

    def __call__(self, call: Call) -> Reply:
        if not self.sim.world["machine"].runs:
            raise CallFailed(missing(call.place))
        self.heard.append(call)
        return self.program(call)
