"""To act as somebody else: ``kubectl --as alice``. Who may, is asked like any other permission.

There are two ways to be allowed. Of old: the verb ``impersonate`` on the user, and on each group, uid and extra value
asked for. Since v1.36 also the *constrained* way: ``impersonate:MODE`` on the same things, and
``impersonate-on:MODE:VERB`` on what is going to be done; the mode says what kind of user he wants to be.

Kubernetes: apiserver/pkg/endpoints/filters/impersonation/{constrained_impersonation,mode}.go
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from k8slearn.api import errors, formats
from k8slearn.api.users import ANONYMOUS, AUTHENTICATED, MASTERS, NODE, SERVICE_ACCOUNT, UNAUTHENTICATED, User
from k8slearn.apiserver.rbac.authorizer import Attributes, Authorizer, forbidden

AUTHENTICATION = "authentication.k8s.io"
EXTRA = "impersonate-extra-"
NODE_NAME = "authentication.kubernetes.io/node-name"

Repeated = Mapping[str, list[str]]
Denial = tuple[Attributes, str]  # what was asked, and what there is to say about the refusal


def impersonate(
    authorizer: Authorizer,
    user: User,
    headers: Mapping[str, str],
    repeated: Repeated,
    asked: Attributes | None = None,
) -> User:
    """Who the request acts as: `user`, unless its headers name another. Raises BadRequest, Forbidden.

    `asked` is what is going to be done; without it, only the old way is looked at.
    """
    wanted = _wanted(headers, repeated)
    if wanted is None:
        return user
    denials = []
    for mode in _modes(user, wanted) if asked is not None else [""]:
        denial = _denial(authorizer, user, wanted, mode, asked)
        if denial is None:
            return _finished(wanted, mode)
        denials.append(denial)
    raise forbidden(*denials[0])


def _wanted(headers: Mapping[str, str], repeated: Repeated) -> User | None:
    """The user that the headers describe, just as they do; None if they name nobody."""
    if not any(name.startswith("impersonate-") for name in headers):
        return None
    extra = [(unquote(n[len(EXTRA) :]), tuple(repeated.get(n, ()))) for n in headers if n.startswith(EXTRA)]
    groups = tuple(repeated.get("impersonate-group", ()))
    name, uid = headers.get("impersonate-user", ""), headers.get("impersonate-uid", "")
    if name:
        return User(name, groups, uid, tuple(sorted(extra)))
    if groups or uid or extra:
        said = _as_go_prints(User(name, groups, uid, tuple(sorted(extra))))
        raise errors.BadRequest(f"requested {said} without impersonating a user name")
    return None


def _as_go_prints(user: User) -> str:
    extra = ", ".join(f"{json.dumps(k)}:{_strings(v)}" for k, v in user.extra)
    listed = f"map[string][]string{{{extra}}}" if user.extra else "map[string][]string(nil)"
    who = f"Name:{json.dumps(user.name)}, UID:{json.dumps(user.uid)}, Groups:{_strings(user.groups)}"
    return f"&user.DefaultInfo{{{who}, Extra:{listed}}}"


def _strings(values: tuple[str, ...]) -> str:
    return f"[]string{{{', '.join(map(json.dumps, values))}}}" if values else "[]string(nil)"


# --- may he? -----------------------------------------------------------------------------------------


def _modes(user: User, wanted: User) -> Iterator[str]:
    """The ways that could lead there, in the order in which they are tried; "" is the old one."""
    node, only_a_name = _node(wanted.name), not (wanted.groups or wanted.uid or wanted.extra)
    if node and only_a_name:
        if _account(user.name) and dict(user.extra).get(NODE_NAME) == (node,):
            yield "associated-node"
        yield "arbitrary-node"
    if _account(wanted.name) and only_a_name:
        yield "serviceaccount"
    if not node and not _account(wanted.name):
        yield "user-info"
    yield ""


def _denial(
    authorizer: Authorizer, user: User, wanted: User, mode: str, asked: Attributes | None
) -> Denial | None:
    """The first thing that `user` would need for this and has not; None if he may."""
    needs = list(_needs(user, wanted, mode))
    if mode and asked is not None:
        needs.insert(0, asked._replace(user=user, verb=f"impersonate-on:{mode}:{asked.verb}"))
    for need in needs:
        if mode and need.resource == "groups" and need.name in (MASTERS, ""):
            called = f"the {need.name} group" if need.name else "the empty string group"
            return need, f"impersonating {called} is not allowed"
        allowed, reason = authorizer.authorize(need)
        if not allowed:
            return need, reason
    return None


def _needs(user: User, wanted: User, mode: str) -> Iterator[Attributes]:
    """A permission for everything that is asked for: the name, the uid, each group, each extra value."""
    verb, group = (f"impersonate:{mode}", AUTHENTICATION) if mode else ("impersonate", "")
    who = Attributes(user, verb, group=group, version="v1", resource="users", name=wanted.name)
    node, account = _node(wanted.name), _account(wanted.name)
    if account:
        yield who._replace(resource="serviceaccounts", namespace=account[0], name=account[1])
    elif node and mode:
        yield who._replace(resource="nodes", name="*" if mode == "associated-node" else node)
    else:
        yield who
    if wanted.uid:
        yield who._replace(group=AUTHENTICATION, resource="uids", name=wanted.uid)
    for name in wanted.groups:
        yield who._replace(resource="groups", name=name)
    for key, values in wanted.extra:
        for value in values:
            extra = who._replace(group=AUTHENTICATION, resource="userextras", subresource=key, name=value)
            yield extra


# --- who he is then -------------------------------------------------------------------------------------


def _finished(wanted: User, mode: str) -> User:
    """With the groups that are known without being named."""
    groups, account = list(wanted.groups), _account(wanted.name)
    if account and not groups:
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{account[0]}"]
    if mode.endswith("node"):
        groups = ["system:nodes"]
    if wanted.name == ANONYMOUS.name:
        groups.append(UNAUTHENTICATED)
    elif UNAUTHENTICATED not in groups:
        groups.append(AUTHENTICATED)
    return wanted._replace(groups=tuple(dict.fromkeys(groups)))


def _account(name: str) -> tuple[str, str] | None:
    """(namespace, name) of the service account that is called so."""
    if not name.startswith(SERVICE_ACCOUNT):
        return None
    namespace, _, account = name.removeprefix(SERVICE_ACCOUNT).partition(":")
    well_formed = not formats.dns_label(namespace) and not formats.dns_subdomain(account)
    return (namespace, account) if well_formed else None


def _node(name: str) -> str:
    """The node whose user is called so, or ""."""
    node = name.removeprefix(NODE)
    return node if node != name and not formats.dns_subdomain(node) else ""
