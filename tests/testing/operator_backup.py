"""A kopf operator as people write them, for a kind of their own: for every Backup there is a CronJob.

Its finalizer is kopf's; its progress and what its handlers return stand in the status, where kopf puts them.
"""

from __future__ import annotations

from typing import Any

import kopf
from kubernetes import client, config

config.load_kube_config()
batch, core = client.BatchV1Api(), client.CoreV1Api()


def cronjob(spec: kopf.Spec) -> dict[str, Any]:
    container = {"name": "backup", "image": "registry.example/backup:1", "args": [spec["source"]]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"spec": {"schedule": spec["schedule"], "jobTemplate": {"spec": {"template": {"spec": pod}}}}}


@kopf.on.create("example.org", "v1", "backups")
def arrange(body: kopf.Body, spec: kopf.Spec, namespace: str, **_: Any) -> dict[str, str]:
    wanted = cronjob(spec)
    kopf.adopt(wanted)
    made = batch.create_namespaced_cron_job(namespace, wanted)
    kopf.info(body, reason="Arranged", message=f"{spec['source']} is saved at {spec['schedule']}")
    return {"cronjob": made.metadata.name}


@kopf.on.update("example.org", "v1", "backups", field="spec.schedule")
def rearrange(new: str, status: kopf.Status, namespace: str, **_: Any) -> dict[str, str]:
    batch.patch_namespaced_cron_job(status["arrange"]["cronjob"], namespace, {"spec": {"schedule": new}})
    return {"schedule": new}


@kopf.on.delete("example.org", "v1", "backups")
def keep_a_note(name: str, spec: kopf.Spec, namespace: str, **_: Any) -> None:
    note = {"metadata": {"name": f"{name}-was-here"}, "data": {"source": spec["source"]}}
    core.create_namespaced_config_map(namespace, note)
