"""RuntimeClass: what a pod's runtime costs beside the pod, and where it is to be found.

Kubernetes: plugin/pkg/admission/runtimeclass/admission.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, dig, edit
from k8slearn.api.quantities import parse
from k8slearn.apiserver.admission.plugin import CREATE, Plugin, forbidden, forbidden_early

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer


class RuntimeClass(Plugin):
    name = "RuntimeClass"
    kinds = frozenset(["pods"])
    operations = frozenset([CREATE])

    def admit(self, server: ApiServer, write: Write) -> None:
        spec = write.object["spec"]
        if not spec.get("runtimeClassName"):
            return
        found = _find(server, write)
        overhead = dig(found, "overhead", "podFixed")
        if overhead:
            if spec.get("overhead") and not _equal(spec["overhead"], overhead):
                raise forbidden_early(
                    write, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
                )
            spec["overhead"] = edit(overhead)
        _schedule(write, spec, found.get("scheduling") or {})

    def validate(self, server: ApiServer, write: Write) -> None:
        spec = write.object["spec"]
        if not spec.get("overhead"):
            return
        name = spec.get("runtimeClassName")
        if not (name and dig(_find(server, write), "overhead")):
            why = "Pod Overhead set without corresponding RuntimeClass defined Overhead"
            raise forbidden(write, f"pod rejected: {why}")


def _find(server: ApiServer, write: Write) -> Object:
    name = write.object["spec"]["runtimeClassName"]
    found = server.store.get("runtimeclasses", name)
    if found is None:
        raise forbidden_early(write, f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _equal(one: Object, other: Object) -> bool:
    return {k: parse(v) for k, v in one.items()} == {k: parse(v) for k, v in other.items()}


def _schedule(write: Write, spec: Object, scheduling: Object) -> None:
    """The nodes that have the runtime, and what it takes to be let in there."""
    selector = spec.get("nodeSelector") or {}
    for label, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(label, value) != value:
            theirs = f"runtimeClass.scheduling.nodeSelector[{label}] = {value}"
            own = f"pod.spec.nodeSelector[{label}] = {selector[label]}"
            raise forbidden_early(write, f"conflict: {theirs}; {own}")
        selector = {**selector, label: value}
    if selector:
        spec["nodeSelector"] = selector
    present = spec.get("tolerations") or []
    added = [edit(t) for t in scheduling.get("tolerations") or () if t not in present]
    if added:
        spec["tolerations"] = [*present, *added]
