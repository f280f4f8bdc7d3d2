"""`make fidelity`, or `python -m tools.fidelity`: play the stories, print the score.

Exit code 1 when something is worse than `tests/fidelity/misses.yaml` says, 2 when it cannot be played.
"""

from __future__ import annotations

import argparse
import secrets
import sys

from rich.console import Console

from tools.fidelity import ledger, score
from tools.fidelity.score import EXCHANGES, FOLDER, MISSES, Played
from tools.fidelity.stories import Story, load, play
from tools.fidelity.worlds import Simulated


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fidelity", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="stories whose area/name holds this")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="what was wanted and what came, for each miss"
    )
    parser.add_argument(
        "--server", help="play them at the server with this URL, instead of one in this process"
    )
    parser.add_argument("--token", default="", help="a token that may do anything there")
    parser.add_argument("--write", action="store_true", help="write misses.yaml and docs/fidelity.md anew")
    parser.add_argument(
        "--kubectl", action="store_true", help="type the command lines of kubectl.yaml instead"
    )
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    wish, console = arguments(words), Console(highlight=False)
    if wish.kubectl:
        from tools.fidelity import kubectl

        return kubectl.main(FOLDER / "kubectl.yaml", console, verbose=wish.verbose)
    if wish.write and (wish.only or wish.server):
        console.print("--write is about all stories, played in this process")
        return 2
    stories = [s for s in load(EXCHANGES) if not wish.only or any(o in s.about for o in wish.only)]
    played = abroad(stories, wish.server, wish.token) if wish.server else at_home(stories)
    if wish.verbose:
        score.print_misses(played, console)
        console.print()
    score.print_table(played, console)
    if wish.write:
        score.write_misses(MISSES, score.misses(played))
        ledger.write(played)
        return 0
    return 0 if wish.server else judged(played, console)


def at_home(stories: list[Story]) -> Played:
    """Each story in a world of its own."""
    return [(story, play(story, Simulated())) for story in stories]


def abroad(stories: list[Story], server: str, token: str) -> Played:
    """One after the other, at one server."""
    from tools.fidelity.remote import Remote

    with Remote(server, token) as world:
        return [(story, play(story, world, run=a_word())) for story in stories]


def a_word() -> str:
    return f"x{secrets.randbelow(10)}{secrets.token_hex(2)}"


def judged(played: Played, console: Console) -> int:
    """Say what is not as misses.yaml says."""
    told = list(score.news(score.read_misses(MISSES), score.misses(played), [s.about for s, _ in played]))
    for line in told:
        console.print(line, markup=False)
    return int(any(": worse:" in line for line in told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
