"""Exercise 17.3: load balancers in a fourth place, whose provider speaks another language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api.objects import Object, dig, is_deleting, key_of, uid_of
from k8slearn.lab.exercise import Evidence, Exercise, words_of
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson17")

FINALIZER = "lab.k8slearn.dev/berth"
Berth = dict[str, Any]  # number, token, port, address


class Harbour:
    """Rents out berths: an address that the world can reach, and one port behind it.

    A wish has a token. Whoever wishes again with the same token has wished once; a wish without one is always new.
    """

    def __init__(self) -> None:
        self.berths: dict[int, Berth] = {}
        self.rented = 0  # ever

    def list(self, token: str = "") -> list[Berth]:
        """All berths, or those with this token."""
        return [berth for berth in self.berths.values() if token in ("", berth["token"])]

    def rent(self, token: str, port: int) -> Berth:
        for berth in self.list(token) if token else ():
            return berth
        self.rented += 1
        address = f"198.51.100.{self.rented}"
        self.berths[self.rented] = {"number": self.rented, "token": token, "port": port, "address": address}
        return self.berths[self.rented]

    def set_port(self, number: int, port: int) -> None:
        if number in self.berths:
            self.berths[number] = {**self.berths[number], "port": port}

    def give_back(self, number: int) -> None:
        """Giving back what one does not have is no error."""
        self.berths.pop(number, None)


def service(name: str, port: int = 80, kind: str = "LoadBalancer") -> Object:
    """A Service, ready to be created."""
    metadata = {"name": name, "namespace": "default"}
    spec = {"type": kind, "selector": {"app": name}, "ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def wants(service: Object) -> bool:
    """Is a berth to be rented for it?"""
    return service["spec"].get("type") == "LoadBalancer" and not is_deleting(service)


def port_of(service: Object) -> int:
    return int(service["spec"]["ports"][0]["port"])


def finalizers(service: Object) -> list[str]:
    """Who wants to do something before this object may go."""
    return service["metadata"].get("finalizers") or []


def address_of(service: Object) -> str:
    """What its status says, or ""."""
    return str(dig(service, "status", "loadBalancer", "ingress", 0, "ip", default=""))


def with_address(address: str) -> Object:
    """A patch of the status; "" takes the address away."""
    return {"loadBalancer": {"ingress": [{"ip": address}] if address else None}}


# --- what must hold --------------------------------------------------------------------------


def _berths(sim: Simulation) -> list[Berth]:
    found: list[Berth] = sim.world["harbour"].list()
    return found


def _owner(sim: Simulation, berth: Berth) -> Object | None:
    return next((s for s in sim.store.list("services") if berth["token"] in (uid_of(s), key_of(s))), None)


def _no_leak(sim: Simulation) -> str | None:
    for berth in _berths(sim):
        owner = _owner(sim, berth)
        if owner is None:
            return f"berth {berth['number']} is rented, and it carries the token of no Service that is there"
        if FINALIZER not in finalizers(owner):
            return (
                f"berth {berth['number']} is rented, and Service {key_of(owner)} may go without a word to you"
            )
    return None


def _as_wished(sim: Simulation) -> str | None:
    for s in sim.store.list("services"):
        mine = [berth for berth in _berths(sim) if _owner(sim, berth) is s]
        if problem := _problem(s, mine):
            return f"Service {key_of(s)}: {problem}"
    return None


def _problem(service: Object, mine: list[Berth]) -> str:
    """What is not as it should be, or ""."""
    if is_deleting(service):
        return f"it was deleted, and does not go: it waits for {', '.join(finalizers(service))}"
    if not wants(service):
        if mine:
            return f"it is no load balancer any more, and berth {mine[0]['number']} is still rented"
        return f"it has no berth, and its status says {address_of(service)}" if address_of(service) else ""
    if len(mine) != 1:
        return f"it has {len(mine)} berths"
    if mine[0]["port"] != port_of(service):
        return f"it asks for port {port_of(service)}, and its berth has port {mine[0]['port']}"
    if address_of(service) != mine[0]["address"]:
        return f"its berth has {mine[0]['address']}, and its status says {address_of(service) or 'nothing'}"
    return ""


# --- what people believe ---------------------------------------------------------------------


def _says(words: str) -> Evidence:
    """Evidence: these words are in the message."""
    return lambda failure: words in failure.message


def _without_token(failure: Failure) -> bool:
    return any(not berth["token"] for berth in _berths(failure.sim))


def _never_promised(failure: Failure) -> bool:
    """Not one Service was ever held by the finalizer."""
    log = failure.sim.store.log
    return not any(e.resource == "services" and FINALIZER in finalizers(e.object) for e in log)


def _let_go(failure: Failure) -> bool:
    """Of a berth that is still rented, the Service is gone, or wants none any more."""
    owners = [_owner(failure.sim, berth) for berth in _berths(failure.sim)]
    return any(owner is None or not wants(owner) for owner in owners)


def _was_refused(failure: Failure) -> bool:
    """The harbour did not take it back, and the Service went all the same."""
    calls = (call for step in failure.sim.trace for call in step.calls)
    return any(call.resource == "harbour" and call.verb == "give_back" and call.code == 503 for call in calls)


def _patch(sim: Simulation, name: str, **spec: Any) -> None:
    sim.client.patch("services", f"default/{name}", patch={"spec": spec})


def _acts() -> Iterator[Act]:
    yield Act("create the Service web, port 80", lambda sim: sim.create(service("web")))
    yield Act("create the Service api, port 8080", lambda sim: sim.create(service("api", 8080)))
    yield Act(
        "create the Service inner, a ClusterIP", lambda sim: sim.create(service("inner", kind="ClusterIP"))
    )
    yield Act("web asks for port 443", lambda sim: _patch(sim, "web", ports=[{"port": 443}]))
    yield Act("api becomes a ClusterIP", lambda sim: _patch(sim, "api", type="ClusterIP"))
    yield Act("delete the Service web", lambda sim: sim.client.delete("services", "default/web"))
    yield Act("create the Service web once more", lambda sim: sim.create(service("web")))


LEAKS = "nothing is rented that nobody will give back"
ONE = "each load balancer has one berth, with its port and its address; who is none has none"

BERTHS = Exercise(
    id="17.3",
    words=WORDS["17.3"],
    kinds=[],
    world={"harbour": Harbour()},
    story=list(_acts()),
    promises=[Invariant(LEAKS, _no_leak, "always"), Invariant(ONE, _as_wished)],
    diagnoses=[
        WORDS["17.3"].diagnosis("wishes without a token", LEAKS, evidence=_without_token),
        WORDS["17.3"].diagnosis("promises nothing", LEAKS, (), _never_promised),
        WORDS["17.3"].diagnosis("takes an error for success", LEAKS, evidence=_was_refused),
        WORDS["17.3"].diagnosis("lets go before it has cleaned up", LEAKS, evidence=_let_go),
        WORDS["17.3"].diagnosis("promises too late", LEAKS),
        WORDS["17.3"].diagnosis("thinks of deletion only", ONE, evidence=_says("load balancer any more")),
        WORDS["17.3"].diagnosis("looks only whether there is one", ONE, evidence=_says("its berth has port")),
        WORDS["17.3"].diagnosis(
            "leaves an old address", ONE, evidence=_says("it has no berth, and its status")
        ),
        WORDS["17.3"].diagnosis("never lets go", ONE, evidence=_says("does not go")),
    ],
)
