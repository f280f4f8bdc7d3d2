"""What requests cost, as an API that anybody may ask; and an autoscaler that follows it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from k8slearn.api.objects import Object
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest
from k8slearn.apiserver.outside import Call, CallFailed
from k8slearn.cluster import Cluster
from k8slearn.controllers import AvailableConditionController, HorizontalPodAutoscalerController
from k8slearn.sim import Simulation
from k8slearn.traffic import MetricsServer
from k8slearn.traffic.metrics import manifests
from tests.fakes import condition, named, objects
from tests.traffic.scenes import endpoints, service, settle, start, town, web

MEASURED = (MetricsServer, AvailableConditionController, HorizontalPodAutoscalerController)


def measured(nodes: int = 3, **rest: Any) -> Simulation:
    return town(nodes, adding=MEASURED, **rest)


def fetched(sim: Simulation, path: str) -> Object:
    found = sim.programs(Call(MetricsServer.serves, f"/apis/metrics.k8s.io/v1beta1{path}", method="GET"))
    return json.loads(found.body)


def busy(replicas: int = 2, cpu: str = "100m") -> Object:
    container = {"name": "web", "image": "k8slearn/web:1"}
    container["resources"] = {"requests": {"cpu": cpu}, "limits": {"cpu": "1"}} if cpu else {}
    container["readinessProbe"] = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return named("Deployment", "web", "apps/v1", spec=spec)


def scaler(**spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {"type": "Resource", "resource": {"name": "cpu"}}
    metric["resource"]["target"] = {"type": "Utilization", "averageUtilization": 50}
    body = {"minReplicas": 2, "maxReplicas": 10, "scaleTargetRef": target, "metrics": [metric], **spec}
    return named("HorizontalPodAutoscaler", "h", "autoscaling/v2", spec=body)


def hpa(sim: Simulation) -> Object:
    return sim.client.get("horizontalpodautoscalers", "default/h")


def size(sim: Simulation) -> int:
    return sim.client.get("deployments", "default/web")["spec"]["replicas"]


def test_pods_and_nodes_are_measured_and_requests_cost_cpu():
    sim = measured(1)
    sim.create([*manifests(), web("idle", app="idle"), web(), service()])
    settle(sim)
    assert fetched(sim, "/pods")["items"] == []  # too young
    start(sim, rate=100)
    sim.advance(35)
    used = {p["metadata"]["name"]: p["containers"][0]["usage"] for p in fetched(sim, "/pods")["items"]}
    assert used["idle"] == {"cpu": "2000000n", "memory": "24576Ki"}
    assert used["web-0"]["cpu"] == "102000000n"  # a thousandth of a CPU second for each request
    (node,) = fetched(sim, "/nodes")["items"]
    assert (node["usage"]["cpu"], "kind" in node) == ("154000000n", False)
    assert fetched(sim, "/nodes/node-0")["kind"] == "NodeMetrics"
    assert fetched(sim, "/namespaces/other/pods")["items"] == []
    assert fetched(sim, "/namespaces/default/pods/nobody")["message"] == 'pods "nobody" not found'
    sim.create(web("fresh", app="fresh"))
    sim.run()
    fresh = fetched(sim, "/namespaces/default/pods/fresh")["message"]
    assert fresh == 'podmetrics.metrics.k8s.io "default/fresh" not found'
    assert fetched(sim, "/nodes?watch=1")["reason"] == "MethodNotAllowed"
    assert fetched(sim, "/pods?labelSelector=app%3Didle")["items"][0]["metadata"]["name"] == "idle"


def test_whoever_is_cut_off_does_not_answer():
    sim = measured(1)
    sim.create(manifests())
    settle(sim)
    available = sim.client.get("apiservices", "v1beta1.metrics.k8s.io")["status"]["conditions"][0]
    assert available["status"] == "True"
    sim.fault("cut_off", "metrics-server")
    with pytest.raises(CallFailed):
        fetched(sim, "/pods")
    sim.create([busy(), scaler()])
    sim.advance(40)
    message = condition(hpa(sim), "ScalingActive")["message"]
    assert message.endswith(
        "unable to fetch metrics from resource metrics API: the server is currently unable to handle the request "
        "(get pods.metrics.k8s.io)"
    )


def test_it_grows_with_the_load_and_shrinks_five_minutes_after_it():
    sim = measured()
    sim.create([*manifests(), busy(), service(), scaler()])
    settle(sim, 60)
    assert condition(hpa(sim), "ScalingActive")["reason"] == "ValidMetricFound"
    assert size(sim) == 2
    start(sim, rate=300)  # 300m, of which each pod should have 50m: six and a little
    sim.advance(120)
    grown = size(sim)
    assert grown in (6, 7)
    assert endpoints(sim) == grown
    status = hpa(sim)["status"]
    (metric,) = status["currentMetrics"]
    assert 40 <= metric["resource"]["current"]["averageUtilization"] <= 55
    assert (status["currentReplicas"], status["desiredReplicas"]) == (grown, grown)
    texts = [e["message"] for e in objects(sim, "events") if e["reason"] == "SuccessfulRescale"]
    assert texts[0].endswith("; reason: cpu resource utilization (percentage of request) above target")
    calm = sim.now
    sim.meddle("traffic", "stop", "people")
    sim.advance(200)
    assert size(sim) == grown
    assert condition(hpa(sim), "AbleToScale")["reason"] == "ScaleDownStabilized"
    sim.run(lambda s: size(s) == 2)
    assert 290 <= sim.now - calm <= 350
    assert condition(hpa(sim), "ScalingLimited")["reason"] in ("TooFewReplicas", "DesiredWithinRange")


def test_with_behavior_it_goes_as_slowly_as_it_is_told():
    sim = measured()
    policy = [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    sim.create([*manifests(), busy(), service(), scaler(behavior={"scaleUp": {"policies": policy}})])
    settle(sim, 60)
    start(sim, rate=600)
    began = sim.now
    sim.advance(200)
    changes = [
        s.time - began
        for s in sim.trace.of("horizontal-pod-autoscaler", "reconcile")
        if any(c.verb == "patch" and "deployments" in str(c) for c in s.calls)
    ]
    assert len(changes) >= 3
    assert all(b - a >= 60 for a, b in itertools.pairwise(changes))
    assert condition(hpa(sim), "ScalingLimited")["reason"] == "ScaleUpLimit"


def test_without_a_request_there_is_no_share_of_it():
    sim = measured(1)
    sim.create([*manifests(), busy(cpu=""), service(), scaler()])
    settle(sim, 60)
    pod = sim.client.list("pods")[0]["metadata"]["name"]
    active = condition(hpa(sim), "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")
    assert active["message"] == (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in "
        f"container web of Pod {pod}"
    )
    assert size(sim) == 2


def test_an_autoscaled_world_can_be_rewound_and_forked():
    sim = measured()
    sim.create([*manifests(), busy(), service(), scaler()])
    settle(sim, 30)
    start(sim, rate=300)
    sim.advance(60)
    end, state = sim.position, sim.state()
    sim.goto(end // 2)
    fork = sim.fork()
    sim.goto(end)
    assert sim.state() == state
    fork.advance(100)  # its metrics server is its own
    assert size(fork) > 2


def test_over_http_the_api_server_hands_it_on_as_kubectl_top_asks_for_it():
    recipe = Cluster.complete(1)
    recipe.components.append(MetricsServer)
    recipe.objects = [*recipe.objects, *manifests()]
    sim = Simulation(recipe)
    sim.server.authenticator.tokens["admin"] = User.called("kubernetes-admin")
    sim.create([web()])
    settle(sim, 60)
    front = Front(sim.server)

    def get(path: str) -> Object:
        headers = {"authorization": "Bearer admin", "accept": "application/json"}
        sent = HttpRequest("GET", path, "", headers, b"", repeated={k: [v] for k, v in headers.items()})
        return json.loads(front.answer(sent).body)

    (pod,) = get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods")["items"]
    assert pod["containers"] == [{"name": "web", "usage": {"cpu": "2000000n", "memory": "24576Ki"}}]
    assert get("/apis/metrics.k8s.io/v1beta1/nodes/node-0")["usage"]["cpu"] == "52000000n"
    assert {r["name"] for r in get("/apis/metrics.k8s.io/v1beta1")["resources"]} == {"nodes", "pods"}
    assert get("/apis/metrics.k8s.io/v1beta1/nodes/node-9")["code"] == 404
