"""Server-side apply and managedFields, through the API server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import ApiError, Conflict
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import edit
from k8slearn.api.requests import Request
from tests import fakes

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture
def server(server):
    server.manages_fields = True
    return server


class Ask:
    """The requests of these tests, short."""

    def __init__(self, server, clock):
        self.server, self.clock = server, clock
        self.created = False

    def __call__(self, verb, resource, name, body=None, subresource="", **options) -> Any:
        self.clock.now += 1
        request = Request(verb, resource, "default", name, subresource, edit(body), options)
        answer = self.server.handle(request)
        self.created = request.created
        return answer

    def apply(self, resource, body, manager="one", **options):
        name = options.pop("url", body.get("metadata", {}).get("name"))
        return self("patch", resource, name, body, patchType="apply", fieldManager=manager, **options)

    def patch(self, resource, name, body, manager="kubectl-patch", patch_type="merge", **options):
        return self("patch", resource, name, body, patchType=patch_type, fieldManager=manager, **options)


@pytest.fixture
def ask(server, clock):
    return Ask(server, clock)


def settings(data=None, **metadata):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}}
    return body if data is None else {**body, "data": data}


def deployment(replicas=None, image="app:1", **metadata):
    body = fakes.named("Deployment", "d", "apps/v1", namespace="", metadata=metadata)
    containers = [{"name": "c", "image": image, "ports": [{"containerPort": 80}]}]
    template = {"metadata": {"labels": {"a": "d"}}, "spec": {"containers": containers}}
    body["spec"] = {"selector": {"matchLabels": {"a": "d"}}, "template": template}
    if replicas is not None:
        body["spec"]["replicas"] = replicas
    return body


def only(**fields):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, **fields}


def owned(obj, manager, operation="Apply", subresource=None):
    """The fieldsV1 of one entry."""
    return entry(obj, manager, operation, subresource)["fieldsV1"]


def entry(obj, manager, operation="Apply", subresource=None):
    entries = obj["metadata"].get("managedFields", [])
    wanted = (manager, operation, subresource)
    return next(e for e in entries if (e["manager"], e["operation"], e.get("subresource")) == wanted)


def managers(obj):
    return [(e["manager"], e["operation"]) for e in obj["metadata"].get("managedFields", [])]


# --- applying --------------------------------------------------------------------------------


def test_applying_creates_and_writes_down_who_said_what(ask, clock):
    created = ask.apply("configmaps", settings({"k": "v", "l": "w"}, labels={"x": "1"}))
    assert ask.created
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": timestamp(clock.now),
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:k": {}, "f:l": {}}, "f:metadata": {"f:labels": {"f:x": {}}}},
        }
    ]


def test_applying_the_same_again_writes_nothing(ask):
    created = ask.apply("configmaps", settings({"k": "v"}, labels={"x": "1"}))
    assert ask.apply("configmaps", settings({"k": "v"}, labels={"x": "1"})) == created
    assert not ask.created


def test_what_is_no_longer_applied_goes(ask):
    ask.apply("configmaps", settings({"k": "v", "l": "w"}, labels={"x": "1"}))
    left = ask.apply("configmaps", settings({"k": "v"}))
    assert left["data"] == {"k": "v"}
    assert "labels" not in left["metadata"]
    assert owned(left, "one") == {"f:data": {"f:k": {}}}


def test_what_somebody_else_owns_too_stays(ask):
    ask.apply("configmaps", settings({"k": "v", "l": "w"}))
    ask.apply("configmaps", settings({"l": "w"}), "two")
    left = ask.apply("configmaps", settings({"k": "v"}))
    assert left["data"] == {"k": "v", "l": "w"}
    assert owned(left, "two") == {"f:data": {"f:l": {}}}
    assert ask.apply("configmaps", settings({}), "two")["data"] == {"k": "v"}


def test_an_applier_of_nothing_is_forgotten(ask):
    ask.apply("configmaps", settings({"k": "v"}))
    assert managers(ask.apply("configmaps", settings())) == []


def test_a_conflict_names_the_manager_and_the_field(ask):
    ask("create", "deployments", "d", deployment(2), fieldManager="kubectl-create")
    with pytest.raises(Conflict) as raised:
        ask.apply("deployments", only(spec={"replicas": 3}))
    conflict = 'conflict with "kubectl-create" using apps/v1'
    assert raised.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"Apply failed with 1 conflict: {conflict}: .spec.replicas",
        "reason": "Conflict",
        "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": conflict, "field": ".spec.replicas"}]
        },
        "code": 409,
    }


def test_several_conflicts_are_listed_by_manager(ask):
    ask.apply("configmaps", settings({"a": "1", "b": "1"}), "two")
    ask.apply("configmaps", settings({"c": "1"}), "three")
    with pytest.raises(Conflict) as raised:
        ask.apply("configmaps", settings({"a": "2", "b": "2", "c": "2"}))
    assert raised.value.message == (
        'Apply failed with 3 conflicts: conflicts with "three":\n- .data.c\nconflicts with "two":\n- .data.a\n- .data.b'
    )
    assert [c["field"] for c in raised.value.details["causes"]] == [".data.c", ".data.a", ".data.b"]


def test_equal_values_are_shared_and_force_takes(ask):
    ask.apply("configmaps", settings({"a": "1"}), "two")
    shared = ask.apply("configmaps", settings({"a": "1"}))
    assert set(managers(shared)) == {("two", "Apply"), ("one", "Apply")}
    assert "time" not in entry(shared, "one"), "he has changed nothing yet"
    with pytest.raises(Conflict):
        ask.apply("configmaps", settings({"a": "2"}))
    forced = ask.apply("configmaps", settings({"a": "2"}), force=True)
    assert forced["data"] == {"a": "2"}
    assert managers(forced) == [("one", "Apply")]


def test_an_update_takes_from_appliers_without_asking(ask):
    ask.apply("configmaps", settings({"a": "1", "b": "1"}))
    patched = ask.patch("configmaps", "a", {"data": {"a": "2"}})
    assert owned(patched, "one") == {"f:data": {"f:b": {}}}
    assert owned(patched, "kubectl-patch", "Update") == {"f:data": {"f:a": {}}}
    with pytest.raises(Conflict, match=r'"kubectl-patch" using v1: \.data\.a'):
        ask.apply("configmaps", settings({"a": "1", "b": "1"}))


def test_replicas_are_handed_over_to_an_autoscaler(ask):
    """The way the documentation recommends: the autoscaler owns the field, then the applier leaves it out."""
    ask.apply("deployments", deployment(2))
    scaled = ask.patch("deployments", "d", {"spec": {"replicas": 5}}, "autoscaler")
    assert owned(scaled, "autoscaler", "Update") == {"f:spec": {"f:replicas": {}}}
    applied = ask.apply("deployments", deployment(image="app:2"))
    assert applied["spec"]["replicas"] == 5
    assert applied["spec"]["template"]["spec"]["containers"][0]["image"] == "app:2"


def test_a_dropped_field_falls_back_to_its_default(ask):
    ask.apply("deployments", deployment(3))
    assert ask.apply("deployments", deployment())["spec"]["replicas"] == 1


# --- lists -----------------------------------------------------------------------------------


def test_items_with_keys_belong_to_whoever_applied_them(ask):
    ask.apply("deployments", deployment())
    sidecar = only(spec={"template": {"spec": {"containers": [{"name": "proxy", "image": "proxy:1"}]}}})
    both = ask.apply("deployments", sidecar, "mesh")
    assert [c["name"] for c in both["spec"]["template"]["spec"]["containers"]] == ["c", "proxy"]
    items = owned(both, "mesh")["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert items == {'k:{"name":"proxy"}': {".": {}, "f:image": {}, "f:name": {}}}
    left = ask.apply("deployments", only(), "mesh")
    assert [c["name"] for c in left["spec"]["template"]["spec"]["containers"]] == ["c"]


def test_keys_have_defaults(ask):
    """A port without a protocol is the TCP port of that number."""
    service = fakes.named("Service", "s", namespace="", spec={"ports": [{"port": 80, "name": "web"}]})
    applied = ask.apply("services", service)
    ports = owned(applied, "one")["f:spec"]["f:ports"]
    assert ports == {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}}}
    service["spec"]["ports"] = [
        {"port": 80, "name": "dns", "protocol": "UDP"},
        {"port": 80, "name": "web", "protocol": "TCP"},
    ]
    ports = ask.apply("services", service)["spec"]["ports"]
    assert [(p["name"], p["protocol"]) for p in ports] == [("dns", "UDP"), ("web", "TCP")]


def test_sets_are_merged_value_by_value(ask):
    ask.apply("configmaps", settings(finalizers=["ex.com/a"]))
    both = ask.apply("configmaps", settings(finalizers=["ex.com/b"]), "two")
    assert both["metadata"]["finalizers"] == ["ex.com/a", "ex.com/b"]
    assert owned(both, "two")["f:metadata"]["f:finalizers"] == {'v:"ex.com/b"': {}}
    assert ask.apply("configmaps", settings())["metadata"]["finalizers"] == ["ex.com/b"]


def test_atomic_parts_have_one_owner(ask):
    service = fakes.named(
        "Service", "s", namespace="", spec={"selector": {"a": "b"}, "ports": [{"port": 80}]}
    )
    assert owned(ask.apply("services", service), "one")["f:spec"]["f:selector"] == {}
    service["spec"] = {"selector": {"c": "d"}}
    with pytest.raises(Conflict, match=r'conflict with "one": \.spec\.selector$'):
        ask.apply("services", service, "two")
    assert ask.apply("services", service, "two", force=True)["spec"]["selector"] == {"c": "d"}


# --- bad patches -----------------------------------------------------------------------------

PORTS = fakes.named("Service", "a", namespace="", spec={"ports": [{"port": 80}, {"port": 80}]})


@pytest.mark.parametrize(
    ("resource", "body", "code", "message"),
    [
        (
            "configmaps",
            {"kind": "ConfigMap", "metadata": {"name": "a"}},
            400,
            "invalid object type: /, Kind=ConfigMap",
        ),
        (
            "configmaps",
            fakes.named("Secret", "a", namespace=""),
            400,
            "invalid object type: /v1, Kind=Secret",
        ),
        (
            "deployments",
            fakes.named("Deployment", "a", "apps/v1beta1", namespace=""),
            400,
            "invalid object type: apps/v1beta1, Kind=Deployment",
        ),
        ("configmaps", settings(managedFields=[]), 400, "metadata.managedFields must be nil"),
        (
            "configmaps",
            {**settings(), "dota": {}},
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .dota: field not declared in schema",
        ),
        (
            "services",
            fakes.named("Service", "a", namespace="", spec={"ports": "web"}),
            500,
            "failed to create typed patch object (/a; /v1, Kind=Service): .spec.ports: expected list, got &{web}",
        ),
        (
            "configmaps",
            settings({"k": 5}),
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data.k: expected string, "
            "got &value.valueUnstructured{Value:5}",
        ),
        (
            "deployments",
            fakes.named("Deployment", "a", "apps/v1", namespace="", spec={"replicas": "x", "paused": 1}),
            500,
            "failed to create typed patch object (/a; apps/v1, Kind=Deployment): errors:\n"
            "  .spec.replicas: expected numeric (int or float), got string\n"
            "  .spec.paused: expected boolean, got &{1}",
        ),
        (
            "services",
            PORTS,
            500,
            "failed to create typed patch object (/a; /v1, Kind=Service): .spec.ports: "
            'duplicate entries for key [port=80,protocol="TCP"]',
        ),
        (
            "pods",
            fakes.named("Pod", "a", namespace="", spec={"containers": [{"image": "i"}]}),
            500,
            "failed to create typed patch object (/a; /v1, Kind=Pod): .spec.containers: element 0: associative list "
            'with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any '
            "key fields)",
        ),
        (
            "configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}},
            400,
            "the name of the object (a based on URL) was undeterminable: name must be provided",
        ),
        (
            "configmaps",
            settings(name="b"),
            400,
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            "configmaps",
            settings(uid="u"),
            409,
            'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid u, '
            "and no existing object was found",
        ),
        (
            "configmaps",
            [],
            400,
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into "
            "Go value of type map[string]interface {}",
        ),
    ],
)
def test_bad_patches(ask, resource, body, code, message):
    with pytest.raises(ApiError) as raised:
        ask("patch", resource, "a", body, patchType="apply", fieldManager="one")
    assert (raised.value.code, raised.value.message) == (code, message)
    with pytest.raises(ApiError, match="not found"):
        ask("get", resource, "a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patchType": "apply"}, "fieldManager: Required value: is required for apply patch"),
        ({"patchType": "merge", "force": True}, "force: Forbidden: may not be specified for non-apply patch"),
    ],
)
def test_options_of_patches(ask, options, message):
    with pytest.raises(ApiError) as raised:
        ask("patch", "configmaps", "a", settings(), **options)
    assert (raised.value.code, raised.value.message) == (
        422,
        f'PatchOptions.meta.k8s.io "" is invalid: {message}',
    )


def test_a_resource_version_in_the_patch_is_a_condition(ask):
    first = ask.apply("configmaps", settings({"k": "v"}))
    stale = settings({"k": "w"}, resourceVersion=first["metadata"]["resourceVersion"])
    ask.apply("configmaps", settings({"k": "x"}))
    with pytest.raises(Conflict, match="the object has been modified"):
        ask.apply("configmaps", stale)


def test_a_rehearsal_stores_nothing(ask):
    ask.apply("configmaps", settings({"k": "v"}), dryRun="All")
    with pytest.raises(ApiError, match="not found"):
        ask("get", "configmaps", "a")


def test_what_does_not_validate_is_not_applied(ask):
    with pytest.raises(ApiError) as raised:
        ask.apply("deployments", deployment(-1))
    assert raised.value.code == 422


# --- the status ------------------------------------------------------------------------------


def test_the_status_is_owned_through_its_own_door(ask):
    ask.apply("deployments", deployment(1))
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    body = only(spec={"replicas": 7}, status=status)
    applied = ask("patch", "deployments", "d", body, "status", patchType="apply", fieldManager="c")
    assert applied["spec"]["replicas"] == 1
    assert applied["status"]["conditions"][0]["status"] == "True"
    assert owned(applied, "c", "Apply", "status") == {
        "f:status": {"f:conditions": {'k:{"type":"Ready"}': {".": {}, "f:status": {}, "f:type": {}}}}
    }
    status["conditions"][0]["status"] = "False"
    with pytest.raises(Conflict) as raised:
        ask("patch", "deployments", "d", only(status=status), "status", patchType="apply", fieldManager="e")
    assert raised.value.message == (
        'Apply failed with 1 conflict: conflict with "c" with subresource "status": '
        '.status.conditions[type="Ready"].status'
    )


def test_an_update_of_the_status_is_noted_as_such(ask):
    ask("create", "deployments", "d", deployment(1), fieldManager="kubectl-create")
    updated = ask.patch("deployments", "d", {"status": {"replicas": 1}}, "controller", subresource="status")
    assert owned(updated, "controller", "Update", "status") == {"f:status": {"f:replicas": {}}}
    assert "f:status" not in owned(updated, "kubectl-create", "Update")


# --- ordinary writes -------------------------------------------------------------------------


def test_what_a_creator_owns(ask):
    """Defaults are his, too; what admission and the server add is not, nor are name, uid and the like."""
    created = ask(
        "create", "deployments", "d", deployment(2, labels={"x": "y"}), fieldManager="kubectl-create"
    )
    fields = owned(created, "kubectl-create", "Update")
    assert fields["f:metadata"] == {"f:labels": {".": {}, "f:x": {}}}
    spec = fields["f:spec"]
    assert spec["f:selector"] == {}
    assert spec["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }
    assert spec["f:template"]["f:metadata"] == {"f:labels": {".": {}, "f:a": {}}}
    assert list(spec["f:template"]["f:spec"]["f:containers"]) == ['k:{"name":"c"}'], (
        "lists that are always there"
    )
    assert spec["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']["f:ports"] == {
        ".": {},
        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
    }


def test_a_created_pod_s_account_and_tolerations_are_nobody_s(ask):
    pod = fakes.pod("p")
    spec = owned(ask("create", "pods", "p", pod, fieldManager="kubectl-run"), "kubectl-run", "Update")[
        "f:spec"
    ]
    assert {"f:containers", "f:restartPolicy", "f:enableServiceLinks"} <= spec.keys()
    assert not {"f:serviceAccountName", "f:tolerations", "f:priority"} & spec.keys()


def test_an_update_owns_what_it_changes(ask):
    ask("create", "configmaps", "a", settings({"a": "1", "b": "1"}), fieldManager="one")
    updated = ask("update", "configmaps", "a", settings({"a": "2", "c": "1"}), fieldManager="two")
    assert owned(updated, "one", "Update") == {"f:data": {}}
    assert owned(updated, "two", "Update") == {"f:data": {"f:a": {}, "f:c": {}}}
    assert entry(updated, "one", "Update")["time"] < entry(updated, "two", "Update")["time"]


def test_an_update_that_changes_nothing_keeps_the_times_and_writes_nothing(ask):
    created = ask("create", "configmaps", "a", settings({"a": "1"}), fieldManager="one")
    assert ask("update", "configmaps", "a", edit(created), fieldManager="two") == created


def test_managers_without_a_name_are_unknown(ask):
    assert managers(ask("create", "configmaps", "a", settings({"a": "1"}))) == [("unknown", "Update")]


def test_at_most_ten_updaters_are_remembered(ask):
    ask("create", "configmaps", "a", settings({"k0": "v"}), fieldManager="m0")
    for i in range(1, 14):
        obj = ask.patch("configmaps", "a", {"data": {f"k{i}": "v"}}, f"m{i}")
    assert len(managers(obj)) == 10
    assert managers(obj)[0] == ("ancient-changes", "Update")
    ancient = owned(obj, "ancient-changes", "Update")["f:data"]
    assert set(ancient) == {".", "f:k0", "f:k1", "f:k2", "f:k3", "f:k4"}


@pytest.mark.parametrize("reset", [[], [{}]])
def test_a_client_may_reset_the_book(ask, reset):
    ask("create", "configmaps", "a", settings({"a": "1"}), fieldManager="one")
    cleared = ask.patch("configmaps", "a", {"metadata": {"managedFields": reset}})
    assert "managedFields" not in cleared["metadata"]
    assert "managedFields" not in ask.patch("configmaps", "a", {"data": {"a": "2"}})["metadata"]


def test_nonsense_in_the_book_is_ignored(ask):
    created = ask("create", "configmaps", "a", settings({"a": "1"}), fieldManager="one")
    for broken in ({"operation": "Steal"}, {"fieldsV1": {"x": {}}}, {"fieldsType": "FieldsV7"}):
        entries = [{**edit(created["metadata"]["managedFields"][0]), **broken}]
        assert ask.patch("configmaps", "a", {"metadata": {"managedFields": entries}}) == created


def test_an_item_without_its_key_is_left_to_validation(ask):
    pod = fakes.pod("p", containers=[{"image": "i"}])
    with pytest.raises(ApiError, match=r"spec\.containers\[0\]\.name: Required value"):
        ask("create", "pods", "p", pod)


def test_a_malformed_book_of_a_custom_resource_is_ignored(ask, server):
    server.kinds.add(Resource("example.com", "v1", "Website", "websites"))
    body = fakes.named("Website", "w", "example.com/v1", namespace="", spec={"a": 1})
    created = ask("create", "websites.example.com", "w", body, fieldManager="one")
    fine = edit(created["metadata"]["managedFields"][0])
    for broken in (7, [7], [{**fine, "manager": []}], [{**fine, "time": "soon"}], [{**fine, "fieldsV1": 1}]):
        patch = {"metadata": {"managedFields": broken}}
        patched = ask.patch("websites.example.com", "w", patch)
        assert patched["metadata"]["managedFields"] == created["metadata"]["managedFields"]


def test_what_was_there_before_anybody_applied(ask, server):
    server.manages_fields = False
    created = ask("create", "configmaps", "a", settings({"a": "1"}))
    assert "managedFields" not in created["metadata"]
    with pytest.raises(Conflict, match='conflict with "before-first-apply" using v1'):
        ask.apply("configmaps", settings({"a": "2"}))
    applied = ask.apply("configmaps", settings({"b": "2"}))
    assert managers(applied) == [("one", "Apply"), ("before-first-apply", "Update")]
    patched = ask.patch("configmaps", "a", {"data": {"b": "3"}})
    assert set(managers(patched)) == {("before-first-apply", "Update"), ("kubectl-patch", "Update")}


# --- kubectl ---------------------------------------------------------------------------------


def test_kubectl_moves_from_client_side_to_server_side_apply(ask):
    """kubectl renames its own entry with a JSON patch; the server takes the rewritten list as it is."""
    ask("create", "configmaps", "a", settings({"a": "1"}), fieldManager="kubectl-client-side-apply")
    live = ask("get", "configmaps", "a")
    entries = edit(live["metadata"]["managedFields"])
    entries[0] |= {"manager": "kubectl", "operation": "Apply"}
    operations = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]
    moved = ask.patch("configmaps", "a", operations, "kubectl", "json")
    assert managers(moved) == [("kubectl", "Apply")]
    assert ask.apply("configmaps", settings({"b": "2"}), "kubectl")["data"] == {"b": "2"}


def test_kubectl_may_take_what_it_applied_on_the_client_s_side(ask):
    said = settings({"a": "1"})
    noted = settings({"a": "1"}, annotations={LAST_APPLIED: json.dumps(said)})
    ask("create", "configmaps", "a", noted, fieldManager="kubectl-client-side-apply")
    with pytest.raises(Conflict):
        ask.apply("configmaps", settings({"a": "2"}), "somebody")
    applied = ask.apply("configmaps", settings({"a": "2"}), "kubectl")
    assert applied["data"] == {"a": "2"}
    note = json.loads(applied["metadata"]["annotations"][LAST_APPLIED])
    assert note["data"] == {"a": "2"}


def test_a_custom_resource_is_owned_field_by_field_and_its_lists_whole(ask, server):
    server.kinds.add(Resource("example.com", "v1", "Website", "websites", subresources=("status",)))
    body = fakes.named("Website", "w", "example.com/v1", namespace="", spec={"a": {"b": 1}, "c": [1]})
    applied = ask.apply("websites.example.com", body)
    assert owned(applied, "one") == {"f:spec": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:c": {}}}
    body["spec"]["c"] = [2]
    with pytest.raises(Conflict, match=r"\.spec\.c$"):
        ask.apply("websites.example.com", body, "two")
