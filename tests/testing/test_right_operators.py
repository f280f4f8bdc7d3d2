"""Right operators pass every assertion: what is told of the wrong ones is no false alarm."""

from __future__ import annotations

import pytest

import k8slearn.testing
from k8slearn.controllers import ReplicaSetController
from k8slearn.machinery import Controller
from k8slearn.operators import BucketController, Cloud, WebsiteController, definition
from k8slearn.testing import Scenario
from tests.operators.cloudtrial import bucket, different, doubled
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret, touch

ASSERTIONS = [name for name in k8slearn.testing.__all__ if name.startswith("assert_")]


class Mailboxes(Controller):
    """One Secret each: its name follows from the mailbox's, so that it cannot be made twice.

    That it exists already is an error like any other: the cache is behind, and the key has to be looked at again.
    """

    primary, owns = MAILBOXES, ["secrets"]

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and not self.cache.owned_by(box, "secrets"):
            self.client.create(secret(box, f"{box['metadata']['name']}-password"))


def lose_the_secret(sim):
    """delete the secret"""
    for found in sim.store.list("secrets"):
        sim.client.delete(found)


def switch_versioning_on(sim):
    sim.client.patch("buckets.cloud.example.com", "default/photos", patch={"spec": {"versioning": True}})


def one_bucket_as_asked_for(sim):
    return different(sim) or doubled(sim)


def change_the_pages(sim):
    sim.client.patch("websites.example.com", "default/blog", patch={"spec": {"pages": {"index.html": "two"}}})


def shows_the_pages(sim):
    (site,) = sim.store.list("websites.example.com")
    (pages,) = [c for c in sim.store.list("configmaps") if c["metadata"]["name"] == "blog"]
    assert pages["data"] == site["spec"]["pages"]


def ask_for_three(sim):
    sim.client.patch("replicasets.apps", "default/web", patch={"spec": {"replicas": 3}})


def three_pods(sim):
    pods = [p for p in sim.store.list("pods") if not p["metadata"].get("deletionTimestamp")]
    assert len(pods) == 3


WEB = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web"}]},
        },
    },
}
BLOG = {
    "apiVersion": "example.com/v1",
    "kind": "Website",
    "metadata": {"name": "blog", "namespace": "default"},
    "spec": {"pages": {"index.html": "one"}, "replicas": 1},
}
RIGHT = {
    "mailboxes": Scenario(
        Mailboxes, given=[mailbox(), touch, lose_the_secret, mailbox("grace")], then=one_secret, kinds=KINDS
    ),
    "buckets": Scenario(
        BucketController,
        given=[bucket(), switch_versioning_on],
        then=one_bucket_as_asked_for,
        objects=[definition("buckets")],
        world={"cloud": Cloud()},
    ),
    "replicasets": Scenario(ReplicaSetController, given=[WEB, ask_for_three], then=three_pods),
    "websites": Scenario(
        WebsiteController,
        given=[BLOG, change_the_pages],
        then=shows_the_pages,
        objects=[definition("websites")],
    ),
}


@pytest.mark.parametrize("assertion", ASSERTIONS)
@pytest.mark.parametrize(
    "name",
    ["mailboxes", "buckets", *(pytest.param(n, marks=pytest.mark.slow) for n in ("replicasets", "websites"))],
)
def test_it_passes(name, assertion):
    assert getattr(k8slearn.testing, assertion)(RIGHT[name]) >= 1
