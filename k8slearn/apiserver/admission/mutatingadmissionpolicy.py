"""MutatingAdmissionPolicy: changes that the cluster makes of its own accord, written in CEL and stored as objects.

A policy's expressions make either the fields that shall be so (merged as server-side apply would), or a list of JSON
patches. Each change sees the object as the one before has left it. With `IfNeeded` a policy is asked once more when
somebody after it has changed something, just as webhooks are.

Kubernetes: apiserver/pkg/admission/plugin/policy/mutating (dispatcher.go, patch/smd.go, patch/json_patch.go)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.errors import ApiError, from_status
from k8slearn.api.objects import Object, edit, key_of, name_of
from k8slearn.api.shapes import Listing, Mapping, Shape, shape_of
from k8slearn.api.structuredmerge import merge, mistakes
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt
from k8slearn.apiserver.admission.mutation import TestFailed, View, adopt, operated, unborn
from k8slearn.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    EVERY_SUBRESOURCE,
    UPDATE,
    Memory,
    Plugin,
    Rounds,
    forbidden_early,
    internal,
)
from k8slearn.apiserver.admission.policyexpressions import Bound, Expressions, bound, values_of
from k8slearn.apiserver.admission.policyparams import Misconfigured, params

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

POLICIES, BINDINGS = "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"


class Problem(NamedTuple):
    """Why a policy could not do its work. `reason` is that of the refusal."""

    policy: Bound
    why: str
    reason: str = "Invalid"

    def __str__(self) -> str:
        names = name_of(self.policy.policy), name_of(self.policy.binding)
        return "policy '{}' with binding '{}' denied request: ".format(*names) + self.why


class MutatingAdmissionPolicy(Plugin):
    name = "MutatingAdmissionPolicy"
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def admit(self, server: ApiServer, write: Write) -> None:
        """Everybody has his turn, whatever goes wrong; then the first thing that did refuses the request."""
        about = asked(server, write)
        if not server.store.count(BINDINGS) or is_exempt(about):
            return
        rounds = write.rounds = write.rounds or Rounds()
        mine = rounds.begin(self.name, write.object)
        turns = [
            turn for one in bound(server, POLICIES, BINDINGS, about) for turn in _turns(server, about, one)
        ]
        problems = [turn for turn in turns if isinstance(turn, Problem)]
        for turn in turns:
            if isinstance(turn, Turn):
                problems += _take(server, write, rounds, mine, turn)
        mine.left = edit(write.object)
        if refused := [problem for problem in problems if problem.policy.strict]:
            raise _refusal(write, refused)


class Turn(NamedTuple):
    """One policy, by one binding, with one parameter. (Kubernetes: PolicyInvocation)"""

    bound: Bound
    param: Object | None

    @property
    def id(self) -> str:
        about = key_of(self.param) if self.param is not None else ""
        return f"{name_of(self.bound.policy)}/{name_of(self.bound.binding)}/{about}"


def _turns(server: ApiServer, about: Asked, one: Bound) -> Iterator[Turn | Problem]:
    try:
        for param in params(server, about, one.spec, one.binding["spec"]):
            yield Turn(one, param)
    except Misconfigured as why:
        yield Problem(one, f"failed to configure binding: {why}", "")


def _take(server: ApiServer, write: Write, rounds: Rounds, mine: Memory, turn: Turn) -> Iterator[Problem]:
    held = _expressions(server, write, turn).hold()
    if isinstance(held, str):
        yield Problem(turn.bound, held)
    if held is not True or (rounds.again and turn.id not in mine.due):
        return
    before = write.object
    for mutation in turn.bound.spec.get("mutations") or ():
        try:
            _mutate(server, write, turn, mutation)
        except ValueError as why:
            yield Problem(turn.bound, str(why))
    if write.object != before:
        mine.repeat()
        rounds.wanted = True
    if turn.bound.spec.get("reinvocationPolicy") == "IfNeeded":
        mine.asked.add(turn.id)


def _expressions(server: ApiServer, write: Write, turn: Turn) -> Expressions:
    """Of that policy, about the object as it is now."""
    about = unborn(write, asked(server, write))
    return Expressions(
        turn.bound.spec, {**values_of(server, write, about, turn.bound.meant), "params": turn.param}
    )


def _mutate(server: ApiServer, write: Write, turn: Turn, mutation: Object) -> None:
    """One change. Raises ValueError; and an ApiError for what no policy may make of an object."""
    view = View(server, unborn(write, asked(server, write)), turn.bound.meant)
    if view.about.object is None:
        return  # it is being deleted
    expressions = _expressions(server, write, turn)
    expressions.bind_variables()
    field, change = CHANGES[mutation["patchType"]]
    found = expressions.told(mutation[field]["expression"])
    if isinstance(found, str):
        raise ValueError(found)
    made = change(view, found[0])
    if made != view.about.object:
        adopt(write, made)


# --- what an expression has made, carried out -----------------------------------------------------


def _applied(view: View, value: Any) -> Object:
    """The fields that shall be so. Raises ValueError."""
    from k8slearn.api.cel.built import OBJECT, Built, misnamed  # loaded where it is spoken

    if not isinstance(value, Built) or value.type_name != OBJECT:
        raise ValueError(f"unsupported return type from ApplyConfiguration expression: {value}")
    _refuse("type mismatch: ", [*misnamed(value)])
    resource, live = view.resource, view.of(view.about.object)
    patch = {**value, "apiVersion": resource.api_version, "kind": resource.kind}
    shape = shape_of(resource)
    wrong = [f"{path}: {what}" if path else what for path, what in mistakes(shape, patch)]
    if wrong:
        listed = wrong[0] if len(wrong) == 1 else "\n  ".join(["errors:", *wrong])
        raise ValueError(f"error applying patch: failed to convert patch object to typed object: {listed}")
    if atomic := [*_atomic(shape, patch)]:
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise ValueError(f"error applying patch: invalid ApplyConfiguration: {why}")
    return view.back(edit(merge(shape, live, patch)))


def _atomic(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Where the patch speaks of something that has one owner: all that it does not say would be lost."""
    shape = shape.of(value)
    if shape.atomic and isinstance(value, (dict, list)):
        yield path
    if isinstance(shape, Mapping) and isinstance(value, dict):
        for name, inner in value.items():
            field = shape.fields.get(name)
            if field is not None:
                yield from _atomic(field, inner, f"{path}.{name}")
    elif isinstance(shape, Listing) and isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _atomic(shape.item, inner, f"{path}[{place}]")


