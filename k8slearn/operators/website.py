"""Websites: three objects out of one. Whoever asks for a site should not have to know what it is made of.

A Website becomes a ConfigMap (the pages), a Deployment (the servers) and a Service (the address), all of one name.
Nothing is computed from what was done before: the three are written down as they ought to be and *applied*, as
``kubectl apply --server-side`` would. Fields that we do not name belong to others and stay as they are.

A pod does not start anew because a ConfigMap changes. That the pages' hash stands in the pod template makes new pages a
new template, and a new template is a rollout.

Kubernetes: sigs.k8s.io/controller-runtime (controllerutil.SetControllerReference, client.Apply)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    controller_of,
    dig,
    is_controlled_by,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.machinery import Controller, Done
from k8slearn.operators.conditions import with_condition

MANAGER = "website-controller"  # who owns the fields that we apply
APPLIED = "example.com/applied"  # a hash of all that we have said about an object
PAGES = "example.com/pages"  # a hash of the pages that a pod shows
PORT = 8080
LOOK_AGAIN = 60.0  # seconds until a name that is taken may be free


class WebsiteController(Controller):
    """Keeps a ConfigMap, a Deployment and a Service for every Website."""

    name = MANAGER
    primary = "websites.example.com"
    owns = ("configmaps", "deployments", "services")

    def reconcile(self, key: Key) -> Done | None:
        site = self.cache.get(self.primary, key)
        if site is None or is_deleting(site):
            return None  # the garbage collector takes what is ours
        parts = parts_of(site)
        taken = next((p for p in parts if self._is_somebody_elses(p, site)), None)
        if taken is not None:
            self._report(site, "NameTaken", f"There is a {taken['kind']} {name_of(taken)} of somebody else")
            return Done(again_in=LOOK_AGAIN, background=True)
        for part in parts:
            self._apply(part)
        self._report(site)
        return None

    def _there(self, part: Object) -> Object | None:
        return self.cache.get(self.client.kinds.of(part).name, key_of(part))

    def _is_somebody_elses(self, part: Object, site: Object) -> bool:
        """If the cache does not know yet: the API server lets nobody have two controllers."""
        there = self._there(part)
        return there is not None and controller_of(there) is not None and not is_controlled_by(there, site)

    def _apply(self, part: Object) -> None:
        """Say how it ought to be, unless that has been said and still holds.

        force: where somebody else has set a field that we name, ours counts. That mends drift.
        """
        wanted = _with_annotation(part, APPLIED, digest(part))
        there = self._there(part)
        if there is None or not holds(wanted, there):
            self.client.patch(wanted, patch=wanted, patch_type="apply", fieldManager=MANAGER, force=True)

    # --- status ---

    def _report(self, site: Object, problem: str = "", message: str = "") -> None:
        deployment = self.cache.get("deployments", key_of(site)) if not problem else None
        ready, want = dig(deployment, "status", "readyReplicas", default=0), site["spec"]["replicas"]
        current = is_current(deployment, site)
        reason = problem or ("AllReady" if current and ready >= want else "Progressing")
        message = message or f"{ready} of {want} servers are ready"
        status = {
            **(site.get("status") or {}),
            "selector": f"website={name_of(site)}",
            "readyReplicas": ready,
        }
        status["replicas"] = dig(deployment, "status", "replicas", default=0)
        status["observedGeneration"] = site["metadata"]["generation"]
        said = ("Available", reason == "AllReady", reason, message)
        status["conditions"] = with_condition(site, self.clock, *said)
        if status != site.get("status"):
            self.client.update_status({**site, "status": status})


def is_current(deployment: Object | None, site: Object) -> bool:
    """Do all servers show what the site says now?"""
    if deployment is None or not holds(parts_of(site)[1], deployment):
        return False
    status, want = deployment.get("status") or {}, site["spec"]["replicas"]
    observed = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return observed and [status.get(f, 0) for f in ("replicas", "updatedReplicas")] == [want, want]


# --- what a site is made of -----------------------------------------------------------------------


def parts_of(site: Object) -> list[Object]:
    """The three objects, as they ought to be; later ones refer to earlier ones."""
    return [pages_of(site), servers_of(site), address_of(site)]


def pages_of(site: Object) -> Object:
    return {**_part(site, "v1", "ConfigMap"), "data": dict(site["spec"]["pages"])}


def servers_of(site: Object) -> Object:
    container = {
        "name": "web",
        "image": site["spec"]["image"],
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "volumeMounts": [{"name": "pages", "mountPath": "/pages"}],
    }
    annotations = {PAGES: digest(site["spec"]["pages"])}
    template = {
        "metadata": {"labels": _labels(site), "annotations": annotations},
        "spec": {
            "containers": [container],
            "volumes": [{"name": "pages", "configMap": {"name": name_of(site)}}],
        },
    }
    spec = {"replicas": site["spec"]["replicas"], "selector": {"matchLabels": _labels(site)}}
    return {**_part(site, "apps/v1", "Deployment"), "spec": {**spec, "template": template}}


def address_of(site: Object) -> Object:
    port = {"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}
    return {**_part(site, "v1", "Service"), "spec": {"selector": _labels(site), "ports": [port]}}


def _part(site: Object, version: str, kind: str) -> Object:
    metadata: Object = {"name": name_of(site), "namespace": namespace_of(site), "labels": _labels(site)}
    metadata["ownerReferences"] = [owner_reference(site)]
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _labels(site: Object) -> dict[str, str]:
    return {"website": name_of(site)}


def _with_annotation(part: Object, name: str, value: str) -> Object:
    annotations = {**annotations_of(part), name: value}
    return {**part, "metadata": {**part["metadata"], "annotations": annotations}}


# --- comparing ------------------------------------------------------------------------------------


def digest(value: Any) -> str:
    """Sixteen letters that are others when anything in it is another."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def holds(wanted: Any, there: Any) -> bool:
    """Is all that was wanted there? There may be more: defaults, and what others have added."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(k in there and holds(v, there[k]) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(there, list) and len(wanted) <= len(there) and _each_holds(wanted, there)
    return wanted == there


def _each_holds(wanted: Iterable[Any], there: list[Any]) -> bool:
    return all(any(holds(w, t) for t in there) for w in wanted)
