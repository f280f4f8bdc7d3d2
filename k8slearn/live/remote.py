"""Any Kubernetes API server, reached over HTTP: the transport with which the same controller runs somewhere else.

How to get in says `access`; what is asked and what comes back is said here. Requests are answered while the caller
waits; only watches have a thread (`remotewatch`).

Kubernetes: client-go/rest
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from k8slearn.api import errors
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, freeze
from k8slearn.api.patches import check_options
from k8slearn.api.requests import ObjectList, Request, Watch
from k8slearn.api.selectors import LabelSelector
from k8slearn.live.access import TIMEOUT, NoConfig, find, http_client
from k8slearn.live.discovery import Discovered
from k8slearn.live.remotewatch import RemoteWatch

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

METHODS = {
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
OF_DELETIONS = ("gracePeriodSeconds", "propagationPolicy", "orphanDependents", "preconditions", "dryRun")
REASONS = {404: "NotFound", 429: "TooManyRequests", 503: "ServiceUnavailable"}  # of answers without a Status
PAGE = 500  # objects
LONGEST_WAIT = (
    10.0  # seconds for which a server may have us wait (Retry-After), all in all; then its answer counts
)

Soon = Callable[[Callable[[], None]], object]  # calls something in the thread of the controllers


class Remote:
    """Implements k8slearn.api.requests.Transport. `soon` brings bells of watches to the caller's thread."""

    def __init__(self, config: SingleConfig, soon: Soon = lambda ring: ring()) -> None:
        self.http = http_client(config)
        self.namespace = config.namespace  # of people who name none
        self.soon = soon
        self.sleep: Callable[[float], object] = time.sleep
        self.kinds: Kinds = Discovered(self._document)

    def handle(self, request: Request) -> Any:
        """The answer. Raises an ApiError: what the server says, or Unreachable or ServerTimeout if it is silent."""
        resource = self.kinds.named(request.resource)
        if request.verb == "list" and "limit" not in request.options:
            return self._pages(resource, request)
        method = METHODS.get(request.verb, "GET")
        headers, body = _body(request, resource)
        answer = self.send(
            method, url_of(request, resource), params=_query(request), headers=headers, content=body
        )
        request.warnings += answer.headers.get_list("warning")
        request.created = answer.status_code == 201
        if not answer.headers.get("content-type", "").startswith("application/json"):
            return answer.text
        return _listed(answer.json(), resource) if request.verb == "list" else answer.json()

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        """Raises Expired when that revision has been forgotten."""
        resource = self.kinds.named(request.resource)
        revision = int(request.options.get("resourceVersion") or 0)
        if not revision:  # from now on
            now = Request("list", resource, request.namespace, options={"limit": 1}, user=request.user)
            revision = self.handle(now).revision
        query = {k: v for k, v in _query(request).items() if k.endswith("Selector")}
        return RemoteWatch(self, url_of(request, resource), query, revision, bell)

    # --- HTTP ---

    def send(self, method: str, url: str, **rest: Any) -> httpx2.Response:
        """One request. Raises ApiError."""
        return self._answer(self.http.build_request(method, url, **rest))

    def stream(self, url: str, query: dict[str, str], silence: float) -> httpx2.Response:
        """An answer that goes on; the caller closes it. `silence`: seconds without a byte. Raises ApiError."""
        timeout = httpx2.Timeout(TIMEOUT, read=silence)
        return self._answer(self.http.build_request("GET", url, params=query, timeout=timeout), stream=True)

    def _answer(self, request: httpx2.Request, *, stream: bool = False) -> httpx2.Response:
        """A server that has too much to do says when to come back: we do, as long as it asks for little."""
        waited = 0.0
        while True:
            answer = self._sent(request, stream=stream)
            if answer.status_code < 400:
                return answer
            if stream:
                answer.read()
                answer.close()
            pause = retry_after(answer)
            if pause is None or waited + pause > LONGEST_WAIT:
                raise refusal(answer)
            self.sleep(pause)
            waited += pause

    def _sent(self, request: httpx2.Request, *, stream: bool) -> httpx2.Response:
        try:
            return self.http.send(request, stream=stream)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            raise errors.Unreachable(f"{self.http.base_url} cannot be reached: {error}") from None
        except httpx2.TimeoutException:
            said = f"{request.method} {request.url}: no answer within {TIMEOUT:g} s"
            raise errors.ServerTimeout(said) from None
        except httpx2.TransportError as error:
            raise errors.Unreachable(f"{self.http.base_url} cannot be reached: {error}") from None

    def _document(self, path: str, accept: str) -> Any:
        return self.send("GET", path, headers={"Accept": accept}).json()

    def _pages(self, resource: Resource, request: Request) -> ObjectList:
        """A long list, page by page, all at one revision; at once, if that is forgotten meanwhile."""
        whole, url, found = _query(request), url_of(request, resource), list[Object]()
        query = {**whole, "limit": str(PAGE)}
        while True:
            try:
                page = _listed(self.send("GET", url, params=query).json(), resource)
            except errors.Expired:
                if "continue" not in query:
                    raise
                return _listed(self.send("GET", url, params=whole).json(), resource)
            found += page
            if not page.continue_:
                page[:] = found
                return page
            query = {k: v for k, v in query.items() if not k.startswith("resourceVersion")}
            query["continue"] = page.continue_

    def close(self) -> None:
        self.http.close()


