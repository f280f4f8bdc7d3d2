"""What every namespace is furnished with: a default ServiceAccount, the root certificate, filled token Secrets.

Facts recorded from Kubernetes v1.36: scenario serviceaccounts-tokens.
"""

from __future__ import annotations

from base64 import b64decode
from functools import partial

import pytest

from k8slearn.api.objects import annotations_of, uid_of
from k8slearn.api.requests import Request
from k8slearn.cluster import NAMESPACES
from k8slearn.controllers import RootCACertPublisher, ServiceAccountsController, TokensController
from k8slearn.sim import Simulation
from tests.fakes import named, namespace, objects, world

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"
NAME = "kube-root-ca.crt"


@pytest.fixture
def sim() -> Simulation:
    sim = world(ServiceAccountsController, partial(RootCACertPublisher, CERTIFICATE))
    sim.run()
    return sim


def homes(sim: Simulation, resource: str) -> set[tuple[str, str]]:
    return {(o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects(sim, resource)}


def test_every_namespace_has_both(sim):
    sim.create(namespace("fresh"))
    sim.run()
    everywhere = (*NAMESPACES, "fresh")
    assert homes(sim, "serviceaccounts") == {(n, "default") for n in everywhere}
    assert homes(sim, "configmaps") == {(n, NAME) for n in everywhere}
    assert all(m["data"] == {"ca.crt": CERTIFICATE} for m in objects(sim, "configmaps"))


def test_they_come_back(sim):
    before = sim.client.get("serviceaccounts", "default/default")
    sim.client.delete("serviceaccounts", "default/default")
    sim.client.delete("configmaps", f"default/{NAME}")
    sim.run()
    assert uid_of(sim.client.get("serviceaccounts", "default/default")) != uid_of(before)
    assert sim.client.get("configmaps", f"default/{NAME}")["data"] == {"ca.crt": CERTIFICATE}


def test_the_certificate_is_put_right(sim):
    sim.client.patch("configmaps", f"default/{NAME}", patch={"data": {"ca.crt": "mine", "more": "x"}})
    sim.run()
    assert sim.client.get("configmaps", f"default/{NAME}")["data"] == {"ca.crt": CERTIFICATE}


def test_a_namespace_on_its_way_out_gets_nothing(sim):
    sim.create(namespace("going"))
    sim.run()
    sim.client.delete("namespaces", "going")
    sim.client.delete("serviceaccounts", "going/default")
    sim.run()
    assert ("going", "default") not in homes(sim, "serviceaccounts")
    assert not sim.errors()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_order_of_news(seed):
    sim = world(ServiceAccountsController, RootCACertPublisher, policy="shuffled", seed=seed)
    sim.create([namespace("a"), namespace("b")])
    sim.run(lambda s: s.position > 5 + seed)
    sim.client.delete("namespaces", "a")
    sim.run()
    assert ("b", "default") in homes(sim, "serviceaccounts")
    assert not sim.errors()


# --- token Secrets ---------------------------------------------------------------------------

TOKEN = "a.b.c"


class Tokens:
    """A transport whose server answers TokenRequests, as one that has keys does."""

    def __init__(self, inner) -> None:
        self.inner = inner
        self.kinds = inner.kinds
        self.asked: list[Request] = []

    def watch(self, request, bell=None):
        return self.inner.watch(request, bell)

    def handle(self, request):
        if request.subresource != "token":
            return self.inner.handle(request)
        self.asked.append(request)
        return {**request.body, "status": {"token": TOKEN}}


def token_secret(name: str = "long-lived", account: str = "bot"):
    annotations = {"kubernetes.io/service-account.name": account}
    return named(
        "Secret",
        name,
        metadata={"annotations": annotations},
        type="kubernetes.io/service-account-token",
    )


@pytest.fixture
def tokens() -> tuple[TokensController, Tokens]:
    from tests.fakes import Clock, server

    clock = Clock()
    transport = Tokens(server(clock))
    controller = TokensController(CERTIFICATE)
    controller.wire(transport, clock)
    return controller, transport


def settle(controller) -> None:
    for _ in range(10):
        for resource, informer in controller.informers.items():
            while informer.ready:
                controller.deliver(resource)
        while len(controller.queue):
            controller.work()


def test_a_token_secret_is_filled(tokens):
    controller, transport = tokens
    account = controller.client.create(named("ServiceAccount", "bot"))
    controller.client.create(token_secret())
    settle(controller)
    secret = controller.client.get("secrets", "default/long-lived")
    data = {k: b64decode(v).decode() for k, v in secret["data"].items()}
    assert data == {"token": TOKEN, "namespace": "default", "ca.crt": CERTIFICATE}
    assert annotations_of(secret)["kubernetes.io/service-account.uid"] == uid_of(account)
    (asked,) = transport.asked
    assert asked.body["spec"]["boundObjectRef"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "name": "long-lived",
        "uid": uid_of(secret),
    }
    assert not controller.errors


def test_without_its_account_it_goes(tokens):
    controller, _ = tokens
    controller.client.create(named("ServiceAccount", "bot"))
    controller.client.create(token_secret())
    controller.client.create(token_secret("stray", "nobody"))
    controller.client.create(named("Secret", "plain"))
    settle(controller)
    assert {o["metadata"]["name"] for o in controller.client.list("secrets")} == {"long-lived", "plain"}
    controller.client.delete("serviceaccounts", "default/bot")
    settle(controller)
    assert {o["metadata"]["name"] for o in controller.client.list("secrets")} == {"plain"}
