"""What a component believes, and that its indexes say what a look at every object would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.objects import SharedObjectError, controller_of, freeze, labels_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.machinery import Cache
from tests.fakes import configmap, pod

NAMES = {"pods": "pods", "podsets": "podsets.example.com"}


def some_pod(name: str, namespace: str, owner: str, node: str, app: str) -> dict:
    metadata = {"namespace": namespace}
    if owner:
        reference = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": owner,
            "uid": owner,
            "controller": True,
        }
        metadata["ownerReferences"] = [reference]
    return freeze(pod(name, labels={"app": app}, metadata=metadata, **({"nodeName": node} if node else {})))


PODS = st.builds(
    some_pod,
    st.sampled_from("abc"),
    st.sampled_from(["x", "y"]),
    st.sampled_from(["", "o1", "o2"]),
    st.sampled_from(["", "n1", "n2"]),
    st.sampled_from(["web", "db"]),
)
CHANGES = st.lists(st.tuples(PODS, st.booleans()), max_size=25)


def key(obj: dict) -> str:
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


@given(CHANGES, st.integers(0, 25))
def test_indexes_equal_a_look_at_everything(changes, asked_after):
    cache, model = Cache(NAMES), {}
    for i, (obj, stays) in enumerate(changes):
        if i == asked_after:
            cache.by("owner", "pods", "o1")  # indexes are built when first asked for
        cache.put("pods", key(obj), obj if stays else None)
        model.pop(key(obj), None) if not stays else model.__setitem__(key(obj), obj)
    everything = list(model.values())
    for owner in ("o1", "o2"):
        expected = [o for o in everything if (controller_of(o) or {}).get("uid") == owner]
        assert unordered(cache.owned_by({"metadata": {"uid": owner}}, "pods")) == unordered(expected)
    for node in ("n1", "n2"):
        expected = [o for o in everything if o["spec"].get("nodeName") == node]
        assert unordered(cache.by("node", "pods", node)) == unordered(expected)
    for namespace in ("x", "y"):
        expected = [o for o in everything if o["metadata"]["namespace"] == namespace]
        assert unordered(cache.list("pods", namespace)) == unordered(expected)
        orphans = [o for o in expected if controller_of(o) is None]
        assert unordered(cache.by("orphan", "pods", namespace)) == unordered(orphans)
        web = [o for o in expected if labels_of(o)["app"] == "web"]
        assert unordered(cache.list("pods", namespace, LabelSelector.parse("app=web"))) == unordered(web)
    assert cache.list("pods") == everything


def unordered(found: list[dict]) -> list[str]:
    return sorted(map(key, found))


ASKED = {"owner": ["o1", "o2"], "node": ["n1", "n2"], "namespace": ["x", "y"], "orphan": ["x", "y"]}


@given(CHANGES)
def test_what_was_saved_and_loaded_answers_in_the_same_order(changes):
    """Else a history that is repeated after `back` would not be the same history."""
    cache = Cache(NAMES)
    for obj, stays in changes:
        for index in ASKED:
            cache.by(index, "pods", "x")
        cache.put("pods", key(obj), obj if stays else None)
    again = Cache(NAMES)
    again.load(cache.save())
    for index, values in ASKED.items():
        for value in values:
            assert list(map(key, again.by(index, "pods", value))) == list(
                map(key, cache.by(index, "pods", value))
            )


def test_objects_in_it_are_shared_and_refuse_to_be_edited():
    cache, obj = Cache(NAMES), some_pod("a", "x", "", "", "web")
    cache.put("pods", "x/a", obj)
    assert cache.get("pods", "x/a") is obj
    with pytest.raises(SharedObjectError):
        cache.get("pods", "x/a")["spec"]["nodeName"] = "n1"


def test_put_returns_what_was_known_before():
    cache, obj = Cache(NAMES), some_pod("a", "x", "", "", "web")
    assert cache.put("pods", "x/a", obj) is None
    assert cache.put("pods", "x/a", None) is obj
    assert cache.get("pods", "x/a") is None


def test_the_owner_must_really_be_the_one():
    """Same name, another uid: another owner."""
    cache, obj = Cache({"pods": "pods", "replicasets": "replicasets"}), some_pod("a", "x", "o1", "", "web")
    owner = configmap("o1", namespace="x", metadata={"uid": "o1"})
    cache.put("replicasets", "x/o1", owner)
    assert cache.owner_of(obj, "replicasets") == owner
    cache.put("replicasets", "x/o1", configmap("o1", namespace="x", metadata={"uid": "another"}))
    assert cache.owner_of(obj, "replicasets") is None


def test_saving_is_a_snapshot():
    cache = Cache(NAMES)
    cache.put("pods", "x/a", some_pod("a", "x", "", "", "web"))
    saved = cache.save()
    cache.put("pods", "x/a", None)
    cache.load(saved)
    assert cache.get("pods", "x/a") is not None
    cache.put("pods", "x/a", None)
    again = Cache(NAMES)
    again.load(saved)
    assert again.get("pods", "x/a") is not None


def test_custom_kinds_go_by_the_name_the_controller_uses():
    cache = Cache(NAMES)
    cache.put("podsets.example.com", "x/a", some_pod("a", "x", "", "", "web"))
    assert cache.get("podsets", "x/a") is cache.get("podsets.example.com", "x/a") is not None


def test_asking_for_what_is_not_watched_is_an_error_that_says_so():
    with pytest.raises(LookupError, match=r'never told about "nodes".*told about pods'):
        Cache(NAMES).get("nodes", "n1")
