"""A script as people write them with kr8s. ``KUBECONFIG`` says where, its argument in which namespace."""

import sys

from kr8s.objects import ConfigMap

namespace = sys.argv[1]
metadata = {"name": "ada", "namespace": namespace, "labels": {"greet": "yes"}}
ConfigMap({"metadata": metadata, "data": {"who": "Ada"}}).create()
print(ConfigMap.get("ada", namespace=namespace).data.who)
