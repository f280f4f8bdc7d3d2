"""HTTP, seen from the inside: from the bytes of a request to the bytes of its answer, without a socket.

Duty: find out who asks and what for, let the API server answer, and say it in the form that was asked for.
Never: open a socket, wait, or know what a Pod is.
Read first: `front` (the way of a request), then `requestinfo` (what a URL means), `options` (what a query
means), `negotiation` and `answers` (in which form), `streams` (watches).

Kubernetes: apiserver/pkg/server, apiserver/pkg/endpoints
"""

from k8slearn.apiserver.http.front import Front
from k8slearn.apiserver.http.messages import HttpRequest, HttpResponse
from k8slearn.apiserver.http.streams import LogStream, Stream, WatchStream

__all__ = ["Front", "HttpRequest", "HttpResponse", "LogStream", "Stream", "WatchStream"]
