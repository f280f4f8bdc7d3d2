"""What somebody outside sees of the cluster at a moment: as it really is, whatever the players believe.

People who send requests, a cloud that loses power: they are no part of the cluster, and nobody tells them anything.
They look at it themselves when time has passed (``pass_time(around, until)``), and change nothing but themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.machinery.controller import Controller


class Around(NamedTuple):
    now: float
    dice: Dice
    players: Mapping[str, Controller]
    objects: Callable[[str, str], Object | None]  # (resource, key) -> what the store has
    cut_off: frozenset[str] = frozenset()  # players that nothing reaches
