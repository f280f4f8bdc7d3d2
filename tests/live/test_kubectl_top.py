"""What things use, by stock kubectl, and a deployment that is as large as it has to be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.live.conftest import Start
from tests.live.kubectl import FOREVER, kubectl, needed, rolled_out, wait
from tests.up import Up

pytestmark = needed
HEAD = "NAME  REFERENCE  TARGETS  MINPODS  MAXPODS  REPLICAS  AGE"
SCALERS = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
METRICS = "/apis/metrics.k8s.io/v1beta1"
LOOP = "while sleep 0.01; do wget -q -O- http://php-apache; done"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Fifty times as fast as ours: five minutes of calm pass in six seconds."""
    with Up(tmp_path_factory.mktemp("top"), "--nodes", "2", "--speed", "50") as running:
        yield running


def until(up: Up, what: Callable[[Any], bool], since: str = "") -> Any:
    """Watch the autoscaler until its status is so; or was so at any time since that revision."""
    with up.http() as client:
        url = f"{SCALERS}?watch=1&resourceVersion={since}"
        with client.stream("GET", url, timeout=FOREVER) as events:
            for line in events.iter_lines():
                status = json.loads(line)["object"].get("status", {})
                if what(status):
                    return status
    raise AssertionError("it does not come true")


def test_top_and_hpa_of_a_deployment_that_is_autoscaled(up: Up) -> None:
    """The walkthrough of the documentation."""
    kubectl(up, "create", "deployment", "php-apache", "--image=registry.k8s.io/hpa-example", "--port=80")
    kubectl(up, "set", "resources", "deployment/php-apache", "--requests=cpu=200m", "--limits=cpu=500m")
    kubectl(up, "expose", "deployment", "php-apache")
    rolled_out(up, "deployment/php-apache")
    scaled = "horizontalpodautoscaler.autoscaling/php-apache autoscaled"
    bounds = ("--cpu-percent=50", "--min=1", "--max=10")
    assert scaled in kubectl(up, "autoscale", "deployment", "php-apache", *bounds)
    until(up, lambda status: any(m["type"] for m in status.get("currentMetrics") or ()))
    row = r"php-apache  Deployment/php-apache  cpu: 1%/50%  1  10  1  <age>"
    assert kubectl(up, "get", "hpa") == f"{HEAD}\n{row}"
    said = kubectl(up, "top", "pods")
    assert re.fullmatch(r"NAME  CPU\(cores\)  MEMORY\(bytes\)\nphp-apache-\S+  2m  10Mi", said)

    load = ("run", "load-generator", "--image=busybox:1.28", "--restart=Never", "--", "/bin/sh", "-c", LOOP)
    assert kubectl(up, *load) == "pod/load-generator created"
    until(up, lambda status: status.get("currentReplicas", 0) >= 5)
    found = re.fullmatch(
        rf"{HEAD}\nphp-apache  \S+  cpu: (\d+)%/50%  1  10  (\d+)  <age>", kubectl(up, "get", "hpa")
    )
    assert found is not None
    assert 5 <= int(found[2]) <= 8  # fifty requests in a second, each 12 milliseconds of work: 600m
    used = kubectl(up, "top", "pods", "-l", "app=php-apache", "--no-headers").splitlines()
    assert sum(int(line.split()[1].removesuffix("m")) for line in used) > 200
    assert "above target" in kubectl(up, "describe", "hpa", "php-apache")

    now = json.loads(kubectl(up, "get", "--raw", SCALERS))["metadata"]["resourceVersion"]
    kubectl(up, "delete", "pod", "load-generator", "--now")
    limited = until(up, lambda status: _reason(status, "AbleToScale") == "ScaleDownStabilized", now)
    assert limited["desiredReplicas"] >= 5
    wait(up, "jsonpath={.spec.replicas}=1", "deployment/php-apache")
    assert "reason: All metrics below target" in kubectl(up, "describe", "hpa", "php-apache")


def _reason(status: Any, kind: str) -> str:
    return next((str(c["reason"]) for c in status.get("conditions", ()) if c["type"] == kind), "")


def test_nodes_and_who_is_not_there(up: Up) -> None:
    head = r"NAME  CPU\(cores\)  CPU(?:%|\(%\))  MEMORY\(bytes\)  MEMORY(?:%|\(%\))"
    rows = r"node-0  \d+m  \d+%  \d+Mi  \d+%\nnode-1  \d+m  \d+%  \d+Mi  \d+%"
    wait(up, "condition=Available", "apiservice/v1beta1.metrics.k8s.io")
    assert re.fullmatch(f"{head}\n{rows}", kubectl(up, "top", "nodes"))
    assert (
        kubectl(up, "top", "pod", "nobody", code=1) == 'Error from server (NotFound): pods "nobody" not found'
    )
    assert kubectl(up, "top", "pods", "-n", "kube-public") == "No resources found in kube-public namespace."


def test_the_raw_forms(up: Up) -> None:
    listed = [{"name": name, "singularName": "", "namespaced": name == "pods", "kind": kind, "verbs": ["get", "list"]}
              for name, kind in (("nodes", "NodeMetrics"), ("pods", "PodMetrics"))]  # fmt: skip
    found = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1"}
    assert json.loads(kubectl(up, "get", "--raw", METRICS)) == {**found, "resources": listed}
    raw = kubectl(up, "get", "--raw", f"{METRICS}/nodes")
    assert raw.startswith(
        '{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":['
    )
    node = json.loads(raw)["items"][0]
    assert [*node] == ["metadata", "timestamp", "window", "usage"]
    assert re.fullmatch(r"\d+n \d+Ki", " ".join(node["usage"].values()))
    assert (
        "metrics.k8s.io/v1beta1  false  NodeMetrics\npods  metrics.k8s.io/v1beta1  true  PodMetrics"
        in kubectl(up, "api-resources", "--api-group=metrics.k8s.io")
    )


def test_who_may_see_a_namespace_may_see_what_it_uses(up: Up) -> None:
    kubectl(up, "create", "rolebinding", "looks", "--clusterrole=view", "--user=ann")
    assert kubectl(up, "auth", "can-i", "list", "pods.metrics.k8s.io", "--as=ann") == "yes"
    assert kubectl(up, "auth", "can-i", "list", "pods.metrics.k8s.io", "--as=bob", code=1) == "no"


# --- before there is anything to say ----------------------------------------------------------------


def test_metrics_that_are_not_there_yet(start: Start) -> None:
    """Ten times as slowly as ours: nothing has been measured before two and a half minutes have passed."""
    up = start("--nodes", "1", "--stages", "hollow", "--speed", "0.1")
    assert kubectl(up, "top", "nodes", code=1) == "error: metrics not available yet"
    assert kubectl(up, "top", "pods") == "No resources found in default namespace."
    kubectl(up, "run", "web", "--image=nginx:1.25")
    assert kubectl(up, "top", "pods", code=1) == "error: metrics not available yet"
    missing = 'Error from server (NotFound): podmetrics.metrics.k8s.io "default/web" not found'
    assert kubectl(up, "top", "pod", "web", code=1) == missing
    kubectl(up, "delete", "apiservice", "v1beta1.metrics.k8s.io")
    assert kubectl(up, "top", "pods", code=1) == "error: Metrics API not available"
