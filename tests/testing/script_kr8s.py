"""A script as people write them with kr8s. ``KUBECONFIG`` says where, its argument in which namespace."""

import sys

import kr8s
from kr8s.objects import Deployment, new_class

namespace = sys.argv[1]
api = kr8s.api(namespace=namespace)
Backup = new_class("Backup", version="example.org/v1", namespaced=True)

labels = {"app": "web"}
template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
web = Deployment(
    {
        "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }
)
web.create()
web.wait("condition=Available", timeout=30)
web.scale(2)
web.wait("jsonpath='{.status.readyReplicas}'=2", timeout=30)
print(web.name, web.replicas, sorted({pod.status.phase for pod in web.pods()}))

backup = Backup(
    {
        "metadata": {"name": "nightly", "namespace": namespace},
        "spec": {"source": "web", "schedule": "0 3 * * *"},
    }
)
backup.create()
backup.label({"kept": "long"})
events = api.watch("backups.example.org")
print(*next((kind, obj.name) for kind, obj in events))
backup.patch({"spec": {"schedule": "0 4 * * *"}})
print(*next((kind, obj.spec.schedule) for kind, obj in events if obj.spec.schedule != "0 3 * * *"))
print([found.name for found in api.get("backups.example.org", label_selector="kept=long")])
try:
    backup.patch({"spec": {"schedule": 5}})
except kr8s.ServerError as refusal:
    print(refusal.status["reason"])

web.delete(propagation_policy="Foreground")
web.wait("delete", timeout=30)
print(web.exists(), list(api.get("pods")))
backup.delete()
print(backup.exists())
