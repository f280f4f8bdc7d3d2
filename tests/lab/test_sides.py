"""One object in all of its versions, beside each other."""

from __future__ import annotations

import pytest

from k8slearn import Cluster, Simulation
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Object
from k8slearn.lab import side_by_side
from k8slearn.lab.exercises.teahouse import schema, teapot, teapots, version

TEXT: Object = {"type": "string"}
LID: Object = {"type": "object", "properties": {"colour": TEXT}}


def world(*, v1_served: bool = True) -> Simulation:
    old = {**version("v1", schema(tea=TEXT)), "served": v1_served}
    new = version("v2", schema(tea=TEXT, lid=LID), stored=True)
    sim = Simulation(Cluster(0, objects=[teapots(old, new)]))
    sim.create(teapot("betty", "v2", tea="mint", lid={"colour": "blue"}))
    return sim


def test_what_only_one_version_shows_is_marked() -> None:
    assert repr(side_by_side(world(), "teapots", "default/betty")).splitlines() == [
        "  v1            v2 (stored)",
        "  spec:         spec:",
        "    tea: mint     tea: mint",
        "≠ –               lid:",
        "≠ –                 colour: blue",
    ]


def test_labels_and_annotations_are_shown_and_what_the_server_says_is_not() -> None:
    sim = world()
    sim.client.patch("teapots", "default/betty", patch={"metadata": {"labels": {"shelf": "top"}}})
    text = repr(side_by_side(sim, "teapots", "default/betty"))
    assert "shelf: top" in text
    assert "uid" not in text


def test_a_version_that_is_not_served_has_no_column_unless_the_object_lies_in_it() -> None:
    sim = world(v1_served=False)
    assert "v1" not in repr(side_by_side(sim, "teapots", "default/betty"))
    definition = sim.client.get("customresourcedefinitions", "teapots.tea.example.com")
    definition["spec"]["versions"][0] |= {"storage": True, "served": True}
    definition["spec"]["versions"][1] |= {"storage": False, "served": False}
    sim.client.update(definition)
    head = repr(side_by_side(sim, "teapots", "default/betty")).splitlines()[0]
    assert head.split("   ")[0].strip() == "v1"
    assert head.endswith("v2 (stored)")


def test_the_page_says_the_same_and_escapes_it() -> None:
    sim = world()
    sim.client.patch("teapots", "default/betty", patch={"spec": {"tea": "<b>mint</b>"}})
    page = side_by_side(sim, "teapots", "default/betty")._repr_html_()
    assert "&lt;b&gt;mint" in page
    assert page.count("data-differs") == 2


def test_looking_at_what_is_not_there_says_so() -> None:
    with pytest.raises(NotFound, match=r'teapots\.tea\.example\.com "default/nobody" not found'):
        side_by_side(world(), "teapots", "default/nobody")
