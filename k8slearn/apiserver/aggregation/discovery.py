"""What others serve, in one list with what we serve; and the typed door to it for the players of this process.

A version that cannot be asked is listed all the same, as *stale*: clients must know that there may be more
than they see. Whoever deletes a namespace has to wait for it.

Kubernetes: kube-aggregator/pkg/apiserver/{handler_apis.go,handler_discovery.go}, pkg/controllers/openapiv3
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object
from k8slearn.api.versions import priority
from k8slearn.apiserver.aggregation.local import group_priority, version_priority
from k8slearn.apiserver.aggregation.registered import AGGREGATOR, call, is_available, others, path_of
from k8slearn.apiserver.outside import CallFailed

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

REMEMBERED = 60.0  # seconds
JSON = (("Accept", "application/json"),)


class Catalogue:
    """What other servers say. They are asked again after a minute, and when their APIService has changed."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self._heard: dict[tuple[str, str], tuple[Object, float, Any]] = {}

    def resources(self, apiservice: Object) -> list[Object] | None:
        """The APIResources of the version that it hands on; None if that cannot be found out now. Raises Suspended."""
        said = self.ask(apiservice, path_of(apiservice))
        found = said.get("resources") if isinstance(said, dict) else None
        return found if isinstance(found, list) and all(map(_is_sound, found)) else None

    def ask(self, apiservice: Object, target: str) -> Any:
        """The document at this path of the other server, or None. Only an answer is remembered. Raises Suspended."""
        if not is_available(apiservice):
            return None
        now, key = self.server.clock.now, (apiservice["metadata"]["name"], target)
        if (known := self._heard.get(key)) and known[0] is apiservice and 0 <= now - known[1] < REMEMBERED:
            return known[2]
        try:
            reply = self.server.outside(call(apiservice, target, AGGREGATOR, headers=JSON))
            said = json.loads(reply.body) if reply.code == 200 else None
        except (CallFailed, ValueError):
            return None
        if said is not None:
            self._heard[key] = apiservice, now, said
        return said

    # --- merged documents ---

    def merge(self, path: str, document: Object | None) -> Object | None:
        """Our own document at ``/apis`` or ``/apis/GROUP``, with what others have. Raises Suspended."""
        handed = others(self.server)
        match path.strip("/").split("/"):
            case ["apis"] if handed and document is not None:
                if "items" in document:
                    return {**document, "items": self._items(document["items"], handed)}
                return {**document, "groups": _groups(document["groups"], handed)}
            case ["apis", group] if mine := [a for a in handed if a["spec"].get("group") == group]:
                known = [document] if document is not None else []
                return {"kind": "APIGroup", "apiVersion": "v1", **_groups(known, mine)[0]}
        return document

    def _items(self, items: Iterable[Object], handed: list[Object]) -> list[Object]:
        """Everything at once: groups with their versions, and those with their resources."""
        theirs = [_item(apiservice, self.resources(apiservice)) for apiservice in handed]
        ranks = _ranks(handed)
        merged: dict[str, list[Object]] = {}
        for item in chain(items, theirs):
            merged.setdefault(item["metadata"].get("name", ""), []).extend(item["versions"])
        return [
            {"metadata": {"name": group}, "versions": _sorted(group, merged[group], handed)}
            for group in sorted(merged, key=lambda g: ranks.get(g) or _rank(g))
        ]

    def openapi(self, index: Object) -> Object:
        """The index of OpenAPI documents, with those of others. Raises Suspended."""
        paths = dict(index["paths"])
        for apiservice in others(self.server):
            said = self.ask(apiservice, "/openapi/v3")
            theirs = said.get("paths") if isinstance(said, dict) else None
            place = path_of(apiservice).strip("/")
            if isinstance(theirs, dict) and place in theirs:
                paths[place] = theirs[place]
        return {**index, "paths": dict(sorted(paths.items()))}


# --- in which order ---

Rank = tuple[int, str]


def _rank(group: str, asked: int = 0) -> Rank:
    return -(asked or group_priority(group)), group


def _ranks(handed: list[Object]) -> dict[str, Rank]:
    """Where the groups stand of which others serve a version: the highest that is asked for counts."""
    found: dict[str, int] = {}
    for apiservice in handed:
        group = apiservice["spec"].get("group", "")
        found[group] = max(found.get(group, 0), apiservice["spec"]["groupPriorityMinimum"])
    return {group: _rank(group, asked) for group, asked in found.items()}


def _sorted(group: str, versions: list[Object], handed: list[Object]) -> list[Object]:
    """The versions of a group; of one that is handed on, what the other server says of it."""
    asked = {
        a["spec"]["version"]: a["spec"]["versionPriority"]
        for a in handed
        if a["spec"].get("group", "") == group
    }
    last = {v["version"]: v for v in versions}

    def rank(version: str) -> Any:
        return asked.get(version) or version_priority(group, version), priority(version)

    return [last[version] for version in sorted(last, key=rank, reverse=True)]


# --- documents of others ---


def _is_sound(one: Any) -> bool:
    """Is this an APIResource? Whoever talks nonsense must not spoil the list of all the others."""
    fields = {"name": str, "kind": str, "namespaced": bool, "verbs": list}
    return isinstance(one, dict) and all(isinstance(one.get(f), kind) for f, kind in fields.items())


def _groups(known: Iterable[Object], handed: list[Object]) -> list[Object]:
    """APIGroups, the known ones and those that are handed on."""
    merged = {g["name"]: list(g["versions"]) for g in known}
    for apiservice in handed:
        group, version = apiservice["spec"].get("group", ""), apiservice["spec"]["version"]
        merged.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
    ranks = _ranks(handed)
    found = []
    for group in sorted(merged, key=lambda g: ranks.get(g) or _rank(g)):
        versions = _sorted(group, merged[group], handed)
        found.append({"name": group, "versions": versions, "preferredVersion": versions[0]})
    return found


def _item(apiservice: Object, resources: list[Object] | None) -> Object:
    """One version as aggregated discovery shows it."""
    spec = apiservice["spec"]
    said: Object = {"version": spec["version"], "freshness": "Stale"}
    if resources is not None:
        said = {"version": spec["version"], "resources": at_once(resources), "freshness": "Current"}
    return {"metadata": {"name": spec.get("group", "")}, "versions": [said]}


def at_once(resources: list[Object]) -> list[Object]:
    """APIResources as aggregated discovery has them: each with its subresources.

    Kubernetes: apiserver/pkg/endpoints (ConvertGroupVersionIntoToDiscovery)
    """
    found: dict[str, Object] = {}
    for one in resources:
        parent, _, part = one["name"].partition("/")
        kind = {"group": one.get("group", ""), "version": one.get("version", ""), "kind": one["kind"]}
        if part:
            said = {"subresource": part, "responseKind": kind, "verbs": one["verbs"]}
            found[parent] = {**found.get(parent, {"resource": parent})}
            found[parent]["subresources"] = [*found[parent].get("subresources", ()), said]
            continue
        found[parent] = {
            "resource": parent,
            "responseKind": kind,
            "scope": "Namespaced" if one["namespaced"] else "Cluster",
            "singularResource": one.get("singularName", ""),
            "verbs": one["verbs"],
            **{field: one[field] for field in ("shortNames", "categories") if one.get(field)},
        }
    return list(found.values())