def _patched(view: View, value: Any) -> Object:
    """The patches, one after the other; if a test among them fails, none. Raises ValueError.

    InternalError, whatever the failurePolicy, if what comes out is no object of the kind.
    """
    from k8slearn.api.cel.built import PATCH, Built, misnamed  # loaded where it is spoken

    operations = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Built) or one.type_name != PATCH:
            raise ValueError("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch")
        _refuse("type mismatch: ", [*misnamed(one.get("value"))])
        operations.append({"op": "", "path": "", **{k: v for k, v in one.items() if k != "from" or v}})
    try:
        shown = operated(view.of(view.about.object), operations)
    except TestFailed:
        return view.about.object or {}
    except ValueError as why:
        raise ValueError(f"JSON Patch: {why}") from None
    try:
        return view.back(shown, strict=True)
    except ValueError as why:
        raise internal(str(why)) from None


def _refuse(title: str, wrong: list[str]) -> None:
    if wrong:
        raise ValueError(title + "\n".join(wrong))


CHANGES: dict[str, tuple[str, Callable[[View, Any], Object]]] = {
    "ApplyConfiguration": ("applyConfiguration", _applied),
    "JSONPatch": ("jsonPatch", _patched),
}


def _refusal(write: Write, problems: list[Problem]) -> ApiError:
    """The first is named; all are told. Kubernetes: policy/generic/policy_dispatcher.go (Dispatch)"""
    status = forbidden_early(write, "").status()
    causes = [{"message": str(problem)} for problem in problems]
    reason = problems[0].reason or status["reason"]
    details = {**status["details"], "causes": causes}
    return from_status({**status, "message": str(problems[0]), "reason": reason, "details": details})
