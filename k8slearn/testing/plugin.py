"""What pytest finds when k8slearn is installed: fixtures, a marker, an option.

    @pytest.mark.cluster(MyOperator, objects=[crd], builtin=False)
    def test_it(cluster): ...

Nothing is imported before a test asks for it: a plugin is loaded by everybody's pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from k8slearn.live.notebook import Background
    from k8slearn.testing.served import LiveCluster
    from k8slearn.testing.simulated import SimulatedCluster

MARKER = "cluster(*operators, builtin=True, nodes=1, objects=(), kinds=(), ...): what the fixture `cluster` is made of"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("k8slearn", "operators of Kubernetes")
    group.addoption(
        "--k8slearn-replay",
        metavar="FILE",
        type=Path,
        help="play only the schedule that a failed assertion has written to FILE",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    path = _replay(config)
    if path is not None and not path.is_file():
        raise pytest.UsageError(
            f"--k8slearn-replay: there is no file {config.getoption('--k8slearn-replay')}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Assertions learn where to write, and whether to replay; only while a test of this pytest runs."""
    from k8slearn.testing.settings import SETTINGS

    before = dict(vars(SETTINGS))
    vars(SETTINGS).update(_settings(item.config))
    try:
        return (yield)
    finally:
        vars(SETTINGS).update(before)


def _settings(config: pytest.Config) -> dict[str, Any]:
    return {"replay": _replay(config), "in_pytest": True, "cache": getattr(config, "cache", None)}


def _replay(config: pytest.Config) -> Path | None:
    named = config.getoption("--k8slearn-replay")
    return config.invocation_params.dir / named if named else None


# --- in virtual time ------------------------------------------------------------------------------


@pytest.fixture
def make_cluster() -> Callable[..., SimulatedCluster]:
    """Makes a cluster: ``make_cluster(MyOperator, builtin=False, objects=[...])``."""
    from k8slearn.testing.simulated import simulated

    return simulated


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, make_cluster: Callable[..., SimulatedCluster]
) -> SimulatedCluster:
    """A simulated cluster with the built-in controllers, or with what the marker `cluster` says."""
    marker = request.node.get_closest_marker("cluster")
    return make_cluster(*marker.args, **marker.kwargs) if marker is not None else make_cluster()


# --- over HTTPS -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _live_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    pytest.importorskip("uvicorn", reason="a live cluster needs k8slearn[live]")
    from k8slearn.live.controlplane import Settings
    from k8slearn.live.notebook import Background

    with Background(Settings(nodes=1, port=0, home=tmp_path_factory.mktemp("k8slearn"))) as plane:
        yield plane


@pytest.fixture
def live_cluster(_live_plane: Background) -> Iterator[LiveCluster]:
    """An API server for all tests of a run, and in it a namespace for each."""
    from k8slearn.testing import served

    found = served.begin(_live_plane)
    yield found
    served.end(found)
