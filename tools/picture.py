"""Draws the pictures of the README from a real run: `python -m tools.picture`."""

from __future__ import annotations

from pathlib import Path

from k8slearn import Simulation, load
from k8slearn.lab import studio
from k8slearn.lab.story import sentence

ROOT = Path(__file__).resolve().parent.parent
RESOLUTION = 110  # dots per inch


def main() -> int:
    """A Deployment on its way: the map at the moment when a kubelet reports that its pod runs."""
    sim = Simulation(nodes=3)
    sim.create(load((ROOT / "examples" / "web.yaml").read_text(encoding="utf-8")))
    sim.run()
    world = studio(sim)
    world.goto(next(s.number for s in sim.trace if "is ready" in sentence(s, sim.store.log)))
    (ROOT / "docs").mkdir(exist_ok=True)
    world.figure("map").savefig(ROOT / "docs" / "map.png", dpi=RESOLUTION)
    print("docs/map.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
