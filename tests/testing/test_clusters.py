"""The fixtures: errors on demand in virtual time, and a server over HTTPS."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import ApiError
from k8slearn.machinery import Controller
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class Looks(Controller):
    """Reads, then writes; keeps what it was answered."""

    primary = MAILBOXES

    def setup(self):
        self.codes = []

    def reconcile(self, key):
        for _ in range(3):
            try:
                self.client.list("secrets")
                self.codes.append(200)
            except ApiError as error:
                self.codes.append(error.code)
        if self.cache.get(MAILBOXES, key) is not None:
            self.client.patch(MAILBOXES, key, patch={"metadata": {"labels": {"seen": "yes"}}})


def codes(cluster) -> list[int]:
    return cluster.manager.players["looks"].codes


@pytest.fixture
def cluster(make_cluster):
    return make_cluster(Looks, kinds=KINDS, builtin=False, nodes=0)


@pytest.mark.parametrize("code", [409, 410, 429, 500, 504])
def test_the_nth_call_that_fits_goes_wrong(cluster, code):
    cluster.fail("looks", code, verb="list", resource="secrets", nth=2)
    cluster.create(mailbox())
    cluster.run()
    assert codes(cluster)[:3] == [200, code, 200]


def test_what_does_not_fit_is_left_alone(cluster):
    cluster.fail("looks", 500, verb="list", resource="configmaps")
    cluster.fail("looks", 500, verb="create")
    cluster.create(mailbox())
    cluster.run()
    assert set(codes(cluster)) == {200}


def test_a_lost_answer_was_carried_out_and_a_time_out_was_not(cluster):
    for error, label in (("lost", "yes"), (504, None)):
        cluster.fail("looks", error, verb="patch")
        (made,) = cluster.create(mailbox(f"box-{label}".lower()))
        cluster.run(lambda sim: sim.errors())
        found = cluster.client.get(MAILBOXES, f"default/{made['metadata']['name']}")
        assert found["metadata"].get("labels", {}).get("seen") == label
        cluster.run()
        assert not cluster.errors(), "it was tried again"


def test_while_it_lasts_every_call_goes_wrong(cluster):
    with cluster.failing("looks", 429, verb="list"):
        cluster.create(mailbox())
        cluster.run()
    assert set(codes(cluster)) == {429}
    cluster.create(mailbox("grace"))
    cluster.run()
    assert codes(cluster)[-1] == 200


def test_going_back_brings_an_error_back(cluster):
    cluster.fail("looks", 500, verb="list", nth=2)
    before = cluster.position
    cluster.create(mailbox())
    cluster.run()
    end, text = cluster.position, cluster.trace.hash()
    cluster.goto(before)
    cluster.goto(end)
    assert (cluster.trace.hash(), codes(cluster)[:3]) == (text, [200, 500, 200])


def test_an_error_nobody_knows_is_refused_with_those_there_are(cluster):
    with pytest.raises(ValueError, match='no failure "418": choose one of Conflict'):
        cluster.fail("looks", 418)


def test_a_live_cluster_has_a_namespace_for_each_test(live_cluster):
    with live_cluster.http() as http:
        answer = http.get(f"/api/v1/namespaces/{live_cluster.namespace}").json()
    assert answer["status"]["phase"] == "Active"
    assert live_cluster.token in live_cluster.kubeconfig.read_text()


def test_and_another_one_for_the_next(live_cluster):
    with live_cluster.http() as http:
        names = [n["metadata"]["name"] for n in http.get("/api/v1/namespaces").json()["items"]]
    assert live_cluster.namespace in names
    assert len([n for n in names if n.startswith("test-")]) >= 1
