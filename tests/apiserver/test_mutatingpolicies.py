"""MutatingAdmissionPolicy: what the cluster changes of its own accord, stored as objects."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.admission import DEFAULT, SIMULATED
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.sim import Simulation
from tests.crds import crd, widget
from tests.fakes import configmap, deployment, pod

KIND = "admissionregistration.k8s.io/v1"


def rules(*resources: str, group: str = "", version: str = "v1") -> Object:
    rule = {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"]}
    return {"resourceRules": [{**rule, "resources": list(resources)}]}


def apply(expression: str) -> Object:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> Object:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def policy(*mutations: Object, name: str = "p", on: Object | None = None, **spec: Any) -> Object:
    spec = {
        "matchConstraints": on or rules("configmaps"),
        "mutations": list(mutations),
        "reinvocationPolicy": "Never",
        **spec,
    }
    return {"apiVersion": KIND, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}


def binding(name: str = "b", to: str = "p", **spec: Any) -> Object:
    kind = "MutatingAdmissionPolicyBinding"
    return {"apiVersion": KIND, "kind": kind, "metadata": {"name": name}, "spec": {"policyName": to, **spec}}


def bound(client: Client, *mutations: Object, name: str = "p", **spec: Any) -> None:
    client.create(policy(*mutations, name=name, **spec))
    client.create(binding(f"of-{name}", name))


LABEL = apply("Object{metadata: Object.metadata{labels: {'seen': 'yes'}}}")
DEPLOYMENTS = rules("deployments", group="apps")


# --- applied configurations -----------------------------------------------------------------------


def test_a_policy_counts_where_it_is_bound(client: Client) -> None:
    client.create(policy(LABEL))
    assert "labels" not in client.create(configmap("before"))["metadata"]
    client.create(binding())
    assert client.create(configmap("after"))["metadata"]["labels"] == {"seen": "yes"}
    client.delete("mutatingadmissionpolicybindings", "b")
    assert "labels" not in client.create(configmap("later"))["metadata"]


def test_fields_are_merged_and_what_is_not_said_stays(client: Client) -> None:
    """Containers are told apart by their names; a new one comes behind those that are there."""
    sidecar = """Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
        containers: [Object.spec.template.spec.containers{name: 'mesh', image: 'mesh:1',
            env: [Object.spec.template.spec.containers.env{name: 'A', value: 'b'}]}]
    }}}}"""
    bound(
        client,
        apply("Object{spec: Object.spec{replicas: object.spec.replicas + 1}}"),
        apply(sidecar),
        on=DEPLOYMENTS,
    )
    made = client.create(deployment(replicas=2))
    assert made["spec"]["replicas"] == 3
    names = [(c["name"], c["image"]) for c in made["spec"]["template"]["spec"]["containers"]]
    assert sorted(names) == [("c", "app:1"), ("mesh", "mesh:1")]
    mesh = next(c for c in made["spec"]["template"]["spec"]["containers"] if c["name"] == "mesh")
    assert mesh["env"] == [{"name": "A", "value": "b"}]
    assert mesh["imagePullPolicy"] == "IfNotPresent", "what a change leaves unsaid has its defaults"


def test_each_change_sees_what_the_one_before_has_left(client: Client) -> None:
    count = "Object{data: {'n': string(int(object.data.n) + 1)}}"
    bound(client, apply(count), apply(count), name="one")
    bound(client, apply(count), name="two")
    assert client.create(configmap(data={"n": "0"}))["data"] == {"n": "3"}


def test_updates_are_changed_too(client: Client) -> None:
    bound(client, apply("Object{data: {'was': oldObject == null ? 'nothing' : oldObject.data.a}}"))
    made = client.create(configmap(data={"a": "1"}))
    assert made["data"] == {"a": "1", "was": "nothing"}
    changed = client.patch(made, patch={"data": {"a": "2"}})
    assert changed["data"] == {"a": "2", "was": "1"}


def test_a_kind_of_ones_own(server: ApiServer) -> None:
    sim = Simulation(
        Cluster(0, objects=[crd(spec={"size": {"type": "integer"}, "color": {"type": "string"}})])
    )
    bound(sim.client, apply("Object{spec: Object.spec{size: 3}}"), on=rules("widgets", group="example.com"))
    assert sim.client.create(widget(spec={"color": "red"}))["spec"] == {"color": "red", "size": 3}


def test_a_scale_is_changed_through_its_own_door(client: Client, server: ApiServer) -> None:
    client.create(deployment(replicas=1))
    bound(
        client, apply("Object{spec: Object.spec{replicas: 5}}"), on=rules("deployments/scale", group="apps")
    )
    body = {"spec": {"replicas": 2}}
    scale = server.handle(Request("patch", "deployments", "default", "web", "scale", body))
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 5})
    assert client.get("deployments", "default/web")["spec"]["replicas"] == 5


# --- JSON patches ---------------------------------------------------------------------------------


def test_json_patches(client: Client) -> None:
    bound(
        client,
        patch("""[
            JSONPatch{op: 'test', path: '/data/a', value: '1'},
            JSONPatch{op: 'replace', path: '/data/a', value: '2'},
            JSONPatch{op: 'copy', from: '/data/a', path: '/data/b'},
            JSONPatch{op: 'add', path: '/metadata/labels', value: {'x': 'y'}},
            JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/a'), value: 'z'}
        ]"""),
    )
    made = client.create(configmap(data={"a": "1"}))
    assert made["data"] == {"a": "2", "b": "2"}
    assert made["metadata"]["labels"] == {"x": "y", "example.com/a": "z"}
    assert client.create(configmap("other", data={"a": "3"}))["data"] == {"a": "3"}, (
        "a test that fails: nothing"
    )


def test_a_patch_may_add_a_part_of_an_object(client: Client) -> None:
    container = "Object.spec.containers{name: 'log', image: 'log:1'}"
    bound(
        client,
        patch(
            f"object.spec.containers.exists(c, c.name == 'log') ? [] : "
            f"[JSONPatch{{op: 'add', path: '/spec/containers/-', value: {container}}}]"
        ),
        on=rules("pods"),
    )
    made = client.create(pod())
    assert [c["name"] for c in made["spec"]["containers"]] == ["c", "log"]
    assert made["spec"]["containers"][1]["terminationMessagePath"] == "/dev/termination-log"


# --- whom they mean -------------------------------------------------------------------------------


def test_match_conditions_and_resources_of_the_binding(client: Client) -> None:
    client.create(policy(LABEL, matchConditions=[{"name": "wanted", "expression": "has(object.data)"}]))
    client.create(binding(matchResources={"objectSelector": {"matchLabels": {"app": "web"}}}))
    web = {"labels": {"app": "web"}}
    assert "labels" not in client.create(configmap("a", data={"a": "1"}))["metadata"]
    assert client.create(configmap("b", metadata=web))["metadata"]["labels"] == {"app": "web"}
    found = client.create(configmap("c", metadata=web, data={"a": "1"}))
    assert found["metadata"]["labels"] == {"app": "web", "seen": "yes"}


def test_variables_and_parameters(client: Client) -> None:
    """With each parameter that the selector finds, once."""
    spec: Object = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "on": rules("pods"),
        "variables": [
            {"name": "key", "expression": "params.metadata.name"},
            {"name": "made", "expression": "Object.metadata{labels: {variables.key: params.data.value}}"},
        ],
    }
    for name in ("one", "two"):
        client.create(configmap(name, data={"value": f"v-{name}"}, metadata={"labels": {"param": "yes"}}))
    client.create(policy(apply("Object{metadata: variables.made}"), **spec))
    reference = {"selector": {"matchLabels": {"param": "yes"}}, "parameterNotFoundAction": "Deny"}
    client.create(binding(paramRef=reference))
    assert client.create(pod("a"))["metadata"]["labels"] == {"app": "a", "one": "v-one", "two": "v-two"}


def test_a_parameter_that_is_not_there(client: Client) -> None:
    client.create(policy(LABEL, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, on=rules("pods")))
    client.create(binding(paramRef={"name": "nope", "parameterNotFoundAction": "Deny"}))
    with pytest.raises(errors.Forbidden) as refused:
        client.create(pod())
    assert refused.value.message == (
        "policy 'p' with binding 'b' denied request: failed to configure binding: no params found for policy binding "
        "with `Deny` parameterNotFoundAction"
    )


def test_policies_are_never_asked_about_themselves(client: Client) -> None:
    bound(
        client,
        LABEL,
        on={
            "resourceRules": [
                {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
            ]
        },
    )
    assert "labels" not in client.create(policy(LABEL, name="q"))["metadata"]
    assert client.create(configmap())["metadata"]["labels"] == {"seen": "yes"}


# --- once more ------------------------------------------------------------------------------------


def test_a_policy_is_asked_again_if_it_wants_to_and_somebody_has_changed_something(client: Client) -> None:
    """``a`` notes how many keys it has seen; ``b`` adds one."""
    note = apply("Object{data: {'seen': string(size(object.data))}}")
    add = apply("Object{data: {'more': 'yes'}}")
    bound(client, note, name="a", reinvocationPolicy="IfNeeded")
    bound(client, add, name="b")
    assert client.create(configmap(data={"k": "v"}))["data"] == {"k": "v", "more": "yes", "seen": "3"}
    client.patch("mutatingadmissionpolicies", "a", patch={"spec": {"reinvocationPolicy": "Never"}})
    assert client.create(configmap("x", data={"k": "v"}))["data"] == {"k": "v", "more": "yes", "seen": "1"}


def test_they_stand_before_webhooks_and_behind_the_plugins_of_the_house() -> None:
    for chain in (DEFAULT, SIMULATED):
        names = [plugin.name for plugin in chain]
        at = names.index("MutatingAdmissionPolicy")
        assert names[at + 1 : at + 4] == [
            "MutatingAdmissionWebhook",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionWebhook",
        ]


def test_what_comes_out_is_held_to_all_rules(client: Client) -> None:
    bound(client, apply("Object{spec: Object.spec{replicas: -1}}"), on=DEPLOYMENTS)
    with pytest.raises(errors.Invalid, match=r"spec\.replicas: Invalid value: -1"):
        client.create(deployment())


# --- what goes wrong ------------------------------------------------------------------------------

WRONG = {
    "no such key": (
        apply("Object{data: {'a': object.data.nope}}"),
        "expression 'Object{data: {'a': object.data.nope}}' resulted in error: no such key: nope",
    ),
    "a wrong name": (
        apply("Object{metadata: Object.meta{name: 'x'}}"),
        'type mismatch: unexpected type name "Object.meta", expected "Object.metadata", which matches field name path '
        "from root Object type",
    ),
    "no such field": (
        apply("Object{datas: {'a': '1'}}"),
        "error applying patch: failed to convert patch object to typed object: .datas: field not declared in schema",
    ),
    "no such place": (
        patch("[JSONPatch{op: 'replace', path: '/data/nope', value: '1'}]"),
        "JSON Patch: replace operation does not apply: doc is missing key: /data/nope: missing value",
    ),
    "a wrong name in a patch": (
        patch("[JSONPatch{op: 'add', path: '/data', value: Object.data{a: [Object.datas.a{}]}}]"),
        'type mismatch: unexpected type name "Object.datas.a", expected "Object.data.a", which matches field name path '
        "from root Object type",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_fails_refuses_the_request(client: Client, case: str) -> None:
    mutation, why = WRONG[case]
    bound(client, mutation)
    with pytest.raises(errors.Invalid) as refused:
        client.create(configmap(data={"a": "1"}))
    message = f"policy 'p' with binding 'of-p' denied request: {why}"
    assert (refused.value.code, refused.value.message) == (403, message)
    assert refused.value.details["causes"] == [{"message": message}]


@pytest.mark.parametrize("case", WRONG)
def test_or_is_passed_over(client: Client, case: str) -> None:
    """And the next change is made."""
    bound(client, WRONG[case][0], LABEL, failurePolicy="Ignore")
    made = client.create(configmap(data={"a": "1"}))
    assert (made["data"], made["metadata"]["labels"]) == ({"a": "1"}, {"seen": "yes"})


def test_a_part_with_one_owner_cannot_be_merged(client: Client) -> None:
    selector = "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'l': 'v'}}}}"
    bound(client, apply(selector), on=DEPLOYMENTS)
    with pytest.raises(errors.Invalid) as refused:
        client.create(deployment())
    why = "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector"
    assert refused.value.message.endswith(f"denied request: error applying patch: {why}")


def test_a_patch_that_makes_nonsense_fails_whatever_the_policy_says(client: Client) -> None:
    bound(client, patch("[JSONPatch{op: 'add', path: '/datas', value: 'x'}]"), failurePolicy="Ignore")
    with pytest.raises(errors.InternalError) as refused:
        client.create(configmap())
    assert refused.value.message == 'Internal error occurred: strict decoding error: unknown field "datas"'


def test_a_condition_that_cannot_be_told(client: Client) -> None:
    bound(client, LABEL, matchConditions=[{"name": "x", "expression": "object.data.nope == '1'"}])
    with pytest.raises(
        errors.Invalid, match=r"denied request: expression 'object\.data\.nope == '1'' resulted in error"
    ):
        client.create(configmap(data={}))


# --- what may be stored ---------------------------------------------------------------------------

REFUSED = [
    (policy(), "spec.mutations: Required value: mutations must contain at least one item"),
    (
        policy({"applyConfiguration": {"expression": "Object{}"}}),
        "spec.mutations[0].patchType: Required value",
    ),
    (
        policy({"patchType": "Merge"}),
        'spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
    ),
    (
        policy({"patchType": "JSONPatch"}),
        "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
    ),
    (
        policy({**apply("Object{}"), "jsonPatch": {"expression": "[]"}}),
        'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is '
        "ApplyConfiguration",
    ),
    (
        policy(apply('"I\'m a teapot"')),
        "must evaluate to Object but got string",
    ),
    (policy(apply("Object.spec{}")), "must evaluate to Object but got Object.spec"),
    (policy(patch("['a']")), "must evaluate to list(JSONPatch) but got list(string)"),
    (
        policy(patch("[JSONPatch{op: 1, path: '/a'}]")),
        "expected type of field 'op' is 'string' but provided type is 'int'",
    ),
    (policy(apply("Thing{a: 1}")), "undeclared reference to 'Thing' (in container '')"),
    (policy(LABEL, reinvocationPolicy=""), "spec.reinvocationPolicy: Required value"),
    (
        policy(LABEL, matchConditions=[{"name": "x", "expression": "Object{} == object"}]),
        "undeclared reference to 'Object'",
    ),
]


@pytest.mark.parametrize(("wrong", "said"), REFUSED)
def test_what_is_refused(client: Client, wrong: Object, said: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        client.create(wrong)
    assert said in refused.value.message


def test_validating_policies_make_nothing(client: Client) -> None:
    spec = {"matchConstraints": rules("pods"), "validations": [{"expression": "Object{} == object"}]}
    wrong = {"apiVersion": KIND, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "v"}, "spec": spec}
    with pytest.raises(errors.Invalid, match="undeclared reference to 'Object'"):
        client.create(wrong)
