"""What the ReplicaSet of a Deployment's present template looks like, and what it takes over from the Deployment.

Pure functions: nothing is written here.

Kubernetes: getNewReplicaSet in pkg/controller/deployment/sync.go; pkg/controller/deployment/util/deployment_util.go
(SetNewReplicaSetAnnotations, SetReplicasAnnotations, EqualIgnoreHash)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import (
    Object,
    annotations_of,
    dig,
    edit,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.controllers import rollout
from k8slearn.controllers.history import short_hash
from k8slearn.controllers.rollout import DESIRED, MAXIMUM

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
PAST = "deployment.kubernetes.io/revision-history"
NOT_INHERITED = (
    REVISION,
    PAST,
    DESIRED,
    MAXIMUM,
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
)


def new_replicaset(deployment: Object, old: list[Object]) -> Object:
    """The one to be made: named by the hash of its template, with as many replicas as there is room for."""
    template = edit(deployment["spec"]["template"])
    digest = short_hash(template, dig(deployment, "status", "collisionCount", default=0))
    template["metadata"].setdefault("labels", {})[HASH] = digest
    selector = edit(deployment["spec"]["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
    spec: dict[str, Any] = {"selector": selector, "template": template, "replicas": 0}
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    notes = {**_inherited(deployment), **sizes_noted(deployment), REVISION: _next_revision(old)}
    rs: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{digest}",
            "namespace": namespace_of(deployment),
            "labels": dict(template["metadata"]["labels"]),
            "annotations": notes,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
    }
    spec["replicas"] = rollout.new_size(deployment, rs, old)
    return rs


def refreshed(deployment: Object, new: Object, old: list[Object]) -> Object:
    """`new` with what it takes over from the Deployment; itself, when it has all that.

    An old version that is wanted again becomes the newest.
    """
    known, revision = annotations_of(new), _next_revision(old)
    wanted = {**known, **_inherited(deployment)}
    if revision_number(new) < int(revision):
        wanted[REVISION] = revision
        if REVISION in known:
            wanted[PAST] = ",".join(filter(None, (known.get(PAST), known[REVISION])))
    wait = deployment["spec"].get("minReadySeconds", 0)
    if wanted == known and new["spec"].get("minReadySeconds", 0) == wait:
        return new
    changed = edit(new)
    changed["metadata"]["annotations"] = wanted
    changed["spec"]["minReadySeconds"] = wait
    return changed


def same_template(rs: Object, deployment: Object) -> bool:
    template, labels = rs["spec"]["template"], labels_of(rs["spec"]["template"])
    without = {k: v for k, v in labels.items() if k != HASH}
    bare = {**template, "metadata": {**template["metadata"], "labels": without}}
    return bare == deployment["spec"]["template"]


def revision_number(rs: Object) -> int:
    return int(annotations_of(rs).get(REVISION, 0))


def sizes_noted(deployment: Object) -> dict[str, str]:
    """For which size of the Deployment a ReplicaSet's size was worked out: annotations."""
    replicas = deployment["spec"]["replicas"]
    return {DESIRED: str(replicas), MAXIMUM: str(replicas + rollout.surge(deployment))}


def _next_revision(old: list[Object]) -> str:
    return str(max(map(revision_number, old), default=0) + 1)


def _inherited(deployment: Object) -> dict[str, str]:
    return {k: v for k, v in annotations_of(deployment).items() if k not in NOT_INHERITED}
