"""Who leads: the picture of two replicas says in words what it shows."""

from __future__ import annotations

from k8slearn.lab.leaders import leaders
from tests.operators.cloudtrial import REPLICAS, World, bucket

A, B, LEASE = "bucket-controller-a", "bucket-controller-b", "default/bucket-controller"


def picture(sim):
    return leaders(sim, A, B, lease=LEASE)


def test_one_leads_and_works_and_the_other_waits():
    sim = World(*REPLICAS)()
    sim.create(bucket())
    sim.advance(5)
    assert picture(sim).text.splitlines() == [
        f"{A}: holds the Lease from 0 s to 4 s; works at 0 s",
        f"{B}: never holds the Lease; does not work",
    ]


def test_when_the_leader_is_cut_off_the_other_takes_over_after_a_while():
    sim = World(*REPLICAS)()
    sim.advance(5)
    sim.fault("cut_off", A)
    sim.create(bucket())
    sim.advance(20)
    said = picture(sim)
    assert said.text.splitlines() == [
        f"{A}: holds the Lease from 0 s to 4 s; does not work",
        f"{B}: holds the Lease from 20 s to 24 s; works at 20 s",
        "nobody renews it between 4 s and 20 s",
        f"at 5 s: {A} cut off",
    ]
    assert said.png().startswith(b"\x89PNG")


def test_a_lease_of_somebody_else_is_not_looked_at():
    sim = World(*REPLICAS)()
    sim.advance(5)
    assert "never holds the Lease" in leaders(sim, A, lease="default/other").text
