"""How a request is followed on its way through the API server: sent to a server that notes each station.

It is a rehearsal: the request is sent with ``dryRun=All``, a real option of the real API, which goes all the way
and stops before the store. The stations are the stages of `k8slearn.apiserver.pipeline` themselves; a
`Recorder` is the same server, except that it takes a copy of the object after each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, edit
from k8slearn.api.requests import Request
from k8slearn.api.users import ADMIN, User
from k8slearn.apiserver import ApiServer, pipeline
from k8slearn.apiserver.pipeline import Stage, Write
from k8slearn.apiserver.rbac import Attributes, forbidden
from k8slearn.client import Client
from k8slearn.lab.diff import Line, diff
from k8slearn.lab.journey import Journey, Station
from k8slearn.sim import Simulation


class Follower(Client):
    """A client that sends nothing in earnest: the answer to each of its verbs is the request's `Journey`."""

    def __init__(self, server: ApiServer, user: str | User) -> None:
        super().__init__(server, user)
        self.server = server

    def _send(self, verb: str, resource: Any, key: str, **rest: Any) -> Any:
        request = self._request(verb, resource, key, **rest)
        request.body = edit(request.body)
        if request.writes:
            request.options["dryRun"] = "All"
        return journey(self.server, request)


def follow(world: Simulation | ApiServer, user: str | User = "") -> Follower:
    """``follow(sim).create(pod)``: rehearse a request as `user`, and see the stations it passes."""
    if isinstance(world, ApiServer):
        return Follower(world, user or ADMIN)
    return Follower(world.server, user or world.client.user)


def journey(server: ApiServer, request: Request) -> Journey:
    """Send the request to a recorder, and write down the way it took."""
    recorder = Recorder(server, request)
    resource = server.kinds.named(request.resource)
    answer, error = None, None
    try:
        recorder.authorize(resource, request)
        answer = recorder.handle(request)
    except ApiError as refusal:
        error = refusal
        recorder.refused(refusal)
    stations = [*recorder.stations, _answer(request, error)]
    return Journey(request, resource, stations, server.store.revision, answer, error)


def _answer(request: Request, error: ApiError | None) -> Station:
    if error is None:
        said = "201 Created" if request.created else "200 OK"
        warned = [f"Warning: {warning}" for warning in request.warnings]
        remark = "; ".join([f"{said}, with the object as it is now", *warned])
        return Station(
            "answer", "The client gets the finished object back, not the one it sent.", remark=remark
        )
    lines = [Line(" ", line.text) for line in diff(None, error.status())]
    return Station(
        "answer", "A refusal is an object, too: a Status.", lines, f"{error.code} {error.reason}", "refused"
    )


class Recorder(ApiServer):
    """The same server over the same store; it notes each station. Made anew for each request."""

    def __init__(self, server: ApiServer, request: Request) -> None:
        self.__dict__.update(vars(server))
        self.stations: list[Station] = [_sent(server, request)]
        self.ahead: tuple[Stage, ...] = ()

    # --- noting ---

    def arrive(self, name: str, does: str) -> Station:
        self.stations.append(Station(name, does))
        return self.stations[-1]

    def refused(self, error: ApiError) -> None:
        """It happened at the last station; those behind it were never reached."""
        last = self.stations[-1]
        last.state, last.remark = "refused", error.message
        self.stations += [Station(_name(stage), _does(stage), state="ahead") for stage in self.ahead]
        if last.name != "store":
            self.stations.append(Station("store", _does(type(self).put), state="ahead"))

    # --- the stations before the pipeline ---

    def authorize(self, resource: Resource, request: Request) -> None:
        """May this user do that? The first question, asked before anybody looks at the object."""
        here = self.arrive("authorize", _does(Recorder.authorize))
        name = (
            "" if request.verb == "create" and not request.subresource else request.name
        )  # not in the URL then
        named = (resource.group, resource.version, resource.plural, request.subresource, name)
        asked = Attributes(request.user, request.verb, request.namespace, *named)
        allowed, reason = self.authorizer.authorize(asked)
        if not allowed:
            raise forbidden(asked)
        everything = f"{request.user.name} is in system:masters, and may do everything"
        here.remark = reason or everything

    def get(self, resource: Resource, request: Request) -> Object:
        """What is stored under this name? Whoever changes something has to find it first."""
        here = self.arrive("find", _does(Recorder.get))
        found = super().get(resource, request)
        here.remark = f"found at resourceVersion {found['metadata']['resourceVersion']}"
        return found

    # --- the pipeline, and the store: as ApiServer has them, with a note after each stage ---

    def _replace(self, resource: Resource, request: Request, old: Object, body: Any) -> Object:
        if request.verb == "patch":
            self.arrive("patch", "The patch is applied to what is stored now.").lines = diff(old, body)
        return super()._replace(resource, request, old, body)

    def run(self, write: Write, stages: tuple[Stage, ...]) -> None:
        before = edit(write.object)
        for number, stage in enumerate(stages):
            self.ahead = stages[number + 1 :]
            here = self.arrive(_name(stage), _does(stage))
            stage(self, write)
            after = edit(write.object)
            here.lines = diff(before, after)
            before = after

    def put(self, write: Write, expect: int) -> Object:
        """Compare and swap: write it only if what is stored is still what was read."""
        here = self.arrive("store", _does(Recorder.put))
        stored = super().put(write, expect)
        must = f"{write.key} is still at @{expect}" if expect else f"there is no {write.key} yet"
        changes = write.old is None or not pipeline.unchanged(write.old, write.object)
        here.remark = (
            f"{must}: it may be written" if changes else "this would change nothing, so nothing is written"
        )
        return stored


def _sent(server: ApiServer, request: Request) -> Station:
    """The body. Of a whole object that is to replace another: how they differ."""
    stored = server.store.get(server.kinds.named(request.resource).name, request.key)
    if request.verb == "update" and stored is not None and isinstance(request.body, dict):
        lines, does = (
            diff(stored, request.body),
            "A whole object. Marked is what differs from what is stored.",
        )
    else:
        lines, does = (
            diff(None, request.body) if request.body is not None else [],
            "What the client has sent.",
        )
        lines = [Line(" ", line.text) for line in lines]
    return Station("sent", does, lines)


def _name(stage: Any) -> str:
    return str(stage.__name__).replace("_", " ")


def _does(stage: Any) -> str:
    """The first sentences of its docstring: what it says of itself."""
    return " ".join(_first_paragraph(stage.__doc__ or ""))


def _first_paragraph(text: str) -> Iterator[str]:
    for line in text.strip().splitlines():
        if not line.strip():
            return
        yield line.strip()
