"""An object as a webhook or a policy sees it, and what its patch makes of it.

Kubernetes: apiserver/pkg/admission/conversion.go (VersionedAttributes), webhook/mutating/dispatcher.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api import schema
from k8slearn.api.errors import BadRequest
from k8slearn.api.jsonbody import decode_json
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit
from k8slearn.api.patches import json_kind
from k8slearn.api.resources import SUBRESOURCES
from k8slearn.api.versions import convert
from k8slearn.apiserver.admission.admissionreview import Verdict
from k8slearn.apiserver.admission.calling import CannotCall
from k8slearn.apiserver.admission.matching import Asked
from k8slearn.apiserver.defaults import default

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer


class View(NamedTuple):
    """Objects of one request, in the version that is meant. Pairs: `of` and `back`."""

    server: ApiServer
    about: Asked
    meant: Resource

    @property
    def stored(self) -> Resource:
        return self.server.kinds.stored(self.meant)

    @property
    def part(self) -> str:
        """The kind that a subresource has for itself: "Scale", "Binding", "Eviction"; "" for none."""
        return SUBRESOURCES[self.about.subresource].kind if self.about.subresource else ""

    @property
    def resource(self) -> Resource:
        """The kind of what is shown."""
        part = SUBRESOURCES[self.about.subresource] if self.part else None
        return Resource(part.group, part.version, part.kind, f"{part.kind.lower()}s") if part else self.meant

    def of(self, obj: Object | None) -> Object | None:
        """What is stored, as it is shown."""
        if obj is None or self.part not in ("", "Scale"):
            return obj
        if self.part == "Scale":
            from k8slearn.apiserver.subresources.scale import scale_of  # who writes a scale asks us, too

            return scale_of(obj, self.stored)
        return convert(obj, self.stored, self.meant)

    def back(self, shown: Object, *, strict: bool = False) -> Object:
        """What was shown and has been changed, as it is stored, and with what it leaves unsaid. Raises ValueError.

        strict: fields that the kind does not know are a mistake, too.
        """
        obj = self.about.object
        if self.part == "Scale" and obj is not None:
            from k8slearn.apiserver.subresources.scale import with_replicas

            return with_replicas(obj, self.stored, (shown.get("spec") or {}).get("replicas", 0))
        if self.part:
            return shown
        made = edit(convert(_decoded(self.meant, shown, strict), self.meant, self.stored))
        default(self.stored, made)
        return dict(made)


def _decoded(resource: Resource, obj: Object, strict: bool) -> Object:
    """Wrong types are refused; what the kind does not know is dropped without a word, unless it is `strict`."""
    validation = "Strict" if strict and resource.builtin else "Ignore"
    try:
        found, _ = schema.decode(resource, obj, field_validation=validation)
    except BadRequest as error:
        raise ValueError(error.message.partition(": ")[2] or error.message) from None
    named = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**named, **found, "metadata": found.get("metadata") or {}}


def patched(view: View, name: str, verdict: Verdict) -> Object | None:
    """The object with the webhook's patch, as it is to be stored; None when nothing is to be changed.

    Raises CannotCall when it is no patch, and ValueError when it does not fit the object.
    """
    operations = _operations(verdict.patch)
    if not operations:
        return None
    if view.about.object is None:
        why = "attempted to modify the object, which is not supported for this operation"
        raise ValueError(f'admission webhook "{name}" {why}')
    if verdict.patch_type != "JSONPatch":
        raise CannotCall(f"unsupported patch type {json.dumps(verdict.patch_type)}")
    return view.back(operated(view.of(view.about.object), operations))


class TestFailed(ValueError):
    """What a JSON patch asks to be so is not."""


def operated(shown: Object | None, operations: list[Object]) -> Object:
    """The object with a JSON patch. Raises ValueError in the words of evanphx/json-patch."""
    obj: Any = edit(shown)
    for operation in operations:
        obj = _applied(obj, operation)
    return dict(obj)


def _operations(patch: bytes) -> list[Object]:
    try:
        found: Any = decode_json(patch)[0] if patch else []
    except ValueError as error:
        raise _undecodable(str(error)) from None
    if not isinstance(found, list | None):
        raise _undecodable(_mismatch(found, "jsonpatch.Patch"))
    for one in found or ():
        if not isinstance(one, dict):
            raise _undecodable(_mismatch(one, "jsonpatch.Operation"))
    return found or []


def _undecodable(why: str) -> CannotCall:
    return CannotCall(f"received undecodable patch in webhook response: {why}")


def _mismatch(value: Any, wanted: str) -> str:
    return f"json: cannot unmarshal {json_kind(value)} into Go value of type {wanted}"


def _applied(obj: Object, operation: Object) -> Object:
    """One operation. Raises ValueError."""
    import jsonpatch  # 10 ms that most programs never need
    import jsonpointer

    wrong = (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, LookupError)
    try:
        found = jsonpatch.JsonPatch([operation]).apply(obj)
    except wrong:
        error = TestFailed if operation.get("op") == "test" else ValueError
        raise error(_why_not(obj, operation)) from None
    if not isinstance(found, dict):
        raise ValueError(_mismatch(found, "map[string]interface {}"))
    return found


def _why_not(obj: Any, operation: Object) -> str:
    import jsonpointer

    op, path = operation.get("op"), operation.get("path", "")
    if op not in ("add", "remove", "replace", "move", "copy", "test"):
        return f"Unexpected kind: {op if isinstance(op, str) else 'unknown'}"
    if op == "test":
        return f"testing value {path} failed: test failed"
    if op in ("move", "copy"):
        return f"{op} operation does not apply: doc is missing from path: {operation.get('from', '')}: missing value"
    parent, _, key = str(path).rpartition("/")
    there = isinstance(jsonpointer.resolve_pointer(obj, parent, None), dict | list)
    if op == "replace":
        which = f"key: {path}" if there else f"path: {path}"
        return f"replace operation does not apply: doc is missing {which}: missing value"
    if not there:
        return f'{op} operation does not apply: doc is missing path: "{path}": missing value'
    why = (
        f"Unable to remove nonexistent key: {key}: missing value"
        if op == "remove"
        else "invalid index referenced"
    )
    return f"error in {op} for path: '{path}': {why}"


# --- what is not seen by those who may change an object -------------------------------------------

#: Of a new object, the server says this only after mutating admission.
OF_THE_SERVER = ("uid", "creationTimestamp", "generation")


def unborn(write: Write, about: Asked) -> Asked:
    """A new object as its maker sent it: without what is the server's to say, its generated name included."""
    if write.old is not None or about.object is None or about.subresource:
        return about
    metadata = {f: v for f, v in about.object["metadata"].items() if f not in OF_THE_SERVER}
    body: Any = write.request.body
    named = write.request.name or not isinstance(body, dict) or (body.get("metadata") or {}).get("name")
    if not named and metadata.get("generateName"):
        del metadata["name"]
    return about._replace(object={**about.object, "metadata": metadata}, name=metadata.get("name", ""))


def adopt(write: Write, found: Object) -> None:
    """What they have made of the object, and what they did not see of it."""
    kept = {f: v for f, v in write.object["metadata"].items() if f in (*OF_THE_SERVER, "name")}
    write.object = {**found, "metadata": {**kept, **found["metadata"]}}
