"""Every kind of store keeps the same contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8slearn.store import Store
from k8slearn.store.disk import DiskStore

KINDS: dict[str, Callable[[Path], Store]] = {
    "remembers": lambda _: Store(),
    "forgets": lambda _: Store(keep_history=False),
    "disk": lambda folder: DiskStore(folder / "store.db"),
}


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind, with nothing in it."""
    store = KINDS[request.param](tmp_path)
    yield store
    store.close()
