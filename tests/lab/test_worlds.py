"""Places side by side: what is said of them is read off the clusters."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn.api.manifests import load
from k8slearn.lab.show import files
from k8slearn.lab.worlds import PLACES, bill, everywhere, hindrance, is_available, moments, place, timeline

SHOP = Path("examples/anywhere.yaml").read_text(encoding="utf-8")


def test_the_shop_is_available_everywhere_and_nothing_hinders_it() -> None:
    worlds = everywhere(load(SHOP))
    assert {name: (is_available(sim), hindrance(sim)) for name, sim in worlds.items()} == dict.fromkeys(
        PLACES, (True, "")
    )
    assert [bill(sim) for sim in worlds.values()] == [1.2, 1.05, 0.0]
    assert [moments(sim)["an address"] for sim in worlds.values()] == [5.0, 40.0, 1.0]
    picture = timeline(worlds)
    assert "cloud B: a node after 0 s, a disk after 0 s, it runs after 2.83 s, an address after 40 s" in repr(
        picture
    )
    drawn = [text.get_text() for text in picture.figure.axes[0].texts]
    assert "an address  40 s" in drawn
    assert len(drawn) == 12


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "accessModes:",
            "storageClassName: slow\n  accessModes:",
            'storageclass.storage.k8s.io "slow" not found',
        ),
        ("500m", "64", "0/1 nodes are available: 1 Insufficient cpu"),
        ("ReadWriteOnce", "ReadWriteMany", "access mode ReadWriteMany is not supported"),
        ("type: LoadBalancer", "type: LoadBalancer\n  loadBalancerClass: example.com/x", "nobody says why"),
    ],
)
def test_what_hinders_it_is_what_the_cluster_says(old: str, new: str, said: str) -> None:
    sim = place("a", load(SHOP.replace(old, new)), machines=1)
    assert not is_available(sim)
    assert said in hindrance(sim)


def test_what_never_came_true_is_not_drawn() -> None:
    sim = place("b", load(SHOP.replace("accessModes:", "storageClassName: slow\n  accessModes:")), machines=1)
    assert list(moments(sim)) == ["an address"]


def test_files_are_shown_under_their_paths() -> None:
    shown = files({"a.yaml": "a: <b>\n", "b/c.yaml": "# why\nc: 1"})
    assert repr(shown) == "# --- a.yaml\na: <b>\n\n# --- b/c.yaml\n# why\nc: 1\n"
    assert "<b>" not in shown._repr_html_()
