"""Keeps the table of kinds in step with the definitions that are in the store.

Nobody tells it: it looks, before each request, whether the definitions are still those it knows. So the table
follows from the log, as everything does, and a cluster can be rewound to before a kind existed.

Kubernetes: apiextensions-apiserver/pkg/apiserver/customresource_handler.go (crdHandler)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8slearn.api import errors
from k8slearn.api.definitions import is_established, rows
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.conversion import Converter

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

DEFINITIONS = "customresourcedefinitions"
TERMINATING = "create not allowed while custom resource definition is terminating"


class Extensions:
    """The kinds of one server: `kinds` is always up to date."""

    def __init__(self, server: ApiServer, kinds: Kinds) -> None:
        self.server, self._kinds = server, kinds
        self._known: list[Object] = []
        self._rows: dict[int, list[Resource]] = {}  # by the identity of a definition that is held in `_known`

    @property
    def kinds(self) -> Kinds:
        there = [*self.server.store.objects(DEFINITIONS)]
        if there != self._known:
            self._learn(there)
        return self._kinds

    def _learn(self, there: list[Object]) -> None:
        known = self._rows
        self._rows = {id(crd): known.get(id(crd)) or self._made(crd) for crd in there if is_established(crd)}
        self._known = there  # held, so that no identity is given to another
        self._kinds.define(row for found in self._rows.values() for row in found)

    def _made(self, crd: Object) -> list[Resource]:
        webhook = dig(crd, "spec", "conversion", "strategy") == "Webhook"
        return rows(crd, Converter(self.server, crd) if webhook else None)


def check_not_terminating(resource: Resource) -> None:
    """Raises MethodNotAllowed: whose definition is going gets no new objects."""
    if resource.definition is None:
        return
    conditions: Iterator[Object] = iter(
        dig(resource.definition.crd, "status", "conditions", default=None) or ()
    )
    if any(c["type"] == "Terminating" and c["status"] == "True" for c in conditions):
        raise errors.MethodNotAllowed(TERMINATING, details={})
