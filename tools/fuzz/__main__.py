"""``python -m tools.fuzz [REQUESTS]``: requests that nobody should send; how they were answered, what was broken.

Exit code 1 when a promise was broken. The seed, which is printed first, tells the same run again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from rich.console import Console
from rich.progress import Progress

from tools.fuzz.run import Fuzz, fuzz


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("requests", nargs="?", type=int, default=10_000, metavar="REQUESTS")
    parser.add_argument("--seed", type=int, default=None, help="drawn by lot unless given")
    wish = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if wish.seed is None else wish.seed
    print(f"{wish.requests:,} requests, seed {seed}", flush=True)
    began = time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("asking", total=wish.requests)
        done = fuzz(
            seed, wish.requests, tell=lambda f: progress.update(bar, completed=wish.requests - f.left)
        )
    report(done, time.perf_counter() - began)
    return 1 if done.broken else 0


def report(done: Fuzz, seconds: float) -> None:
    total = done.codes.total()
    answers = "   ".join(f"{code}: {count:,}" for code, count in sorted(done.codes.items()))
    print(f"{total:,} answered in {seconds:.1f} s   {answers}")
    for promise, request in done.broken.items():
        print(f"\nBROKEN  {promise}\n        first by {request}")
    print(f"{len(done.broken)} promises broken")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
