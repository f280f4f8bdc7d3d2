"""Plays a history with everything in it and prints its hashes; run by test_determinism in other processes.

``python -m tests.sim.history`` needs nothing but the core: no test library.
"""

from __future__ import annotations

import sys

from k8slearn.sim import Simulation

WEB = {"app": "web"}
TEMPLATE = {"metadata": {"labels": WEB}, "spec": {"containers": [{"name": "c", "image": "app:1"}]}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"replicas": 3, "selector": {"matchLabels": WEB}, "template": TEMPLATE},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": WEB, "ports": [{"port": 80}]},
}
NEW_IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "app:2"}]}}}}


def play(policy: str, seed: int) -> Simulation:
    """Created, updated, troubled, deleted; on machines that take their time."""
    sim = Simulation(nodes=3, policy=policy, seed=seed)
    sim.create([DEPLOYMENT, SERVICE])
    for _ in range(60):
        sim.step()
    sim.client.patch("deployments", "default/web", patch=NEW_IMAGE)
    sim.fault("drop", "replicaset-controller")
    sim.fault("cut_off", "kubelet/node-1")
    sim.fault("crash", "default-scheduler")
    sim.fault("refuse", "deployment-controller", 1)
    sim.advance(60)
    sim.fault("heal", "kubelet/node-1")
    sim.run()
    sim.client.delete("deployments", "default/web")
    sim.advance(60)
    return sim


PLAYED = {
    "prompt 0": ("prompt", 0),
    "fair 1": ("fair", 1),
    "shuffled 2": ("shuffled", 2),
    "shuffled 3": ("shuffled", 3),
}


def hashes() -> dict[str, str]:
    """Name -> ``hash of the trace, steps, virtual seconds, hash of the end``."""
    return {name: summary(play(*how)) for name, how in PLAYED.items()}


def summary(sim: Simulation) -> str:
    return f"{sim.trace.hash()} {len(sim.trace)} steps {sim.now:g} s @{sim.store.revision}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}: {text}\n" for name, text in hashes().items())
