"""Which addresses a node and its pods have: a plan that needs nobody to ask.

Node number n is 172.18.x.y, and its pods are taken from a /24 of their own, 10.244.n.0/24 for the first 256.

Kubernetes: pkg/controller/nodeipam hands out the pod ranges; a network plugin the addresses in them.
"""

from __future__ import annotations

import re

from k8slearn.api.clock import Dice

NAMED_WITHOUT_NUMBER = 60_000  # ranges from here on, chosen by dice


def number_of(node: str, dice: Dice) -> int:
    """``node-7`` is number 7; nodes with other names are numbered by chance."""
    found = re.fullmatch(r"node-(\d{1,5})", node)
    if found and int(found[1]) < NAMED_WITHOUT_NUMBER:
        return int(found[1])
    return NAMED_WITHOUT_NUMBER + dice.below(65_000 - NAMED_WITHOUT_NUMBER, "number of", node)


def node_address(number: int) -> str:
    high, low = divmod(number + 2, 256)  # .0 is the network, .1 its router
    return f"172.{18 + high // 256}.{high % 256}.{low}"


def pod_range(number: int) -> str:
    """The first three numbers of the addresses of a node's pods."""
    if number < 256:
        return f"10.244.{number}"
    return f"{11 + number // 65_536}.{number // 256 % 256}.{number % 256}"


def free_address(prefix: str, taken: set[str]) -> str:
    """The lowest address that no pod of this node has."""
    for last in range(2, 255):
        if (address := f"{prefix}.{last}") not in taken:
            return address
    raise OverflowError(f"no free address in {prefix}.0/24")
