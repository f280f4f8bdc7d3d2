"""What a database is made of: everything that follows from the Database object. Pure functions."""

from __future__ import annotations

from k8slearn.api.objects import Object, dig, name_of, namespace_of, owner_reference, uid_of

DATABASE, SLOT = "example.com/database", "example.com/slot"  # labels
RESTORED = "example.com/restored-from"  # annotations of the first volume's claim: which backup is on it,
MADE_FOR = "example.com/made-for"  # and the uid of the database for whose restore it was made
RESTORE = "restore"  # the slot of the Job that puts a backup onto the first volume
PORT = 5432


def image(version: int) -> str:
    return f"database:{version}"


def version_of(owner: Object) -> int:
    """The version that the pods of a StatefulSet or a Job are made with."""
    return int(owner["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2])


def job_name(database: Object, slot: str) -> str:
    return f"{name_of(database)}-backup-{slot}" if slot != RESTORE else f"{name_of(database)}-restore"


def claim_name(database: Object) -> str:
    """The claim of the first replica, as the StatefulSet will call it."""
    return f"data-{name_of(database)}-0"


def service(database: Object) -> Object:
    """Headless: each replica has a name of its own, and the first is the primary."""
    port = {"name": "sql", "port": PORT, "targetPort": PORT, "protocol": "TCP"}
    spec = {"clusterIP": "None", "selector": _labels(database), "ports": [port]}
    return {**_part(database, "v1", "Service", name_of(database)), "spec": spec}


def statefulset(database: Object, version: int) -> Object:
    container: Object = {"name": "database", "image": image(version)}
    container |= {"ports": [{"containerPort": PORT, "protocol": "TCP"}]}
    container |= {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    template = {"metadata": {"labels": _labels(database)}, "spec": {"containers": [container]}}
    return {
        **_part(database, "apps/v1", "StatefulSet", name_of(database)),
        "spec": {
            "serviceName": name_of(database),
            "selector": {"matchLabels": _labels(database)},
            "template": template,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _claim(database)}],
            **changeable(database),
        },
    }


def changeable(database: Object) -> Object:
    """What of a StatefulSet may change later; the image is apart from it."""
    retention = {"whenDeleted": database["spec"]["volumes"], "whenScaled": "Retain"}
    return {"replicas": database["spec"]["replicas"], "persistentVolumeClaimRetentionPolicy": retention}


def first_claim(database: Object) -> Object:
    """Made by hand only for a restore: before there is a replica, its data is put there."""
    metadata: Object = {"name": claim_name(database), "namespace": namespace_of(database)}
    metadata |= {"labels": _labels(database), "annotations": {MADE_FOR: uid_of(database)}}
    if database["spec"]["volumes"] == "Delete":
        metadata["ownerReferences"] = [owner_reference(database, controller=False)]
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    return {**claim, "spec": _claim(database)}


def job(database: Object, slot: str, version: int) -> Object:
    """Copies the first volume to the store; or back, if the slot is RESTORE."""
    command = ["restore", database["spec"]["restoreFrom"]] if slot == RESTORE else ["backup", slot]
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim_name(database)}}
    container: Object = {"name": command[0], "image": image(version), "command": command}
    container |= {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    labels = {**_labels(database), SLOT: slot}
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    made = _part(database, "batch/v1", "Job", job_name(database, slot))
    made["metadata"]["labels"] = labels
    template = {"metadata": {"labels": {SLOT: slot}}, "spec": pod}
    return {**made, "spec": {"backoffLimit": 2, "template": template}}


def _claim(database: Object) -> Object:
    spec = database["spec"]
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": spec["size"]}}}
    chosen = spec.get("storageClassName")
    return {**asked, "storageClassName": chosen} if chosen is not None else asked


def _part(database: Object, version: str, kind: str, name: str) -> Object:
    metadata: Object = {"name": name, "namespace": namespace_of(database), "labels": _labels(database)}
    metadata["ownerReferences"] = [owner_reference(database)]
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _labels(database: Object) -> dict[str, str]:
    return {DATABASE: name_of(database)}


def ending(found: Object) -> str:
    """How a Job has ended: Complete, Failed, or "" as long as it runs."""
    conditions = dig(found, "status", "conditions", default=[])
    ended = (c["type"] for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True")
    return next(ended, "")
