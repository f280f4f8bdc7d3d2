"""What becomes of requests: routers that send them to endpoints, names, an ingress, and the people who ask.

Duty: routers, names and the ingress are players like all others: each knows what its informers have told it, possibly
too late. The people (`people`) are no part of the cluster: they send requests while virtual time passes, along the
routes as they are at that very moment, to programs as they are then; and count what comes back. A pod may be one of
them (`askers`): a load generator.
Never: invent a failure. What goes wrong follows from a stale route, a program that does not listen, a dead machine.
Read first: `router` and `choice`; `listening` (when does a container answer?); then `people`, `roads`, `tally`. What
requests cost is measured in `metrics`.

Kubernetes: pkg/proxy; CoreDNS and an ingress controller, which come as add-ons
"""

from k8slearn.traffic.askers import Askers
from k8slearn.traffic.dns import ClusterDNS
from k8slearn.traffic.ingress import IngressController
from k8slearn.traffic.metrics import MetricsServer
from k8slearn.traffic.people import Traffic
from k8slearn.traffic.router import ServiceRouter, routers

__all__ = [
    "Askers",
    "ClusterDNS",
    "IngressController",
    "MetricsServer",
    "ServiceRouter",
    "Traffic",
    "routers",
]
