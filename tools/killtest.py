"""Kill a process that writes to a store, again and again, and see what is left: `python -m tools.killtest 200`.

The child's writes follow from a seed and from what is in the store, so that the parent can make the same ones
in memory and knows what must be in the file at every revision. The child says each revision that it has been
given; the parent kills it while it goes on, opens the file, and compares.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from k8slearn.store import Entry, Store
from k8slearn.store.disk import DiskStore, StoreFileError

SIZES = (*[200] * 8, 2_000, 20_000, 200_000)  # of an object, in characters, at most
MOST_OBJECTS = 40
COMPACT_EVERY = 70  # revisions
HISTORY = 150  # entries that a compaction leaves
FRESH_AFTER = 20  # rounds: then a new file is begun


class Round(NamedTuple):
    """What one kill found. `surplus`: writes in the file that nobody was told of any more (at most one)."""

    acknowledged: int
    surplus: int
    faults: list[str]


def step(store: Store, seed: int) -> None:
    """One write, and now and then a compaction: what follows from the seed and the store, and nothing else."""
    dice = random.Random(f"{seed}/{store.revision}")
    resource = dice.choice(("pods", "configmaps"))
    key = f"ns-{dice.randrange(3)}/{dice.randrange(MOST_OBJECTS)}"
    if store.get(resource, key) and dice.random() < 0.4:
        store.delete(resource, key)
    else:
        size = dice.randrange(dice.choice(SIZES))
        spec = {"nodeName": f"node-{dice.randrange(3)}"}
        store.put(resource, key, {"metadata": {"name": key}, "spec": spec, "text": "x" * size})
    if store.revision % COMPACT_EVERY == 0:
        store.compact(store.revision - HISTORY)


def child(path: str, seed: int) -> None:
    """Write until killed, and say what was acknowledged."""
    print("opening", flush=True)
    store = DiskStore(path)
    while True:
        if (store.revision + 1) % COMPACT_EVERY == 0:
            print("compacting", flush=True)
        step(store, seed)
        print(store.revision, flush=True)


def rounds(count: int, folder: Path, seed: int = 1) -> Iterator[Round]:
    """Kill so many times; a file is killed over and over before a new one is begun."""
    dice = random.Random(seed)
    for number in range(count):
        if number % FRESH_AFTER == 0:
            path, model = folder / f"{seed}-{number}.db", Store()
        acknowledged = max(kill_one(path, seed, dice), model.revision)
        yield judge(path, model, seed, acknowledged)


def kill_one(path: Path, seed: int, dice: random.Random) -> int:
    """Start a writer, kill it in the midst; the last revision it was given (0: none this time)."""
    command = [sys.executable, "-m", "tools.killtest", "--child", str(path), str(seed)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
    assert writer.stdout is not None
    with writer:
        said = until(moment(dice), writer.stdout)
        for _ in range(dice.randrange(50_000)):  # a moment longer: some writes, or half a compaction
            pass
        writer.kill()
        said += writer.stdout.readlines()
    return max((int(line) for line in said if line.endswith("\n") and line.strip().isdigit()), default=0)


def moment(dice: random.Random) -> str | int:
    """When to kill: as the file is opened, as a compaction begins, or else after so many lines."""
    after = dice.randrange(2, 400)
    return {0: "opening", 1: "compacting", 2: "compacting"}.get(dice.randrange(8), after)


def until(when: str | int, lines: Iterable[str]) -> list[str]:
    """The lines up to that one, or so many. (Not a compaction that comes at once: the one before it died so.)"""
    said: list[str] = []
    for line in lines:
        said.append(line)
        if len(said) == when or (line.strip() == when and (when == "opening" or len(said) > 2)):
            break
    return said


def judge(path: Path, model: Store, seed: int, acknowledged: int) -> Round:
    """Open what was left, and hold it against the same writes made in memory."""
    try:
        left = DiskStore(path)
    except StoreFileError as error:
        return Round(acknowledged, 0, [str(error)])
    with contextlib.closing(left) as found:
        surplus = found.revision - acknowledged
        while model.revision < found.revision:
            step(model, seed)
        return Round(acknowledged, surplus, faults(found, model, surplus))


def faults(found: Store, model: Store, surplus: int) -> list[str]:
    """In words; none when all is well."""
    history = model.log[found.compacted :]
    numbers = [*range(found.compacted + 1, found.revision + 1)]
    claims = {
        f"{-surplus} acknowledged writes are lost": surplus >= 0,
        f"{surplus} writes were made before one was acknowledged": surplus <= 1,
        "the log has holes": [e.revision for e in found.log] == numbers,
        "the log is another": found.log == history,
        "the state is another": present(found) == present(model),
        "it was compacted further": found.compacted <= model.compacted,
        "a watch hears something else": watched(found) == [e for e in history if e.resource == "pods"],
    }
    return [claim for claim, holds in claims.items() if not holds]


def present(store: Store) -> dict[str, dict[str, object]]:
    return {resource: objects for resource, objects in store.state().items() if objects}


def watched(store: Store) -> list[Entry]:
    return list(iter(store.watch(("pods",), store.compacted).take, None))


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--child"]:
        child(arguments[1], int(arguments[2]))
    parser = argparse.ArgumentParser(prog="killtest", description="Exit code 1 when anything was lost.")
    parser.add_argument("rounds", nargs="?", type=int, default=200, metavar="ROUNDS")
    count = parser.parse_args(arguments).rounds
    found: list[Round] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, result in enumerate(rounds(count, Path(folder)), 1):
            found.append(result)
            for fault in result.faults:
                print(f"round {number}, at revision {result.acknowledged}: {fault}", flush=True)
    print(f"{'rounds killed':<48}{count:>8}")
    print(f"{'writes acknowledged':<48}{written(found):>8}")
    print(f"{'killed between a write and its acknowledgement':<48}{sum(r.surplus > 0 for r in found):>8}")
    print(f"{'acknowledged and lost':<48}{sum(max(-r.surplus, 0) for r in found):>8}")
    print(f"{'rounds with any fault':<48}{sum(bool(r.faults) for r in found):>8}")
    return 1 if any(r.faults for r in found) else 0


def written(found: list[Round]) -> int:
    """Each file's last acknowledged revision."""
    ends = [*found[FRESH_AFTER - 1 :: FRESH_AFTER], *(found[-1:] if len(found) % FRESH_AFTER else [])]
    return sum(r.acknowledged for r in ends)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
