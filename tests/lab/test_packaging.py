"""The same app in three packagings comes to the same; what differs is who looks after it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8slearn.lab.packaging import (
    OPERATOR,
    OVERLAY,
    PLAIN,
    Package,
    installed,
    keys,
    packages,
    renewed,
    what_matters,
)

SHOP = {package.name: package for package in packages("examples/shop")}
EXPECTED = {
    "servers": 3,
    "ready": 3,
    "image": "registry.example/web:1",
    "listens on": [8080],
    "memory": None,
    "pages": {"/pages": {"index.html": "<h1>Open</h1>\n"}},
    "address": [(80, 8080, "TCP")],
}


@pytest.mark.parametrize("package", SHOP.values(), ids=SHOP)
def test_all_three_come_to_the_same(package: Package) -> None:
    assert what_matters(installed(package).client) == EXPECTED


@pytest.mark.parametrize(("name", "pods", "maps"), [(PLAIN, 0, 1), (OVERLAY, 3, 2), (OPERATOR, 3, 1)])
def test_a_new_page_starts_new_servers_where_its_hash_is_in_their_template(
    name: str, pods: int, maps: int
) -> None:
    sim = installed(SHOP[name])
    before = sim.store.revision
    sim.apply(SHOP[name].edited("Open", "Closed").objects())
    sim.run()
    assert (renewed(sim, before), len(sim.client.list("configmaps"))) == (pods, maps)
    assert what_matters(sim.client)["pages"] == {"/pages": {"index.html": "<h1>Closed</h1>\n"}}


@pytest.mark.parametrize(("name", "servers"), [(PLAIN, 5), (OVERLAY, 5), (OPERATOR, 3)])
def test_only_the_operator_repairs_what_somebody_has_changed_by_hand(name: str, servers: int) -> None:
    sim = installed(SHOP[name])
    sim.client.patch("deployments", "default/shop", patch={"spec": {"replicas": 5}})
    sim.advance(3600)
    assert what_matters(sim.client)["servers"] == servers
    sim.apply(SHOP[name].objects())
    sim.run()
    assert what_matters(sim.client)["servers"] == 3


def test_with_the_object_all_that_was_made_of_it_goes() -> None:
    sim = installed(SHOP[OPERATOR])
    sim.client.delete("websites", "default/shop")
    sim.run()
    assert [len(sim.client.list(r)) for r in ("deployments", "services", "configmaps", "pods")] == [
        0,
        0,
        0,
        0,
    ]


def test_what_is_sent_and_how_much_was_written() -> None:
    assert keys(SHOP[OPERATOR].objects()) == ["Website shop"]
    assert [len(package.objects()) for package in SHOP.values()] == [3, 3, 1]
    operator, *rest = sorted(SHOP.values(), key=Package.lines)
    assert operator.name == OPERATOR
    assert all(package.lines() > 3 * operator.lines() for package in rest)


def test_comments_and_empty_lines_are_not_counted() -> None:
    assert Package("p", {"a": "# why\n\na: b # and how\n  # more\nc: '#d'\n"}, "a").lines() == 2
    with pytest.raises(ValueError, match="'x' stands in no file of p"):
        Package("p", {"a": "b"}, "a").edited("x", "y")


def test_the_examples_are_what_the_base_of_the_overlay_says_too() -> None:
    """Whoever edits one of them is reminded of the others."""
    plain = list(yaml.safe_load_all(Path("examples/shop/plain/shop.yaml").read_text(encoding="utf-8")))
    built = {obj["kind"]: obj for obj in SHOP[OVERLAY].objects()}
    assert [o["spec"] for o in plain if o["kind"] == "Service"] == [built["Service"]["spec"]]
    assert [o["data"] for o in plain if o["kind"] == "ConfigMap"] == [built["ConfigMap"]["data"]]
