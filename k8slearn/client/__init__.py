"""The only door components may use: the verbs of the API, whoever answers them.

Duty: turn ``client.create(pod)`` into a request and the answer into an object or an ApiError.
Never: import an API server. A client is handed a transport (see `k8slearn.api.requests`): the server
of a simulation, or an HTTP connection to any Kubernetes.
Read first: `client`.
"""

from k8slearn.client.client import Client

__all__ = ["Client"]
