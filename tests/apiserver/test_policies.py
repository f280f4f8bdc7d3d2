"""ValidatingAdmissionPolicy: the cluster's own rules, stored as objects."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from tests.fakes import configmap

KIND = "admissionregistration.k8s.io/v1"
RULES = [
    {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["configmaps"],
    }
]


def policy(*validations: Object | str, name: str = "p", **spec: Any) -> Object:
    told = [v if isinstance(v, dict) else {"expression": v} for v in validations]
    spec = {"matchConstraints": {"resourceRules": RULES}, "validations": told, **spec}
    return {"apiVersion": KIND, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}


def binding(*actions: str, name: str = "b", to: str = "p", **spec: Any) -> Object:
    spec = {"policyName": to, "validationActions": list(actions or ["Deny"]), **spec}
    return {
        "apiVersion": KIND,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": spec,
    }


def bound(client: Client, *validations: Object | str, **spec: Any) -> None:
    client.create(policy(*validations, **spec))
    client.create(binding())


def test_a_policy_counts_where_it_is_bound(client: Client) -> None:
    client.create(policy("object.data.a == '1'"))
    client.create(configmap("before", data={"a": "2"}))
    client.create(binding())
    client.create(configmap("fine", data={"a": "1"}))
    with pytest.raises(errors.Invalid) as refused:
        client.create(configmap("wrong", data={"a": "2"}))
    assert refused.value.message == (
        "configmaps \"wrong\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "
        "failed expression: object.data.a == '1'"
    )
    client.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": "default"}}
    )


def test_the_message_and_the_reason_are_the_policys(client: Client) -> None:
    said = {
        "expression": "false",
        "messageExpression": "'not ' + object.metadata.name",
        "reason": "Forbidden",
    }
    bound(client, said)
    with pytest.raises(errors.Forbidden, match="denied request: not settings") as refused:
        client.create(configmap())
    assert refused.value.code == 403


def test_variables_may_use_those_before_them(client: Client) -> None:
    variables = [
        {"name": "keys", "expression": "object.data.map(k, k)"},
        {"name": "count", "expression": "size(variables.keys)"},
    ]
    bound(client, "variables.count < 2", variables=variables)
    client.create(configmap("one", data={"a": "1"}))
    with pytest.raises(errors.Invalid):
        client.create(configmap("two", data={"a": "1", "b": "2"}))


def test_conditions_say_of_what_it_speaks(client: Client) -> None:
    exempt = {"name": "not-exempt", "expression": "!('exempt' in object.metadata.?labels.orValue({}))"}
    bound(client, "false", matchConditions=[exempt])
    client.create(configmap("free", metadata={"labels": {"exempt": ""}}))
    with pytest.raises(errors.Invalid):
        client.create(configmap("not-free"))


def test_old_object_and_namespace(client: Client) -> None:
    bound(
        client,
        "oldObject == null || object.data.a == oldObject.data.a",
        "namespaceObject.metadata.name == request.namespace",
    )
    client.create(configmap(data={"a": "1"}))
    with pytest.raises(errors.Invalid):
        client.patch("configmaps", "default/settings", patch={"data": {"a": "2"}})
    client.patch("configmaps", "default/settings", patch={"metadata": {"labels": {"x": "y"}}})


def test_parameters_are_an_object(client: Client) -> None:
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    reference = {"name": "limits", "namespace": "kube-system", "parameterNotFoundAction": "Deny"}
    client.create(policy("size(object.data) <= int(params.data.most)", paramKind=kind))
    client.create(binding(paramRef=reference))
    with pytest.raises(errors.Invalid, match="no params found for policy binding"):
        client.create(configmap(data={"a": "1"}))
    client.delete("validatingadmissionpolicybindings", "b")
    client.create(configmap("limits", namespace="kube-system", data={"most": "1"}))
    client.create(binding(paramRef=reference))
    client.create(configmap(data={"a": "1"}))
    with pytest.raises(errors.Invalid):
        client.create(configmap("more", data={"a": "1", "b": "2"}))


def test_a_warning_lets_it_pass(server: ApiServer, client: Client) -> None:
    client.create(policy("false"))
    client.create(binding("Warn"))
    request = Request("create", "configmaps", "default", "settings", body=configmap())
    server.handle(request)
    assert request.warnings == [
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false"
    ]


@pytest.mark.parametrize(("failure_policy", "passes"), [("Fail", False), ("Ignore", True)])
def test_what_cannot_be_told(client: Client, failure_policy: str, passes: bool) -> None:
    bound(client, "object.data.nope == '1'", failurePolicy=failure_policy)
    if passes:
        client.create(configmap(data={"a": "1"}))
        return
    with pytest.raises(errors.Invalid, match="resulted in error: no such key: nope"):
        client.create(configmap(data={"a": "1"}))


def test_what_says_who_is_judged_is_itself_not_judged(client: Client) -> None:
    everything = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]
    bound(client, "false", matchConstraints={"resourceRules": everything})
    client.delete("validatingadmissionpolicybindings", "b")
    client.create(configmap())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"expression": "object."}, "compilation failed: ERROR: <input>:1"),
        ({"expression": "nope == 1"}, "undeclared reference to 'nope' (in container '')"),
        ({"expression": " "}, "spec.validations[0].expression: Required value: expression is not specified"),
    ],
)
def test_expressions_that_are_none_are_refused(client: Client, broken: Object, said: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        client.create(policy(broken))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"validations": [{"expression": "size(object)"}]}, "must evaluate to bool but got int"),
        ({"validations": [{"expression": "variables.nope"}]}, "undefined field 'nope'"),
        ({"validations": [{"expression": "request.nope == ''"}]}, "undefined field 'nope'"),
        ({"validations": [{"expression": "params.a == 1"}]}, "undeclared reference to 'params'"),
        (
            {"validations": [{"expression": "true", "messageExpression": "1 > 2"}]},
            'spec.validations[0].messageExpression: Invalid value: "1 > 2": must evaluate to string but got bool',
        ),
        ({"matchConditions": [{"name": "a", "expression": "1"}]}, "must evaluate to bool but got int"),
        (
            {"matchConditions": [{"name": "a", "expression": "variables.a"}]},
            "undeclared reference to 'variables'",
        ),
        ({"variables": [{"name": "a", "expression": "variables.b"}]}, "undefined field 'b'"),
        ({"variables": [{"name": "a-b", "expression": "1"}]}, "name is not a valid CEL identifier"),
        (
            {"auditAnnotations": [{"key": "k", "valueExpression": "1"}]},
            "must evaluate to one of [string null_type] but got int",
        ),
    ],
)
def test_expressions_must_fit_their_place(client: Client, spec: Object, said: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        client.create(policy("true", **spec))
    assert said in refused.value.message


def test_what_is_known_of_a_variable_is_its_type(client: Client) -> None:
    variables = [{"name": "n", "expression": "size('abc')"}]
    with pytest.raises(errors.Invalid, match=r"'_==_' applied to '\(int, string\)'"):
        client.create(policy("variables.n == 'x'", variables=variables))


def test_a_variable_without_a_value_says_so(client: Client) -> None:
    variables = [
        {"name": "a", "expression": "object.data.nope"},
        {"name": "b", "expression": "variables.a + 'x'"},
    ]
    bound(client, "!has(object.data) || variables.b == ''", variables=variables)
    client.create(configmap("empty"))  # nobody asked for it
    with pytest.raises(errors.Invalid) as refused:
        client.create(configmap("full", data={"a": "1"}))
    assert refused.value.message.endswith(
        'resulted in error: composited variable "b" fails to evaluate: composited variable "a" fails to evaluate: '
        "no such key: nope"
    )


def test_everybody_may_warn_before_one_denies(server: ApiServer, client: Client) -> None:
    client.create(policy({"expression": "false", "message": "first"}, name="a"))
    client.create(policy({"expression": "false", "message": "second"}, name="b"))
    client.create(binding("Deny", name="a", to="a"))
    client.create(binding("Warn", name="b", to="b"))
    request = Request("create", "configmaps", "default", "settings", body=configmap())
    with pytest.raises(errors.Invalid, match="'a' with binding 'a' denied request: first"):
        server.handle(request)
    assert [warning.rpartition(": ")[2] for warning in request.warnings] == ["second"]


def test_a_condition_that_does_not_hold_decides_before_one_that_cannot_be_told(client: Client) -> None:
    conditions = [
        {"name": "broken", "expression": "object.nope == 1"},
        {"name": "no", "expression": "false"},
    ]
    bound(client, "false", matchConditions=conditions)
    client.create(configmap())


def test_a_binding_that_cannot_be_asked_denies_whatever_it_wants_done(client: Client) -> None:
    client.create(policy("true", paramKind={"apiVersion": "example.com/v1", "kind": "Nope"}))
    client.create(binding("Warn", paramRef={"name": "x", "parameterNotFoundAction": "Allow"}))
    with pytest.raises(errors.Invalid, match=r"paramKind: 'example\.com/v1, Kind=Nope'"):
        client.create(configmap())


def test_an_expression_may_ask_what_the_user_may_do(server: ApiServer, client: Client) -> None:
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "blesser"}}
    client.create({**role, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["bless"]}]})
    granted = {
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "blesser"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "ann"}],
    }
    client.create({**role, **granted, "kind": "ClusterRoleBinding"})
    bound(client, "authorizer.requestResource.check('bless').allowed()")

    def create(name: str) -> None:
        body = configmap(name)
        server.handle(Request("create", "configmaps", "default", name, body=body, user=User.called(name)))

    create("ann")
    with pytest.raises(errors.Invalid, match="failed expression: authorizer"):
        create("bob")


def test_it_may_ask_for_a_service_account(client: Client) -> None:
    asked = "authorizer.serviceAccount('kube-system', 'nobody').group('apps').resource('deployments')"
    bound(client, f"!{asked}.namespace('default').check('create').allowed()")
    client.create(configmap())
