"""ResourceQuota: who asks for more than is left gets nothing. Last in the chain, since it takes what it grants.

What is taken is written into the quota's status before the object is stored, so that two requests cannot both
have the last of it; the quota controller gives back what is gone. A quota whose status says nothing
yet limits nothing.

Kubernetes: apiserver/pkg/admission/plugin/resourcequota/controller.go (CheckRequest)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, dig, key_of, name_of
from k8slearn.api.quantities import canonical, parse
from k8slearn.api.quota import Usage, added, in_scope, measured_on, usage
from k8slearn.apiserver.admission.plugin import CREATE, UPDATE, Plugin, forbidden, operation

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

UNCOUNTED = frozenset(["events"])
REPRICED = frozenset(["services", "persistentvolumeclaims"])  # an update of these may take more
#: A quota of these obliges every container to say what it wants of them.
MUST_BE_SAID = [f"{p}{r}" for p in ("", "requests.", "limits.") for r in ("cpu", "memory")]


class ResourceQuota(Plugin):
    name = "ResourceQuota"

    def validate(self, server: ApiServer, write: Write) -> None:
        there = server.store.objects("resourcequotas")
        if not there or not write.resource.namespaced or not _is_priced(write):
            return
        quotas = [*_pertinent(server, write)]
        asked = _asked(server, write) if quotas else {}
        for quota, _ in quotas:
            _check(write, quota, asked)
        charged = not write.request.options.get("dryRun") and not _exists(server, write)
        for quota, _ in quotas if charged else ():
            _charge(server, quota, asked)


def _is_priced(write: Write) -> bool:
    if operation(write) == UPDATE:
        return write.resource.qualified in REPRICED
    return write.resource.qualified not in UNCOUNTED


def _pertinent(server: ApiServer, write: Write) -> Iterator[tuple[Object, list[str]]]:
    """The quotas that this object counts against, each with the names in it that are about this kind."""
    for quota in server.store.list("resourcequotas", write.request.namespace):
        hard = dig(quota, "status", "hard", default={})
        names = [name for name in sorted(hard) if measured_on(name) == write.resource.qualified]
        if not names or not in_scope(quota, write.resource, write.object):
            continue
        _check_said(write, quota, names)
        if not set(names) <= set(dig(quota, "status", "used", default={})):
            why = f"status unknown for quota: {name_of(quota)}, resources: {','.join(names)}"
            raise forbidden(write, why)
        yield quota, names


def _check_said(write: Write, quota: Object, names: list[str]) -> None:
    if write.resource.kind != "Pod":
        return
    spec = write.object["spec"]
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    silent = {}
    for name in names:
        if name in MUST_BE_SAID:
            which, resource = name.split(".") if "." in name else ("requests", name)
            silent[name] = [
                c["name"] for c in containers if resource not in dig(c, "resources", which, default={})
            ]
    missing = [f"{name} for: {','.join(sorted(set(who)))}" for name, who in silent.items() if who]
    if missing:
        raise forbidden(write, f"failed quota: {name_of(quota)}: must specify {'; '.join(missing)}")


def _asked(server: ApiServer, write: Write) -> Usage:
    """What this write takes more than was taken before."""
    now = server.clock.now
    asked = usage(write.resource, write.object, now)
    negative = sorted(name for name, amount in asked.items() if parse(amount) < 0)
    if negative:
        raise forbidden(write, f"quota usage is negative for resource(s): {','.join(negative)}")
    if operation(write) == UPDATE and write.old is not None:
        before = usage(write.resource, write.old, now)
        asked = {name: _less(amount, before.get(name, "0")) for name, amount in asked.items()}
    return {name: amount for name, amount in asked.items() if parse(amount) > 0}


def _less(amount: str, before: str) -> str:
    return added([{"": amount}, {"": canonical(f"-{before}")}])[""]


def _check(write: Write, quota: Object, asked: Usage) -> None:
    hard, used = quota["status"]["hard"], quota["status"]["used"]
    after = added([used, _within(asked, hard)])
    over = [name for name in sorted(_within(asked, hard)) if parse(after[name]) > parse(hard[name])]
    if over:
        told = {"requested": asked, "used": used, "limited": hard}
        numbers = [f"{title}: {','.join(_pretty(usage, over))}" for title, usage in told.items()]
        raise forbidden(write, f"exceeded quota: {name_of(quota)}, {', '.join(numbers)}")


def _within(asked: Usage, hard: Usage) -> Usage:
    return {name: amount for name, amount in asked.items() if name in hard}


def _pretty(found: Usage, names: Iterable[str]) -> Iterator[str]:
    return (f"{name}={canonical(found[name])}" for name in names if name in found)


def _exists(server: ApiServer, write: Write) -> bool:
    """Will it be refused as a duplicate? Then nothing is taken."""
    return operation(write) == CREATE and server.store.get(write.resource.name, write.key) is not None


def _charge(server: ApiServer, quota: Object, asked: Usage) -> None:
    status = quota["status"]
    taken = _within(asked, status["hard"])
    if taken:
        charged = {**quota, "status": {**status, "used": added([status["used"], taken])}}
        server.store.put("resourcequotas", key_of(quota), charged)
