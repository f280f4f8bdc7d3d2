"""Services: which addresses and ports they are given, which they keep, and which they let go."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import Invalid
from k8slearn.api.objects import edit
from k8slearn.apiserver.allocation import NODE_PORTS, SERVICE_NETWORK
from tests import fakes

Spec = dict[str, Any]
PORTS = [{"port": 80}]


@pytest.fixture
def make(client):
    def create(name: str = "a", **spec: Any) -> Spec:
        return client.create(fakes.named("Service", name, spec={"ports": PORTS, **spec}))["spec"]

    return create


@pytest.fixture
def patch(client):
    def change(name: str = "a", **spec: Any) -> Spec:
        return client.patch("services", f"default/{name}", patch={"spec": spec})["spec"]

    return change


def refusal(call: Any, *args: Any, **spec: Any) -> str:
    with pytest.raises(Invalid) as refused:
        call(*args, **spec)
    return str(refused.value).partition(" is invalid: ")[2]


# --- addresses --------------------------------------------------------------------------------


def test_an_address_of_its_own(make):
    found = [make(name)["clusterIP"] for name in "abc"]
    assert len(set(found)) == 3
    assert make("d", clusterIP="10.96.0.9")["clusterIPs"] == ["10.96.0.9"]
    assert all(address.startswith("10.96.") for address in found)
    assert SERVICE_NETWORK.num_addresses == 65536


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"clusterIP": "10.96.0.9"},
            'spec.clusterIPs: Invalid value: ["10.96.0.9"]: failed to allocate IP 10.96.0.9: '
            "provided IP is already allocated",
        ),
        (
            {"clusterIP": "192.0.2.1"},
            'spec.clusterIPs: Invalid value: ["192.0.2.1"]: failed to allocate IP 192.0.2.1: '
            "the provided network does not match the current range",
        ),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"ipFamilies": ["IPv6"]},
            'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
        ),
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for '
            "dual-stack services",
        ),
    ],
)
def test_an_address_that_cannot_be_had(make, spec, message):
    make("first", clusterIP="10.96.0.9")
    assert refusal(make, **spec) == message


def test_what_a_headless_service_may_be(make):
    assert make("a", clusterIP="None", selector={"a": "b"})["ipFamilies"] == ["IPv4"]
    anything = make("b", clusterIP="None")
    assert (anything["ipFamilyPolicy"], anything["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])


def test_an_address_is_kept_by_those_who_do_not_mention_it(make, patch, client):
    address = make()["clusterIP"]
    assert patch(clusterIP=None, clusterIPs=None)["clusterIP"] == address
    plain = fakes.named("Service", "a", spec={"ports": [{"port": 81}]})
    found = client.update(plain)["spec"]
    assert (found["clusterIP"], found["ipFamilies"]) == (address, ["IPv4"])
    assert "may not change once set" in refusal(patch, clusterIP="10.96.9.9")


def test_a_name_elsewhere_needs_no_address(make, patch):
    address = make()["clusterIP"]
    away = patch(type="ExternalName", externalName="example.com")
    assert not away.keys() & {
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "internalTrafficPolicy",
    }
    assert make("b", clusterIP=address)["clusterIP"] == address  # it is free again
    assert patch(type="ClusterIP")["clusterIP"] != address


# --- node ports -------------------------------------------------------------------------------


def test_node_ports_are_given_and_given_back(make, patch):
    numbers = [
        p["nodePort"]
        for p in make(type="NodePort", ports=[{"name": "a", "port": 1}, {"name": "b", "port": 2}])["ports"]
    ]
    assert len(set(numbers)) == 2
    assert set(numbers) <= set(NODE_PORTS)
    again = patch(ports=[{"name": "b", "port": 2}, {"name": "c", "port": 3}])["ports"]
    assert again[0]["nodePort"] == numbers[1]
    assert again[1]["nodePort"] not in numbers
    assert all("nodePort" not in port for port in patch(type="ClusterIP")["ports"])


def test_a_node_port_that_cannot_be_had(make):
    assert (
        make("first", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])["ports"][0]["nodePort"]
        == 30080
    )
    where = "spec.ports[0].nodePort: Invalid value:"
    taken = refusal(make, type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    assert taken == f"{where} 30080: provided port is already allocated"
    beyond = refusal(make, type="NodePort", ports=[{"port": 80, "nodePort": 80}])
    assert (
        beyond
        == f"{where} 80: provided port is not in the valid range. The range of valid ports is 30000-32767"
    )


def test_protocols_share_a_node_port(make):
    ports = [{"name": p, "port": 53, "protocol": p.upper()} for p in ("tcp", "udp")]
    numbers = [p["nodePort"] for p in make(type="NodePort", ports=ports)["ports"]]
    assert numbers[0] == numbers[1]


def test_a_load_balancer_without_node_ports(make):
    spec = make(type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in spec["ports"][0]
    local = make("b", type="LoadBalancer", externalTrafficPolicy="Local")
    assert local["healthCheckNodePort"] in NODE_PORTS
    assert local["healthCheckNodePort"] != local["ports"][0]["nodePort"]


def test_what_a_load_balancer_has_goes_with_it(make, patch):
    make(type="LoadBalancer", externalTrafficPolicy="Local", loadBalancerClass="ex.com/lb")
    plain = patch(type="ClusterIP")
    assert not plain.keys() & {
        "healthCheckNodePort",
        "externalTrafficPolicy",
        "allocateLoadBalancerNodePorts",
        "loadBalancerClass",
    }


def test_a_rehearsal_takes_nothing(client, make):
    body = fakes.named("Service", "x", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": 30090}]})
    client.create(edit(body), dryRun="All")
    assert (
        make("y", type="NodePort", ports=[{"port": 80, "nodePort": 30090}])["ports"][0]["nodePort"] == 30090
    )


# --- rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"type": "NodePort", "clusterIP": "None"},
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        (
            {"type": "ExternalName", "externalName": "a.b", "clusterIP": "10.96.0.5"},
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        ),
        (
            {"loadBalancerClass": "ex.com/a"},
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"externalTrafficPolicy": "Local"},
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        ),
        (
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 90000}}},
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and "
            "less than 86400",
        ),
        (
            {"externalIPs": ["127.0.0.1"]},
            'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        ),
        (
            {"type": "LoadBalancer", "ports": [{"port": 10250}]},
            "spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet",
        ),
        (
            {"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.6"]},
            'spec.clusterIPs: Invalid value: ["10.96.0.6"]: first value must match `clusterIP`',
        ),
        (
            {"clusterIPs": ["10.96.0.6"]},
            'spec.clusterIPs: Invalid value: ["10.96.0.6"]: must be empty when `clusterIP` is not specified',
        ),
        (
            {"trafficDistribution": "Far"},
            'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameNode", '
            '"PreferSameZone"',
        ),
    ],
)
def test_what_does_not_go_together(make, spec, message):
    assert refusal(make, **spec) == message
