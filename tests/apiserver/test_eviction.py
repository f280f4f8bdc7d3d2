"""Eviction and disruption budgets. Recorded: scenarios pod-eviction, pdb-unhealthy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api import errors
from k8slearn.api.requests import Request
from k8slearn.client import Client
from tests import fakes
from tests.fakes import condition, named, namespace, pod, running

VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


@pytest.fixture(autouse=True)
def somebody(client):
    """A pod that runs and is ready."""
    client.bind(client.create(pod()), "node-1")
    return client.update_status(client.get("pods", "default/web"), **running(0.0))


def budget(client, name: str = "pdb", spec: Any = None, **status: Any):
    """A budget as its controller has left it."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}, **(spec or {})}
    made = client.create(named("PodDisruptionBudget", name, "policy/v1", spec=spec))
    counts = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
    told = {"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "message": ""}
    told["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    return client.update_status(made, **{**counts, "observedGeneration": 1, "conditions": [told], **status})


def evict(server, name: str = "web", options: Any = None, body: Any = None, **query: Any):
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    if options:
        eviction["deleteOptions"] = options
    return server.handle(Request("create", "pods", "default", name, "eviction", body or eviction, query))


def refusal(server, kind: type[errors.ApiError] = errors.TooManyRequests, **rest: Any) -> errors.ApiError:
    with pytest.raises(kind) as refused:
        evict(server, **rest)
    return refused.value


def is_going(client, name: str = "web") -> bool:
    return "deletionTimestamp" in client.get("pods", f"default/{name}")["metadata"]


def test_without_a_budget_a_pod_is_simply_deleted(server, client, clock):
    clock.now = 5.0
    answer = evict(server)
    assert answer == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    gone = client.get("pods", "default/web")
    assert gone["metadata"]["deletionGracePeriodSeconds"] == 30
    target = condition(gone, "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "EvictionByEvictionAPI")
    assert target["message"] == "Eviction API: evicting"
    assert target["lastTransitionTime"] == "2026-01-01T00:00:05Z"


def test_a_budget_that_is_spent_protects(server, client):
    budget(client)
    error = refusal(server)
    assert error.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": VIOLATES,
        "reason": "TooManyRequests",
        "details": {
            "causes": [
                {
                    "reason": "DisruptionBudget",
                    "message": "The disruption budget pdb needs 1 healthy pods and has 1 currently",
                }
            ]
        },
        "code": 429,
    }
    assert not is_going(client)


def test_a_budget_is_spent_by_the_eviction_itself(server, client, clock):
    budget(client, disruptionsAllowed=1, currentHealthy=2)
    clock.now = 9.0
    evict(server)
    status = client.get("poddisruptionbudgets", "default/pdb")["status"]
    assert status["disruptionsAllowed"] == 0
    assert status["disruptedPods"] == {"web": "2026-01-01T00:00:09Z"}
    (told,) = status["conditions"]
    assert (told["status"], told["reason"], told["lastTransitionTime"]) == (
        "False",
        "InsufficientPods",
        "2026-01-01T00:00:09Z",
    )


def test_a_budget_that_nobody_has_looked_at_yet(server, client):
    budget(client, observedGeneration=0, disruptionsAllowed=1)
    error = refusal(server)
    assert error.details == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget pdb is still being processed by the server.",
            }
        ],
        "retryAfterSeconds": 10,
    }


def test_a_budget_that_could_not_be_worked_out(server, client):
    failed = {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "no scale"}
    failed["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    budget(client, conditions=[failed])
    (cause,) = refusal(server).details["causes"]
    assert cause["message"].endswith(
        "does not allow evicting pods currently because it failed sync: no scale"
    )


def test_two_budgets_for_one_pod(server, client):
    budget(client, disruptionsAllowed=1)
    budget(client, "two", disruptionsAllowed=1)
    error = refusal(server, errors.ApiError)
    assert error.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        ),
        "code": 500,
    }


@pytest.mark.parametrize("spec", [{"selector": {"matchLabels": {"app": "db"}}}, {"selector": None}], ids=str)
def test_a_budget_for_others(server, client, spec):
    budget(client, spec=spec)
    evict(server)
    assert is_going(client)


def test_a_budget_of_another_namespace(server, client):
    client.create(namespace("team"))
    spec = {"minAvailable": 1, "selector": {}}
    client.create(named("PodDisruptionBudget", "pdb", "policy/v1", "team", spec=spec))
    evict(server)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Pending"])
def test_nobody_misses_a_pod_that_does_not_run(server, client, phase):
    budget(client)
    client.update_status(client.get("pods", "default/web"), phase=phase)
    evict(server)


