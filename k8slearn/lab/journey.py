"""What becomes of one request: the stations it passes in the API server, and what each of them changes.

A `Journey` is what there is to look at; how it is written down stands in `k8slearn.lab.following`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.requests import Request
from k8slearn.lab.diff import Line, counted

METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
OF_PATCHES = {
    "merge": "merge-patch",
    "json": "json-patch",
    "strategic": "strategic-merge-patch",
    "apply": "apply-patch",
}
END = "That was the whole way."

Data = dict[str, Any]


@dataclass
class Station:
    """One place on the way. state: passed, refused or ahead (not reached)."""

    name: str
    does: str = ""
    lines: list[Line] = field(default_factory=list)
    remark: str = ""
    state: str = "passed"


@dataclass
class Journey:
    """A request, its stations in order, and the answer: what `follow` returns, and a source for a studio."""

    request: Request
    resource: Resource
    stations: list[Station]
    revision: int
    answer: Any = None
    error: ApiError | None = None
    position: int = 0
    nothing_left = END

    @property
    def length(self) -> int:
        return len(self.stations) - 1

    @property
    def code(self) -> int:
        if self.error is not None:
            return self.error.code
        return 201 if self.request.created else 200

    @property
    def refused_at(self) -> str:
        """The name of the station that said no; "" if none did."""
        return next((each.name for each in self.stations if each.state == "refused"), "")

    def step(self) -> bool:
        moved = self.position < self.length
        self.position += moved
        return moved

    def back(self) -> None:
        self.goto(max(self.position - 1, 0))

    def goto(self, n: int) -> None:
        self.position = n

    def mark(self) -> int:
        return self.position

    def frame(self, selection: Mapping[str, str | None]) -> Data:
        here = self.stations[self.position]
        return {
            "step": self.position,
            "last": self.length,
            "time": None,
            "revision": self.revision,
            "title": here.name,
            "text": here.does,
            "journey": self._told(),
            "selection": dict(selection),
        }

    def _told(self) -> Data:
        stations = [
            {
                "name": each.name,
                "does": each.does,
                "counted": counted(each.lines),
                "diff": [list(line) for line in each.lines],
                "remark": each.remark,
                "state": each.state,
            }
            for each in self.stations
        ]
        return {
            "who": self.request.user.name,
            "line": line_of(self.request, self.resource),
            "stations": stations,
            "at": self.position,
        }

    def __repr__(self) -> str:
        from k8slearn.lab.panels import panel

        return panel("pipeline").text(self.frame({}))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """In a notebook: the panel."""
        from k8slearn.lab.studio import Studio

        return Studio(self).show("pipeline")._repr_mimebundle_(**kwargs)


def line_of(request: Request, resource: Resource) -> str:
    """``PATCH /api/v1/namespaces/default/pods/web (apply-patch)``: the request as HTTP puts it."""
    root = f"/apis/{resource.group}" if resource.group else "/api"
    where = ["namespaces", request.namespace] if resource.namespaced else []
    name = [] if request.verb == "create" and not request.subresource else [request.name]
    parts = [root, resource.version, *where, resource.plural, *name, request.subresource]
    patch = OF_PATCHES.get(request.options.get("patchType", "merge"), "") if request.verb == "patch" else ""
    return f"{METHODS.get(request.verb, 'GET')} {'/'.join(filter(None, parts))}" + (
        f"  ({patch})" if patch else ""
    )
