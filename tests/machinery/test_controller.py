"""The one loop: keys from changes, results, errors, and what a crash would lose."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import Conflict
from k8slearn.machinery import Controller, Done
from tests.fakes import configmap, pod, replicaset


def test_reconcile_is_given_a_key_and_never_an_event(watcher, client):
    client.create(configmap("a"))
    watcher.deliver("configmaps")
    assert watcher.work()[::2] == ("default/a", "done")
    assert watcher.worked == ["default/a"]


def test_many_events_one_reconcile(watcher, client):
    made = client.create(configmap("a"))
    for n in range(5):
        client.patch(made, patch={"data": {"n": str(n)}})
    while watcher.informers["configmaps"].ready:
        watcher.deliver("configmaps")
    watcher.work()
    assert not watcher.queue.ready


class Sets(Controller):
    primary = "replicasets"
    owns = ("pods",)

    def reconcile(self, key):
        return None


def owned(name: str, uid: str, owner: str = "web"):
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": uid, "controller": True}
    return pod(name, metadata={"ownerReferences": [reference]})


def keys(controller) -> list[str]:
    found = []
    for resource, informer in controller.informers.items():
        while informer.ready:
            controller.deliver(resource)
    while controller.queue.ready:
        found.append(controller.queue.get()[0])
        controller.queue.done(found[-1])
    return found


def test_a_change_of_an_owned_object_concerns_its_owner(wired, client):
    sets = wired(Sets)
    uid = client.create(replicaset())["metadata"]["uid"]
    keys(sets)
    client.create(owned("a", uid))
    client.create(pod("stranger"))
    assert keys(sets) == ["default/web"]


def test_when_the_owner_changes_both_are_concerned(wired, client):
    sets = wired(Sets)
    client.create(owned("a", "u1", "old"))
    keys(sets)
    new = owned("a", "u2", "new")["metadata"]["ownerReferences"]
    client.patch("pods", "default/a", patch={"metadata": {"ownerReferences": new}})
    assert sorted(keys(sets)) == ["default/new", "default/old"]


def test_owners_of_another_kind_are_not_ours(wired, client):
    sets = wired(Sets)
    other = owned("a", "u1")
    other["metadata"]["ownerReferences"][0]["kind"] = "Job"
    client.create(other)
    assert keys(sets) == []


# --- how it went -----------------------------------------------------------------------------


def worked(watcher) -> str:
    watcher.queue.add("k")
    return watcher.work()[2]


def test_done_again(wired, clock):
    watcher = wired(answer=lambda self, key: Done(again_in=10))
    assert worked(watcher) == "again in 10 s"
    clock.now = 10
    assert [t.key for t in watcher.queue.fire()] == ["k"]


def test_an_error_brings_the_key_back_with_a_growing_delay_until_it_succeeds(wired, clock):
    def answer(self, key):
        if self.failing:
            raise Conflict("no")

    watcher = wired(answer=answer, failing=True)
    assert worked(watcher) == "error: Conflict: no; again in 0.005 s"
    assert isinstance(watcher.errors["k"], Conflict)
    clock.now = 0.005
    watcher.queue.fire()
    assert watcher.work()[2].endswith("again in 0.01 s")
    clock.now = 1
    watcher.queue.fire()
    type(watcher).failing = False
    assert watcher.work()[2] == "done"
    assert (watcher.errors, watcher.queue.failures) == ({}, {})


def test_one_broken_key_does_not_stop_the_others(wired):
    def answer(self, key):
        if key == "bad":
            raise ZeroDivisionError("oops")

    watcher = wired(answer=answer)
    watcher.queue.add("bad")
    watcher.queue.add("good")
    assert [watcher.work()[2].partition(";")[0] for _ in range(2)] == [
        "error: ZeroDivisionError: oops",
        "done",
    ]


def test_no_reconcile_at_all_is_told(wired):
    lazy = wired(Controller, primary="configmaps")
    lazy.queue.add("k")
    assert "NotImplementedError" in lazy.work()[2]


def test_an_object_of_the_cache_cannot_be_edited_by_mistake(wired, client):
    def answer(self, key):
        self.cache.get("configmaps", key)["data"] = {}

    watcher = wired(answer=answer)
    client.create(configmap("a"))
    watcher.deliver("configmaps")
    assert "take a copy first" in watcher.work()[2]


# --- names, wiring, soft state ---------------------------------------------------------------


def test_a_controller_is_called_like_its_class(wired):
    class PodSetController(Controller):
        primary = "configmaps"

    made = wired(PodSetController)
    assert made.name == "pod-set-controller"
    assert made.client.user.name == "system:serviceaccount:kube-system:pod-set-controller"


def test_soft_state_is_what_a_crash_would_lose(watcher):
    watcher.worked.append("x")
    saved = watcher.soft_state()
    watcher.worked.append("y")
    watcher.extra = 1
    watcher.load_soft_state(saved)
    assert (watcher.worked, hasattr(watcher, "extra")) == (["x"], False)
    assert not set(saved) & Controller.WIRING


def test_a_generator_in_the_soft_state_is_refused(watcher):
    watcher.todo = (n for n in range(3))
    with pytest.raises(TypeError, match="a component may keep data between moves, but not a generator"):
        watcher.soft_state()
