"""Strategic merge patch: lists that are maps, orders, and what kubectl sends."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import edit, freeze
from k8slearn.api.patches import apply_patch

KINDS = Kinds()


def patched(kind, obj, patch):
    before, sent = freeze(obj), edit(patch)
    result = apply_patch(before, sent, "strategic", KINDS.named(kind))
    assert sent == patch, "a patch is not ours to change"
    return result


def containers(*names, **fields):
    return {"spec": {"containers": [{"name": n, "image": f"{n}:1", **fields} for n in names]}}


def names(pod):
    return [c["name"] for c in pod["spec"]["containers"]]


def test_items_are_merged_by_their_key():
    pod = containers("one", "two", env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    change = [{"name": "one", "env": [{"name": "B", "value": "22"}, {"name": "C", "value": "3"}]}]
    one, two = patched("pods", pod, {"spec": {"containers": change}})["spec"]["containers"]
    assert one["image"] == "one:1"
    assert [(e["name"], e["value"]) for e in one["env"]] == [("A", "1"), ("B", "22"), ("C", "3")]
    assert two == pod["spec"]["containers"][1]


def test_a_new_item_stands_before_those_that_the_patch_does_not_name():
    patch = {"spec": {"containers": [{"name": "two", "$patch": "delete"}, {"name": "three", "image": "i"}]}}
    assert names(patched("pods", containers("one", "two"), patch)) == ["three", "one"]


@pytest.mark.parametrize(
    ("order", "sent", "expected"),
    [
        # what `kubectl apply` sends: the order of the file, and the items that have changed
        (["a", "b", "c"], ["c"], ["a", "b", "c"]),
        (["new", "a", "b"], ["new"], ["new", "a", "b"]),
        (["a", "new", "b"], ["new"], ["a", "new", "b"]),
        (["b", "a"], [], ["b", "a"]),
        (["b"], ["b"], ["a", "b"]),
        (["new"], ["new"], ["new", "a", "b"]),
    ],
)
def test_set_element_order(order, sent, expected):
    """What the order does not name (say, an injected sidecar) stays where it was among its neighbours."""
    live = containers("a", "b", "c") if "c" in order else containers("a", "b")
    patch = {"$setElementOrder/containers": [{"name": n} for n in order]}
    if sent:
        patch["containers"] = [{"name": n, "image": "new"} for n in sent]
    assert names(patched("pods", live, {"spec": patch})) == expected


def test_set_element_order_and_a_deletion():
    """kubectl removes a container from the middle; a sidecar that it does not know of stays."""
    live = containers("app", "old", "sidecar")
    order = [{"name": "app"}]
    patch = {"$setElementOrder/containers": order, "containers": [{"$patch": "delete", "name": "old"}]}
    assert names(patched("pods", live, {"spec": patch})) == ["app", "sidecar"]


def test_a_patch_against_its_own_order_is_refused():
    patch = {
        "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
        "containers": [{"name": "b"}, {"name": "a"}],
    }
    with pytest.raises(ApiError, match="The order in patch list:") as raised:
        patched("pods", containers("a", "b"), {"spec": patch})
    assert raised.value.code == 500


def test_replace_and_delete_in_lists_and_objects():
    pod = containers("one", "two")
    only = [{"$patch": "replace"}, {"name": "only", "image": "i"}]
    assert names(patched("pods", pod, {"spec": {"containers": only}})) == ["only"]
    labelled = {"metadata": {"name": "a", "labels": {"a": "1", "b": "2"}}}
    replaced = patched("pods", labelled, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}})
    assert replaced["metadata"] == {"name": "a", "labels": {"c": "3"}}
    emptied = patched("pods", labelled, {"metadata": {"labels": {"$patch": "delete"}}})
    assert emptied["metadata"] == {"name": "a", "labels": {}}


def test_lists_of_values():
    pod = {"metadata": {"finalizers": ["ex.com/a", "ex.com/b"]}}
    merged = patched("pods", pod, {"metadata": {"finalizers": ["ex.com/c", "ex.com/b"]}})
    assert sorted(merged["metadata"]["finalizers"]) == ["ex.com/a", "ex.com/b", "ex.com/c"]
    sent = {"finalizers": ["ex.com/c"], "$deleteFromPrimitiveList/finalizers": ["ex.com/a"]}
    assert patched("pods", pod, {"metadata": sent})["metadata"]["finalizers"] == ["ex.com/c", "ex.com/b"]


def test_lists_without_a_strategy_are_replaced():
    pod = {"spec": {"tolerations": [{"key": "k", "operator": "Exists"}]}}
    change = [{"key": "z", "operator": "Exists"}]
    assert patched("pods", pod, {"spec": {"tolerations": change}})["spec"]["tolerations"] == change


def test_retain_keys_makes_room_for_another_member_of_a_union():
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patched("deployments", live, change)["spec"]["strategy"] == {"type": "Recreate"}
    volumes = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    change = [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]
    found = patched("pods", volumes, {"spec": {"volumes": change}})["spec"]["volumes"]
    assert found == [{"name": "v", "configMap": {"name": "c"}}]


def test_null_deletes_and_is_nothing_where_there_is_nothing():
    pod = {"metadata": {"labels": {"a": "1"}}}
    change = {"metadata": {"labels": {"a": None}, "annotations": {"x": None, "y": "1"}}}
    assert patched("pods", pod, change) == {"metadata": {"labels": {}, "annotations": {"y": "1"}}}


@pytest.mark.parametrize(
    ("kind", "live", "patch", "code", "message"),
    [
        (
            "deployments",
            {"spec": {"template": containers("one")}},
            {"spec": {"template": {"spec": {"containers": [{"image": "nameless:1"}]}}}},
            500,
            "map: map[image:nameless:1] does not contain declared merge key: name",
        ),
        (
            "pods",
            containers("a"),
            {"spec": {"$patch": "break"}},
            500,
            "unknown patch type: break in map: map[$patch:break]",
        ),
        (
            "pods",
            containers("a"),
            {"spec": {"containers": [{"$patch": "merge", "name": "a"}]}},
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        (
            "pods",
            containers("a"),
            {"spec": {"$retainKeys": ["containers"], "nodeName": "n"}},
            400,
            "invalid patch format of retainKeys",
        ),
        (
            "pods",
            containers("a"),
            {"spec": {"$setElementOrder": []}},
            400,
            "invalid patch format of setElementOrder list",
        ),
        (
            "pods",
            {"metadata": {"finalizers": ["a"]}},
            {"metadata": {"$deleteFromPrimitiveList": ["a"]}},
            400,
            "invalid patch format of primitive list",
        ),
        (
            "pods",
            containers("a"),
            {"spec": {"containers": ["a"]}},
            500,
            "list element types are not identical: [[map[image:a:1 name:a]] [a]]",
        ),
        ("pods", {}, [], 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
)
def test_patches_that_make_no_sense(kind, live, patch, code, message):
    with pytest.raises(ApiError) as raised:
        patched(kind, live, patch)
    assert (raised.value.code, raised.value.message) == (code, message)


@pytest.mark.parametrize(
    ("kind", "path", "live", "change", "expected"),
    [
        (
            "services",
            ["spec", "ports"],
            [{"port": 80, "name": "a"}],
            [{"port": 80, "name": "b"}],
            [{"port": 80, "name": "b"}],
        ),
        ("serviceaccounts", ["secrets"], [{"name": "a"}], [{"name": "b"}], [{"name": "b"}, {"name": "a"}]),
        (
            "pods",
            ["metadata", "ownerReferences"],
            [{"uid": "1", "name": "a"}],
            [{"uid": "1", "$patch": "delete"}],
            [],
        ),
        (
            "nodes",
            ["status", "conditions"],
            [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}],
            [{"type": "Ready", "status": "Unknown"}],
            [{"type": "Ready", "status": "Unknown"}, {"type": "DiskPressure", "status": "False"}],
        ),
        ("nodes", ["spec", "taints"], [{"key": "a"}], [{"key": "b"}], [{"key": "b"}]),
    ],
)
def test_keys_of_well_known_lists(kind, path, live, change, expected):
    def wrap(value):
        for name in reversed(path):
            value = {name: value}
        return value

    assert patched(kind, wrap(live), wrap(change)) == wrap(expected)
