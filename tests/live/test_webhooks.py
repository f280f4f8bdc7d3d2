"""Webhooks that are really called: over HTTPS, by a control plane that goes on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.live.hooks import Webhook, configuration
from tests.up import PATIENCE, Up, running

MUTATING, VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
CALLING = 'Internal error occurred: failed calling webhook "check.example.com": '


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    yield from running(tmp_path_factory.mktemp("up"), "--nodes", "1", "--stages", "hollow")


@pytest.fixture(scope="module")
def api(up: Up) -> Iterator[httpx.Client]:
    """Its API, with a Service that leads to this machine."""
    spec = {"type": "ExternalName", "externalName": "localhost"}
    with up.http() as client:
        service = {"metadata": {"name": "hook"}, "spec": spec}
        assert client.post("/api/v1/namespaces/default/services", json=service).status_code == 201
        yield client


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.stop()


@contextmanager
def asked(
    api: httpx.Client, kind: str, webhook: Webhook, path: str, answer: Any, **rest: Any
) -> Iterator[None]:
    """Inside, the webhook is asked, and answers so."""
    webhook.answers[path] = answer
    where = f"{REGISTRATION}/{kind.lower()}s"
    made = api.post(where, json=configuration(kind, webhook, path, **rest))
    assert made.status_code == 201, made.text
    try:
        yield
    finally:
        api.delete(f"{where}/{path.strip('/')}")


def create(api: httpx.Client, name: str, **rest: Any) -> httpx.Response:
    return api.post(CONFIGMAPS, json={"metadata": {"name": name}, **rest})


def label(request: dict[str, Any]) -> dict[str, Any]:
    known = request["object"]["metadata"].get("labels") or {}
    value = {**known, "seen": "yes"}
    return {"patch": [{"op": "add", "path": "/metadata/labels", "value": value}]}


def refuse(request: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": False, "status": {"message": "not today", "code": 403}, "warnings": ["I warn you"]}


def test_a_mutating_webhook_adds_a_label(api, webhook):
    with asked(api, MUTATING, webhook, "/label", label):
        assert create(api, "labelled").json()["metadata"]["labels"] == {"seen": "yes"}
    assert "labels" not in create(api, "plain").json()["metadata"]


def test_a_validating_webhook_refuses(api, webhook):
    with asked(api, VALIDATING, webhook, "/refuse", refuse):
        answer = create(api, "refused")
    said = 'admission webhook "check.example.com" denied the request: not today'
    assert (answer.status_code, answer.json()["message"]) == (403, said)
    assert answer.headers["warning"] == '299 - "I warn you"'
    assert api.get(f"{CONFIGMAPS}/refused").status_code == 404


def test_both_are_asked_about_one_object(api, webhook):
    """Between the two calls nothing may change: not the uid, nor the time, nor the name that was made up."""
    seen: list[dict[str, Any]] = []

    def look(request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request["object"])
        return {}

    with (
        asked(api, MUTATING, webhook, "/both-label", label),
        asked(api, VALIDATING, webhook, "/both-look", look),
        asked(api, VALIDATING, webhook, "/both-look-again", look),
    ):
        made = api.post(CONFIGMAPS, json={"metadata": {"generateName": "both-"}}).json()
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0]["metadata"]["labels"] == {"seen": "yes"}
    for field in ("uid", "name", "creationTimestamp"):
        assert made["metadata"][field] == seen[0]["metadata"][field]


def test_one_that_does_not_answer_in_time(api, webhook):
    def wait(request: dict[str, Any]) -> dict[str, Any]:
        webhook.over.wait(PATIENCE)
        return {}

    with asked(api, VALIDATING, webhook, "/late", wait, timeoutSeconds=1):
        answer = create(api, "late")
    address = f"https://hook.default.svc:{webhook.port}/late?timeout=1s"
    said = f'{CALLING}failed to call webhook: Post "{address}": context deadline exceeded'
    assert (answer.status_code, answer.json()["message"]) == (500, said)
    with asked(api, VALIDATING, webhook, "/late", wait, timeoutSeconds=1, failurePolicy="Ignore"):
        assert create(api, "late").status_code == 201


def test_one_that_talks_nonsense(api, webhook):
    with asked(api, VALIDATING, webhook, "/nonsense", b"<html>"):
        said = create(api, "nonsense").json()["message"]
    why = "couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value"
    assert said == f"{CALLING}failed to call webhook: {why}"


def test_one_that_asks_the_api_server_itself(api, webhook):
    """It writes even, while the request about which it is asked is waiting."""

    def ask_back(request: dict[str, Any]) -> dict[str, Any]:
        api.post("/api/v1/namespaces/default/secrets", json={"metadata": {"name": "note"}})
        found = api.get(CONFIGMAPS).json()["items"]
        return {"allowed": all(one["metadata"]["name"] != request["name"] for one in found)}

    with asked(api, VALIDATING, webhook, "/back", ask_back):
        assert create(api, "asked-back").status_code == 201
    assert api.get("/api/v1/namespaces/default/secrets/note").status_code == 200


def test_others_are_served_while_one_waits(api, up, webhook):
    arrived = threading.Event()

    def wait(request: dict[str, Any]) -> dict[str, Any]:
        arrived.set()
        webhook.over.wait(PATIENCE)
        return {}

    with asked(api, VALIDATING, webhook, "/slow", wait), up.http() as other:
        slow = threading.Thread(target=create, args=(other, "slow"))
        slow.start()
        assert arrived.wait(PATIENCE)
        assert api.get("/version").status_code == 200
        assert api.get(f"{CONFIGMAPS}/slow").status_code == 404
        webhook.over.set()
        slow.join(PATIENCE)
    assert api.get(f"{CONFIGMAPS}/slow").status_code == 200


def test_what_has_changed_meanwhile_is_asked_about_anew(api, webhook):
    """The webhook changes the object about whose change it is asked: it is asked about the new one, too."""
    create(api, "moving", data={"a": "1"})
    asked_about: list[tuple[str, str]] = []

    def meddle(request: dict[str, Any]) -> dict[str, Any]:
        before, after = request["oldObject"]["data"], request["object"]["data"]
        asked_about.append((before["a"], after["a"]))
        if len(asked_about) == 1:
            api.patch(f"{CONFIGMAPS}/moving", json={"data": {"a": "2"}}, headers=MERGE)
        return {}

    rule = {"operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    with asked(api, VALIDATING, webhook, "/meddle", meddle, rules=[rule]):
        api.patch(f"{CONFIGMAPS}/moving", json={"data": {"a": "3"}}, headers=MERGE)
    assert asked_about == [("1", "3"), ("1", "2"), ("2", "3")]
    assert api.get(f"{CONFIGMAPS}/moving").json()["data"] == {"a": "3"}


MERGE = {"Content-Type": "application/merge-patch+json"}

# --- the way there ---------------------------------------------------------------------------


def refusal(api: httpx.Client, webhook: Webhook, name: str, **rest: Any) -> str:
    with asked(api, VALIDATING, webhook, f"/{name}", label, **rest):
        answer = create(api, name)
    assert answer.status_code == 500
    return str(answer.json()["message"]).partition('": ')[2].rpartition('": ')[2]


def test_a_certificate_for_another_name(api):
    webhook = Webhook({"other.default.svc"})
    said = refusal(api, webhook, "name")
    webhook.stop()
    why = "x509: certificate is valid for other.default.svc, not hook.default.svc"
    assert said == f"tls: failed to verify certificate: {why}"


def test_a_certificate_by_somebody_else(api, webhook):
    webhook.authority = Webhook().authority
    why = "x509: certificate signed by unknown authority"
    assert refusal(api, webhook, "authority") == f"tls: failed to verify certificate: {why}"


def test_one_that_speaks_no_tls(api):
    webhook = Webhook(None)
    assert refusal(api, webhook, "plain") == "http: server gave HTTP response to HTTPS client"
    webhook.stop()


def test_nobody_listens(api):
    webhook = Webhook()
    webhook.stop()
    said = f"dial tcp 127.0.0.1:{webhook.port}: connect: connection refused"
    assert refusal(api, webhook, "nobody") == said


SERVICES = [
    ({"ports": [{"port": 443}]}, 443, 'no endpoints available for service "there"'),
    ({"ports": [{"port": 443}]}, 444, 'no service port 444 found for service "there"'),
    (None, 443, 'service "there" not found'),
]


@pytest.mark.parametrize(("spec", "port", "said"), SERVICES)
def test_a_service_that_leads_nowhere(api, webhook, spec, port, said):
    services = "/api/v1/namespaces/default/services"
    if spec is not None:
        api.post(services, json={"metadata": {"name": "there"}, "spec": spec})
    config = {"service": {"namespace": "default", "name": "there", "port": port}}
    assert refusal(api, webhook, "there", clientConfig=config) == said
    api.delete(f"{services}/there")


def test_a_url(api):
    webhook = Webhook({"localhost"})
    config = webhook.client_config("/url")
    config = {"caBundle": config["caBundle"], "url": f"https://localhost:{webhook.port}/url"}
    with asked(api, MUTATING, webhook, "/url", label, clientConfig=config):
        assert create(api, "url").json()["metadata"]["labels"] == {"seen": "yes"}
    webhook.stop()


# --- our own players -------------------------------------------------------------------------


def until(up: Up, what: Any) -> Any:
    """Look until it is true, each time something happens in the cluster."""
    with up.http() as client:
        for _ in range(int(PATIENCE)):
            with client.stream("GET", "/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1") as events:
                for _ in events.iter_lines():
                    if found := what():
                        return found
    raise AssertionError("it does not come true")


def test_controllers_wait_for_webhooks_without_making_a_fuss(api, up, webhook):
    """Ten pods, each of them admitted by two webhooks: made once each, and nothing has failed."""
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    mine = {"matchLabels": {"kubernetes.io/metadata.name": "default"}}
    creation = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "a"}]}}
    spec = {"replicas": 10, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    deployment = {"metadata": {"name": "web"}, "spec": spec}
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    asked_about: list[tuple[str, str]] = []

    def look(request: dict[str, Any]) -> dict[str, Any]:
        asked_about.append((request["resource"]["resource"], request["operation"]))
        return {}

    with (
        asked(api, MUTATING, webhook, "/pods-label", label, rules=[creation], namespaceSelector=mine),
        asked(api, VALIDATING, webhook, "/everything", look, rules=[everything], namespaceSelector=mine),
    ):
        assert api.post(deployments, json=deployment).status_code == 201
        status = until(up, lambda: _ready(api.get(f"{deployments}/web").json(), 10))
        pods = api.get("/api/v1/namespaces/default/pods").json()["items"]
        made = api.get("/api/v1/namespaces/default/events").json()["items"]
    assert status["readyReplicas"] == 10
    assert len(pods) == 10
    assert all(pod["metadata"]["labels"]["seen"] == "yes" for pod in pods)
    assert [e for e in made if e["type"] == "Warning"] == []
    assert asked_about.count(("pods", "CREATE")) >= 10
    assert ("events", "CREATE") in asked_about


def _ready(deployment: dict[str, Any], wanted: int) -> Any:
    status = deployment.get("status") or {}
    return status if status.get("readyReplicas") == wanted else None


def test_a_controller_hears_the_refusal_of_a_webhook(api, up, webhook):
    creation = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    template = {"metadata": {"labels": {"app": "no"}}, "spec": {"containers": [{"name": "c", "image": "a"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "no"}}, "template": template}
    sets = "/apis/apps/v1/namespaces/default/replicasets"
    with asked(api, VALIDATING, webhook, "/no-pods", refuse, rules=[creation]):
        api.post(sets, json={"metadata": {"name": "no"}, "spec": spec})
        events = "/api/v1/namespaces/default/events?fieldSelector=reason=FailedCreate"
        with api.stream("GET", f"{events}&watch=1") as stream:
            line = next(stream.iter_lines())
        api.delete(f"{sets}/no")
    assert "denied the request: not today" in line
