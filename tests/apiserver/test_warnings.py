"""Warnings: what is not wrong, but worth a word."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.objects import edit
from k8slearn.api.requests import Request
from tests import fakes

HOSTNAME = (
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is "
    "recommended: [must not contain dots]"
)
IN_NAMES = HOSTNAME.replace("the Pod's hostname", "Pod names and hostnames")


@pytest.fixture
def warned(server):
    def write(body: Any, verb: str = "create") -> list[str]:
        resource = server.kinds.of(body)
        home = "default" if resource.namespaced else ""
        request = Request(verb, resource, home, body["metadata"]["name"], body=edit(body))
        server.handle(request)
        return request.warnings

    return write


def pod(**container: Any) -> Any:
    return fakes.pod("p", containers=[{"name": "c", "image": "i:1", **container}])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (fakes.pod("p"), []),
        (fakes.pod("p.x"), [HOSTNAME]),
        (fakes.deployment("d"), []),
        (
            fakes.pod("p", nodeSelector={"beta.kubernetes.io/os": "linux"}),
            [
                'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'
            ],
        ),
        (
            pod(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            [
                'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'
            ],
        ),
        (pod(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]), []),
        (
            pod(ports=[{"containerPort": 80}, {"containerPort": 80, "hostPort": 80}]),
            ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
        ),
        (
            pod(resources={"limits": {"memory": "100m"}}),
            [
                f'spec.containers[0].resources.{which}[memory]: fractional byte value "100m" is invalid, '
                "must be an integer"
                for which in ("limits", "requests")
            ],
        ),
        (
            fakes.pod(
                "p",
                topologySpreadConstraints=[
                    {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
                ],
            ),
            [
                "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"
            ],
        ),
        (
            fakes.pod("p", volumes=[{"name": "v", "gitRepo": {"repository": "x"}}]),
            ["spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"],
        ),
        (
            fakes.service(clusterIP="None", sessionAffinity="ClientIP"),
            ["spec.SessionAffinity is ignored for headless services"],
        ),
        (
            fakes.service(externalName="a.b"),
            ['spec.externalName is ignored when spec.type is not "ExternalName"'],
        ),
        (
            fakes.named(
                "Ingress",
                "i",
                "networking.k8s.io/v1",
                metadata={"annotations": {"kubernetes.io/ingress.class": "x"}},
                spec={"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
            ),
            [
                "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
            ],
        ),
    ],
)
def test_what_is_said(warned, body, expected):
    assert warned(body) == expected


def test_templates_are_looked_at_again_when_they_change(warned):
    deployment = fakes.deployment("d.x")
    assert warned(deployment) == [IN_NAMES]
    deployment["spec"]["template"]["spec"]["nodeSelector"] = {"beta.kubernetes.io/arch": "x"}
    said = [
        "spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; "
        'use "kubernetes.io/arch" instead'
    ]
    assert warned(deployment, "update") == said
    deployment["metadata"]["labels"] = {"a": "b"}
    assert warned(deployment, "update") == []
