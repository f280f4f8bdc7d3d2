"""An operator as people write one: every ConfigMap with the label has a copy that belongs to it.

It is loaded as a file, by `k8slearn run`; nobody imports it.
"""

from __future__ import annotations

from k8slearn import Controller, Done


class Mirror(Controller):
    primary, owns = "configmaps", ["configmaps"]

    def reconcile(self, key: str) -> Done | None:
        source = self.cache.get("configmaps", key)
        if source is None or (source["metadata"].get("labels") or {}).get("mirror") != "yes":
            return None
        copy = self.cache.get("configmaps", f"{key}-copy")
        if copy is None:
            self.client.create(self.copy_of(source))
        elif copy.get("data") != source.get("data"):
            self.client.update({**copy, "data": source.get("data") or {}})
        return None

    def copy_of(self, source: dict) -> dict:  # type: ignore[type-arg]
        m = source["metadata"]
        owner = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": m["name"],
            "uid": m["uid"],
            "controller": True,
        }
        metadata = {"name": f"{m['name']}-copy", "namespace": m["namespace"], "ownerReferences": [owner]}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": source.get("data") or {},
        }
