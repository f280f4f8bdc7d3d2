"""``python -m tools.fuzz [REQUESTS [SEED]]``: how many requests, how they were answered, what was broken."""

from __future__ import annotations

import secrets
import sys
import time

from tools.fuzz.run import Fuzz, fuzz


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 10_000
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(1_000_000)
    print(f"{count:,} requests, seed {seed}", flush=True)
    began = time.perf_counter()
    done = fuzz(seed, count)
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
