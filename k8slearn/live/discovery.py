"""The table of kinds of another API server, learnt by asking, and learnt anew when a kind is unknown.

Kubernetes: client-go/discovery, client-go/restmapper (DeferredDiscoveryRESTMapper)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
ACCEPT = f"{AGGREGATED},application/json"
FRESH = 1.0  # seconds in which nobody asks again for a kind that was not there

Document = Callable[[str, str], Any]  # (path, accept) -> what stands there


class Discovered(Kinds):
    """Nothing is asked before somebody wants to know."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.asked = float("-inf")  # when it was asked again
        super().__init__(())

    def learn(self) -> None:
        """Ask for everything. Raises ApiError."""
        self.define(row for path in ("/api", "/apis") for row in rows(self.document(path, ACCEPT)))

    def __iter__(self) -> Iterator[Resource]:
        self._know()
        return super().__iter__()

    def named(self, name: str | Resource) -> Resource:
        self._know()
        try:
            return super().named(name)
        except NotFound:
            if not self._learn_again():
                raise
            return super().named(name)

    def of(self, obj: Object) -> Resource:
        self._know()
        try:
            return super().of(obj)
        except NotFound:
            if not self._learn_again():
                raise
            return super().of(obj)

    def _know(self) -> None:
        if not self.defined:
            self.learn()

    def _learn_again(self) -> bool:
        """Once for a kind that may be new; not time and again for one that is not there."""
        if time.monotonic() - self.asked < FRESH:
            return False
        self.asked = time.monotonic()
        self.learn()
        return True


def rows(found: Object) -> Iterator[Resource]:
    """Rows for the table, the preferred version of each group first. Raises ApiError."""
    if found.get("kind") != "APIGroupDiscoveryList":
        raise ApiError("this server does not know aggregated discovery (Kubernetes 1.30 and later do)")
    for group in found["items"]:
        for version in group["versions"]:
            for resource in version.get("resources") or ():
                yield _row(group["metadata"].get("name", ""), version["version"], resource)


def _row(group: str, version: str, told: Object) -> Resource:
    return Resource(
        group=group,
        version=version,
        kind=told["responseKind"]["kind"],
        plural=told["resource"],
        namespaced=told["scope"] == "Namespaced",
        short=tuple(told.get("shortNames") or ()),
        subresources=tuple(part["subresource"] for part in told.get("subresources") or ()),
        categories=tuple(told.get("categories") or ()),
        verbs=tuple(told["verbs"]),
        singular=told.get("singularResource", ""),
    )
