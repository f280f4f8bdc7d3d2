"""What every client promises, whatever lies between it and the API server: the verbs and the errors."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import edit, revision_of
from k8slearn.client import Client
from tests.fakes import configmap, deployment, named, namespace, pod


def revision(client: Client) -> int:
    """The revision of the last write of anybody."""
    return client.list("configmaps").revision


# --- create and get --------------------------------------------------------------------------


def test_what_was_created_can_be_got(client):
    made = client.create(configmap(data={"a": "1"}))
    assert client.get("configmaps", "default/settings") == made
    assert made["data"] == {"a": "1"}
    assert made["metadata"]["uid"]
    assert revision_of(made) == revision(client)


def test_a_namespace_that_is_not_said_is_default(client):
    made = client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert made["metadata"]["namespace"] == "default"


@pytest.mark.parametrize("spelt", ["configmaps", "configmap", "cm", "ConfigMap".lower()])
def test_resources_go_by_all_their_names(client, spelt):
    client.create(configmap())
    assert client.get(spelt, "default/settings")["kind"] == "ConfigMap"


def test_cluster_scoped_objects_have_a_bare_name_as_key(client):
    client.create(namespace("team"))
    assert client.get("namespaces", "team")["status"] == {"phase": "Active"}


def test_what_get_returns_may_be_edited_and_changes_nothing_until_it_is_sent(client):
    client.create(configmap(data={"a": "1"}))
    mine = client.get("configmaps", "default/settings")
    mine["data"]["a"] = "2"
    assert client.get("configmaps", "default/settings")["data"] == {"a": "1"}
    client.update(mine)
    assert client.get("configmaps", "default/settings")["data"] == {"a": "2"}


def test_sending_an_object_does_not_change_it(client):
    mine = deployment()
    before = edit(mine)
    client.create(mine)
    assert mine == before


# --- errors: class, code, reason, message, details -------------------------------------------

REFUSALS = {
    "not found": (
        lambda c: c.get("configmaps", "default/x"),
        errors.NotFound,
        (404, "NotFound", 'configmaps "x" not found'),
        {"name": "x", "kind": "configmaps"},
    ),
    "not found in a group": (
        lambda c: c.get("deployments", "default/x"),
        errors.NotFound,
        (404, "NotFound", 'deployments.apps "x" not found'),
        {"name": "x", "group": "apps", "kind": "deployments"},
    ),
    "no such namespace": (
        lambda c: c.create(configmap(namespace="nowhere")),
        errors.NotFound,
        (404, "NotFound", 'namespaces "nowhere" not found'),
        {"name": "nowhere", "kind": "namespaces"},
    ),
    "exists": (
        lambda c: [c.create(configmap()), c.create(configmap())],
        errors.AlreadyExists,
        (409, "AlreadyExists", 'configmaps "settings" already exists'),
        {"name": "settings", "kind": "configmaps"},
    ),
    "protected": (
        lambda c: c.delete("namespaces", "default"),
        errors.Forbidden,
        (403, "Forbidden", 'namespaces "default" is forbidden: this namespace may not be deleted'),
        {"name": "default", "kind": "namespaces"},
    ),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(client, case):
    call, kind, words, details = case
    with pytest.raises(errors.ApiError) as refusal:
        call(client)
    error = refusal.value
    assert type(error) is kind
    assert (error.code, error.reason, error.message) == words
    assert error.details == details


def test_an_invalid_object_says_which_field_is_wrong(client):
    with pytest.raises(errors.Invalid) as refusal:
        client.create(deployment(replicas=-1))
    assert refusal.value.code == 422
    assert refusal.value.details["kind"] == "Deployment"
    assert refusal.value.causes == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]


def test_errors_travel_as_a_status_and_come_back_the_same(client):
    with pytest.raises(errors.ApiError) as refusal:
        client.get("configmaps", "default/x")
    again = errors.from_status(refusal.value.status())
    assert (type(again), again.status()) == (type(refusal.value), refusal.value.status())


def test_a_kind_or_resource_that_is_not_served(client):
    with pytest.raises(errors.NotFound):
        client.create(named("Unicorn", "u"))
    with pytest.raises(errors.NotFound):
        client.get("unicorns", "default/u")


# --- update ----------------------------------------------------------------------------------

STALE = (
    'Operation cannot be fulfilled on configmaps "settings": the object has been modified; '
    "please apply your changes to the latest version and try again"
)


def test_a_stale_update_is_a_conflict_and_changes_nothing(client):
    old = client.create(configmap(data={"a": "1"}))
    new = client.update({**old, "data": {"a": "2"}})
    with pytest.raises(errors.Conflict) as refusal:
        client.update({**old, "data": {"a": "3"}})
    assert (refusal.value.code, refusal.value.message) == (409, STALE)
    assert client.get("configmaps", "default/settings") == new


def test_an_update_without_a_revision_overwrites(client):
    client.create(configmap(data={"a": "1"}))
    client.update(configmap(data={"b": "2"}))
    assert client.get("configmaps", "default/settings")["data"] == {"b": "2"}


def test_updating_what_is_not_there(client):
    with pytest.raises(errors.NotFound):
        client.update(configmap())


def test_a_write_that_changes_nothing_is_not_written(client):
    made = client.create(configmap(data={"a": "1"}))
    before = revision(client)
    assert client.update(made) == made
    assert client.patch(made, patch={"data": {"a": "1"}}) == made
    assert revision(client) == before


# --- status ----------------------------------------------------------------------------------


def test_the_status_is_written_through_its_own_door_only(client):
    made = client.create(pod())
    changed = client.update({**made, "status": {"phase": "Failed"}})
    assert changed["status"]["phase"] == "Pending"
    changed = client.update_status(made, phase="Running")
    assert changed["status"]["phase"] == "Running"


def test_through_the_status_door_nothing_else_passes(client):
    made = edit(client.create(deployment()))
    made["spec"]["replicas"] = 7
    made["metadata"]["labels"] = {"sneaked": "in"}
    written = client.update_status(made, observedGeneration=1)
    assert (written["spec"]["replicas"], written["metadata"].get("labels")) == (3, None)
    assert written["status"]["observedGeneration"] == 1


def test_a_stale_status_is_a_conflict(client):
    old = client.create(pod())
    client.update_status(old, phase="Running")
    with pytest.raises(errors.Conflict):
        client.update_status(old, phase="Failed")


def test_patching_the_status(client):
    made = client.create(pod())
    written = client.patch_status(made, patch={"message": "hello"})
    assert written["status"] == {**made["status"], "message": "hello"}


# --- patch -----------------------------------------------------------------------------------


def test_a_merge_patch_merges_maps_deletes_nulls_and_replaces_the_rest(client):
    client.create(
        configmap(data={"keep": "1", "change": "1", "drop": "1"}, metadata={"finalizers": ["a/b", "a/c"]})
    )
    patch = {"data": {"change": "2", "drop": None, "new": "2"}, "metadata": {"finalizers": ["a/d"]}}
    patched = client.patch("configmaps", "default/settings", patch=patch)
    assert patched["data"] == {"keep": "1", "change": "2", "new": "2"}
    assert patched["metadata"]["finalizers"] == ["a/d"]


def test_a_json_patch(client):
    client.create(configmap(data={"a": "1", "b": "1"}))
    operations = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "2"},
        {"op": "remove", "path": "/data/b"},
    ]
    patched = client.patch("configmaps", "default/settings", patch=operations, patch_type="json")
    assert patched["data"] == {"a": "2"}


def test_a_patch_conflicts_only_if_it_names_a_revision(client):
    old = client.create(configmap(data={"a": "1"}))
    client.patch(old, patch={"data": {"a": "2"}})
    client.patch(old, patch={"data": {"b": "1"}})
    with pytest.raises(errors.Conflict):
        client.patch(
            old,
            patch={"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {"a": "3"}},
        )


PATCHES = {
    "a list as a merge patch": ("merge", [], errors.BadRequest, "cannot unmarshal array"),
    "a map as a JSON patch": ("json", {}, errors.BadRequest, "cannot unmarshal object"),
    "a test that fails": (
        "json",
        [{"op": "test", "path": "/data/a", "value": "x"}],
        errors.ApiError,
        "rejected",
    ),
    "a path that is not there": (
        "json",
        [{"op": "remove", "path": "/data/x/y"}],
        errors.ApiError,
        "rejected",
    ),
    "an unknown type": ("guess", {}, errors.UnsupportedMediaType, "Unsupported Media Type"),
    "another name": (
        "merge",
        {"metadata": {"name": "b"}},
        errors.BadRequest,
        "does not match the name on the URL",
    ),
    "a wrong type": ("merge", {"data": "text"}, errors.Invalid, "cannot unmarshal string"),
}


@pytest.mark.parametrize("case", PATCHES.values(), ids=PATCHES.keys())
def test_patches_that_are_refused(client, case):
    patch_type, patch, kind, words = case
    made = client.create(configmap(data={"a": "1"}))
    with pytest.raises(kind, match=words) as refusal:
        client.patch(made, patch=patch, patch_type=patch_type)
    assert refusal.value.code in (400, 415, 422)
    assert client.get("configmaps", "default/settings") == made


# --- list ------------------------------------------------------------------------------------


@pytest.fixture
def three(client):
    """Three configmaps with labels in default, and one elsewhere."""
    client.create(namespace("team"))
    for name, labels in (("c", {"app": "web"}), ("a", {"app": "db"}), ("b", {"app": "web", "tier": "front"})):
        client.create(configmap(name, metadata={"labels": labels}))
    client.create(configmap("z", namespace="team", metadata={"labels": {"app": "web"}}))
    return client


SELECTIONS = {
    "everything, by namespace and name": ({}, ["a", "b", "c", "z"]),
    "a namespace": ({"namespace": "team"}, ["z"]),
    "an empty namespace": ({"namespace": "kube-system"}, []),
    "a label": ({"labels": "app=web"}, ["b", "c", "z"]),
    "two labels": ({"labels": "app=web,tier"}, ["b"]),
    "a set of values": ({"labels": "app in (db, cache)"}, ["a"]),
    "without a label": ({"labels": "!tier,app=web"}, ["c", "z"]),
    "a selector object": ({"labels": {"matchLabels": {"tier": "front"}}}, ["b"]),
    "a field": ({"fields": "metadata.name=a"}, ["a"]),
    "not a field": ({"fields": "metadata.namespace!=default"}, ["z"]),
}


@pytest.mark.parametrize("case", SELECTIONS.values(), ids=SELECTIONS.keys())
def test_lists_select(three, case):
    options, expected = case
    assert [o["metadata"]["name"] for o in three.list("configmaps", **options)] == expected


def test_a_list_knows_its_revision(three):
    before = three.list("configmaps").revision
    three.create(configmap("new"))
    found = three.list("configmaps")
    assert found.revision == before + 1 == revision_of(three.get("configmaps", "default/new"))


def test_selectors_that_mean_nothing_are_refused(client):
    with pytest.raises(errors.BadRequest):
        client.list("configmaps", labels="a in (")
    with pytest.raises(errors.BadRequest):
        client.list("configmaps", fields="spec.colour=red")


# --- delete, bind ----------------------------------------------------------------------------


def test_deleting_says_whether_the_object_is_gone(client):
    made = client.create(configmap())
    assert client.delete(made) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "settings", "kind": "configmaps", "uid": made["metadata"]["uid"]},
    }
    with pytest.raises(errors.NotFound):
        client.get("configmaps", "default/settings")


def test_deleting_what_somebody_holds_returns_it(client):
    made = client.create(configmap(metadata={"finalizers": ["a/b"]}))
    held = client.delete("configmaps", "default/settings")
    assert "deletionTimestamp" in held["metadata"]
    assert client.get("configmaps", "default/settings") == held
    assert revision_of(held) > revision_of(made)


def test_deleting_what_is_not_there(client):
    with pytest.raises(errors.NotFound):
        client.delete("configmaps", "default/settings")


def test_binding_a_pod(client):
    made = client.create(pod())
    answer = client.bind(made, "node-1")
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    bound = client.get("pods", "default/web")
    assert bound["spec"]["nodeName"] == "node-1"
    assert [c["status"] for c in bound["status"]["conditions"] if c["type"] == "PodScheduled"] == ["True"]


# --- rehearsal -------------------------------------------------------------------------------

REHEARSALS = {
    "create": lambda c, o: c.create(configmap("new"), dryRun="All"),
    "update": lambda c, o: c.update({**o, "data": {"a": "2"}}, dryRun="All"),
    "patch": lambda c, o: c.patch(o, patch={"data": {"a": "2"}}, dryRun="All"),
    "delete": lambda c, o: c.delete(o, dryRun="All"),
}


@pytest.mark.parametrize("call", REHEARSALS.values(), ids=REHEARSALS.keys())
def test_a_dry_run_writes_nothing(client, call):
    made = client.create(configmap(data={"a": "1"}))
    before = revision(client)
    assert call(client, made)
    assert revision(client) == before
    assert list(client.list("configmaps")) == [made]


def test_a_dry_run_says_what_would_come_of_it(client):
    rehearsed = client.create(deployment(), dryRun="All")
    assert rehearsed["spec"]["strategy"]["type"] == "RollingUpdate"
    with pytest.raises(errors.Invalid):
        client.create(deployment(replicas=-1), dryRun="All")


def test_a_dry_run_finds_that_the_name_is_taken(client):
    client.create(configmap())
    with pytest.raises(errors.AlreadyExists):
        client.create(configmap(), dryRun="All")
