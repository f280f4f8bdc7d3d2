"""MutatingAdmissionWebhook and ValidatingAdmissionWebhook: the cluster's owner asks programs of his own.

A configuration says of which requests its webhooks want to hear. A mutating one may answer with a JSON patch, and
the next one sees the object as it has left it; the validating ones see what is finished, and may only refuse. What
happens when one cannot be asked, or talks nonsense, is its `failurePolicy`.
`admissionreview` has the words that are spoken, `matching` says who is asked, `calling` does it.

Kubernetes: apiserver/pkg/admission/plugin/webhook (generic/webhook.go, mutating, validating, errors)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.errors import ApiError, BadRequest, from_status
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit, name_of
from k8slearn.apiserver.admission.admissionreview import Verdict, question
from k8slearn.apiserver.admission.calling import CannotCall, call
from k8slearn.apiserver.admission.matchconditions import hold
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt, is_selected, version_meant
from k8slearn.apiserver.admission.mutation import View, adopt, patched, unborn
from k8slearn.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    EVERY_SUBRESOURCE,
    UPDATE,
    Memory,
    Plugin,
    Rounds,
    forbidden,
    internal,
)

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

WITHOUT_EFFECTS = ("None", "NoneOnDryRun")  # who may be asked about a rehearsal


class Hook(NamedTuple):
    """One webhook of one configuration. `id` tells it from all others of its kind."""

    id: str
    spec: Object

    @property
    def name(self) -> str:
        return str(self.spec["name"])


def hooks(server: ApiServer, configurations: str) -> Iterator[Hook]:
    """Every webhook, in the order in which they are asked: by the names of their configurations."""
    for found in server.store.list(configurations):
        for i, spec in enumerate(found.get("webhooks") or ()):
            yield Hook(f"{name_of(found)}/{i}/{spec['name']}", spec)


class Invocation(NamedTuple):
    """A webhook that wants to hear of this request, and in which version."""

    hook: Hook
    meant: Resource
    question: Object  # without a uid


class Webhooks(Plugin):
    """What the two have in common."""

    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE
    configurations: str
    mutating: bool

    def concerned(self, server: ApiServer, write: Write) -> bool:
        return bool(server.store.objects(self.configurations)) and not is_exempt(asked(server, write))

    def invocation(self, server: ApiServer, write: Write, about: Asked, hook: Hook) -> Invocation | None:
        """None when the webhook is not meant. Raises Forbidden when that cannot be told. Kubernetes: ShouldCallHook"""
        spec = hook.spec
        rules, policy = spec.get("rules") or (), spec.get("matchPolicy", "Equivalent")
        meant = version_meant(server.kinds, rules, policy, about)
        if meant is None or not is_selected(server, spec, about):
            return None
        view = View(server, about, meant)
        asked_of = question(write, about, meant, view.of(about.object), view.of(about.old))
        problem = hold(server, write, spec, asked_of)
        if isinstance(problem, str):
            raise forbidden(write, problem)
        return Invocation(hook, meant, asked_of) if problem else None

    def ask(self, server: ApiServer, write: Write, one: Invocation) -> Verdict | None:
        """What it says; None when it could not be asked, and that does not matter. Raises what refuses the request."""
        spec, name = one.hook.spec, one.hook.name
        if write.request.options.get("dryRun") and spec.get("sideEffects") not in WITHOUT_EFFECTS:
            raise BadRequest(f'admission webhook "{name}" does not support dry run')
        try:
            verdict = call(server, spec, one.question, mutating=self.mutating)
        except CannotCall as why:
            if spec.get("failurePolicy", "Fail") == "Ignore":
                return None
            raise internal(f'failed calling webhook "{name}": {why}') from None
        write.warnings.extend(verdict.warnings)
        if not verdict.allowed:
            raise denied(name, verdict.status)
        return verdict


class MutatingAdmissionWebhook(Webhooks):
    """Asked one after the other; those with `IfNeeded` once more, if somebody after them has changed something."""

    name = "MutatingAdmissionWebhook"
    configurations, mutating = "mutatingwebhookconfigurations", True

    def admit(self, server: ApiServer, write: Write) -> None:
        if not self.concerned(server, write):
            return
        rounds = write.rounds = write.rounds or Rounds()
        mine = rounds.begin(self.name, write.object)
        for hook in hooks(server, self.configurations):
            self._ask(server, write, rounds, mine, hook)
        mine.left = edit(write.object)

    def _ask(self, server: ApiServer, write: Write, rounds: Rounds, mine: Memory, hook: Hook) -> None:
        about = unborn(write, asked(server, write))
        one = self.invocation(server, write, about, hook)
        if one is None or (rounds.again and hook.id not in mine.due):
            return
        verdict = self.ask(server, write, one)
        if verdict is not None and self._changed(server, write, about, one, verdict):
            mine.repeat()
            rounds.wanted = True
        if hook.spec.get("reinvocationPolicy") == "IfNeeded":
            mine.asked.add(hook.id)

    def _changed(
        self, server: ApiServer, write: Write, about: Asked, one: Invocation, verdict: Verdict
    ) -> bool:
        """Carry out what it wants to have changed. Has that changed anything?"""
        name, spec = one.hook.name, one.hook.spec
        try:
            found = patched(View(server, about, one.meant), name, verdict)
        except CannotCall as why:
            if spec.get("failurePolicy", "Fail") == "Ignore":
                return False
            raise internal(f'failed calling webhook "{name}": {why}') from None
        except ValueError as why:
            raise internal(str(why)) from None
        if found is None or found == about.object:
            return False
        adopt(write, found)
        return True


class ValidatingAdmissionWebhook(Webhooks):
    """All are asked, whatever the others say; of several refusals, the first is told."""

    name = "ValidatingAdmissionWebhook"
    configurations, mutating = "validatingwebhookconfigurations", False

    def validate(self, server: ApiServer, write: Write) -> None:
        if not self.concerned(server, write):
            return
        about = asked(server, write)
        found = [self.invocation(server, write, about, h) for h in hooks(server, self.configurations)]
        refusals: list[ApiError] = []
        for one in found:
            try:
                if one is not None:
                    self.ask(server, write, one)
            except ApiError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]


# --- refusals --------------------------------------------------------------------------------


def denied(name: str, status: Object) -> ApiError:
    """The webhook's own Status, its message in our words. Kubernetes: webhookerrors.ToStatusErr"""
    said = status.get("message") or status.get("reason")
    by = f'admission webhook "{name}" denied the request'
    message = f"{by}: {said}" if said else f"{by} without explanation"
    error = from_status({**status, "message": message, "code": max(status.get("code") or 0, 400)})
    error.reason = status.get("reason") or "Unknown"
    return error
