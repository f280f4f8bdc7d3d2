"""What the exercise about a router is made of: entries of EndpointSlices, and requests that are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, freeze
from k8slearn.lab.drill import Scene
from k8slearn.traffic.choice import endpoint, usable

Said = dict[str, bool | None]


def ending(number: int, **conditions: bool | None) -> Object:
    """An entry of an EndpointSlice. What is not said is not there."""
    return freeze({"addresses": [f"10.244.0.{number}"], **({"conditions": conditions} if conditions else {})})


def slice_of(*endpoints: Object) -> Object:
    return freeze({"kind": "EndpointSlice", "addressType": "IPv4", "endpoints": list(endpoints)})


READY: Said = {"ready": True, "serving": True, "terminating": False}
STARTS: Said = {"ready": False, "serving": False, "terminating": False}
LEAVES: Said = {"ready": False, "serving": True, "terminating": True}
LEFT: Said = {"ready": False, "serving": False, "terminating": True}


def truth(slices: Sequence[Object]) -> list[str]:
    """The addresses that may be sent something: what the routers of the house think."""
    known = {e.address: e for one in slices for e in (endpoint(entry, 80) for entry in one["endpoints"])}
    return sorted(e.address for e in usable(known.values()))


class Try(NamedTuple):
    """One request. `at` is the second in which it comes."""

    slices: tuple[Object, ...]
    client: str
    at: float
    sticky: int = 0


def ask(pick: Any, one: Try, luck: int, kept: dict[Any, Any]) -> Any:
    return pick(list(one.slices), one.client, one.at, luck, one.sticky, kept)


def tell(scene: Scene, slices: Sequence[Object]) -> None:
    for number, one in enumerate(slices):
        said = [f"{e['addresses'][0]} {_conditions(e)}" for e in one["endpoints"]]
        scene.tell(f"slice {number}: {'; '.join(said) or 'empty'}")


def _conditions(entry: Object) -> str:
    found = entry.get("conditions")
    return "says nothing" if not found else ", ".join(k for k, v in found.items() if v) or "nothing is true"
