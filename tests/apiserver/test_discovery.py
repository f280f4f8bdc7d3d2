"""Discovery: groups, versions and resources, as kubectl reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8slearn.api.kinds import Kinds
from k8slearn.apiserver import discovery

ALL = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
KUBECTL = f"{AGGREGATED.format('v2')},{AGGREGATED.format('v2beta1')},application/json"


def document(path: str, accept: str = "application/json", kinds: Kinds | None = None) -> dict:  # type: ignore[type-arg]
    found = discovery.document(kinds or Kinds(), path, accept)
    assert found is not None
    assert found[0] == "application/json"
    return found[1]


def names(path: str) -> list[str]:
    return [r["name"] for r in document(path)["resources"]]


def resource(path: str, name: str) -> dict:  # type: ignore[type-arg]
    return next(r for r in document(path)["resources"] if r["name"] == name)


def test_versions_of_the_core() -> None:
    assert document("/api") == {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def test_groups_come_in_the_order_in_which_kubectl_looks_in_them() -> None:
    groups = {g["name"]: g for g in document("/apis")["groups"]}
    assert list(groups)[:4] == ["apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io"]
    v1, v2 = ({"groupVersion": f"autoscaling/{v}", "version": v} for v in ("v1", "v2"))
    assert groups["autoscaling"] == {"name": "autoscaling", "versions": [v2, v1], "preferredVersion": v2}


def test_one_group() -> None:
    apps = {"groupVersion": "apps/v1", "version": "v1"}
    assert document("/apis/apps") == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": "apps",
        "versions": [apps],
        "preferredVersion": apps,
    }


def test_resources_of_a_group() -> None:
    assert names("/apis/apps/v1") == [
        "controllerrevisions",
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "statefulsets",
        "statefulsets/scale",
        "statefulsets/status",
    ]
    assert resource("/apis/apps/v1", "deployments/scale") == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }


def test_resources_of_the_core() -> None:
    listed = document("/api/v1")
    assert "apiVersion" not in listed  # as it has always been
    assert len(listed["resources"]) == 39  # with every subresource
    assert resource("/api/v1", "pods") == {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "verbs": ALL,
        "shortNames": ["po"],
        "categories": ["all"],
        "storageVersionHash": "xPOwRZ+Yhw8=",  # the letters that the real one gives
    }
    assert resource("/api/v1", "pods/exec")["kind"] == "PodExecOptions"
    assert resource("/api/v1", "nodes/proxy")["verbs"] == ["create", "delete", "get", "patch", "update"]
    assert resource("/api/v1", "bindings")["verbs"] == ["create"]
    assert "deletecollection" not in resource("/api/v1", "namespaces")["verbs"]


def test_two_views_of_one_thing_have_one_storage_version() -> None:
    path = "/apis/autoscaling/{}"
    hashes = {
        resource(path.format(v), "horizontalpodautoscalers")["storageVersionHash"] for v in ("v1", "v2")
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("path", ["/apis/apps/v9", "/apis/nope.example.com", "/api/v2", "/apis/apps/v1/pods"])
def test_what_there_is_not(path: str) -> None:
    assert discovery.document(Kinds(), path) is None


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        (KUBECTL, "v2"),
        (f"{AGGREGATED.format('v3')},{KUBECTL}", "v2"),
        (f"{AGGREGATED.format('v2beta1')},application/json", "v2beta1"),
        ("application/vnd.kubernetes.protobuf," + KUBECTL, "v2"),
    ],
)
def test_everything_at_once(accept: str, version: str) -> None:
    found = discovery.document(Kinds(), "/apis", accept)
    assert found is not None
    media_type, listed = found
    assert media_type == AGGREGATED.format(version)
    assert (listed["kind"], listed["apiVersion"]) == (
        "APIGroupDiscoveryList",
        f"apidiscovery.k8s.io/{version}",
    )
    apps = next(item for item in listed["items"] if item["metadata"] == {"name": "apps"})
    assert [v["version"] for v in apps["versions"]] == ["v1"]
    assert apps["versions"][0]["resources"][2] == {
        "resource": "deployments",
        "responseKind": {"group": "", "version": "", "kind": "Deployment"},
        "scope": "Namespaced",
        "singularResource": "deployment",
        "verbs": ALL,
        "shortNames": ["deploy"],
        "categories": ["all"],
        "subresources": [
            {
                "subresource": "scale",
                "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                "verbs": ["get", "patch", "update"],
            },
            {
                "subresource": "status",
                "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                "verbs": ["get", "patch", "update"],
            },
        ],
    }


def test_the_core_at_once() -> None:
    found = discovery.document(Kinds(), "/api", KUBECTL)
    assert found is not None
    assert [(i["metadata"], i["versions"][0]["version"]) for i in found[1]["items"]] == [({}, "v1")]


@pytest.mark.parametrize("accept", ["", "*/*", "application/json," + KUBECTL])
def test_who_would_rather_walk_may(accept: str) -> None:
    assert document("/apis", accept)["kind"] == "APIGroupList"


def test_a_kind_that_is_added_shows_at_once() -> None:
    kinds = Kinds()
    document("/apis", kinds=kinds)
    kinds.add(
        replace(
            kinds.named("configmaps"),
            group="example.com",
            version="v1beta1",
            kind="Website",
            plural="websites",
        )
    )
    kinds.add(replace(kinds.named("websites.example.com"), version="v1"))
    assert document("/apis", kinds=kinds)["groups"][-1]["name"] == "example.com"
    assert document("/apis/example.com", kinds=kinds)["preferredVersion"]["version"] == "v1"
    assert document("/apis/example.com/v1", kinds=kinds)["resources"][0]["kind"] == "Website"
