"""The same operator in processes of its own, against a live API server: one is killed in the middle of its work."""

from __future__ import annotations

import signal

import pytest

from tests.operators.processes import Operators, until
from tests.up import PATIENCE

LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/bucket-controller"
NAMES = [f"b-{number}" for number in range(12)]


@pytest.mark.slow
def test_nothing_is_lost_leaked_or_doubled_when_the_leader_is_killed(operators: Operators) -> None:
    first = operators.start()
    until(lambda: operators.http.get(LEASE).status_code == 200)  # it leads
    second = operators.start()
    operators.create(*NAMES)
    until(lambda: len(operators.buckets()) >= 2)
    first.send_signal(signal.SIGKILL)
    until(lambda: len(operators.ids()) == len(NAMES))
    assert operators.http.get(LEASE).json()["spec"]["leaseTransitions"] == 1
    assert sorted(b["id"] for b in operators.buckets()) == operators.ids()

    second.send_signal(signal.SIGTERM)
    second.wait(timeout=PATIENCE)
    operators.start()
    operators.delete(*NAMES[:6])
    until(lambda: len(operators.objects()) == 6)
    assert sorted(b["id"] for b in operators.buckets()) == operators.ids()


@pytest.mark.slow
def test_one_that_is_killed_and_has_no_other_beside_it_goes_on_when_it_is_started_again(
    operators: Operators,
) -> None:
    """It does not recognise its own Lease, and waits until that has run out."""
    first = operators.start()
    operators.create(*NAMES)
    until(lambda: len(operators.buckets()) >= 2)
    first.send_signal(signal.SIGKILL)
    assert first.wait(timeout=PATIENCE) == -signal.SIGKILL
    assert operators.made >= max(len(operators.ids()), 2)
    operators.start()
    until(lambda: len(operators.ids()) == len(NAMES))
    assert operators.http.get(LEASE).json()["spec"]["leaseTransitions"] == 1
    assert sorted(b["id"] for b in operators.buckets()) == operators.ids()
    assert operators.made == len(NAMES)
