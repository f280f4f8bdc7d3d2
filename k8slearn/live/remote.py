"""Any Kubernetes API server, reached over HTTP: the transport with which the same controller runs somewhere else.

How to get in (certificates, tokens, exec plugins, the files of a pod) is lightkube's business; what is asked and what
comes back is ours. Requests are answered while the caller waits; only watches have a thread (`remotewatch`).

Kubernetes: client-go/rest
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from k8slearn.api import errors
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, freeze
from k8slearn.api.patches import check_options
from k8slearn.api.requests import ObjectList, Request, Watch
from k8slearn.api.selectors import LabelSelector
from k8slearn.live.discovery import Discovered
from k8slearn.live.remotewatch import RemoteWatch

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
TIMEOUT = 30.0  # seconds
USER_AGENT = "k8slearn"  # of which servers make the name of a field manager

Soon = Callable[[Callable[[], None]], object]  # calls something in the thread of the controllers


class NoConfig(Exception):
    """It is not known where the API server is, or how to get in. The message says what to do."""


class Remote:
    """Implements k8slearn.api.requests.Transport. `soon` brings bells of watches to the caller's thread."""

    def __init__(self, config: SingleConfig, soon: Soon = lambda ring: ring()) -> None:
        parameters = client_adapter.ConnectionParams(timeout=httpx2.Timeout(TIMEOUT), trust_env=False)
        self.http = client_adapter.Client(config, parameters)
        self.http.headers["User-Agent"] = USER_AGENT
        self.soon = soon
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
        try:
            answer = self.http.request(method, url, **rest)
        except httpx2.TimeoutException as error:
            raise errors.ServerTimeout(f"{method} {url}: no answer within {TIMEOUT:g} s ({error})") from None
        except httpx2.TransportError as error:
            raise errors.Unreachable(f"{self.http.base_url} cannot be reached: {error}") from None
        if answer.status_code >= 400:
            raise refusal(answer)
        return answer

    def _document(self, path: str, accept: str) -> Any:
        return self.send("GET", path, headers={"Accept": accept}).json()

    def _pages(self, resource: Resource, request: Request) -> ObjectList:
        """A long list, page by page, all at one revision."""
        query = {**_query(request), "limit": str(PAGE)}
        found: list[Object] = []
        while True:
            page = _listed(self.send("GET", url_of(request, resource), params=query).json(), resource)
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
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        config = found.get(context or None)
    except (ConfigError, OSError) as error:
        raise NoConfig(f"{error}; name a file with --kubeconfig") from None
    if config is None:
        raise NoConfig("no kubeconfig was found, and this is no pod; name a file with --kubeconfig")
    return Remote(config, soon)


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
