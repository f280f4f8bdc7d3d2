"""The rules of what makes pods: Deployment, ReplicaSet, StatefulSet, DaemonSet. `jobs` has the rest.

Kubernetes: pkg/apis/apps/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.validation.pods import POD_SPEC, POD_TEMPLATE, annotation_keys
from k8slearn.apiserver.validation.shapes import (
    Check,
    OneOf,
    Shape,
    Spelt,
    count_or_percent,
    label_selector,
    labels,
    natural,
)
from k8slearn.apiserver.validation.volumes import mounts_are_there

Spec = dict[str, Any]
_MISMATCH = "`selector` does not match template `labels`"


@dataclass(frozen=True)
class OwnPods:
    """The template's pods must be those that the selector selects, and live on until they are deleted."""

    called: str  # how the message for an empty selector calls the kind
    template_of: str = "ReplicaSet"  # how the message for a deadline calls it

    def __call__(self, spec: Spec, path: str) -> Iterable[FieldError]:
        selector, template = spec.get("selector"), spec.get("template") or {}
        if selector is None:
            yield required(f"{path}.selector")
        elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
            yield invalid(f"{path}.selector", selector, f"empty selector is invalid for {self.called}")
        elif not list(label_selector(selector, "")):
            yield from _selected(LabelSelector.of(selector), template, path)
        yield from _always(template.get("spec") or {}, f"{path}.template.spec", self.template_of)


def _selected(selector: LabelSelector, template: Spec, path: str) -> Iterable[FieldError]:
    found = (template.get("metadata") or {}).get("labels")
    if not selector.matches(found or {}):
        yield invalid(f"{path}.template.metadata.labels", found, _MISMATCH)


def _always(spec: Spec, path: str, kind: str) -> Iterable[FieldError]:
    policy = spec.get("restartPolicy", "Always")
    if policy in ("OnFailure", "Never"):
        yield unsupported(f"{path}.restartPolicy", policy, ["Always"])
    if "activeDeadlineSeconds" in spec:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        yield forbidden(f"{path}.activeDeadlineSeconds", detail)


def _replication_controller(spec: Spec, path: str) -> Iterable[FieldError]:
    selector = spec.get("selector") or {}
    if not selector:
        yield required(f"{path}.selector")
    if "template" not in spec:
        yield required(f"{path}.template")
    elif selector:
        yield from _selected(LabelSelector.from_set(selector), spec["template"], path)
        yield from _always(
            spec["template"].get("spec") or {}, f"{path}.template.spec", "ReplicationController"
        )


# --- how the pods are replaced ------------------------------------------------------------------


def amount(value: int | str | None) -> int:
    """The number in ``3`` or ``"25%"``."""
    if isinstance(value, str):
        return int(value.rstrip("%")) if not formats.percent(value) else -1
    return value or 0


def _not_all(value: int | str, path: str) -> Iterable[FieldError]:
    yield from count_or_percent(value, path)
    if isinstance(value, str) and amount(value) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def _can_move(rolling: Spec, path: str) -> Iterable[FieldError]:
    """With nothing more and nothing less than wanted, no pod could ever be replaced."""
    if amount(rolling.get("maxUnavailable")) == 0 and amount(rolling.get("maxSurge")) == 0:
        yield invalid(
            f"{path}.maxUnavailable", rolling.get("maxUnavailable", 0), "may not be 0 when `maxSurge` is 0"
        )


def _daemons_can_move(rolling: Spec, path: str) -> Iterable[FieldError]:
    unavailable, surge = amount(rolling.get("maxUnavailable")), amount(rolling.get("maxSurge"))
    if unavailable and surge:
        yield invalid(
            f"{path}.maxSurge", rolling["maxSurge"], "may not be set when maxUnavailable is non-zero"
        )
    elif not unavailable and not surge:
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _strategy(strategy: Spec, path: str) -> Iterable[FieldError]:
    kind = strategy.get("type", "")
    if kind == "Recreate" and "rollingUpdate" in strategy:
        yield forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif kind not in ("Recreate", "RollingUpdate"):
        rolling = strategy.get("rollingUpdate")
        yield unsupported(path, {"Type": kind, "RollingUpdate": rolling}, ("Recreate", "RollingUpdate"))


