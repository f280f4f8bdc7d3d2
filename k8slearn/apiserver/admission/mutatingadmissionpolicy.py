"""MutatingAdmissionPolicy: changes that the cluster makes of its own accord, written in CEL and stored as objects.

A policy's expressions make either the fields that shall be so (merged as server-side apply would), or a list of JSON
patches. Each change sees the object as the one before has left it. With `IfNeeded` a policy is asked once more when
somebody after it has changed something, just as webhooks are.

Kubernetes: apiserver/pkg/admission/plugin/policy/mutating (dispatcher.go, reinvocationcontext.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.errors import ApiError, from_status
from k8slearn.api.objects import Object, edit, key_of, name_of
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt
from k8slearn.apiserver.admission.mutation import View, adopt, unborn
from k8slearn.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    EVERY_SUBRESOURCE,
    UPDATE,
    Memory,
    Plugin,
    Rounds,
    forbidden_early,
)
from k8slearn.apiserver.admission.policyexpressions import Bound, Expressions, bound, values_of
from k8slearn.apiserver.admission.policyparams import Misconfigured, params
from k8slearn.apiserver.admission.policypatches import PATCHES

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
        policy, binding = name_of(self.policy.policy), name_of(self.policy.binding)
        return f"policy '{policy}' with binding '{binding}' denied request: {self.why}"


class MutatingAdmissionPolicy(Plugin):
    name = "MutatingAdmissionPolicy"
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def admit(self, server: ApiServer, write: Write) -> None:
        """Everybody has his turn, whatever goes wrong; then the first thing that did refuses the request."""
        if not server.store.objects(BINDINGS):
            return
        about = asked(server, write)
        if is_exempt(about):
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
    field, change = PATCHES[mutation["patchType"]]
    found = expressions.told(mutation[field]["expression"])
    if isinstance(found, str):
        raise ValueError(found)
    made = change(view, found[0])
    if made != view.about.object:
        adopt(write, made)


def _refusal(write: Write, problems: list[Problem]) -> ApiError:
    """The first is named; all are told. Kubernetes: policy/generic/policy_dispatcher.go (Dispatch)"""
    status = forbidden_early(write, "").status()
    causes = [{"message": str(problem)} for problem in problems]
    reason = problems[0].reason or status["reason"]
    details = {**status["details"], "causes": causes}
    return from_status({**status, "message": str(problems[0]), "reason": reason, "details": details})
