"""Deletion: finalizers, grace, preconditions, propagation, and what DELETE answers.

Facts recorded from Kubernetes v1.36: scenarios pod-graceful-deletion, delete-preconditions,
delete-background, delete-foreground.
"""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from tests.fakes import configmap, deployment, named, namespace, pod, running, service, template


def held(client, *finalizers: str):
    return client.create(configmap(metadata={"finalizers": list(finalizers)}))


def gone(client, resource: str = "configmaps", key: str = "default/settings") -> bool:
    try:
        client.get(resource, key)
    except errors.NotFound:
        return True
    return False


# --- finalizers ------------------------------------------------------------------------------


def test_with_a_finalizer_deletion_is_a_wish(client, clock):
    held(client, "a/b")
    clock.now = 7.0
    m = client.delete("configmaps", "default/settings")["metadata"]
    assert (m["deletionTimestamp"], m["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:07Z", 0)
    assert m["finalizers"] == ["a/b"]


def test_the_object_goes_with_its_last_finalizer(client):
    held(client, "a/b", "a/c")
    client.delete("configmaps", "default/settings")
    client.patch("configmaps", "default/settings", patch={"metadata": {"finalizers": ["a/c"]}})
    assert not gone(client)
    client.patch("configmaps", "default/settings", patch={"metadata": {"finalizers": None}})
    assert gone(client)


def test_a_finalizer_taken_off_before_deletion_deletes_nothing(client):
    held(client, "a/b")
    client.patch("configmaps", "default/settings", patch={"metadata": {"finalizers": None}})
    assert not gone(client)


def test_asking_twice_changes_nothing(server, client, clock):
    held(client, "a/b")
    first = client.delete("configmaps", "default/settings")
    before, clock.now = server.store.revision, 99.0
    assert client.delete("configmaps", "default/settings") == first
    assert server.store.revision == before


def test_no_finalizer_may_be_added_to_what_is_going(client):
    held(client, "a/b")
    client.delete("configmaps", "default/settings")
    with pytest.raises(errors.Invalid, match="no new finalizers can be added if the object is being deleted"):
        client.patch("configmaps", "default/settings", patch={"metadata": {"finalizers": ["a/b", "a/new"]}})


def test_deletion_cannot_be_taken_back(client):
    held(client, "a/b")
    going = client.delete("configmaps", "default/settings")
    patched = client.patch(going, patch={"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}})
    still = client.update(configmap(metadata={"finalizers": ["a/b"]}, data={"n": "1"}))
    for after in (patched, still):
        assert after["metadata"]["deletionTimestamp"] == going["metadata"]["deletionTimestamp"]


# --- pods: grace -----------------------------------------------------------------------------


@pytest.fixture
def bound(client):
    client.bind(client.create(pod()), "node-1")
    return client.get("pods", "default/web")


def grace_of(obj) -> int:
    return obj["metadata"]["deletionGracePeriodSeconds"]


def test_a_bound_pod_is_given_time(client, bound, clock):
    clock.now = 10.0
    answer = client.delete(bound)
    assert (answer["kind"], grace_of(answer)) == ("Pod", 30)
    assert answer["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:40Z"
    assert answer["status"]["phase"] == "Pending"
    assert not gone(client, "pods", "default/web")


def test_grace_can_be_shortened_and_never_lengthened(client, bound, clock):
    client.delete(bound)
    clock.now = 4.0
    assert grace_of(client.delete(bound, gracePeriodSeconds=60)) == 30
    shorter = client.delete(bound, gracePeriodSeconds=5)
    assert grace_of(shorter) == 5
    assert shorter["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z", (
        "counted from when it was first asked"
    )
    assert grace_of(client.delete(bound)) == 5
    assert grace_of(client.delete(bound, gracePeriodSeconds=0)) == 0
    assert gone(client, "pods", "default/web")


def test_the_pod_says_how_much_time_it_needs(client):
    client.bind(client.create(pod(terminationGracePeriodSeconds=3)), "node-1")
    assert grace_of(client.delete("pods", "default/web")) == 3


def test_less_than_nothing_is_a_second(client, bound):
    assert grace_of(client.delete(bound, gracePeriodSeconds=-1)) == 1


def test_who_runs_nowhere_needs_no_time(client):
    answer = client.delete(client.create(pod()))
    assert (answer["kind"], grace_of(answer)) == ("Pod", 0)
    assert gone(client, "pods", "default/web")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_who_has_finished_needs_no_time(client, bound, phase):
    client.update_status(bound, phase=phase)
    client.delete(bound)
    assert gone(client, "pods", "default/web")


def test_a_pod_with_a_finalizer_outlives_its_grace(client):
    client.bind(client.create(pod(metadata={"finalizers": ["a/b"]})), "node-1")
    client.delete("pods", "default/web", gracePeriodSeconds=0)
    assert not gone(client, "pods", "default/web")
    client.patch("pods", "default/web", patch={"metadata": {"finalizers": None}})
    assert gone(client, "pods", "default/web")


def test_a_finalizer_taken_off_during_the_grace_does_not_end_it(client):
    client.bind(client.create(pod(metadata={"finalizers": ["a/b"]})), "node-1")
    client.delete("pods", "default/web")
    client.patch("pods", "default/web", patch={"metadata": {"finalizers": None}})
    assert not gone(client, "pods", "default/web")


def test_other_kinds_have_no_grace(client):
    client.create(service())
    client.delete("services", "default/web", gracePeriodSeconds=30)
    assert gone(client, "services", "default/web")


# --- preconditions ---------------------------------------------------------------------------

REFUSED = {
    "uid": (
        {"uid": "11111111-2222-3333-4444-555555555555"},
        'Operation cannot be fulfilled on ConfigMap "settings": the UID in the precondition '
        "(11111111-2222-3333-4444-555555555555) does not match the UID in record (UID). "
        "The object might have been deleted and then recreated",
    ),
    "resourceVersion": (
        {"resourceVersion": "1"},
        'Operation cannot be fulfilled on ConfigMap "settings": the ResourceVersion in the precondition (1) '
        "does not match the ResourceVersion in record (RV). The object might have been modified",
    ),
}


@pytest.mark.parametrize(("preconditions", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_another_object_than_was_meant_is_not_deleted(client, preconditions, message):
    m = client.create(configmap())["metadata"]
    with pytest.raises(errors.Conflict) as refusal:
        client.delete("configmaps", "default/settings", preconditions=preconditions)
    assert refusal.value.message == message.replace("UID)", f"{m['uid']})").replace(
        "RV)", f"{m['resourceVersion']})"
    )
    assert not gone(client)


def test_the_object_that_was_meant_is_deleted(client):
    m = client.create(configmap())["metadata"]
    client.delete(
        "configmaps", "default/settings", preconditions={k: m[k] for k in ("uid", "resourceVersion")}
    )
    assert gone(client)


# --- propagation -----------------------------------------------------------------------------

POLICIES = {"Foreground": ["foregroundDeletion"], "Orphan": ["orphan"]}


@pytest.mark.parametrize(("policy", "finalizers"), POLICIES.items())
def test_how_to_treat_dependents_is_noted_as_a_finalizer(client, policy, finalizers):
    answer = client.delete(client.create(deployment()), propagationPolicy=policy)
    assert answer["metadata"]["finalizers"] == finalizers
    assert "deletionTimestamp" in answer["metadata"]


def test_in_the_background_nothing_holds_the_owner(client):
    made = client.create(deployment())
    assert client.delete(made, propagationPolicy="Background")["kind"] == "Status"
    assert gone(client, "deployments", "default/web")


def test_one_may_change_ones_mind(client):
    made = client.create(deployment())
    client.delete(made, propagationPolicy="Foreground")
    assert client.delete(made, propagationPolicy="Orphan")["metadata"]["finalizers"] == ["orphan"]
    client.delete(made, propagationPolicy="Background")
    assert gone(client, "deployments", "default/web")


def test_other_finalizers_stay(client):
    held(client, "a/b")
    answer = client.delete("configmaps", "default/settings", propagationPolicy="Foreground")
    assert answer["metadata"]["finalizers"] == ["a/b", "foregroundDeletion"]


@pytest.mark.parametrize(
    ("orphan", "finalizers"), [(True, ["orphan"]), (False, None)], ids=["orphaned", "not orphaned"]
)
def test_how_it_was_said_long_ago(client, orphan, finalizers):
    answer = client.delete(client.create(deployment()), orphanDependents=orphan)
    assert answer.get("metadata", {}).get("finalizers") == finalizers
    assert gone(client, "deployments", "default/web") == (not orphan)


def test_what_was_noted_before_stays_if_nobody_says_otherwise(client):
    made = client.create(deployment())
    client.delete(made, propagationPolicy="Foreground")
    assert client.delete(made)["metadata"]["finalizers"] == ["foregroundDeletion"]


def job():
    return named("Job", "once", "batch/v1", spec={"template": template({"a": "b"}, restartPolicy="Never")})


def test_a_job_leaves_its_pods_and_says_so(server, client):
    client.create(job())
    request = Request("delete", "jobs", "default", "once")
    assert server.handle(request)["metadata"]["finalizers"] == ["orphan"]
    assert request.warnings == [
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
        "them or set propagationPolicy=Orphan to suppress this warning"
    ]
    deliberate = Request("delete", "jobs", "default", "once", options={"propagationPolicy": "Background"})
    assert server.handle(deliberate)["kind"] == "Status"
    assert deliberate.warnings == []


BAD_OPTIONS = {
    "policy and its ancestor": (
        {"propagationPolicy": "Foreground", "orphanDependents": True},
        'propagationPolicy: Invalid value: "Foreground": orphanDependents and deletionPropagation cannot be '
        "both set",
    ),
    "a strange rehearsal": (
        {"dryRun": ["Some"]},
        'dryRun: Unsupported value: []string{"Some"}: supported values: "All"',
    ),
}


@pytest.mark.parametrize(("options", "why"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_options_that_break_a_rule(client, options, why):
    client.create(configmap())
    with pytest.raises(errors.Invalid) as refusal:
        client.delete("configmaps", "default/settings", **options)
    assert refusal.value.message == f'DeleteOptions.meta.k8s.io "" is invalid: {why}'
    assert not gone(client)


@pytest.mark.parametrize(
    "options",
    [
        {"gracePeriodSeconds": "soon"},
        {"gracePeriodSeconds": True},
        {"propagationPolicy": 7},
        {"orphanDependents": "yes"},
        {"preconditions": ["uid"]},
    ],
    ids=str,
)
def test_options_of_the_wrong_type(client, options):
    client.create(configmap())
    with pytest.raises(errors.BadRequest, match="json: cannot unmarshal"):
        client.delete("configmaps", "default/settings", **options)
    assert not gone(client)


def test_a_policy_that_does_not_exist(client):
    client.create(configmap())
    with pytest.raises(errors.Invalid) as refusal:
        client.delete("configmaps", "default/settings", propagationPolicy="Sideways")
    assert refusal.value.message == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": '
        'supported values: "Foreground", "Background", "Orphan", "nil"'
    )
    assert not gone(client)


def test_the_api_server_deletes_no_dependents(client):
    owner = client.create(configmap("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    client.create(configmap(metadata={"ownerReferences": [reference]}))
    client.delete(owner)
    assert not gone(client)


# --- answers, collections --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obj", "kind"),
    [(configmap("x"), "Status"), (deployment("x"), "Status"), (service("x"), "Service"), (pod("x"), "Pod")],
    ids=["ConfigMap", "Deployment", "Service", "Pod"],
)
def test_what_delete_answers_when_the_object_is_gone(client, obj, kind):
    assert client.delete(client.create(obj))["kind"] == kind


def test_a_collection(server, client):
    client.create(namespace("team"))
    for name, app in (("a", "web"), ("b", "web"), ("c", "db")):
        client.create(configmap(name, metadata={"labels": {"app": app}}))
    client.create(configmap("z", namespace="team", metadata={"labels": {"app": "web"}}))
    server.handle(Request("deletecollection", "configmaps", "default", options={"labelSelector": "app=web"}))
    assert [o["metadata"]["name"] for o in client.list("configmaps")] == ["c", "z"]


def test_a_collection_of_pods_is_given_time_too(server, client):
    client.bind(client.create(pod("a")), "node-1")
    client.create(pod("b"))
    server.handle(Request("deletecollection", "pods", "default"))
    (left,) = client.list("pods")
    assert (left["metadata"]["name"], grace_of(left)) == ("a", 30)


def test_a_collection_answers_with_what_was_there(server, client):
    made = [client.create(configmap(name)) for name in "ab"]
    answer = server.handle(Request("deletecollection", "configmaps", "default"))
    assert (answer.kind, [*answer]) == ("ConfigMapList", made)


def test_a_page_of_a_collection(server, client):
    for name in "abc":
        client.create(configmap(name))
    answer = server.handle(Request("deletecollection", "configmaps", "default", options={"limit": 2}))
    assert answer.continue_
    assert [o["metadata"]["name"] for o in client.list("configmaps")] == ["c"]


def test_bad_options_of_a_collection_delete_nothing(server, client):
    client.create(configmap())
    with pytest.raises(errors.Invalid):
        server.handle(
            Request("deletecollection", "configmaps", "default", options={"propagationPolicy": "Away"})
        )
    assert not gone(client)


def test_a_rehearsal_of_a_collection(server, client):
    client.create(configmap())
    before = server.store.revision
    server.handle(Request("deletecollection", "configmaps", "default", options={"dryRun": "All"}))
    assert server.store.revision == before


# --- what watchers see -----------------------------------------------------------------------


def test_what_was_removed_at_once_was_never_going(server, client):
    """A Service that goes at once is answered as it was, at the revision of its end."""
    client.create(service("x"))
    answer = client.delete("services", "default/x")
    assert "deletionTimestamp" not in answer["metadata"]
    assert answer["metadata"]["resourceVersion"] == str(server.store.revision)


@pytest.mark.parametrize(("announced", "events"), [(False, ["DELETED"]), (True, ["MODIFIED", "DELETED"])])
def test_a_pod_is_going_before_it_is_gone(server, client, announced, events):
    server.announces_deletion = announced
    client.create(pod())
    watch = client.watch("pods")
    answer = client.delete("pods", "default/web")
    seen = []
    while event := watch.take():
        seen.append(event)
    assert [e.type for e in seen] == events
    assert answer["metadata"]["resourceVersion"] == str(server.store.revision)
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 0
    if announced:
        assert all("deletionTimestamp" in e.object["metadata"] for e in seen)


# --- namespaces ------------------------------------------------------------------------------


def test_a_namespace_is_emptied_before_it_goes(client):
    client.create(namespace("team"))
    going = client.delete("namespaces", "team")
    assert going["status"]["phase"] == "Terminating"
    assert "deletionGracePeriodSeconds" not in going["metadata"]
    assert client.delete("namespaces", "team") == going
    client.finalize({**client.get("namespaces", "team"), "spec": {"finalizers": []}})
    assert gone(client, "namespaces", "team")


def test_a_namespace_that_nobody_empties_goes_at_the_second_wish(client):
    made = client.create(namespace("team"))
    client.finalize({**made, "spec": {"finalizers": []}})
    assert client.delete("namespaces", "team")["status"]["phase"] == "Terminating"
    assert not gone(client, "namespaces", "team")
    client.delete("namespaces", "team")
    assert gone(client, "namespaces", "team")


def test_another_namespace_than_was_meant(client):
    uid = client.create(namespace("team"))["metadata"]["uid"]
    with pytest.raises(errors.Conflict) as refusal:
        client.delete("namespaces", "team", preconditions={"uid": "other"})
    assert refusal.value.message == (
        'Operation cannot be fulfilled on namespaces "team": Precondition failed: UID in precondition: other, '
        f"UID in object meta: {uid}"
    )


# --- rehearsals, and the rest ----------------------------------------------------------------


def test_a_dry_run_of_a_deletion_says_what_would_come_of_it(server, client):
    held(client, "a/b")
    before = server.store.revision
    assert "deletionTimestamp" in client.delete("configmaps", "default/settings", dryRun="All")["metadata"]
    made = client.create(configmap("plain"))
    assert client.delete(made, dryRun="All")["kind"] == "Status"
    assert server.store.revision == before + 1


def test_the_status_of_what_is_going_can_still_be_written(client, bound):
    client.delete(bound)
    going = client.get("pods", "default/web")
    assert client.update_status(going, **running(0.0))["status"]["phase"] == "Running"


def test_a_lease_has_no_grace_and_must_be_updated_with_its_revision(client):
    lease = named("Lease", "lock", "coordination.k8s.io/v1", spec={"holderIdentity": "me"})
    client.create(lease)
    with pytest.raises(errors.Invalid, match="must be specified for an update"):
        client.update(lease)
