"""Lists: of now or of an earlier moment, whole or page by page.

All pages of one list show one moment: the *continue* token says which, and where the next page begins.
How fresh a list is that does not say what it wants: as fresh as can be, since we have no stale cache to ask.

Kubernetes: apiserver/pkg/storage/etcd3/store.go (GetList), apiserver/pkg/storage/continue.go
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api import errors
from k8slearn.api.jsonbody import decode_json
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import key_of
from k8slearn.api.requests import ObjectList, Request
from k8slearn.apiserver.pipeline import parse_revision

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)
TOO_OLD = "The resourceVersion for the provided list is too old."


class Continue(NamedTuple):
    """Where a list goes on: after which key, and at which revision (-1: now, consistent or not)."""

    revision: int
    after: str

    def __str__(self) -> str:
        token = {"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after + "\0"}
        return (
            base64.urlsafe_b64encode(json.dumps(token, separators=(",", ":")).encode()).decode().rstrip("=")
        )

    @classmethod
    def read(cls, text: str) -> Continue:
        try:
            revision, start = _token(text)
        except ValueError as error:
            why = f"continue key is not valid{error}"
            raise errors.BadRequest(f"invalid continue token: {why}") from None
        return cls(revision, start.rstrip("\0"))


def _token(text: str) -> tuple[int, str]:
    """What a token says. Raises ValueError with the end of the sentence that says what is wrong with it."""
    wrong = re.search(r"[^\w-]", text, re.ASCII)
    if wrong or len(text) % 4 == 1:
        at = wrong.start() if wrong else len(text) - 1
        raise ValueError(f": illegal base64 data at input byte {at}")
    try:
        token, _ = decode_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as error:
        raise ValueError(f": {error}") from None
    said = token if isinstance(token, dict) else {}
    version, revision, start = said.get("v", ""), said.get("rv", 0), said.get("start", "")
    if version != "meta.k8s.io/v1":
        raise ValueError(f": server does not recognize this encoded version {version}")
    if not isinstance(revision, int) or not revision:
        raise ValueError(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if not isinstance(start, str) or not start:
        raise ValueError(": encoded start key empty (version meta.k8s.io/v1)")
    if posixpath.normpath(f"/{start}") != f"/{start.lstrip('/')}":
        raise ValueError(f": {start}")
    return revision, start


def select(server: ApiServer, resource: Resource, request: Request) -> ObjectList:
    """The list that was asked for. Raises Expired when the moment it should show has been forgotten."""
    options, store = request.options, server.store
    page, limit = _page(options), max(options.get("limit") or 0, 0)
    at = page.revision if page else _moment(server, options)
    after = page.after if page else ""
    namespace = request.namespace if resource.namespaced else ""
    selects = server.selectors(resource, request)
    enough = limit + 1 if limit and not selects else 0
    try:
        found = store.list(resource.name, namespace, after=after, limit=enough, at=at)
    except errors.Expired:
        raise _expired(page) from None
    items = [o for o in found if all(s(o) for s in selects)] if selects else found
    revision, kind = at or store.revision, f"{resource.kind}List"
    if not limit or len(items) <= limit:
        return ObjectList(items, revision, kind)
    last = key_of(items[limit - 1])
    rest = None if selects else store.count(resource.name, namespace, after=last, at=at)
    return ObjectList(items[:limit], revision, kind, str(Continue(revision, last)), rest)


def _page(options: dict[str, Any]) -> Continue | None:
    if not options.get("continue"):
        return None
    page = Continue.read(options["continue"])
    if str(options.get("resourceVersion", "0")) != "0":
        raise errors.BadRequest("specifying resource version is not allowed when using continue")
    return page._replace(revision=0) if page.revision < 0 else page


def _moment(server: ApiServer, options: dict[str, Any]) -> int:
    """The revision that a list should show; 0 for now. Kubernetes: the table of resourceVersionMatch"""
    wanted = parse(options)
    check_not_from_the_future(server, wanted)
    match = options.get("resourceVersionMatch") or ("Exact" if options.get("limit") else "NotOlderThan")
    return wanted if match == "Exact" else 0


def parse(options: dict[str, Any]) -> int:
    try:
        return parse_revision(options.get("resourceVersion") or 0)
    except errors.ApiError as error:
        raise errors.BadRequest(f"invalid resource version: {error}") from None


def check_not_from_the_future(server: ApiServer, wanted: int) -> None:
    """Nobody can have seen what has not been written: the client talks to the wrong server, or too early."""
    if wanted > server.store.revision:
        causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        message = f"Timeout: Too large resource version: {wanted}, current: {server.store.revision}"
        raise errors.ServerTimeout(message, details={"causes": causes, "retryAfterSeconds": 1})


def _expired(page: Continue | None) -> errors.Expired:
    if page is None:
        return errors.Expired(TOO_OLD)
    error = errors.Expired(CONTINUE_EXPIRED)
    error.metadata = {"continue": str(Continue(-1, page.after))}
    return error
