"""Manners in a notebook: what the API server refuses is a short card, not a page of traceback."""

from __future__ import annotations

from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.manifests import ManifestError
from k8slearn.lab.show import card


def show_errors_as_cards() -> None:
    """In IPython, show an ApiError or a ManifestError that nobody caught as a card. Elsewhere: nothing."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((ApiError, ManifestError), _as_card)


def _as_card(shell: Any, kind: type[BaseException], error: Exception, traceback: Any, **_: Any) -> list[str]:
    from IPython.display import display

    display(card(error))
    return [str(error)]
