"""The rules of work that ends: Job and CronJob.

Kubernetes: pkg/apis/batch/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import cron
from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.api.objects import Object, dig
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.validation.ingresses import domain_prefixed_path
from k8slearn.apiserver.validation.pods import POD_TEMPLATE
from k8slearn.apiserver.validation.shapes import Check, Each, OneOf, Shape, label_selector, natural

Spec = dict[str, Any]


def _ends(spec: Spec, path: str) -> Iterable[FieldError]:
    """The pods of a Job must be able to finish."""
    pod = (spec.get("template") or {}).get("spec") or {}
    where, policy = f"{path}.template.spec.restartPolicy", pod.get("restartPolicy", "Always")
    if policy not in ("OnFailure", "Never"):
        yield required(where, 'valid values: "OnFailure", "Never"')
    elif "podFailurePolicy" in spec and policy != "Never":
        yield invalid(where, policy, 'only "Never" is supported when podFailurePolicy is specified')
    if "podFailurePolicy" in spec and spec.get("podReplacementPolicy", "Failed") != "Failed":
        yield unsupported(f"{path}.podReplacementPolicy", spec["podReplacementPolicy"], ["Failed"])


# --- Indexed ------------------------------------------------------------------------------------

MOST_INDEXED = 100_000


def _indexed(spec: Spec, path: str) -> Iterable[FieldError]:
    if spec.get("completionMode") != "Indexed":
        for field in ("backoffLimitPerIndex", "successPolicy"):
            if field in spec:
                yield invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")
    else:
        if "completions" not in spec:
            yield required(f"{path}.completions", "when completion mode is Indexed")
        if spec.get("parallelism", 0) > MOST_INDEXED:
            detail = f"must be less than or equal to {MOST_INDEXED} when completion mode is Indexed"
            yield invalid(f"{path}.parallelism", spec["parallelism"], detail)
    yield from _failed_indexes(spec, path)


def _failed_indexes(spec: Spec, path: str) -> Iterable[FieldError]:
    most, where = spec.get("maxFailedIndexes"), f"{path}.maxFailedIndexes"
    if most is None:
        return
    if "backoffLimitPerIndex" not in spec:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if "completions" in spec and most > spec["completions"]:
        yield invalid(where, most, "must be less than or equal to completions")
    if most > MOST_INDEXED:
        yield invalid(where, most, f"must be less than or equal to {MOST_INDEXED}")


# --- what counts as failure ---------------------------------------------------------------------

_COUNTS = ("parallelism completions activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished").split()
_ACTIONS = OneOf("Count", "FailIndex", "FailJob", "Ignore")


def _failure_rule(rule: Spec, path: str) -> Iterable[FieldError]:
    yield from _ACTIONS(rule.get("action", ""), f"{path}.action")
    if ("onExitCodes" in rule) == bool(rule.get("onPodConditions")):
        both = "specifying both OnExitCodes and OnPodConditions is not supported"
        none = "specifying one of OnExitCodes and OnPodConditions is required"
        yield FieldError("FieldValueInvalid", path, detail=both if "onExitCodes" in rule else none)


JOB = Shape(
    {
        **dict.fromkeys([*_COUNTS, "backoffLimitPerIndex", "maxFailedIndexes"], natural),
        "selector": label_selector,
        "template": POD_TEMPLATE,
        "completionMode": OneOf("NonIndexed", "Indexed"),
        "podReplacementPolicy": OneOf("TerminatingOrFailed", "Failed"),
        "podFailurePolicy": Shape({"rules": Each(_failure_rule)}),
        "managedBy": domain_prefixed_path,
    },
    also=(_ends, _indexed),
)


def selector_of(job: Object) -> Spec:
    """What selects the pods of this one Job."""
    return {"matchLabels": {"batch.kubernetes.io/controller-uid": job["metadata"].get("uid", "")}}


def _own_selector(job: Object, path: str) -> Iterable[FieldError]:
    """Who chooses the selector himself must say so, and see to it that it selects the Job's pods."""
    spec, born = job.get("spec") or {}, "resourceVersion" not in job["metadata"]
    if spec.get("selector") is None:
        yield required("spec.selector")
        return
    if born and not spec.get("manualSelector") and spec["selector"] != selector_of(job):
        yield invalid("spec.selector", spec["selector"], "`selector` not auto-generated")
    if not [*label_selector(spec["selector"], "")]:
        found = dig(spec, "template", "metadata", "labels", default={})
        if not LabelSelector.of(spec["selector"]).matches(found):
            detail = "`selector` does not match template `labels`"
            yield invalid("spec.template.metadata.labels", found, detail)


# --- CronJob ------------------------------------------------------------------------------------


def _schedule(text: str, path: str) -> Iterable[FieldError]:
    if "TZ" in text:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid(path, text, detail)
        return
    try:
        cron.parse(text)
    except ValueError as wrong:
        yield invalid(path, text, str(wrong))


def _zone(name: str, path: str) -> Iterable[FieldError]:
    if not name:
        yield invalid(path, name, "timeZone must be nil or non-empty string")
    elif name.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid(path, name, detail)
    else:
        try:
            cron.zone_of(name)
        except ValueError as wrong:
            yield invalid(path, name, str(wrong))


CRON_JOB = Shape(
    {
        "schedule": _schedule,
        "timeZone": _zone,
        "concurrencyPolicy": OneOf("Allow", "Forbid", "Replace"),
        "jobTemplate": Shape({"spec": JOB}),
        **dict.fromkeys(
            ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"], natural
        ),
    },
    needs=("schedule",),
)

# --- what may not change ------------------------------------------------------------------------

# What of a pod template may change while its Job is suspended and nothing of it runs: where its pods go.
_DIRECTIONS = ("nodeSelector", "tolerations", "schedulingGates", "affinity")


def check_update(new: Object, old: Object) -> Iterable[FieldError]:
    """Kubernetes: ValidateJobSpecUpdate"""
    a, b = new["spec"], old["spec"]
    if a.get("completions") != b.get("completions"):
        if b.get("completionMode") != "Indexed":
            yield invalid("spec.completions", a.get("completions"), "field is immutable")
        elif "completions" in a and a["completions"] != a.get("parallelism"):
            detail = "can only be modified in tandem with spec.parallelism"
            yield invalid("spec.completions", a["completions"], detail)
    free = bool(b.get("suspend")) and not dig(old, "status", "startTime")
    templates = [spec.get("template") or {} for spec in (a, b)]
    if _fixed(templates[0], free) != _fixed(templates[1], free):
        yield invalid("spec.template", templates[0], "field is immutable")


def _fixed(template: Spec, free: bool) -> Spec:
    """The part of the template that has to stay."""
    if not free:
        return template
    pod = {f: v for f, v in (template.get("spec") or {}).items() if f not in _DIRECTIONS}
    plain = [{**c, "resources": {}} for c in pod.get("containers") or ()]
    metadata = {
        f: v for f, v in (template.get("metadata") or {}).items() if f not in ("labels", "annotations")
    }
    return {"spec": {**pod, "containers": plain}, "metadata": metadata}


KINDS: dict[str, Check] = {
    "Job": Shape({"spec": JOB}, also=(_own_selector,)),
    "CronJob": Shape({"spec": CRON_JOB}),
}
