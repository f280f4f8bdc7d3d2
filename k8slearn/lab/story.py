"""What happened, in sentences. The same words in the terminal, under a panel and for a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from k8slearn.lab.effects import effect
from k8slearn.sim.trace import Step
from k8slearn.sim.wire import DONE, Call
from k8slearn.store import Entry

VERBS = {"create": "creates", "update": "updates", "patch": "patches", "delete": "deletes", "list": "lists"}
HEARD = {"ADDED": "was added", "MODIFIED": "has changed", "DELETED": "is gone"}
NOTES = "events"  # Event objects are notes for people: told last, and briefly


def sentence(step: Step, log: Sequence[Entry] = ()) -> str:
    """One plain sentence: who did what; and, given the store's log, what came of it."""
    return SENTENCES["fault" if step.player == "fault" else step.action](step, log)


def deed(step: Step, log: Sequence[Entry] = ()) -> str:
    """What was done in this step, without saying who; what came of it rather than what was sent."""
    if step.player == "fault" or step.action in ("deliver", "wait", "timer", "meddle"):
        return sentence(step).removesuffix(".")
    told = [c for c in step.calls if _effect(c, log)]
    parts = [actions(c for c in step.calls if c not in told), outcome(step, log)]
    parts += [step.result] if step.result.startswith("error") else []
    parts += ["and crashes right then"] if "crashed after" in step.result else []
    notes = [effect(e) for e in _written(step, log) if e.resource == NOTES]
    return ", ".join(filter(None, parts)) or ", ".join(notes) or "finds nothing to do"


def outcome(step: Step, log: Sequence[Entry]) -> str:
    """``web-1 is Running, web-2 is Running``"""
    shown = list(dict.fromkeys(filter(None, (_effect(c, log) for c in step.calls))))
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _effect(call: Call, log: Sequence[Entry]) -> str:
    """What a call made of an object that was there before."""
    if not call.revision or call.resource == NOTES or call.revision > len(log):
        return ""
    entry = log[call.revision - 1]
    return effect(entry) if entry.type != "ADDED" else ""


def _written(step: Step, log: Sequence[Entry]) -> Sequence[Entry]:
    return log[step.before : step.after] if log else ()


def title(step: Step) -> str:
    """A headline of a few words."""
    if step.action == "deliver":
        return f"{step.player} hears of {plain(step.resource)} {step.key}".rstrip()
    if step.action == "reconcile":
        return f"{step.player} reconciles {step.key}"
    return " ".join(filter(None, [f"{step.player}:", step.action, plain(step.resource), step.key]))


def actions(calls: Iterable[Call]) -> str:
    """``creates pods default/web-1 and 2 more, updates replicasets/status default/web``"""
    groups: dict[tuple[str, str, str], list[Call]] = {}
    for call in calls:
        resource = f"{plain(call.resource)}/{call.subresource}" if call.subresource else plain(call.resource)
        if call.resource != NOTES and call.verb != "get":
            groups.setdefault((call.verb, resource, "" if call.ok else call.note), []).append(call)
    return ", ".join(_group(*head, group) for head, group in groups.items())


def plain(resource: str) -> str:
    """``podsets``, for ``podsets.lab.k8slearn.dev``: in a sentence the group only tires."""
    return resource.partition(".")[0]


def _group(verb: str, resource: str, refusal: str, calls: list[Call]) -> str:
    if resource == "pods/binding":
        text = f"binds {calls[0].key}"
    elif calls[0].note == DONE:
        said = VERBS.get(verb, f"calls {verb}")
        text = " ".join(filter(None, [said, calls[0].key, f"in the {resource}"]))
    else:
        text = f"{VERBS.get(verb, verb)} {resource} {calls[0].key}".rstrip()
    if len(calls) > 1:
        text += f" and {len(calls) - 1} more"
    if refusal:
        return f"{text} (refused: {refusal})"
    return text if verb == "list" or any(c.took_effect for c in calls) else f"{text} (which changed nothing)"


def _deliver(step: Step, log: Sequence[Entry]) -> str:
    kind = step.result.partition(" ")[0]
    if kind == "error:":
        return f"{step.player} asks for all {plain(step.resource)}, in vain: {step.result.removeprefix('error: ')}."
    if kind not in HEARD:
        return f"{step.player} lists {plain(step.resource)} and watches from there on ({step.result})."
    cause = f", written in step {step.causes[0]}" if step.causes else ""
    return f"The API server tells {step.player} that {plain(step.resource)} {step.key} {HEARD[kind]}{cause}."


def _reconcile(step: Step, log: Sequence[Entry]) -> str:
    after = step.result if step.result.startswith("again") else ""
    return f"{step.player} looks at {step.key}: {'; '.join(filter(None, [deed(step, log), after]))}."


def _timer(step: Step, log: Sequence[Entry]) -> str:
    return f"It is t={step.time:g} s: a timer of {step.player} is due, and {step.key} wants another look."


def _request(step: Step, log: Sequence[Entry]) -> str:
    return f"You: {deed(step, log)}."


def _fault(step: Step, log: Sequence[Entry]) -> str:
    return f"Fault ({step.action}): {step.key} {step.result}.".replace("  ", " ")


def _wait(step: Step, log: Sequence[Entry]) -> str:
    return f"Nothing happens {step.result}."


def _meddle(step: Step, log: Sequence[Entry]) -> str:
    what = " ".join(filter(None, [step.result, step.key]))
    return f"Outside of the cluster, in the {step.resource}, {what}."


SENTENCES: dict[str, Callable[[Step, Sequence[Entry]], str]] = {
    "deliver": _deliver,
    "reconcile": _reconcile,
    "timer": _timer,
    "request": _request,
    "fault": _fault,
    "wait": _wait,
    "meddle": _meddle,
}
