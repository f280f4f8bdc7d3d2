"""The operators' CustomResourceDefinitions, and the examples beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8slearn.cluster import Cluster
from k8slearn.operators import definition, definitions
from k8slearn.operators.crds import PLURALS
from k8slearn.sim import Simulation

EXAMPLES = sorted(Path("examples/operators").glob("*.yaml"))


@pytest.fixture
def sim() -> Simulation:
    return Simulation(Cluster(0, components=(), objects=definitions()))


def test_each_is_established_with_the_names_it_asks_for(sim):
    for crd in sim.store.list("customresourcedefinitions"):
        said = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
        assert (said["NamesAccepted"], said["Established"]) == ("True", "True")
        assert crd["status"]["acceptedNames"] == crd["spec"]["names"]
        assert crd["spec"]["names"]["shortNames"]


@pytest.mark.parametrize("plural", PLURALS)
def test_each_is_made_in_a_running_cluster_too(plural):
    from k8slearn.controllers import CustomResourceDefinitionController

    sim = Simulation(Cluster(0, components=(), adding=[CustomResourceDefinitionController]))
    sim.create(definition(plural))
    sim.run()
    assert sim.client.kinds.named(plural).subresources


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_the_examples_are_accepted(sim, file):
    assert sim.create(list(yaml.safe_load_all(file.read_text())))
