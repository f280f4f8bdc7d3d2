"""Whatever is sent to a subresource or as options of a deletion: an answer, or an ApiError that is the sender's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.api import errors
from k8slearn.api.requests import Request
from k8slearn.api.strategicmerge import BadPatch  # a 500 in Kubernetes, too
from k8slearn.apiserver import admission
from k8slearn.client import Client
from tests import fakes

FIELDS = (
    "metadata spec name namespace kind apiVersion resourceVersion uid replicas target deleteOptions dryRun "
    "gracePeriodSeconds propagationPolicy preconditions orphanDependents finalizers ephemeralContainers "
    "containers resources annotations labels"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "v1", "web", "All", "Orphan"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
NAMED = {"name": "web", "namespace": "default"}
DOORS = [
    ("pods", "create", "binding", {"metadata": NAMED, "target": {"name": "n"}}),
    ("pods", "create", "eviction", {"metadata": NAMED, "deleteOptions": {}}),
    ("deployments", "update", "scale", {"metadata": NAMED, "spec": {"replicas": 1}}),
    ("deployments", "patch", "scale", {"spec": {"replicas": 1}}),
    ("pods", "patch", "ephemeralcontainers", {"spec": {"ephemeralContainers": []}}),
    ("pods", "patch", "resize", {"spec": {"containers": []}}),
]


def world():
    server = fakes.server()
    server.admission = admission.DEFAULT
    client = Client(server)
    client.create(fakes.named("ServiceAccount", "default"))
    client.create(fakes.pod())
    client.create(fakes.deployment())
    return server


def check(server, request):
    before, answer = server.store.revision, answer_to(server, request)
    if isinstance(answer, errors.ApiError):
        assert 400 <= answer.code < 500 or isinstance(answer, BadPatch), answer
        assert server.store.revision == before, "nothing half-written"
        answer = answer.status()
    json.dumps(answer)


def answer_to(server, request):
    """An object, a list, or an ApiError. Anything else is raised, and fails the test."""
    try:
        return server.handle(request)
    except errors.ApiError as error:
        return error


@settings(max_examples=150)
@given(door=st.sampled_from(DOORS), junk=JSON, at=st.sampled_from(["", *FIELDS]), strategic=st.booleans())
def test_bodies(door, junk, at, strategic):
    """Anything at all, or a good body with anything in one place of it."""
    resource, verb, subresource, good = door
    server = world()
    if subresource not in server.kinds.named(resource).subresources:
        return
    body = {**good, at: junk} if at else junk
    options = {"patchType": "strategic" if strategic else "merge"}
    check(server, Request(verb, resource, "default", "web", subresource, body, options))


OPTIONS = ("dryRun", "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "preconditions")
VALUES = [
    True,
    0,
    -7,
    3,
    1.5,
    "",
    "All",
    "x",
    [],
    ["All"],
    ["x", 3],
    [[]],
    {},
    {"uid": 3},
    {"uid": []},
    {"uid": ""},
]


@pytest.mark.parametrize("verb", ["delete", "deletecollection"])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_with_every_type_of_value(option, verb):
    for kind in ("pods", "deployments"):
        for value in VALUES:
            name = "web" if verb == "delete" else ""
            check(world(), Request(verb, kind, "default", name, options={option: value}))


@pytest.mark.parametrize("option", OPTIONS)
def test_the_same_in_an_eviction(option):
    for value in VALUES:
        body = {"metadata": NAMED, "deleteOptions": {option: value}}
        check(world(), Request("create", "pods", "default", "web", "eviction", body))


@pytest.mark.parametrize("door", DOORS, ids=lambda d: f"{d[1]} {d[2]}")
def test_every_place_of_a_body_with_every_type_of_value(door):
    resource, verb, subresource, good = door
    for at in (*good, *(f"{field}.{inner}" for field in good for inner in good[field])):
        field, _, inner = at.partition(".")
        for value in [None, *VALUES]:
            body = {**good, field: {**good[field], inner: value} if inner else value}
            check(world(), Request(verb, resource, "default", "web", subresource, body))