def _rolling_or_on_delete(strategy: Spec, path: str) -> Iterable[FieldError]:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "OnDelete" and rolling:
        yield invalid(f"{path}.rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")
    elif kind not in ("OnDelete", "RollingUpdate"):
        value = {"Type": kind, "RollingUpdate": rolling}
        yield invalid(path, value, "must be 'RollingUpdate' or 'OnDelete'")


def _deadline(spec: Spec, path: str) -> Iterable[FieldError]:
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield invalid(f"{path}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


_COUNTS: dict[str, Check] = dict.fromkeys(["replicas", "minReadySeconds", "revisionHistoryLimit"], natural)
_PODS: dict[str, Check] = {**_COUNTS, "selector": label_selector, "template": POD_TEMPLATE}
_ROLLING = {"maxUnavailable": _not_all, "maxSurge": count_or_percent}

DEPLOYMENT = Shape(
    {
        **_PODS,
        "progressDeadlineSeconds": natural,
        "strategy": Shape({"rollingUpdate": Shape(_ROLLING, also=(_can_move,))}, also=(_strategy,)),
    },
    also=(OwnPods("deployment"), _deadline),
)
DAEMON_SET = Shape(
    {
        **_PODS,
        "updateStrategy": Shape(
            {
                "rollingUpdate": Shape(
                    {"maxUnavailable": _not_all, "maxSurge": _not_all}, also=(_daemons_can_move,)
                )
            },
            also=(_rolling_or_on_delete,),
        ),
    },
    also=(OwnPods("daemonset", "DaemonSet"),),
)

# --- StatefulSet ----------------------------------------------------------------------------------


def _claims_count(spec: Spec, path: str) -> Iterable[FieldError]:
    """Mounts may also name a claim template: each pod gets a volume of that name."""
    pod = (spec.get("template") or {}).get("spec") or {}
    claims = [{"name": (c.get("metadata") or {}).get("name")} for c in spec.get("volumeClaimTemplates") or ()]
    whole = {**pod, "volumes": [*(pod.get("volumes") or ()), *claims]}
    yield from mounts_are_there(whole, f"{path}.template.spec")


def _management(word: str, path: str) -> Iterable[FieldError]:
    if word not in ("OrderedReady", "Parallel"):
        yield invalid(path, word, "must be 'OrderedReady' or 'Parallel'")


_POLICIES = OneOf("Retain", "Delete")
_SET_POD = Shape(POD_SPEC.fields, also=tuple(c for c in POD_SPEC.also if c is not mounts_are_there))
_SET_TEMPLATE = Shape(
    {"metadata": Shape({"labels": labels, "annotations": annotation_keys}), "spec": _SET_POD}
)
STATEFUL_SET = Shape(
    {
        **_PODS,
        "template": _SET_TEMPLATE,
        "podManagementPolicy": _management,
        "serviceName": Spelt(formats.dns_subdomain),
        "ordinals": Shape({"start": natural}),
        "persistentVolumeClaimRetentionPolicy": Shape({"whenDeleted": _POLICIES, "whenScaled": _POLICIES}),
        "updateStrategy": Shape(
            {"rollingUpdate": Shape({"partition": natural, "maxUnavailable": _not_all})},
            also=(_rolling_or_on_delete,),
        ),
    },
    also=(OwnPods("statefulset", "StatefulSet"), _claims_count),
)


def _revision(found: Object, path: str) -> Iterable[FieldError]:
    yield from natural(found.get("revision", 0), "revision")
    if found.get("data") is None:
        yield required("data", "data is mandatory")


KINDS: dict[str, Check] = {
    "ControllerRevision": _revision,
    "Deployment": Shape({"spec": DEPLOYMENT}),
    "ReplicaSet": Shape({"spec": Shape(_PODS, also=(OwnPods("deployment"),))}),
    "ReplicationController": Shape(
        {
            "spec": Shape(
                {**_COUNTS, "selector": labels, "template": POD_TEMPLATE}, also=(_replication_controller,)
            )
        }
    ),
    "StatefulSet": Shape({"spec": STATEFUL_SET}),
    "DaemonSet": Shape({"spec": DAEMON_SET}),
}