def test_who_is_going_may_be_asked_to_go(server, client):
    budget(client)
    client.delete("pods", "default/web")
    evict(server, options={"gracePeriodSeconds": 3})
    assert client.get("pods", "default/web")["metadata"]["deletionGracePeriodSeconds"] == 3


UNREADY = {
    "kept": ({}, {"currentHealthy": 0, "desiredHealthy": 1}, False),
    "costs nothing while the others suffice": ({}, {"currentHealthy": 2, "desiredHealthy": 2}, True),
    "none desired": ({}, {"currentHealthy": 0, "desiredHealthy": 0}, False),
    "always": (
        {"unhealthyPodEvictionPolicy": "AlwaysAllow"},
        {"currentHealthy": 0, "desiredHealthy": 1},
        True,
    ),
}


@pytest.mark.parametrize(("spec", "status", "goes"), UNREADY.values(), ids=UNREADY)
def test_a_pod_that_is_not_ready(server, client, spec, status, goes):
    client.update_status(client.get("pods", "default/web"), **running(0.0, ready=False))
    budget(client, spec=spec, **status)
    if goes:
        evict(server)
    else:
        refusal(server)
    assert is_going(client) == goes
    assert "disruptedPods" not in client.get("poddisruptionbudgets", "default/pdb")["status"], (
        "never paid for"
    )


@pytest.mark.parametrize("where", ["content", "query"])
def test_a_rehearsal_spends_nothing(server, client, where):
    budget(client, disruptionsAllowed=1)
    before = server.store.revision
    if where == "content":
        evict(server, options={"dryRun": ["All"]})
    else:
        evict(server, dryRun="All")
    assert server.store.revision == before


def test_a_rehearsal_is_refused_as_well(server, client):
    budget(client)
    refusal(server, options={"dryRun": ["All"]})


def test_the_pod_that_was_meant(server, client, somebody):
    error = refusal(server, errors.Conflict, options={"preconditions": {"uid": "other"}})
    assert 'on Pod "web": the UID in the precondition (other)' in error.message
    stale = {"resourceVersion": "1"}
    refusal(server, errors.Conflict, options={"preconditions": stale})
    assert not is_going(client)
    meant = {f: somebody["metadata"][f] for f in ("uid", "resourceVersion")}
    evict(server, options={"preconditions": meant})
    assert is_going(client)


def test_who_is_not_there(server):
    error = refusal(server, errors.NotFound, name="none")
    assert error.message == 'pods "none" not found'


BODIES = {
    "another name": {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "other"}},
    "no name": {"apiVersion": "policy/v1", "kind": "Eviction"},
    "another kind": {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}},
    "no object": ["web"],
    "wrong type": {"metadata": {"name": "web"}, "deleteOptions": 7},
    "wrong option": {"metadata": {"name": "web"}, "deleteOptions": {"gracePeriodSeconds": "soon"}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_eviction(server, client, body):
    refusal(server, errors.BadRequest, body=body)
    assert not is_going(client)


def test_names_must_agree(server):
    assert refusal(server, errors.BadRequest, body=BODIES["another name"]).message == (
        "name in URL does not match name in Eviction object"
    )


def test_nobody_is_evicted_from_a_namespace_that_is_going(server, client):
    client.create(namespace("team"))
    client.bind(client.create(named("Pod", "web", namespace="team", spec=pod()["spec"])), "node-1")
    client.delete("namespaces", "team")
    eviction = {"metadata": {"name": "web"}}
    with pytest.raises(errors.Forbidden) as refused:
        server.handle(Request("create", "pods", "team", "web", "eviction", eviction))
    assert refused.value.details["causes"][0]["reason"] == "NamespaceTerminating"


@given(st.integers(0, 5), st.integers(1, 8))
def test_never_more_than_are_allowed(allowed, asking):
    """However many ask before the controller looks again, no more go than it has allowed."""
    server = fakes.server()
    client = Client(server)
    for i in range(asking):
        made = client.create(pod(f"p{i}", labels={"app": "web"}))
        client.bind(made, "node-1")
        client.update_status(client.get("pods", f"default/p{i}"), **running(0.0))
    budget(client, disruptionsAllowed=allowed, currentHealthy=asking, desiredHealthy=asking - allowed)
    for i in range(asking):
        try:
            evict(server, f"p{i}")
        except errors.TooManyRequests:
            assert i >= allowed
    going = [p for p in client.list("pods") if "deletionTimestamp" in p["metadata"]]
    assert len(going) == min(allowed, asking)
