"""The room of validation: which rules does an object break? All of them are told at once.

It looks, and never changes anything. Read `shapes` first (how a rule is written), then the tables in the
order of your interest: `metadata`, `pods`, `workloads`, `services` ...; `updates` says what may not
change once it is there.

Kubernetes: pkg/apis/*/validation/validation.go
"""

from __future__ import annotations

from k8slearn.api.errors import FieldError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation import (
    apiservices,
    autoscaling,
    definitions,
    endpoints,
    events,
    ingresses,
    jobs,
    limits,
    mutatingpolicies,
    networking,
    others,
    pods,
    policies,
    rbac,
    services,
    storage,
    webhooks,
    workloads,
)
from k8slearn.apiserver.validation.metadata import check_all_metadata
from k8slearn.apiserver.validation.shapes import Check
from k8slearn.apiserver.validation.updates import check_update

_ROOMS = (
    *(pods, workloads, jobs, services, ingresses, networking, endpoints, storage, autoscaling, limits),
    *(rbac, webhooks, policies, mutatingpolicies, definitions, apiservices, events, others),
)
KINDS: dict[str, Check] = {kind: check for room in _ROOMS for kind, check in room.KINDS.items()}


def validate(
    resource: Resource, obj: Object, old: Object | None = None, subresource: str = "", via: str = ""
) -> list[FieldError]:
    """Every rule that `obj` breaks; with `old`, also those for a change from `old` to `obj`.

    `via` is the API group by way of which it comes: a younger group may ask for more.

    Custom resources have their schema. A change of the status is not held against the
    rules of the spec, which has not changed.
    """
    errors = check_all_metadata(resource, obj, old)
    if old is not None and resource.builtin and not subresource:
        errors += check_update(resource.kind, obj, old)
    if resource.builtin and not subresource and resource.kind in KINDS:
        errors += KINDS[resource.kind](obj, "")
        if via == "events.k8s.io":
            errors += events.check_update_strictly(obj, old) if old else events.check_strictly(obj, "")
    if resource.definition is not None:
        errors += resource.definition.check(obj, old)
    return errors
