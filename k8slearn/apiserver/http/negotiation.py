"""In which form to answer: JSON or YAML, and the object itself, a Table of it, or only its metadata.

A client lists what it takes, best first: ``application/json;as=Table;v=v1;g=meta.k8s.io,application/json``.
The first that can be had is chosen. Protobuf is never among them; whoever offers JSON too gets that.

Kubernetes: apiserver/pkg/endpoints/handlers/negotiation/negotiate.go, handlers/response.go
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.errors import NotAcceptable

JSON, YAML = "application/json", "application/yaml"
ANSWERS = {JSON: JSON, YAML: YAML, "application/*": JSON, "*/*": JSON}
FORMS = {
    ("Table", "meta.k8s.io", "v1"),
    ("PartialObjectMetadata", "meta.k8s.io", "v1"),
    ("PartialObjectMetadataList", "meta.k8s.io", "v1"),
}
SPOKEN = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
STREAMS = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"


class Form(NamedTuple):
    """`shape` is "" (the object itself), Table, PartialObjectMetadata or PartialObjectMetadataList."""

    media_type: str = JSON
    shape: str = ""


def clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """The alternatives of an Accept header with their parameters, the most wanted first."""
    found = []
    for clause in accept.split(","):
        media_type, *parameters = (p.strip() for p in clause.split(";"))
        pairs = dict(p.partition("=")[::2] for p in parameters)
        found.append((media_type.lower(), pairs))
    return sorted(found, key=lambda c: -_quality(c[1].get("q", "1")))


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def negotiate(accept: str, *, shapes: bool = True, stream: bool = False) -> Form:
    """The best form that can be had. Raises NotAcceptable.

    `shapes`: are Tables and the like on offer? `stream`: is it a watch that is asked for, of which there is no YAML?
    """
    wanted = clauses(accept or "*/*")
    for media_type, parameters in wanted:
        if media_type == YAML and stream:
            raise NotAcceptable(f"only the following media types are accepted: {STREAMS}")
        if media_type in ANSWERS:
            as_, group, version = (parameters.get(k, "") for k in ("as", "g", "v"))
            if not as_:
                return Form(ANSWERS[media_type])
            if shapes and (as_, group, version) in FORMS:
                return Form(ANSWERS[media_type], as_)
    if any(media_type in ANSWERS for media_type, _ in wanted):
        raise NotAcceptable(f"only the following media types are accepted: {SPOKEN}")
    raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {SPOKEN}, {STREAMS}", details={})