def connect(kubeconfig: Path | None = None, context: str = "", soon: Soon = lambda ring: ring()) -> Remote:
    """By a kubeconfig and one of its contexts; without: by $KUBECONFIG, ~/.kube/config, or the files of a pod.

    Raises NoConfig.
    """
    return Remote(find(kubeconfig, context), soon)


# --- what is asked ---


def url_of(request: Request, resource: Resource) -> str:
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    home = ["namespaces", request.namespace] if resource.namespaced and request.namespace else []
    one = [request.name] if request.name and (request.verb != "create" or request.subresource) else []
    return "/".join([root, *home, resource.plural, *one, *filter(None, [request.subresource])])


def _query(request: Request) -> dict[str, str]:
    deleting = request.verb.startswith("delete")
    options = {
        k: v
        for k, v in request.options.items()
        if k not in ("patchType", *(OF_DELETIONS if deleting else ()))
    }
    if request.verb == "patch" and options.get("patchType") != "apply":
        options.setdefault("fieldManager", "k8slearn")
    return {name: _text(value) for name, value in options.items() if value not in (None, "", False)}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(LabelSelector.of(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(request: Request, resource: Resource) -> tuple[dict[str, str], bytes | None]:
    """(headers, body)"""
    if request.verb.startswith("delete"):
        options = {k: v for k, v in request.options.items() if k in OF_DELETIONS}
        if isinstance(options.get("dryRun"), str):
            options["dryRun"] = [options["dryRun"]]
        sent: Any = {"kind": "DeleteOptions", "apiVersion": "v1", **options}
    elif request.writes:
        if request.verb == "patch":
            check_options(request.options)
            if request.options.get("patchType", "merge") not in PATCHES:
                raise errors.UnsupportedMediaType("415: Unsupported Media Type")
        sent = request.body
    else:
        return {}, None
    kind = (
        PATCHES[request.options.get("patchType", "merge")] if request.verb == "patch" else "application/json"
    )
    if request.verb in ("create", "update") and isinstance(sent, dict) and not request.subresource:
        sent = {"apiVersion": resource.api_version, "kind": resource.kind, **sent}
    return {"Content-Type": kind}, json.dumps(sent).encode()


# --- what comes back ---


def _listed(body: Object, resource: Resource) -> ObjectList:
    """Items of a list do not say what they are; here they do."""
    named = {"apiVersion": resource.api_version, "kind": resource.kind}
    items = [freeze({**named, **item}) for item in body.get("items") or ()]
    metadata = body["metadata"]
    return ObjectList(
        items,
        int(metadata["resourceVersion"]),
        body["kind"],
        metadata.get("continue", ""),
        metadata.get("remainingItemCount"),
    )


def refusal(answer: httpx2.Response) -> errors.ApiError:
    """The error that an answer says."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict) or body.get("kind") != "Status":
        body = {"message": answer.text.strip() or answer.reason_phrase, "code": answer.status_code}
        body["reason"] = REASONS.get(answer.status_code, "")
    return errors.from_status(body)


def retry_after(answer: httpx2.Response) -> float | None:
    """The seconds after which the same request may be sent again. Kubernetes: client-go/rest/with_retry.go"""
    if answer.status_code != 429 and answer.status_code < 500:
        return None
    try:
        return float(answer.headers["Retry-After"])
    except (KeyError, ValueError):
        return None


__all__ = ["NoConfig", "Remote", "connect"]
