"""Which kinds exist and how they are named. Read `resources` first; the rows are in `builtin`.

Kubernetes: the REST mapper (apimachinery/pkg/api/meta). A custom resource is one more row, added while the
server runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.api.builtin import BUILTIN
from k8slearn.api.errors import BadRequest, NoKindMatch, NotFound
from k8slearn.api.resources import Resource

__all__ = ["BUILTIN", "Kinds", "Resource"]


class Kinds:
    """The table of kinds one API server serves. Kubernetes: RESTMapper."""

    def __init__(self, resources: tuple[Resource, ...] = BUILTIN) -> None:
        self._own = tuple(resources)
        self.memo: dict[str, Any] = {}  # what others have derived from this table; gone when it changes
        self.defined: tuple[Resource, ...] = ()
        self.define(())

    def define(self, resources: Iterable[Resource]) -> None:
        """Serve these kinds besides those it was made with, and no others any more."""
        self.memo.clear()
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self.defined = tuple(resources)
        for resource in (*self._own, *self.defined):
            self._add(resource)

    def add(self, resource: Resource) -> None:
        """Serve one more kind; the first kind to claim a plural or short name keeps it."""
        self.define((*self.defined, resource))

    def _add(self, resource: Resource) -> None:
        if resource.served:
            self._by_kind[resource.api_version, resource.kind] = resource
            self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_name.setdefault(resource.qualified, resource)
        for name in (resource.name, resource.plural, resource.singular, *resource.short):
            self._by_name.setdefault(name, resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_kind.values())

    def kept(self) -> Iterator[Resource]:
        """Every kind of which objects are stored, once each, in the version in which they are."""
        return (r for r in self if not r.is_virtual and self.stored(r) is r)

    def named(self, name: str | Resource) -> Resource:
        """The kind called ``pods``, ``deployments.apps``, ``deploy`` ...; NotFound if there is none."""
        if isinstance(name, Resource):
            return name
        try:
            return self._by_name[name]
        except KeyError:
            raise NotFound(f'the server doesn\'t have a resource type "{name}"') from None

    def served(self, group: str, version: str, plural: str) -> Resource | None:
        """The kind behind a URL such as ``/apis/apps/v1/.../deployments``, if there is one."""
        return self._by_path.get((group, version, plural))

    def stored(self, resource: Resource) -> Resource:
        """The version in which objects of this kind are stored: of several, the one named first.

        ``v1 Event`` and ``events.k8s.io/v1 Event`` are two views of one stored object.
        """
        return self._by_name.get(resource.name, resource)

    def of(self, obj: dict[str, Any]) -> Resource:
        """The kind of an object, by its apiVersion and kind."""
        api_version, kind = obj.get("apiVersion"), obj.get("kind")
        if not api_version or not kind:
            missing = [f"{f} not set" for f in ("apiVersion", "kind") if not obj.get(f)]
            raise BadRequest(f"error validating data: [{', '.join(missing)}]")
        try:
            return self._by_kind[api_version, kind]
        except (KeyError, TypeError):
            details = {k: (obj.get("metadata") or {}).get(k, "") for k in ("name", "namespace")}
            message = f'no matches for kind "{kind}" in version "{api_version}"'
            raise NoKindMatch(message, details=details) from None
