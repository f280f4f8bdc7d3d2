"""Showing source, objects, steps and refusals; and the manners of a notebook."""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from k8slearn import Simulation, load
from k8slearn.api import errors
from k8slearn.api.objects import freeze
from k8slearn.controllers import ReplicaSetController
from k8slearn.lab import show, studio
from k8slearn.lab.house import PLACES, direct, house
from k8slearn.lab.notebook import keep_up, show_errors_as_cards
from k8slearn.rooms import ROOMS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_source_is_the_living_source() -> None:
    shown = show(ReplicaSetController.reconcile)
    assert shown.text == inspect.getsource(ReplicaSetController.reconcile)
    assert "k8slearn.controllers.replicaset, line" in shown._repr_html_()


def test_an_object_is_the_yaml_that_made_it() -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "ä"}}
    assert yaml.safe_load(repr(show(freeze(obj)))) == obj


def test_a_trace_is_a_table_with_a_row_a_step() -> None:
    sim = Simulation(nodes=1)
    sim.create(load((ROOT / "examples" / "pods.yaml").read_text()))
    assert repr(show(sim.trace)).splitlines() == [str(step) for step in sim.trace]
    assert show(sim.trace)._repr_html_().count("<tr>") == len(sim.trace) + 1


def test_a_refusal_is_a_card_in_kubectls_words() -> None:
    error = errors.invalid_object("Pod", "", "a<b", [errors.required("spec.containers")])
    shown = show(error)
    assert repr(shown) == 'The Pod "a<b" is invalid: spec.containers: Required value'
    assert "a&lt;b" in shown._repr_html_()
    assert 'role="alert"' in shown._repr_html_().replace("'", '"')


def test_what_cannot_be_shown_is_said() -> None:
    with pytest.raises(TypeError, match="does not know how to show a set"):
        show({1})


def test_the_house_is_drawn_from_the_table_and_every_arrow_points_down() -> None:
    for name in PLACES:
        assert set(direct(name)) <= ROOMS[name].may_import
        assert all(PLACES[below][1] < PLACES[name][1] for below in direct(name))
    drawn = [text.get_text() for text in house().figure.axes[0].texts]
    assert set(PLACES) <= set(drawn)


# --- in a notebook -----------------------------------------------------------------------------


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython shell that is also what get_ipython() finds."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    yield shell
    InteractiveShell.clear_instance()


def test_a_bad_manifest_in_a_cell_is_a_card_and_not_a_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    show_errors_as_cards()
    shell.user_ns["sim"] = Simulation(nodes=1)
    shell.user_ns["pod"] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
    shell.run_cell("sim.create(pod)")
    said = capsys.readouterr()
    assert 'The Pod "p" is invalid: spec.containers: Required value' in said.out
    assert "Traceback" not in said.out + said.err
    assert shell.user_ns["sim"].state().get("pods", {}) == {}


class Seen:
    """A view that counts."""

    def __init__(self) -> None:
        self.times = 0

    def refresh(self) -> None:
        self.times += 1

    def show_state(self) -> None: ...


def test_panels_follow_what_a_cell_does_to_the_simulation(shell: InteractiveShell) -> None:
    sim = Simulation(nodes=1)
    sim.create(load((ROOT / "examples" / "pods.yaml").read_text()))
    world: Any = studio(sim)
    keep_up(world)
    view = Seen()
    world.attach(view)
    shell.user_ns["sim"] = sim
    shell.run_cell("1 + 1")
    before = view.times
    shell.run_cell("sim.step()")
    assert view.times > before


def test_several_refusals_are_shown_one_below_the_other() -> None:
    shown = show([errors.BadRequest("no tea"), errors.BadRequest("no cups")])
    assert repr(shown).splitlines()[1] == "---"
    assert shown._repr_html_().count("role='alert'") == 2
