"""Discovery: what a client may ask for, as documents made from the table of kinds.

``/api`` and ``/apis`` name the groups and versions, ``/api/v1`` and ``/apis/GROUP/VERSION`` the resources of
one; kubectl asks for all of it in two requests (*aggregated discovery*), others walk.

Kubernetes: apiserver/pkg/endpoints/discovery (and discovery/aggregated), apimachinery/pkg/version
"""

from __future__ import annotations

import base64
import hashlib
from itertools import groupby
from typing import Any

from k8slearn.api.kinds import Kinds
from k8slearn.api.resources import GROUPS, Resource, Subresource
from k8slearn.api.versions import priority

JSON = "application/json"
AGGREGATED = JSON + ";g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2+k8slearn",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}


def document(kinds: Kinds, path: str, accept: str = "") -> tuple[str, dict[str, Any]] | None:
    """(media type, what stands at this path), or None when there is nothing."""
    parts = path.strip("/").split("/")
    if len(parts) == 1:
        aggregated = _aggregated_version(accept)
        if aggregated:
            media_type = AGGREGATED.format(aggregated)
            return media_type, aggregated_list(kinds, legacy=parts[0] == "api", version=aggregated)
    found = _plain(kinds, parts)
    return (JSON, found) if found else None


def _aggregated_version(accept: str) -> str:
    """``v2`` or ``v2beta1`` if the client would rather have everything at once."""
    for clause in accept.split(","):
        media_type, *parameters = (p.strip() for p in clause.split(";"))
        if media_type != JSON:
            continue
        wanted = dict(p.partition("=")[::2] for p in parameters)
        if "as" not in wanted:
            return ""
        of = (wanted.get("g"), wanted["as"])
        if of == ("apidiscovery.k8s.io", "APIGroupDiscoveryList") and wanted.get("v") in ("v2", "v2beta1"):
            return wanted["v"]
    return ""


def _plain(kinds: Kinds, parts: list[str]) -> dict[str, Any] | None:
    match parts:
        case ["api"]:
            versions = [version for version, _ in groups_of(kinds).get("", ())]
            return {"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": []}
        case ["apis"]:
            groups = [_group(name, versions) for name, versions in groups_of(kinds).items() if name]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["apis", group] if group in groups_of(kinds):
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups_of(kinds)[group])}
        case ["api", version]:
            return _resources(kinds, "", version)
        case ["apis", group, version]:
            return _resources(kinds, group, version)
    return None


# --- the groups ------------------------------------------------------------------------------

Version = tuple[str, list[Resource]]


def groups_of(kinds: Kinds) -> dict[str, list[Version]]:
    """The versions of each group, and the resources of each version, in the order of discovery."""
    if "discovery" not in kinds.memo:
        kinds.memo["discovery"] = _sorted_groups(kinds)
    found: dict[str, list[Version]] = kinds.memo["discovery"]
    return found


def _sorted_groups(kinds: Kinds) -> dict[str, list[Version]]:
    rank = {group: i for i, group in enumerate(GROUPS)}
    by_group = sorted(kinds, key=lambda r: (rank.get(r.group, len(rank)), r.group))
    return {group: _versions(list(rows)) for group, rows in groupby(by_group, lambda r: r.group)}


def _versions(rows: list[Resource]) -> list[Version]:
    """The most stable and newest first, which is the preferred one."""
    versions = sorted({r.version for r in rows}, key=priority, reverse=True)
    return [(v, sorted((r for r in rows if r.version == v), key=lambda r: r.plural)) for v in versions]


def _group(name: str, versions: list[Version]) -> dict[str, Any]:
    named = [{"groupVersion": f"{name}/{version}", "version": version} for version, _ in versions]
    return {"name": name, "versions": named, "preferredVersion": named[0]}


# --- the resources of one version ------------------------------------------------------------


def _resources(kinds: Kinds, group: str, version: str) -> dict[str, Any] | None:
    rows = dict(groups_of(kinds).get(group, ())).get(version)
    if rows is None:
        return None
    listed = [entry for row in rows for entry in _entries(kinds, row)]
    if rows[0].builtin:  # the others: by kind, and a kind's parts in an order of their own
        listed.sort(key=lambda entry: entry["name"])
    found: dict[str, Any] = {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": rows[0].api_version,
    }
    if not group:
        del found["apiVersion"]  # as it has always been
    return {**found, "resources": listed}


def _entries(kinds: Kinds, row: Resource) -> list[dict[str, Any]]:
    """One APIResource for the kind, one for each of its subresources."""
    resource = _entry(row, row.plural, row.singular, Subresource(row.verbs, row.kind))
    if row.short:
        resource["shortNames"] = list(row.short)
    if row.categories:
        resource["categories"] = list(row.categories)
    if not row.is_virtual:
        resource["storageVersionHash"] = storage_version_hash(kinds.stored(row))
    parts = [_entry(row, f"{row.plural}/{name}", "", row.subresource(name)) for name in row.subresources]
    return [resource, *parts]


def _entry(row: Resource, name: str, singular: str, what: Subresource) -> dict[str, Any]:
    entry = {"name": name, "singularName": singular, "namespaced": row.namespaced}
    if what.group:
        entry |= {"group": what.group, "version": what.version}
    return {**entry, "kind": what.kind, "verbs": list(what.verbs)}


def storage_version_hash(row: Resource) -> str:
    """Changes when objects of a kind are stored in another version. Kubernetes: discovery.StorageVersionHash"""
    digest = hashlib.sha256(f"{row.group}/{row.version}/{row.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


# --- everything at once ----------------------------------------------------------------------


def aggregated_list(kinds: Kinds, *, legacy: bool, version: str = "v2") -> dict[str, Any]:
    """Kubernetes: apidiscovery/v2 APIGroupDiscoveryList. `legacy`: of ``/api`` and not of ``/apis``."""
    items = [_discovered(g, versions) for g, versions in groups_of(kinds).items() if legacy == (not g)]
    api_version = f"apidiscovery.k8s.io/{version}"
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}


def _discovered(group: str, versions: list[Version]) -> dict[str, Any]:
    listed = [
        {"version": version, "resources": [_discovered_resource(r) for r in rows], "freshness": "Current"}
        for version, rows in versions
    ]
    return {"metadata": {"name": group} if group else {}, "versions": listed}


def _discovered_resource(row: Resource) -> dict[str, Any]:
    parts = [_discovered_part(name, row.subresource(name)) for name in sorted(row.subresources)]
    found = {
        "resource": row.plural,
        "responseKind": {"group": "", "version": "", "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
        "shortNames": list(row.short),
        "categories": list(row.categories),
        "subresources": parts,
    }
    return {field: value for field, value in found.items() if value != []}


def _discovered_part(name: str, part: Subresource) -> dict[str, Any]:
    kind = {"group": part.group, "version": part.version, "kind": part.kind}
    return {"subresource": name, "responseKind": kind, "verbs": list(part.verbs)}
