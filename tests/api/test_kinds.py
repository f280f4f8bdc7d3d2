"""The table of kinds: what clients list is there, and every name leads to one thing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8slearn.api import schema
from k8slearn.api.errors import NotFound
from k8slearn.api.kinds import BUILTIN, Kinds, Resource
from k8slearn.api.resources import GROUPS, SUBRESOURCES, VERBS


def test_no_two_different_kinds_share_a_name() -> None:
    """Built-in kinds share one flat list of plurals; what shares a plural is one thing in several versions."""
    kinds: dict[str, set[str]] = {}
    for resource in BUILTIN:
        kinds.setdefault(resource.name, set()).add(resource.kind)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


def test_no_short_name_hides_another_kind() -> None:
    kinds = Kinds()
    for resource in BUILTIN:
        for name in (resource.plural, resource.singular, *resource.short):
            assert kinds.named(name).name == resource.name


@pytest.mark.parametrize(
    ("shown", "stored"),
    [
        (("events.k8s.io", "v1", "events"), "v1"),
        (("autoscaling", "v1", "horizontalpodautoscalers"), "autoscaling/v2"),
        (("apps", "v1", "deployments"), "apps/v1"),
    ],
)
def test_views_are_stored_in_one_version(shown: tuple[str, str, str], stored: str) -> None:
    kinds = Kinds()
    resource = kinds.served(*shown)
    assert resource is not None
    assert kinds.stored(resource).api_version == stored


def test_what_is_kept_is_named_once_and_can_be_watched() -> None:
    kept = list(Kinds().kept())
    assert len({r.name for r in kept}) == len(kept)
    assert {r.kind for r in kept} >= {"Event", "HorizontalPodAutoscaler", "CustomResourceDefinition"}
    assert not {r.kind for r in kept} & {
        "TokenReview",
        "SelfSubjectAccessReview",
        "Binding",
        "ComponentStatus",
    }
    assert all("watch" in r.verbs for r in kept)


def test_rows_speak_of_what_there_is() -> None:
    for resource in BUILTIN:
        assert resource.group in GROUPS
        assert set(resource.verbs) <= set(VERBS)
        assert list(resource.verbs) == sorted(resource.verbs)
        assert set(resource.subresources) <= SUBRESOURCES.keys()
        assert not {*resource.short, *resource.categories} & {"", "-"}


def test_every_kind_has_types_of_known_packages() -> None:
    assert schema.packages().keys() == schema.types().keys()
    for resource in BUILTIN:
        assert schema.kind_type(resource) in schema.types()


def test_subresources_say_what_travels() -> None:
    pods, deployments = Kinds().named("pods"), Kinds().named("deployments")
    assert deployments.subresource("scale")[1:] == ("Scale", "autoscaling", "v1")
    assert pods.subresource("status")[:2] == (("get", "patch", "update"), "Pod")
    assert pods.subresource("exec")[:2] == (("create", "get"), "PodExecOptions")


def test_a_custom_kind_brings_its_group_along() -> None:
    """Also in a group that sounds like Kubernetes' own, with a plural that is taken."""
    kinds = Kinds()
    usage = Resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", verbs=("get", "list"))
    kinds.add(usage)
    assert usage.name == "pods.metrics.k8s.io"
    assert kinds.named("pods").kind == "Pod"
    assert kinds.named("pods.metrics.k8s.io") is kinds.served("metrics.k8s.io", "v1beta1", "pods") is usage


def test_what_was_derived_from_the_table_is_gone_when_it_changes() -> None:
    kinds = Kinds()
    kinds.memo["answer"] = 42
    kinds.add(replace(kinds.named("pods"), group="example.com"))
    assert kinds.memo == {}


def test_an_unknown_name() -> None:
    with pytest.raises(NotFound, match='the server doesn\'t have a resource type "podz"'):
        Kinds().named("podz")
