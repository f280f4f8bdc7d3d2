"""Errors on demand: "the second create of a Secret is answered with a 500", reads included.

A rule is data: it counts down with each request that it fits, and is part of a wire's faults, so that it is rewound
with them.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.errors import ApiError
from k8slearn.api.requests import Request


class Rule(NamedTuple):
    """The `nth` request from now on that fits, and `times` in all. "" fits every verb, every resource.

    error: None if the request is carried out, and only its answer is lost.
    """

    error: ApiError | None
    verb: str = ""
    resource: str = ""
    nth: int = 1
    times: int = 1

    def fits(self, request: Request) -> bool:
        resource = str(request.resource)
        named = self.resource in ("", resource, resource.partition(".")[0])
        return named and self.verb in ("", request.verb)


def met(rules: tuple[Rule, ...], request: Request) -> tuple[tuple[Rule, ...], Rule | None]:
    """The rules that are left, counted down; and the one by which this request goes wrong."""
    left: list[Rule] = []
    found = None
    for rule in rules:
        if not rule.fits(request):
            left.append(rule)
        elif rule.nth > 1:
            left.append(rule._replace(nth=rule.nth - 1))
        else:
            found = found or rule
            left += [rule._replace(times=rule.times - 1)] if rule.times > 1 else []
    return tuple(left), found
