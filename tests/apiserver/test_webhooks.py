"""Admission webhooks: who is asked, what he is told, and what his answer does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver.outside import Call, CallFailed, Programs, Reply
from k8slearn.sim.reviewer import Reviewer
from tests.fakes import configmap, deployment, named, namespace, pod

HERE = "service/default/hook:443"
CREATIONS = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
EVERYTHING = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
MUTATING, VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"


class Asked(list[Object]):
    """A webhook that notes what it is asked, and then says `answer`."""

    def __init__(self, answer: Callable[[Object], Object] = lambda request: {}) -> None:
        self.answer = answer

    def __call__(self, request: Object) -> Object:
        self.append(request)
        return self.answer(request)


def labels(**labels: str) -> Callable[[Object], Object]:
    """Adds labels."""

    def answer(request: Object) -> Object:
        known = request["object"]["metadata"].get("labels") or {}
        return {"patch": [{"op": "add", "path": "/metadata/labels", "value": {**known, **labels}}]}

    return answer


def hook(name: str = "check", service: str = "hook", **rest: Any) -> Object:
    return {
        "name": f"{name}.example.com",
        "clientConfig": {"service": {"name": service, "namespace": "default"}},
        "rules": [CREATIONS],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **rest,
    }


def configuration(kind: str, *hooks: Object, name: str = "hooks") -> Object:
    return named(kind, name, "admissionregistration.k8s.io/v1", namespace="", webhooks=list(hooks))


@pytest.fixture
def programs(server):
    server.outside = Programs()
    return server.outside


@pytest.fixture
def ask(client, programs):
    """``ask(VALIDATING, answer, rules=...)``: set up one webhook; returns what it will be asked."""

    def set_up(kind: str, answer: Callable[[Object], Object] = lambda request: {}, **rest: Any) -> Asked:
        asked = Asked(answer)
        programs[HERE] = Reviewer(asked)
        client.create(configuration(kind, hook(**rest)))
        return asked

    return set_up


def refused(kind: type[errors.ApiError], write: Callable[[], Any]) -> errors.ApiError:
    with pytest.raises(kind) as error:
        write()
    return error.value


# --- the question ----------------------------------------------------------------------------


def test_the_review_says_everything_about_the_request(client, ask):
    asked = ask(VALIDATING)
    client.create(pod("a"))
    (request,) = asked
    made = client.get("pods", "default/a")
    assert request["object"] == {**made} | {
        "metadata": {k: v for k, v in made["metadata"].items() if k != "resourceVersion"}
    }
    del request["object"]
    uid = request.pop("uid")
    assert len(uid) == 36
    assert request == {
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "a",
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "system:admin", "groups": ["system:masters", "system:authenticated"]},
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }


def test_the_same_question_is_asked_in_the_same_words(client, server, programs):
    calls: list[Call] = []

    def refuse(call: Call) -> Reply:
        calls.append(call)
        raise CallFailed("context deadline exceeded")

    programs[HERE] = refuse
    client.create(configuration(VALIDATING, hook()))
    for _ in range(2):
        refused(errors.InternalError, lambda: client.create(pod("a")))
    refused(errors.InternalError, lambda: client.create(pod("b")))
    assert calls[0] == calls[1] != calls[2]
    assert calls[0].target == "/?timeout=10s"
    assert json.loads(calls[0].body)["apiVersion"] == "admission.k8s.io/v1"


def test_an_update_shows_before_and_after_and_a_deletion_only_before(client, ask):
    asked = ask(VALIDATING, rules=[EVERYTHING])
    made = client.create(configmap(data={"a": "1"}))
    client.patch(made, patch={"data": {"a": "2"}})
    client.delete(made, dryRun="All")
    client.delete(made, gracePeriodSeconds=5)
    operations = [(r["operation"], r["options"]["kind"]) for r in asked]
    assert operations == [
        ("CREATE", "CreateOptions"),
        ("UPDATE", "UpdateOptions"),
        ("DELETE", "DeleteOptions"),
        ("DELETE", "DeleteOptions"),
    ]
    update, rehearsal, deletion = asked[1:]
    assert update["object"]["data"] == {"a": "2"}
    assert update["oldObject"]["data"] == {"a": "1"}
    assert rehearsal["dryRun"] is True
    assert rehearsal["options"]["dryRun"] == ["All"]
    assert deletion["object"] is None
    assert deletion["oldObject"]["data"] == {"a": "2"}
    assert deletion["options"]["gracePeriodSeconds"] == 5


def test_a_mutating_webhook_sees_a_new_object_before_the_server_has_named_it(client, ask):
    asked = ask(MUTATING)
    made = client.create({**pod(), "metadata": {"generateName": "a-", "labels": {"x": "y"}}})
    assert asked[0]["object"]["metadata"] == {
        "generateName": "a-",
        "namespace": "default",
        "labels": {"x": "y"},
    }
    assert "name" not in asked[0]
    assert made["metadata"]["uid"]
    assert made["metadata"]["name"].startswith("a-")


def test_parts_are_asked_about_as_their_own_kinds(client, ask):
    asked = ask(VALIDATING, rules=[EVERYTHING])
    client.create(deployment("web", replicas=1))
    client.create(pod("a"))
    client.patch("deployments", "default/web", patch={"spec": {"replicas": 4}}, subresource="scale")
    client.bind(pod("a"), "node-0")
    client.patch_status("pods", "default/a", patch={"phase": "Running"})
    scale, binding, status = asked[2:]
    assert (scale["kind"]["kind"], scale["resource"]["resource"], scale["subResource"]) == (
        "Scale",
        "deployments",
        "scale",
    )
    assert (scale["oldObject"]["spec"], scale["object"]["spec"]) == ({"replicas": 1}, {"replicas": 4})
    assert binding["kind"] == {"group": "", "version": "v1", "kind": "Binding"}
    assert binding["object"]["target"]["name"] == "node-0"
    assert (status["kind"]["kind"], status["subResource"], status["requestSubResource"]) == (
        "Pod",
        "status",
        "status",
    )


def test_a_mutating_webhook_may_change_a_scale(client, ask):
    def fewer(request):
        return {"patch": [{"op": "replace", "path": "/spec/replicas", "value": 2}]}

    ask(MUTATING, fewer, rules=[{**EVERYTHING, "resources": ["*/scale"]}])
    client.create(deployment("web", replicas=1))
    client.patch("deployments", "default/web", patch={"spec": {"replicas": 9}}, subresource="scale")
    assert client.get("deployments", "default/web")["spec"]["replicas"] == 2


# --- who is asked ----------------------------------------------------------------------------

RULES = [
    ({}, True),
    ({"operations": ["UPDATE"]}, False),
    ({"operations": ["*"]}, True),
    ({"apiGroups": ["apps"]}, False),
    ({"apiGroups": ["*"]}, True),
    ({"apiVersions": ["v2"]}, False),
    ({"resources": ["pods/status"]}, False),
    ({"resources": ["pods/*"]}, True),
    ({"resources": ["*"]}, True),
    ({"resources": ["*/*"]}, True),
    ({"resources": ["*/status"]}, False),
    ({"scope": "Cluster"}, False),
    ({"scope": "Namespaced"}, True),
]


@pytest.mark.parametrize(("rule", "is_asked"), RULES)
def test_rules(client, ask, rule, is_asked):
    asked = ask(VALIDATING, rules=[{**CREATIONS, **rule}])
    client.create(pod("a"))
    assert bool(asked) == is_asked


def test_a_part_is_meant_only_where_it_is_named(client, ask):
    asked = ask(VALIDATING, rules=[{**CREATIONS, "operations": ["*"], "resources": ["pods"]}])
    client.create(pod("a"))
    client.patch_status("pods", "default/a", patch={"phase": "Running"})
    assert [r["operation"] for r in asked] == ["CREATE"]


def test_a_namespace_is_selected_by_its_own_labels(client, ask):
    wanted = {"matchLabels": {"team": "red"}}
    asked = ask(VALIDATING, rules=[EVERYTHING], namespaceSelector=wanted)
    client.create({**namespace("red"), "metadata": {"name": "red", "labels": {"team": "red"}}})
    client.create(namespace("blue"))
    client.create(configmap("a", namespace="red"))
    client.create(configmap("a", namespace="blue"))
    client.create(named("PriorityClass", "p", "scheduling.k8s.io/v1", namespace="", value=1))
    about = [(r["resource"]["resource"], r["name"], r.get("namespace", "")) for r in asked]
    assert about == [
        ("namespaces", "red", "red"),
        ("configmaps", "a", "red"),
        ("priorityclasses", "p", ""),  # what is in no namespace is in all of them
    ]


def test_an_object_is_selected_by_its_new_labels_or_its_old_ones(client, ask):
    asked = ask(VALIDATING, rules=[EVERYTHING], objectSelector={"matchLabels": {"audit": "yes"}})
    made = client.create(configmap())
    client.patch(made, patch={"metadata": {"labels": {"audit": "yes"}}})
    client.patch(made, patch={"metadata": {"labels": {"audit": "no"}}})
    client.patch(made, patch={"metadata": {"labels": {"audit": "never"}}})
    assert [r["object"]["metadata"]["labels"]["audit"] for r in asked] == ["yes", "no"]


HPA = named(
    "HorizontalPodAutoscaler",
    "a",
    "autoscaling/v1",
    spec={
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 70,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
    },
)
OF_V2 = {
    **CREATIONS,
    "apiGroups": ["autoscaling"],
    "apiVersions": ["v2"],
    "resources": ["horizontalpodautoscalers"],
}


def create_as_v1(server):
    row = server.kinds.served("autoscaling", "v1", "horizontalpodautoscalers")
    return server.handle(Request("create", row, "default", body=HPA))


def test_a_request_is_found_by_its_other_versions(server, ask):
    asked = ask(VALIDATING, rules=[OF_V2])
    create_as_v1(server)
    (request,) = asked
    assert (request["requestResource"]["version"], request["resource"]["version"]) == ("v1", "v2")
    assert request["object"]["apiVersion"] == "autoscaling/v2"
    assert request["object"]["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_unless_the_webhook_wants_an_exact_match(server, ask):
    asked = ask(VALIDATING, rules=[OF_V2], matchPolicy="Exact")
    create_as_v1(server)
    assert asked == []


def test_a_patch_of_another_version_is_stored(client, server, ask):
    def at_most(request):
        return {"patch": [{"op": "replace", "path": "/spec/maxReplicas", "value": 2}]}

    ask(MUTATING, at_most, rules=[OF_V2])
    assert create_as_v1(server)["apiVersion"] == "autoscaling/v1"
    assert client.get("horizontalpodautoscalers", "default/a")["spec"]["maxReplicas"] == 2


def test_nobody_is_asked_about_webhooks_themselves(client, ask):
    asked = ask(VALIDATING, lambda request: {"allowed": False}, rules=[EVERYTHING])
    client.create(configuration(MUTATING, hook(), name="more"))
    client.delete("validatingwebhookconfigurations", "hooks")
    assert asked == []


# --- the answer ------------------------------------------------------------------------------

DENIALS: list[tuple[Object, type[errors.ApiError], int, str]] = [
    ({}, errors.ApiError, 400, " without explanation"),
    ({"message": "no"}, errors.ApiError, 400, ": no"),
    ({"message": "no", "code": 403, "reason": "Forbidden"}, errors.Forbidden, 403, ": no"),
    ({"code": 200, "reason": "Invalid"}, errors.Invalid, 400, ": Invalid"),
    ({"message": "busy", "code": 429, "reason": "TooManyRequests"}, errors.TooManyRequests, 429, ": busy"),
]


@pytest.mark.parametrize(("status", "kind", "code", "said"), DENIALS)
@pytest.mark.parametrize("which", [MUTATING, VALIDATING])
def test_a_refusal_reaches_the_client_in_the_words_of_the_webhook(
    client, ask, which, status, kind, code, said
):
    ask(which, lambda request: {"allowed": False, "status": status})
    error = refused(kind, lambda: client.create(pod("a")))
    assert error.message == f'admission webhook "check.example.com" denied the request{said}'
    assert error.status()["code"] == code
    assert client.list("pods") == []


def test_the_details_of_a_refusal_are_kept(client, ask):
    details = {"causes": [{"field": "spec", "message": "bad", "reason": "FieldValueInvalid"}]}
    status = {"code": 422, "reason": "Invalid", "message": "no", "details": details}
    ask(VALIDATING, lambda request: {"allowed": False, "status": status})
    assert refused(errors.Invalid, lambda: client.create(pod("a"))).details == details


def test_warnings_are_handed_on(server, ask):
    ask(VALIDATING, lambda request: {"warnings": ["old", "slow"]})
    request = Request("create", "pods", "default", body=pod("a"))
    server.handle(request)
    assert request.warnings == ["old", "slow"]


def test_a_patch_changes_what_is_stored_and_what_validation_sees(client, ask):
    ask(MUTATING, lambda request: {"patch": [{"op": "add", "path": "/spec/containers/0/image", "value": ""}]})
    error = refused(errors.Invalid, lambda: client.create(pod("a")))
    assert "spec.containers[0].image" in error.message


def test_what_a_patch_leaves_unsaid_is_filled_in(client, ask):
    sidecar = {"name": "proxy", "image": "proxy:1", "unknown": 1}
    ask(MUTATING, lambda r: {"patch": [{"op": "add", "path": "/spec/containers/-", "value": sidecar}]})
    added = client.create(pod("a"))["spec"]["containers"][1]
    assert added["imagePullPolicy"] == "IfNotPresent"
    assert "unknown" not in added


def test_a_rehearsal_is_no_secret(client, ask):
    asked = ask(MUTATING, labels(seen="yes"))
    assert client.create(pod("a"), dryRun="All")["metadata"]["labels"]["seen"] == "yes"
    assert asked[0]["dryRun"] is True
    assert client.list("pods") == []


# --- several ---------------------------------------------------------------------------------


def test_each_mutating_webhook_sees_what_the_one_before_has_done(client, programs):
    first, second = Asked(labels(a="1")), Asked(labels(b="2"))
    programs[HERE], programs["service/default/other:443"] = Reviewer(first), Reviewer(second)
    client.create(configuration(MUTATING, hook(service="other"), name="z"))
    client.create(configuration(MUTATING, hook(), name="a"))
    made = client.create(configmap())
    assert made["metadata"].get("labels") is None  # a rule about pods
    assert client.create(pod("p", labels={"c": "3"}))["metadata"]["labels"] == {"a": "1", "b": "2", "c": "3"}
    assert second[0]["object"]["metadata"]["labels"] == {"a": "1", "c": "3"}


@pytest.mark.parametrize(("policy", "times"), [("IfNeeded", 2), ("Never", 1)])
def test_who_wants_to_is_asked_again_after_others_have_changed_something(client, programs, policy, times):
    first, second = Asked(labels(a="1")), Asked(labels(b="2"))
    programs[HERE], programs["service/default/other:443"] = Reviewer(first), Reviewer(second)
    hooks = hook("one", reinvocationPolicy=policy), hook("two", "other", reinvocationPolicy="IfNeeded")
    client.create(configuration(MUTATING, *hooks))
    client.create(pod("a"))
    assert (len(first), len(second)) == (times, 1)
    if times == 2:
        assert first[1]["object"]["metadata"]["labels"]["b"] == "2"


def test_the_cluster_itself_looks_again_at_what_a_webhook_has_added(client, ask):
    """A LimitRange gives its defaults to a sidecar, too."""
    limits = {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}
    client.create(named("LimitRange", "l", spec=limits))
    sidecar = {"name": "proxy", "image": "proxy:1"}

    def inject(request):
        if len(request["object"]["spec"]["containers"]) > 1:
            return {}
        return {"patch": [{"op": "add", "path": "/spec/containers/-", "value": sidecar}]}

    asked = ask(MUTATING, inject)
    made = client.create(pod("a"))
    assert [c["resources"]["limits"]["cpu"] for c in made["spec"]["containers"]] == ["1", "1"]
    assert len(asked) == 1


def test_of_several_refusals_the_first_is_told_but_all_are_asked(client, programs):
    first, second = Asked(lambda r: {"allowed": False}), Asked(lambda r: {"allowed": False})
    programs[HERE], programs["service/default/other:443"] = Reviewer(first), Reviewer(second)
    client.create(configuration(VALIDATING, hook("one"), hook("two", "other")))
    error = refused(errors.ApiError, lambda: client.create(pod("a")))
    assert '"one.example.com"' in error.message
    assert len(second) == 1


# --- what can go wrong -----------------------------------------------------------------------

CALLING = 'Internal error occurred: failed calling webhook "check.example.com": '
INVALID = "received invalid webhook response: "


def says(code: int, body: bytes | Object) -> Callable[[Call], Reply]:
    def program(call: Call) -> Reply:
        uid = json.loads(call.body)["request"]["uid"]
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Reply(code, text.replace(b"UID", uid.encode()))

    return program


def review(**response: Any) -> Object:
    said = {"uid": "UID", "allowed": True, **response}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said}


CALLED = "failed to call webhook: "
NO_JSON = f"{CALLED}couldn't get version/kind; json parse error: "
NO_REVIEW = f"{INVALID}expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind="
NO_BOOL = "json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool"
NO_TYPE = f"{INVALID}webhook returned response.patch but not response.patchType"
NO_PATCH = f"{INVALID}webhook returned response.patchType but not response.patch"
NO_LIST = (
    "received undecodable patch in webhook response: "
    "json: cannot unmarshal object into Go value of type jsonpatch.Patch"
)
OH = 'an error on the server ("oh") has prevented the request from succeeding'

NONSENSE: list[tuple[Callable[[Call], Reply], str]] = [
    (says(200, b"hello"), f"{NO_JSON}invalid character 'h' looking for beginning of value"),
    (says(200, b""), f"{NO_JSON}unexpected end of JSON input"),
    (says(200, {}), f"{INVALID}webhook response was absent"),
    (says(200, {"response": {"uid": "UID"}}), NO_REVIEW),
    (says(200, review(allowed="yes")), CALLED + NO_BOOL),
    (says(200, review(patch="W10=")), NO_TYPE),
    (says(200, review(patchType="JSONPatch")), NO_PATCH),
    (says(200, review(patchType="Merge", patch="W3t9XQ==")), 'unsupported patch type "Merge"'),
    (says(200, review(patchType="JSONPatch", patch="e30=")), NO_LIST),
    (says(200, review(patchType="JSONPatch", patch="!")), f"{CALLED}illegal base64 data at input byte 0"),
    (says(404, b"404 page not found"), f"{CALLED}the server could not find the requested resource"),
    (says(500, b"oh"), CALLED + OH),
    (says(503, b""), f"{CALLED}the server is currently unable to handle the request"),
]


@pytest.mark.parametrize(("program", "said"), NONSENSE)
def test_nonsense_is_refused_or_ignored(client, programs, program, said):
    programs[HERE] = program
    client.create(configuration(MUTATING, hook()))
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    assert error.message == CALLING + said
    assert error.details == {"causes": [{"message": error.message.partition(": ")[2]}]}
    client.patch("mutatingwebhookconfigurations", "hooks", patch={"webhooks": [hook(failurePolicy="Ignore")]})
    client.create(pod("a"))


def test_an_answer_to_another_question(client, programs):
    programs[HERE] = says(200, {**review(), "response": {"uid": "7", "allowed": True}})
    client.create(configuration(VALIDATING, hook()))
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    assert error.message.startswith(f'{CALLING}{INVALID}expected response.uid="')
    assert error.message.endswith('", got "7"')


def test_a_validating_webhook_may_not_patch(client, ask):
    ask(VALIDATING, labels(a="b"))
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    assert error.message == f"{CALLING}{INVALID}validating webhook may not return response.patch"


NO_KEY = "replace operation does not apply: doc is missing key: /spec/none: missing value"
NO_PARENT = 'add operation does not apply: doc is missing path: "/none/a": missing value'
GONE = "error in remove for path: '/spec/none': Unable to remove nonexistent key: none: missing value"
NO_CONTAINERS = (
    "json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container"
)
MISFITS = [
    ({"op": "replace", "path": "/spec/none", "value": 1}, NO_KEY),
    ({"op": "add", "path": "/none/a", "value": 1}, NO_PARENT),
    ({"op": "remove", "path": "/spec/none"}, GONE),
    ({"op": "test", "path": "/kind", "value": "X"}, "testing value /kind failed: test failed"),
    ({"op": "add", "path": "/spec/containers", "value": 1}, NO_CONTAINERS),
]


@pytest.mark.parametrize(("operation", "said"), MISFITS)
def test_a_patch_that_does_not_fit_fails_whatever_the_policy(client, ask, operation, said):
    ask(MUTATING, lambda request: {"patch": [operation]}, failurePolicy="Ignore")
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    assert error.message == f"Internal error occurred: {said}"


def test_what_is_deleted_cannot_be_patched(client, ask):
    rules = [{**CREATIONS, "operations": ["DELETE"]}]
    ask(MUTATING, lambda request: {"patch": [{"op": "add", "path": "/a", "value": 1}]}, rules=rules)
    client.create(pod("a"))
    error = refused(errors.InternalError, lambda: client.delete("pods", "default/a"))
    assert error.message == (
        'Internal error occurred: admission webhook "check.example.com" attempted to modify the object, which is '
        "not supported for this operation"
    )


def test_nobody_is_there(client, server):
    client.create(configuration(VALIDATING, hook(timeoutSeconds=3)))
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    said = 'failed to call webhook: Post "https://hook.default.svc:443/?timeout=3s": service "hook" not found'
    assert error.message == CALLING + said


def test_a_bundle_that_is_none(client, server):
    config = {"url": "https://example.com/check", "caBundle": "bm90aGluZw=="}
    broken = configuration(VALIDATING, hook(clientConfig=config))
    server.handle(Request("create", "validatingwebhookconfigurations", body=broken))
    error = refused(errors.InternalError, lambda: client.create(pod("a")))
    assert "could not get REST client: unable to load root certificates" in error.message


def test_a_url_is_called_as_it_is(client, programs):
    programs["https://example.com:8443"] = says(200, review(allowed=False))
    client.create(configuration(VALIDATING, hook(clientConfig={"url": "https://example.com:8443/check"})))
    assert "denied the request" in refused(errors.ApiError, lambda: client.create(pod("a"))).message


def test_nothing_is_written_when_a_webhook_refuses(client, server, ask):
    ask(VALIDATING, lambda request: {"allowed": False}, rules=[EVERYTHING])
    before = server.store.revision
    for write in (
        lambda: client.create(pod("a")),
        lambda: client.delete("namespaces", "kube-public"),
        lambda: client.patch("namespaces", "default", patch={"metadata": {"labels": {"a": "b"}}}),
    ):
        refused(errors.ApiError, write)
    assert server.store.revision == before


# --- matchConditions -------------------------------------------------------------------------


@pytest.fixture
def conditions():
    pytest.importorskip("k8slearn.api.cel")
    return lambda *texts: [{"name": f"c{i}", "expression": text} for i, text in enumerate(texts)]


CONDITIONS = [
    (["object.metadata.name == 'a'"], True),
    (["object.metadata.name == 'a'", "request.operation == 'UPDATE'"], False),
    (["oldObject == null", "request.userInfo.username == 'system:admin'"], True),
    (["object.metadata.annotations['x'] == 'y'", "false"], False),  # one that says no decides it
]


@pytest.mark.parametrize(("texts", "is_asked"), CONDITIONS)
def test_conditions(client, ask, conditions, texts, is_asked):
    asked = ask(VALIDATING, matchConditions=conditions(*texts))
    client.create(pod("a"))
    assert bool(asked) == is_asked


def test_a_condition_that_cannot_be_told(client, ask, conditions):
    text = "object.metadata.nothing == 'x'"
    asked = ask(VALIDATING, matchConditions=conditions(text))
    said = f"pods \"a\" is forbidden: expression '{text}' resulted in error: no such key: nothing"
    assert refused(errors.Forbidden, lambda: client.create(pod("a"))).message == said
    hooks = [hook(matchConditions=conditions(text), failurePolicy="Ignore")]
    client.patch("validatingwebhookconfigurations", "hooks", patch={"webhooks": hooks})
    client.create(pod("a"))
    assert asked == []
