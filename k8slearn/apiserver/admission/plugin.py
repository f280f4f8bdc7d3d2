"""What an admission plugin is, and who of the chain is asked about a request.

A plugin has up to two says: `admit`, when the object may still be changed (defaults of the cluster, not of
the API), and `validate`, when it is finished. It does nothing for requests that it did not sign up for.

Kubernetes: apiserver/pkg/admission (interfaces.go, chain.go, errors.go)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.errors import Forbidden, InternalError, refused
from k8slearn.api.objects import Object, dig

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

CREATE, UPDATE, DELETE = "create", "update", "delete"
EVERY_KIND = None
EVERY_SUBRESOURCE = None
MAIN = frozenset([""])  # the object itself, no subresource


class Plugin:
    """One rule of the cluster. The class attributes say which requests it wants to see."""

    name = ""
    #: Names of resources (``pods``, ``websites.example.com``), or EVERY_KIND.
    kinds: frozenset[str] | None = EVERY_KIND
    operations: frozenset[str] = frozenset([CREATE, UPDATE])
    #: "" is the object itself.
    subresources: frozenset[str] | None = MAIN

    def admit(self, server: ApiServer, write: Write) -> None:
        """Change ``write.object``, or raise an ApiError."""

    def validate(self, server: ApiServer, write: Write) -> None:
        """Raise an ApiError, or let it pass."""

    def wants(self, kind: str, operation: str, subresource: str) -> bool:
        return (
            operation in self.operations
            and (self.kinds is EVERY_KIND or kind in self.kinds)
            and (self.subresources is EVERY_SUBRESOURCE or subresource in self.subresources)
        )


class Concerned(NamedTuple):
    """The plugins that have something to say, in the order of the chain."""

    admit: tuple[Plugin, ...]
    validate: tuple[Plugin, ...]


@lru_cache(4096)
def concerned(chain: tuple[Plugin, ...], kind: str, operation: str, subresource: str) -> Concerned:
    """Who is asked about this kind of request. Found once, so that a long chain costs nothing."""
    asked = [p for p in chain if p.wants(kind, operation, subresource)]
    return Concerned(
        tuple(p for p in asked if type(p).admit is not Plugin.admit),
        tuple(p for p in asked if type(p).validate is not Plugin.validate),
    )


def operation(write: Write) -> str:
    """What is being done, as admission sees it: a patch may create, and a collection is deleted one by one."""
    verb = write.request.verb
    if verb.startswith(DELETE):
        return DELETE
    return CREATE if verb == CREATE or write.old is None else UPDATE


def _concerned(server: ApiServer, write: Write) -> Concerned:
    return concerned(server.admission, write.resource.name, operation(write), write.request.subresource)


@dataclass
class Memory:
    """What one mutating plugin remembers of the object, from one round to the next."""

    left: Object | None = None  # what it made of the object
    asked: set[str] = field(default_factory=set)  # those who want to see later changes
    due: set[str] = field(default_factory=set)  # and of them, who has not seen them yet

    def repeat(self) -> None:
        """Whoever has been asked so far, and wants to, has to be asked again."""
        self.due |= self.asked
        self.asked = set()


@dataclass
class Rounds:
    """What webhooks and policies have done to one object: where they did something, everybody is asked a second time.

    Kubernetes: apiserver/pkg/admission/reinvocation.go, plugin/webhook/mutating/reinvocationcontext.go
    """

    wanted: bool = False  # somebody has changed the object
    again: bool = False  # it is the second round
    memories: dict[str, Memory] = field(default_factory=dict)  # by the names of plugins

    def begin(self, plugin: str, obj: Object) -> Memory:
        """A plugin's turn begins. In the second round: has somebody changed what it left?"""
        mine = self.memories.setdefault(plugin, Memory())
        if self.again and obj != mine.left:
            mine.repeat()
        return mine


def admit(server: ApiServer, write: Write) -> None:
    """Mutating admission: what the cluster adds of its own accord, and what it refuses at first sight."""
    plugins = _concerned(server, write).admit
    for plugin in plugins:
        plugin.admit(server, write)
    if write.rounds is None or not write.rounds.wanted:
        return
    write.rounds.again = True
    for plugin in plugins:
        plugin.admit(server, write)


def validate(server: ApiServer, write: Write) -> None:
    """Validating admission: may the finished object be, here and now? Nothing changes it any more."""
    for plugin in _concerned(server, write).validate:
        plugin.validate(server, write)


def review(server: ApiServer, write: Write) -> None:
    """Both phases at once, for what passes no pipeline: deletions and some subresources."""
    admit(server, write)
    validate(server, write)


def forbidden(write: Write, why: str) -> Forbidden:
    """The refusal of a finished object. Kubernetes: admission.NewForbidden"""
    name = write.request.name or write.object["metadata"].get("name", "")
    return refused(write.resource.plural, write.resource.group, name, why)


def forbidden_early(write: Write, why: str) -> Forbidden:
    """The refusal of an object that has no name yet, if its name was to be generated."""
    asked = dig(write.request.body, "metadata", default={}) if isinstance(write.request.body, dict) else {}
    name = write.request.name or asked.get("name") or asked.get("generateName") or "Unknown"
    return refused(write.resource.plural, write.resource.group, name, why)


def internal(why: str) -> InternalError:
    """Kubernetes: apierrors.NewInternalError"""
    return InternalError(f"Internal error occurred: {why}", details={"causes": [{"message": why}]})
