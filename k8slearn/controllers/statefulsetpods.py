"""What a StatefulSet's pods and their claims look like: everything that follows from an ordinal.

Kubernetes: pkg/controller/statefulset/stateful_set_utils.go
"""

from __future__ import annotations

import re
from typing import Any

from k8slearn.api.objects import (
    Object,
    dig,
    edit,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    owners_of,
    uid_of,
)
from k8slearn.controllers.pods import from_template

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
REVISION = "controller-revision-hash"
_NAME = re.compile(r"(.*)-([0-9]+)")


def parent_and_ordinal(pod: Object) -> tuple[str, int]:
    """(name of its StatefulSet, ordinal), as its name says; ordinal -1 when it says nothing."""
    found = _NAME.fullmatch(name_of(pod))
    return (found[1], int(found[2])) if found else ("", -1)


def ordinal_of(pod: Object) -> int:
    return parent_and_ordinal(pod)[1]


def start_of(sset: Object) -> int:
    return dig(sset, "spec", "ordinals", "start", default=0)


def in_range(sset: Object, ordinal: int) -> bool:
    return 0 <= ordinal - start_of(sset) < sset["spec"]["replicas"]


def revision_of_pod(pod: Object) -> str:
    return labels_of(pod).get(REVISION, "")


# --- pods --------------------------------------------------------------------------------------


def new_pod(sset: Object, ordinal: int, revision: Object) -> Object:
    """The pod with this ordinal, as the revision's template has it."""
    pod = from_template(edit(revision["data"]["spec"]["template"]), sset)
    pod["metadata"]["name"] = f"{name_of(sset)}-{ordinal}"
    pod["metadata"].setdefault("labels", {})[REVISION] = name_of(revision)
    pod["spec"]["hostname"] = name_of(pod)
    if sset["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = sset["spec"]["serviceName"]
    return with_identity(sset, pod)


def with_identity(sset: Object, pod: Object) -> Object:
    """The pod with the labels and volumes that its name asks for (put right, if they were not)."""
    ordinal = ordinal_of(pod)
    labels = {**labels_of(pod), POD_NAME: name_of(pod), POD_INDEX: str(ordinal)}
    claims = {
        t["metadata"]["name"]: {
            "name": t["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(sset, t, ordinal)},
        }
        for t in templates(sset)
    }
    others = [v for v in dig(pod, "spec", "volumes", default=[]) if v["name"] not in claims]
    spec = {**pod["spec"], "volumes": [*claims.values(), *others]} if claims else pod["spec"]
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}, "spec": spec}


def identity_matches(sset: Object, pod: Object) -> bool:
    return with_identity(sset, pod)["metadata"]["labels"] == labels_of(pod)


# --- claims ------------------------------------------------------------------------------------


def templates(sset: Object) -> list[Object]:
    return dig(sset, "spec", "volumeClaimTemplates", default=[])


def claim_name(sset: Object, template: Object, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{name_of(sset)}-{ordinal}"


def new_claims(sset: Object, ordinal: int) -> list[Object]:
    """The claims of one pod, from the templates."""
    return [_claim(sset, template, ordinal) for template in templates(sset)]


def _claim(sset: Object, template: Object, ordinal: int) -> Object:
    labels = {**labels_of(template), **dig(sset, "spec", "selector", "matchLabels", default={})}
    metadata: dict[str, Any] = {"name": claim_name(sset, template, ordinal), "namespace": namespace_of(sset)}
    if labels:
        metadata["labels"] = labels
    if template["metadata"].get("annotations"):
        metadata["annotations"] = dict(template["metadata"]["annotations"])
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    return {**claim, "spec": edit(template["spec"])}


def claim_owners(sset: Object, claim: Object, pod: Object) -> list[Object]:
    """Who owns the claim, by the retention policy: nobody, the StatefulSet, or a pod that is scaled away."""
    policy = dig(sset, "spec", "persistentVolumeClaimRetentionPolicy", default={})
    ours = {"StatefulSet": name_of(sset), "Pod": name_of(pod)}
    others = [o for o in owners_of(claim) if ours.get(o["kind"]) != o["name"]]
    if policy.get("whenScaled") == "Delete" and not in_range(sset, ordinal_of(pod)):
        return [*others, owner_reference(pod)]
    return [*others, owner_reference(sset)] if policy.get("whenDeleted") == "Delete" else others


def is_stale(claim: Object, pod: Object) -> bool:
    """It belongs to an earlier pod of this name, and goes with that one."""
    return any(o["kind"] == "Pod" and o["uid"] != uid_of(pod) for o in owners_of(claim))
