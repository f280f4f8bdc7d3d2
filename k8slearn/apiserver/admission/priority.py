"""Priority: the number behind a pod's priority class.

Kubernetes: plugin/pkg/admission/priority/admission.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, name_of
from k8slearn.apiserver.admission.plugin import CREATE, Plugin, forbidden, forbidden_early, operation

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

NO_CLASS: Object = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": "PreemptLowerPriority"}
MUST_NOT = "must not be provided in pod spec; priority admission controller computed"
#: Field of the pod -> field of the class, and what the pod's is called when it says something else.
FIELDS = {
    "priority": ("value", "the integer value of priority"),
    "preemptionPolicy": ("preemptionPolicy", "the string value of PreemptionPolicy"),
}


class Priority(Plugin):
    name = "Priority"
    kinds = frozenset(["pods", "priorityclasses"])

    def admit(self, server: ApiServer, write: Write) -> None:
        if write.resource.kind != "Pod":
            return
        spec = write.object["spec"]
        if operation(write) == CREATE:
            _resolve(server, write, spec)
        elif write.old is not None:  # who replaces a pod need not repeat what we have worked out
            kept = {f: write.old["spec"][f] for f in FIELDS if f in write.old["spec"]}
            write.object["spec"] = {**spec, **{f: v for f, v in kept.items() if f not in spec}}

    def validate(self, server: ApiServer, write: Write) -> None:
        """There is one default at most."""
        if write.resource.kind != "PriorityClass" or not write.object.get("globalDefault"):
            return
        other = default_class(server)
        if other is not None and (write.old is None or name_of(other) != name_of(write.object)):
            raise forbidden(
                write,
                f"PriorityClass {name_of(other)} is already marked as default. Only one default can exist",
            )


class PriorityAsSaid(Priority):
    """For simulations: a lesson may give a pod a number, and spare itself the class."""

    def admit(self, server: ApiServer, write: Write) -> None:
        spec = write.object.get("spec") or {}
        if write.resource.kind == "Pod" and "priority" in spec and not spec.get("priorityClassName"):
            spec.setdefault("preemptionPolicy", NO_CLASS["preemptionPolicy"])
        else:
            super().admit(server, write)


def _resolve(server: ApiServer, write: Write, spec: Object) -> None:
    name = spec.get("priorityClassName")
    found = server.store.get("priorityclasses", name) if name else default_class(server) or NO_CLASS
    if found is None:
        raise forbidden_early(write, f"no PriorityClass with name {name} was found")
    if name_of(found):
        spec["priorityClassName"] = name_of(found)
    for field, (source, title) in FIELDS.items():
        value = found.get(source, NO_CLASS[source])
        if spec.get(field, value) != value:
            why = f"{title} ({spec[field]}) {MUST_NOT} {value} from the given PriorityClass name"
            raise forbidden_early(write, why)
        spec[field] = value


def default_class(server: ApiServer) -> Object | None:
    """Of several defaults (there should be one) the lowest."""
    if not server.store.objects("priorityclasses"):
        return None
    defaults = [c for c in server.store.list("priorityclasses") if c.get("globalDefault")]
    return min(defaults, key=lambda c: c.get("value", 0), default=None)
