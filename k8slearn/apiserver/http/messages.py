"""An HTTP request and its answer, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs

Headers = Mapping[str, str]


class Certificate(NamedTuple):
    """What a client's certificate says about him: the subject's common name and organisations."""

    common_name: str
    organizations: tuple[str, ...] = ()


@dataclass(slots=True)
class HttpRequest:
    """`headers` have lower-case names; of several with one name, the values stand in `repeated`, too."""

    method: str
    path: str
    query_string: str = ""
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    certificate: Certificate | None = None
    repeated: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        """The parameters; the first of a name counts, as in Go."""
        pairs = parse_qs(self.query_string, keep_blank_values=True, max_num_fields=1000)
        return {name: values[0] for name, values in pairs.items()}

    @property
    def segments(self) -> list[str]:
        """The parts of the path: ``/api/v1/pods/`` -> api, v1, pods."""
        return [part for part in self.path.split("/") if part]


@dataclass(slots=True)
class HttpResponse:
    code: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
