"""Long histories, for drills about things that remember: one that fails is told as short as it can be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from k8slearn.lab.drill import Scene, Unsolved

Deed = tuple[Any, ...]  # what is done, and with what
Play = Callable[
    [Sequence[Deed], Scene, Any], None
]  # does the deeds with the learner's thing; raises when it is wrong

TRIES = 40  # at making a long history shorter


def told_short(play: Play, deeds: Sequence[Deed], scene: Scene, make: Any) -> None:
    """Play these deeds; if that fails, play as few of them as still fail. Raises what `play` raises."""
    if _fails(play, deeds, make):
        play(_shortened(play, list(deeds), make), scene, make)


def _fails(play: Play, deeds: Sequence[Deed], make: Any) -> bool:
    try:
        play(deeds, Scene(), make)
    except Unsolved:
        raise
    except Exception:
        return True
    return False


def _shortened(play: Play, deeds: list[Deed], make: Any) -> list[Deed]:
    for place in reversed(range(max(len(deeds) - TRIES, 0), len(deeds))):
        shorter = deeds[:place] + deeds[place + 1 :]
        if _fails(play, shorter, make):
            deeds = shorter
    return deeds
