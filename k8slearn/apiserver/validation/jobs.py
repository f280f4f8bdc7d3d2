"""The rules of work that ends: Job and CronJob.

Kubernetes: pkg/apis/batch/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, invalid, required
from k8slearn.apiserver.validation.pods import POD_TEMPLATE
from k8slearn.apiserver.validation.shapes import Check, OneOf, Shape, label_selector, natural

Spec = dict[str, Any]


def _ends(spec: Spec, path: str) -> Iterable[FieldError]:
    """The pods of a Job must be able to finish."""
    pod = (spec.get("template") or {}).get("spec") or {}
    if pod.get("restartPolicy") not in ("OnFailure", "Never"):
        yield required(f"{path}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    if spec.get("completionMode") == "Indexed" and "completions" not in spec:
        yield required(f"{path}.completions", "when completion mode is Indexed")


JOB = Shape(
    {
        **dict.fromkeys(
            [
                "parallelism",
                "completions",
                "activeDeadlineSeconds",
                "backoffLimit",
                "ttlSecondsAfterFinished",
            ],
            natural,
        ),
        "selector": label_selector,
        "template": POD_TEMPLATE,
        "completionMode": OneOf("NonIndexed", "Indexed"),
        "podReplacementPolicy": OneOf("TerminatingOrFailed", "Failed"),
    },
    also=(_ends,),
)


_DESCRIPTORS = frozenset(
    f"@{w}" for w in "yearly annually monthly weekly daily midnight hourly every".split()
)


def _schedule(text: str, path: str) -> Iterable[FieldError]:
    """Five fields, or a word after an @. Kubernetes: robfig/cron/v3 ParseStandard"""
    if text.startswith("@"):
        if text.split()[0] not in _DESCRIPTORS:
            yield invalid(path, text, f"unrecognized descriptor: {text}")
    elif len(text.split()) != 5:
        fields = text.split()
        yield invalid(path, text, f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")


CRON_JOB = Shape(
    {
        "schedule": _schedule,
        "concurrencyPolicy": OneOf("Allow", "Forbid", "Replace"),
        "jobTemplate": Shape({"spec": JOB}),
        **dict.fromkeys(
            ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"], natural
        ),
    },
    needs=("schedule",),
)

KINDS: dict[str, Check] = {"Job": Shape({"spec": JOB}), "CronJob": Shape({"spec": CRON_JOB})}
