"""A small operator as people write them with kopf: it greets everybody who is named in a ConfigMap."""

from __future__ import annotations

from typing import Any

import kopf
from kubernetes import client, config

config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()


@kopf.on.create("v1", "configmaps", labels={"greet": kopf.PRESENT})
def greet(body: kopf.Body, name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    greeting = {"metadata": {"name": f"{name}-greeting"}, "data": {"text": f"Hello {body['data']['who']}"}}
    kopf.append_owner_reference(greeting)
    core.create_namespaced_config_map(namespace, greeting)
    patch.metadata.annotations["greeted"] = body["data"]["who"]


@kopf.on.update("v1", "configmaps", labels={"greet": kopf.PRESENT}, field="data.who")
def greet_again(new: str, name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    core.patch_namespaced_config_map(f"{name}-greeting", namespace, {"data": {"text": f"Hello {new}"}})
    patch.metadata.annotations["greeted"] = new


@kopf.on.delete("v1", "configmaps", labels={"greet": kopf.PRESENT})
def say_goodbye(body: kopf.Body, name: str, namespace: str, **_: Any) -> None:
    farewell = {
        "metadata": {"name": f"farewell-to-{name}"},
        "data": {"text": f"Goodbye {body['data']['who']}"},
    }
    core.create_namespaced_config_map(namespace, farewell)


@kopf.on.create("apps", "v1", "deployments", annotations={"wanted": kopf.PRESENT})
def scale(name: str, namespace: str, annotations: kopf.Annotations, **_: Any) -> None:
    scale = apps.read_namespaced_deployment_scale(name, namespace)
    scale.spec.replicas = int(annotations["wanted"])
    apps.replace_namespaced_deployment_scale(name, namespace, scale)
