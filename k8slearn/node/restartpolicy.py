"""Whether a container that has ended is started again.

| policy    | a container                  | an init container |
|-----------|------------------------------|-------------------|
| Always    | always                       | when it failed    |
| OnFailure | when it failed or was kicked | the same          |
| Never     | never                        | never             |

Rules of the container itself, which look at its exit code, come first.

Kubernetes: pkg/kubelet/container/helpers.go (ShouldContainerBeRestarted), pkg/api/v1/pod (restart rules)
"""

from __future__ import annotations

from k8slearn.api.objects import Object, dig


def restarts(pod: Object, container: Object, code: int, *, init: bool, kicked: bool) -> bool:
    """`code`: what it ended with; `kicked`: the kubelet killed it in order to start it again."""
    if any(_matches(rule, code) for rule in container.get("restartPolicyRules") or ()):
        return True
    policy = container.get("restartPolicy") or dig(pod, "spec", "restartPolicy", default="Always")
    if policy == "Always" and not init:
        return True
    return policy != "Never" and (code != 0 or kicked)


def _matches(rule: Object, code: int) -> bool:
    """Kubernetes: podutil.FindMatchingContainerRestartRule"""
    asked = rule.get("exitCodes") or {}
    return (code in asked.get("values", ())) == (asked.get("operator", "In") == "In")
