"""The real world: the same control plane on the wall clock, behind HTTPS.

Duty: sockets, certificates, files, threads and the time of day; let the manager make its moves, and carry requests to
the front and its answers back.
Never: decide anything that Kubernetes decides. What an answer says is made in `apiserver/http`.
Read first: `driver` (who moves next, in real time), `asgi` (a request and its answer), `outside` (one that has to wait
for others), `controlplane` (all of it).
"""

from k8slearn.live.controlplane import ControlPlane, Settings
from k8slearn.live.notebook import start

__all__ = ["ControlPlane", "Settings", "start"]
