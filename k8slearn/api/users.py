"""Who is asking. Authentication finds out; authorisation, admission and managed fields want to know.

Kubernetes: apiserver/pkg/authentication/user, apiserver/pkg/authentication/serviceaccount
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MASTERS = "system:masters"  # the group that may do anything
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
SERVICE_ACCOUNT = "system:serviceaccount:"
NODE = "system:node:"


class User(NamedTuple):
    """Kubernetes: user.Info"""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_master(self) -> bool:
        return MASTERS in self.groups

    @classmethod
    def called(cls, name: str, groups: Iterable[str] = ()) -> User:
        """A user who has been let in, with the groups that his name brings along."""
        return cls(name, tuple(dict.fromkeys([*groups, *groups_of(name), AUTHENTICATED])))


def groups_of(name: str) -> list[str]:
    """The groups that a name alone puts its bearer in: those of service accounts, nodes and administrators."""
    if name.startswith(SERVICE_ACCOUNT):
        namespace = name.removeprefix(SERVICE_ACCOUNT).partition(":")[0]
        return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    if name.startswith(NODE):
        return ["system:nodes"]
    return [MASTERS] if name in ("system:admin", "kubernetes-admin") else []


ADMIN = User.called("system:admin")
ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))
