"""``python -m tools.bench [NAME ...]``: figures, each beside what is aimed at.

Nothing here is a test: machines differ, and a busy one is slow. "real" is what Kubernetes itself needs on a machine
with two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from tools.bench import large, scheduling, served, simulated
from tools.bench.figure import Figure

SUBJECTS: dict[str, Callable[[], Iterable[Figure]]] = {
    "simulated": lambda: (measure() for measure in simulated.FIGURES),
    "scheduling": scheduling.figures,
    "large": large.figures,
    "served": served.figures,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=f"of {', '.join(SUBJECTS)}; default: all")
    wanted = parser.parse_args(arguments).subjects
    if unknown := [name for name in wanted if name not in SUBJECTS]:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(SUBJECTS)}")
    for name in wanted or SUBJECTS:
        for figure in SUBJECTS[name]():
            sign = {True: "met", False: "missed", None: ""}[figure.met]
            print(f"{figure.what:<48} {figure.value:>30}   aim {figure.aim:<26} {sign}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
