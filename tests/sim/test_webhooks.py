"""Webhooks of a simulated cluster: plain functions, in a history that can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object
from k8slearn.sim import Simulation
from tests.fakes import deployment, named, pod

PLACE = "service/default/checker:443"
PODS = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def configuration(kind: str) -> Object:
    hook = {
        "name": "check.example.com",
        "clientConfig": {"service": {"name": "checker", "namespace": "default"}},
        "rules": [PODS],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return named(kind, "hooks", "admissionregistration.k8s.io/v1", namespace="", webhooks=[hook])


def stamp(request: Object) -> Object:
    labels = {**request["object"]["metadata"]["labels"], "stamped": "yes"}
    return {"patch": [{"op": "replace", "path": "/metadata/labels", "value": labels}]}


def no_latest(request: Object) -> Object:
    images = [c["image"] for c in request["object"]["spec"]["containers"]]
    return {"allowed": all(":" in i for i in images), "status": {"message": "which version?"}}


def labels(sim: Simulation) -> list[Any]:
    return [p["metadata"]["labels"].get("stamped") for p in sim.client.list("pods")]


def test_a_function_changes_what_controllers_write():
    sim = Simulation(nodes=1)
    sim.serve(PLACE, stamp)
    sim.create(configuration("MutatingWebhookConfiguration"))
    sim.create(deployment(replicas=3))
    sim.run()
    assert labels(sim) == ["yes"] * 3


def test_a_function_refuses():
    sim = Simulation(nodes=1)
    sim.serve(PLACE, no_latest)
    sim.create(configuration("ValidatingWebhookConfiguration"))
    with pytest.raises(ApiError, match=r'"check.example.com" denied the request: which version\?'):
        sim.create(pod(containers=[{"name": "c", "image": "app"}]))
    sim.create(pod())


def test_it_is_asked_again_when_history_is_repeated_and_in_a_fork():
    sim = Simulation(nodes=1)
    sim.serve(PLACE, stamp)
    sim.create(configuration("MutatingWebhookConfiguration"))
    sim.create(deployment(replicas=2))
    sim.run()
    end, state = sim.position, sim.state()
    sim.goto(1)
    assert labels(sim) == []
    sim.goto(end)
    assert sim.state() == state
    assert sim.fork().state() == state


def test_without_a_program_nobody_answers():
    sim = Simulation(nodes=1)
    sim.create(configuration("ValidatingWebhookConfiguration"))
    with pytest.raises(ApiError, match='service "checker" not found'):
        sim.create(pod())
