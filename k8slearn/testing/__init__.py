"""The pytest plugin for people who write operators.

Duty: put an operator to the test under everything that nature can do to it, and tell the shortest story of a failure.
Never: know about notebooks.
Read first: `scenario` (what an author gives), then `plans` (what is tried), `assertions`, `failure`.

Kubernetes: sigs.k8s.io/controller-runtime/pkg/envtest, which starts real processes and cannot break them
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.testing.assertions import (
        assert_converges,
        assert_crash_safe,
        assert_idempotent,
        assert_level_triggered,
        assert_no_hot_loop,
        assert_no_orphans,
        assert_survives_errors,
        assert_tolerates_stale_cache,
    )
    from k8slearn.testing.failure import OperatorFailure
    from k8slearn.testing.replaying import replay
    from k8slearn.testing.scenario import Misuse, Scenario

__all__ = [
    "Misuse",
    "OperatorFailure",
    "Scenario",
    "assert_converges",
    "assert_crash_safe",
    "assert_idempotent",
    "assert_level_triggered",
    "assert_no_hot_loop",
    "assert_no_orphans",
    "assert_survives_errors",
    "assert_tolerates_stale_cache",
    "replay",
]

#: Imported when they are first used: everybody's pytest loads the plugin, and most tests are not about operators.
HOMES = {
    "Misuse": "scenario",
    "OperatorFailure": "failure",
    "Scenario": "scenario",
    "replay": "replaying",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES.get(name, 'assertions')}"), name)
