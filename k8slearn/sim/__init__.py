"""The deterministic world: who moves next, what time it is, what goes wrong, and how to go back.

Duty: drive the players of one cluster step by step, and write down every step with its cause.
Never: decide what a controller does; know a kind of object; be needed by anything below it.
Read first: `simulation` and `moving`; then `trace`, `faults`, `policies`. To put a controller to the test under
many histories: `trial`, `schedule`, `schedules`, `shrink`; under every history there is: `explore`.
"""

from k8slearn.sim.policies import ByHand, Fair, Prompt, Shuffled
from k8slearn.sim.simulation import DidNotSettle, Simulation
from k8slearn.sim.trace import Call, Step, Trace

__all__ = ["ByHand", "Call", "DidNotSettle", "Fair", "Prompt", "Shuffled", "Simulation", "Step", "Trace"]
