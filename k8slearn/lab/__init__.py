"""The notebook's side: pictures of a simulation, questions, exercises.

Duty: show what is there. Panels draw frames, frames are read off a simulation, and a click becomes a
command to the simulation; nothing in here knows how Kubernetes works.
Never: be imported by anything below it, or need a browser to be tested.
Read first: `frames` (what a panel gets to see), then `studio`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from k8slearn.lab.desk import Desk
from k8slearn.lab.frames import SimSource
from k8slearn.lab.logs import StoreSource
from k8slearn.lab.notebook import keep_up, show_errors_as_cards
from k8slearn.lab.ready import is_ready, problems
from k8slearn.lab.show import show
from k8slearn.lab.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8slearn.apiserver.watch import ServerWatch
    from k8slearn.lab.widget import StudioWidget
    from k8slearn.sim import Simulation
    from k8slearn.store import Cursor, Store

__all__ = [
    "Studio",
    "check",
    "decision",
    "follow",
    "hint",
    "is_ready",
    "judge",
    "kubectl",
    "predict",
    "problems",
    "replay",
    "show",
    "side_by_side",
    "store_log",
    "studio",
    "watchers",
]


def studio(sim: Simulation | Desk, until: Callable[[Simulation], bool] | None = None) -> Studio:
    """A studio for a simulation or a desk: ``studio(sim).map()``. Playing stops when `until` holds.

    In a notebook its panels follow when a cell moves the simulation on.
    """
    return keep_up(Studio(sim if isinstance(sim, Desk) else SimSource(sim, until)))


def decision(sim: Simulation, pod: str = "") -> StudioWidget:
    """Why that pod ("default/web") is where it is, or nowhere: the panel "Every decision explained"."""
    world = studio(sim)
    world.select(object=pod or None)
    return world.show("scheduler")


def store_log(store: Store, **readers: Cursor | ServerWatch) -> Studio:
    """A studio for a store alone: ``store_log(store, ada=store.watch(...)).log()``."""
    return keep_up(Studio(StoreSource(store, readers)))


def watchers(**asks: str) -> Desk:
    """A desk with an API server and some watchers, each with a label selector ("" for everything)."""
    return Desk(asks)


#: What needs more than the core is imported when it is first asked for.
LATER = {
    "check": "verdict",
    "follow": "following",
    "hint": "hints",
    "judge": "checker",
    "kubectl": "terminal",
    "predict": "prediction",
    "replay": "verdict",
    "side_by_side": "sides",
}


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"k8slearn.lab.{LATER[name]}"), name)


show_errors_as_cards()
