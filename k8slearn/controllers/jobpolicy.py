"""The rules in a Job's spec by which it fails or succeeds before it would by itself. Pure functions.

Kubernetes: pkg/controller/job (pod_failure_policy.go, success_policy.go, indexed_job_utils.go)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slearn.api.objects import Object, annotations_of, dig, key_of

INDEX = "batch.kubernetes.io/job-completion-index"


# --- indexes: sets of numbers, written as ``0-2,5`` --------------------------------------------


def parse_indexes(text: str | None, completions: int) -> frozenset[int]:
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first:
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(i for i in found if i < completions)


def write_indexes(indexes: Iterable[int]) -> str:
    """Runs of three or more become a range; of two, a pair."""
    runs: list[list[int]] = []
    for i in sorted(indexes):
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    texts = [f"{r[0]}-{r[-1]}" if len(r) > 2 else ",".join(map(str, r)) for r in runs]
    return ",".join(texts)


def index_of(pod: Object) -> int:
    """Which of the completions this pod works on; -1 when it does not say."""
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isascii() and text.isdigit() else -1


# --- success policy ----------------------------------------------------------------------------


def success_policy(job: Object, succeeded: frozenset[int]) -> str:
    """Which rule makes the Job a success already; "" for none."""
    for number, rule in enumerate(dig(job, "spec", "successPolicy", "rules", default=[])):
        wanted, count = rule.get("succeededIndexes"), rule.get("succeededCount")
        counted = succeeded
        if wanted is not None:
            required = parse_indexes(wanted, job["spec"]["completions"])
            counted = succeeded & required
            count = len(required) if count is None else count
        if count is not None and len(counted) >= count:
            return f"Matched rules at index {number}"
    return ""


# --- pod failure policy ------------------------------------------------------------------------


class Verdict(NamedTuple):
    """What the policy says about one failed pod."""

    action: str = "Count"  # FailJob, FailIndex, Ignore, Count
    message: str = ""


def pod_failure_policy(job: Object, pod: Object) -> Verdict:
    """The first rule that fits decides."""
    for number, rule in enumerate(dig(job, "spec", "podFailurePolicy", "rules", default=[])):
        what = _exit_code(rule, pod) or _condition(rule, pod)
        if what:
            return Verdict(rule["action"], f"{what} matching {rule['action']} rule at index {number}")
    return Verdict()


def _exit_code(rule: Object, pod: Object) -> str:
    wanted = rule.get("onExitCodes")
    if not wanted:
        return ""
    status = pod.get("status") or {}
    statuses = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    for container in statuses:
        code = dig(container, "state", "terminated", "exitCode", default=0)
        if code == 0 or wanted.get("containerName") not in (None, container["name"]):
            continue
        if (code in wanted["values"]) == (wanted["operator"] == "In"):
            return f"Container {container['name']} for pod {key_of(pod)} failed with exit code {code}"
    return ""


def _condition(rule: Object, pod: Object) -> str:
    found = dig(pod, "status", "conditions", default=[])
    for pattern in rule.get("onPodConditions") or ():
        wanted = (pattern["type"], pattern.get("status", "True"))
        if any((c["type"], c["status"]) == wanted for c in found):
            return f"Pod {key_of(pod)} has condition {pattern['type']}"
    return ""
