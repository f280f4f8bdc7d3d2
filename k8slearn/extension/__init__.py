"""An API server that is not ours: the weather service's. It stands beside the cluster, and an APIService hands a
group to it.

Duty: show what it takes to serve a group oneself, and what one gains: a storage of its own, an object that is
computed when somebody reads it, versions that are converted by code.
Never: touch the cluster's store, or believe who somebody says he is (see `server`).
Read first: `server` (a request's way), `kinds` (two versions of one thing, and the weather), `stations` (its
storage), then `documents` (what clients read before they ask), `manifests` (what has to be applied so that
the cluster knows of it).

    weather = WeatherServer(sim.clock)
    sim.programs["service/default/weather:443"] = weather        # in a simulation
    python -m k8slearn.live.weather --kubeconfig PATH            # as a process

Kubernetes: k8s.io/sample-apiserver; metrics-server, whose objects are computed, too
"""

from k8slearn.extension.manifests import apiservices, service
from k8slearn.extension.server import WeatherServer

__all__ = ["WeatherServer", "apiservices", "service"]
