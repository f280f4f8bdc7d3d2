"""Defaults that depend on something else: a function per kind. Read `defaults` first.

Kubernetes: pkg/apis/*/v1/defaults.go
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.defaults.pods import fill, host_ports, requests_from_limits
from k8slearn.apiserver.services import is_load_balancer, is_reached_from_outside, needs_address

Fields = dict[str, Any]


def _pod(pod: Object) -> None:
    for containers in ("initContainers", "containers"):
        for container in pod["spec"].get(containers) or ():
            requests_from_limits(container.get("resources") or {})
            if pod["spec"].get("hostNetwork"):
                host_ports(container)


def _deployment(deployment: Object) -> None:
    strategy = deployment["spec"]["strategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": "25%", "maxSurge": "25%"})


def _secret(secret: Object) -> None:
    """What was written as text becomes data. Kubernetes: Convert_v1_Secret_To_core_Secret"""
    texts = secret.pop("stringData", None) or {}
    if texts:
        data = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **data}


def _stateful_set(stateful_set: Object) -> None:
    strategy = stateful_set["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"partition": 0})


def _daemon_set(daemon_set: Object) -> None:
    strategy = daemon_set["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": 1, "maxSurge": 0})
    annotations = daemon_set["metadata"].setdefault("annotations", {})
    fill(annotations, {"deprecated.daemonset.template.generation": "1"})


def _replication_controller(controller: Object) -> None:
    labels = dig(controller, "spec", "template", "metadata", "labels")
    if labels:
        fill(controller["spec"], {"selector": labels})
        fill(controller["metadata"], {"labels": labels})


def _job(job: Object) -> None:
    spec = job["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    policy = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    never = 2**31 - 1  # with a limit per index, the limit over all of them is as good as none
    limit = never if spec.get("backoffLimitPerIndex") is not None else 6
    fill(spec, {"parallelism": 1, "backoffLimit": limit, "podReplacementPolicy": policy})
    for rule in dig(spec, "podFailurePolicy", "rules", default=[]):
        for pattern in rule.get("onPodConditions") or ():
            fill(pattern, {"status": "True"})
    if "uid" in job["metadata"] and not spec["manualSelector"]:
        _select_by_uid(job)
    if labels := dig(spec, "template", "metadata", "labels"):
        fill(job["metadata"], {"labels": labels})


def _select_by_uid(job: Object) -> None:
    """A Job's pods carry its uid, so that no two Jobs can claim the same pod. Kubernetes: generateSelector"""
    uid, name = job["metadata"]["uid"], job["metadata"].get("name", "")
    selected = job["spec"].setdefault("selector", {}).setdefault("matchLabels", {})
    if selected.keys() & {"controller-uid", "batch.kubernetes.io/controller-uid"}:
        return
    selected["batch.kubernetes.io/controller-uid"] = uid
    labels = job["spec"].setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    labels |= {"controller-uid": uid, "batch.kubernetes.io/controller-uid": uid}
    labels |= {"job-name": name, "batch.kubernetes.io/job-name": name}


def _namespace(namespace: Object) -> None:
    name = namespace["metadata"].get("name", "")
    namespace["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _service(service: Object) -> None:
    spec = service["spec"]
    for port in spec.get("ports") or ():
        if port.get("targetPort", 0) in (0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    seconds = dig(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")
    if spec["sessionAffinity"] == "ClientIP" and seconds is None:
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    if is_reached_from_outside(spec):
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    if is_load_balancer(spec):
        fill(spec, {"allocateLoadBalancerNodePorts": True})
    if needs_address(spec):
        fill(spec, {"internalTrafficPolicy": "Cluster"})


_CPU_80 = {"type": "Utilization", "averageUtilization": 80}
_SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def _autoscaler(autoscaler: Object) -> None:
    spec = autoscaler["spec"]
    fill(spec, {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": _CPU_80}}]})
    if behavior := spec.get("behavior"):
        fill(behavior.setdefault("scaleUp", {}), _SCALE_UP)
        fill(behavior.setdefault("scaleDown", {}), _SCALE_DOWN)


def _network_policy(policy: Object) -> None:
    spec = policy.setdefault("spec", {})
    fill(spec, {"policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]})


def _policy_binding(binding: Object) -> None:
    if reference := dig(binding, "spec", "paramRef"):
        fill(reference, {"parameterNotFoundAction": "Deny"})


def _binding(binding: Object) -> None:
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            fill(subject, {"apiGroup": "rbac.authorization.k8s.io"})


def _limit_range(limit_range: Object) -> None:
    for item in dig(limit_range, "spec", "limits", default=[]):
        if item.get("type") == "Container":
            defaults = {**(item.get("max") or {}), **(item.get("default") or {})}
            requests = {**(item.get("min") or {}), **defaults, **(item.get("defaultRequest") or {})}
            found = {"default": defaults, "defaultRequest": requests}
            item |= {field: values for field, values in found.items() if values}


def _definition(crd: Object) -> None:
    spec = crd["spec"]
    names = spec.setdefault("names", {})
    if names.get("kind"):
        fill(names, {"singular": names["kind"].lower(), "listKind": f"{names['kind']}List"})
    fill(spec, {"conversion": {"strategy": "None"}})
    stored = [v["name"] for v in spec.get("versions") or () if v.get("storage")]
    status = crd.get("status")
    if status is not None and stored and not status.get("storedVersions"):
        status["storedVersions"] = stored[:1]
    if dig(spec, "conversion", "webhook", "clientConfig", "service"):
        fill(spec["conversion"]["webhook"]["clientConfig"]["service"], {"port": 443})


SPECIAL: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicationController": _replication_controller,
    "Job": _job,
    "Namespace": _namespace,
    "Secret": _secret,
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "LimitRange": _limit_range,
    "CustomResourceDefinition": _definition,
    "ValidatingAdmissionPolicyBinding": _policy_binding,
    "MutatingAdmissionPolicyBinding": _policy_binding,
}
