"""Asks metrics.k8s.io what pods use, if anybody serves it.

Kubernetes: pkg/controller/podautoscaler/metrics/client.go
"""

from __future__ import annotations

import re
from fractions import Fraction

from k8slearn.api.clock import seconds_of
from k8slearn.api.errors import NotFound, ServiceUnavailable
from k8slearn.api.objects import Object, name_of
from k8slearn.api.quantities import parse
from k8slearn.api.requests import Request
from k8slearn.client import Client
from k8slearn.controllers.discovery import discovered
from k8slearn.controllers.replicacalculator import Metric, NoCount

APISERVICE = "v1beta1.metrics.k8s.io"
FETCH = "unable to fetch metrics from resource metrics API: {}"
NO_API = "the server could not find the requested resource (get pods.metrics.k8s.io)"
AWAY = "the server is currently unable to handle the request (get pods.metrics.k8s.io)"


def resource_metrics(
    client: Client, namespace: str, names: set[str], resource: str, container: str
) -> dict[str, Metric]:
    """By pod; those are left out of which it is not known for all containers. Raises NoCount."""
    found = [m for m in _listed(client, namespace) if name_of(m) in names]
    if not found:
        raise NoCount("no metrics returned from resource metrics API")
    metrics = {name_of(m): _metric(m, resource, container) for m in found}
    return {name: metric for name, metric in metrics.items() if metric is not None}


def _listed(client: Client, namespace: str) -> list[Object]:
    try:
        kinds = [kind for kind in discovered(client, APISERVICE) if kind.plural == "pods"]
        if not kinds:
            raise NoCount(FETCH.format(NO_API))
        return list(client.transport.handle(Request("list", kinds[0], namespace, user=client.user)))
    except NotFound:
        raise NoCount(FETCH.format(NO_API)) from None
    except ServiceUnavailable:
        raise NoCount(FETCH.format(AWAY)) from None


def _metric(measured: Object, resource: str, container: str) -> Metric | None:
    mine = [c["usage"] for c in measured["containers"] if container in ("", c["name"])]
    if not mine or any(resource not in used for used in mine):
        return None
    used = sum((parse(used[resource]) * 1000 for used in mine), Fraction())
    return Metric(
        -(-used.numerator // used.denominator),
        seconds_of(measured["timestamp"]),
        _seconds(measured["window"]),
    )


def _seconds(window: str) -> float:
    """``15s``, ``1m0.5s``"""
    return sum(
        float(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in re.findall(r"([\d.]+)([hms])", window)
    )
