"""Where the API server finds the program behind a Service."""

from __future__ import annotations

import pytest

from k8slearn.apiserver.outside import CallFailed
from k8slearn.client import Client
from k8slearn.live.resolver import resolve
from tests import fakes
from tests.fakes import named

PORTS = [{"name": "https", "port": 443, "targetPort": 8443}, {"name": "other", "port": 80}]
POD = {"kind": "Pod", "namespace": "default", "name": "web-1"}


@pytest.fixture
def client() -> Client:
    return fakes.client()


def where(client: Client, port: int = 443) -> tuple[str, int]:
    return resolve(client.transport.store, f"service/default/web:{port}")


def refused(client: Client, port: int = 443) -> str:
    with pytest.raises(CallFailed) as error:
        where(client, port)
    return str(error.value)


def test_an_external_name_leads_to_its_host(client):
    client.create(named("Service", "web", spec={"type": "ExternalName", "externalName": "localhost"}))
    assert where(client, 8443) == ("localhost", 8443)


def endpoints(**address):
    ports = [{"name": "other", "port": 1}, {"name": "https", "port": 8443}]
    return named(
        "Endpoints", "web", subsets=[{"addresses": [{"ip": "192.0.2.7", **address}], "ports": ports}]
    )


def endpoint_slice(**endpoint):
    return named(
        "EndpointSlice",
        "web-1",
        "discovery.k8s.io/v1",
        metadata={"labels": {"kubernetes.io/service-name": "web"}},
        addressType="IPv4",
        endpoints=[{"addresses": ["192.0.2.7"], **endpoint}],
        ports=[{"name": "https", "port": 8443}],
    )


@pytest.mark.parametrize("made", [endpoints(), endpoint_slice()])
def test_endpoints_that_somebody_has_written_are_called(client, made):
    client.create(named("Service", "web", spec={"ports": PORTS}))
    client.create(made)
    assert where(client) == ("192.0.2.7", 8443)


NOWHERE = [
    endpoints(targetRef=POD),
    endpoint_slice(targetRef=POD),
    endpoint_slice(conditions={"ready": False}),
]


@pytest.mark.parametrize("made", NOWHERE)
def test_simulated_pods_and_unready_endpoints_are_not(client, made):
    client.create(named("Service", "web", spec={"ports": PORTS}))
    client.create(made)
    assert refused(client) == 'no endpoints available for service "web"'


def test_what_is_not_there(client):
    assert refused(client) == 'service "web" not found'
    client.create(named("Service", "web", spec={"ports": PORTS}))
    assert refused(client, 444) == 'no service port 444 found for service "web"'
