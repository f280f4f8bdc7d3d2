"""Manners in a notebook: a refusal is a short card, and panels follow what the cells do."""

from __future__ import annotations

import weakref
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.manifests import ManifestError
from k8slearn.lab.show import card
from k8slearn.lab.studio import Studio


def show_errors_as_cards() -> None:
    """In IPython, show an ApiError or a ManifestError that nobody caught as a card. Elsewhere: nothing."""
    shell = _shell()
    if shell is not None:
        shell.set_custom_exc((ApiError, ManifestError), _as_card)


def keep_up(studio: Studio) -> Studio:
    """In IPython, let the studio's panels show where its simulation is after each cell. Elsewhere: nothing."""
    shell = _shell()
    if shell is not None:
        shell.events.register("post_run_cell", _Follower(studio))
    return studio


class _Follower:
    """Refreshes a studio when its simulation was moved by something else. Lets go of it when nobody uses it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = weakref.ref(studio)
        self.seen = studio.source.mark()  # type: ignore[attr-defined]

    def __call__(self, result: Any) -> None:
        studio = self.studio()
        if studio is None:
            return
        now = studio.source.mark()  # type: ignore[attr-defined]
        if now != self.seen:
            self.seen = now
            studio.refresh()


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def display(thing: Any) -> None:
    """Show something in the output of the running cell. Elsewhere: nothing."""
    if _shell() is not None:
        from IPython.display import display as show_now

        show_now(thing)


def _as_card(shell: Any, kind: type[BaseException], error: Exception, traceback: Any, **_: Any) -> list[str]:
    display(card(error))
    return [str(error)]
