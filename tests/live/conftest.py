"""A control plane of its own for each test that ends it, restarts it or fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.up import Up

Start = Callable[..., Up]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start("--nodes", "1")`` runs `k8slearn up`; what still runs in the end is killed."""
    with ExitStack() as all_of_them:

        def one(*arguments: str, kubeconfig: Path | None = None) -> Up:
            return all_of_them.enter_context(Up(tmp_path, *arguments, kubeconfig=kubeconfig))

        yield one
