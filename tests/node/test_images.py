"""Images: when they are pulled, how long it takes, and what the node says about them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.fakes import pod
from tests.node.machine import container, first, one_node, status, texts, told


def waits(sim, name: str = "p"):
    return first(sim, name)["state"]["waiting"]


def test_always_asks_the_registry_again_and_again():
    sim = one_node()
    sim.create(pod("p", containers=[container("k8slearn/crasher:latest", RUNS_FOR=1)]))
    sim.run(until=lambda s: status(s).get("containerStatuses") and first(s)["restartCount"] == 2)
    pulled = [t for t in told(sim) if t[1] in ("Pulling", "Pulled")]
    assert [(reason, count) for _, reason, _, count in pulled] == [
        ("Pulling", 3),
        ("Pulled", 1),
        ("Pulled", 2),
    ]
    assert "in 200ms (200ms including waiting)" in pulled[-1][2]


def test_never_does_not_pull():
    sim = one_node()
    sim.create(pod("p", containers=[container(imagePullPolicy="Never")]))
    sim.run()
    said = 'Container image "app:1" is not present with pull policy of Never'
    assert waits(sim) == {"reason": "ErrImageNeverPull", "message": said}
    assert [t[1:3] for t in told(sim)] == [
        ("ErrImageNeverPull", said),
        ("Failed", "Error: ErrImageNeverPull"),
    ]
    assert status(sim)["phase"] == "Pending"


def test_never_is_content_with_what_is_here():
    sim = one_node()
    sim.create(pod("q"))
    sim.run()
    sim.create(pod("p", containers=[container(imagePullPolicy="Never")]))
    sim.run()
    assert "running" in first(sim)["state"]


def test_a_name_that_is_none():
    sim = one_node()
    sim.create(pod("p", containers=[container("App:1")]))
    sim.run()
    assert waits(sim)["reason"] == "InvalidImageName"
    (inspected, error) = texts(sim, "InspectFailed", "Failed")
    assert inspected.startswith('Failed to apply default image tag "App:1": ')
    assert error == "Error: InvalidImageName"


def test_backing_off_from_a_broken_image_takes_longer_each_time():
    sim = one_node()
    sim.create(pod("p", metadata={"annotations": {"fake/image-error": "true"}}))
    times = []
    for _ in range(3000):
        sim.step()
        if (status(sim).get("containerStatuses") or [None])[0] and waits(sim)["reason"] == "ErrImagePull":
            times.append(sim.now)
    changes = sorted(set(times) - {t for t in times if t - 1 in times})
    gaps = [round(b - a) for a, b in pairwise(changes) if b - a > 5]
    assert gaps[:7] == [11, 21, 41, 81, 161, 301, 301]
    assert waits(sim)["message"].endswith("failed to resolve image: app:1: not found")


@pytest.mark.parametrize("at_once", [0, 1, 2])
def test_pulls_side_by_side_or_in_a_queue(at_once):
    sim = one_node(machine={"pulls_at_once": at_once})
    slow = {"annotations": {"fake/pull-seconds": "10"}}
    sim.create([pod(n, metadata=slow, containers=[container(f"{n}:1")]) for n in "abc"])
    sim.run()
    ends = sorted(at for n in "abc" for at, _, _, _ in told(sim, n, "Pulled"))
    assert ends == {0: [10, 10, 10], 1: [10, 20, 30], 2: [10, 10, 20]}[at_once]
    waited = {0: "10s", 1: "30s", 2: "20s"}[at_once]
    assert any(
        f"in 10s ({waited} including waiting)" in t for n in "abc" for t in texts(sim, "Pulled", name=n)
    )


def test_a_slow_line():
    sim = one_node(machine={"pull_rate": 1_000_000})
    sim.create(pod("p"))
    sim.run()
    (_, _, pulled, _) = told(sim, "p", "Pulled")[0]
    size = int(pulled.split("Image size: ")[1].split()[0])
    assert sim.now == pytest.approx(size / 1_000_000 + 0.5, abs=0.002)


def images(sim):
    found = sim.client.get("nodes", "node-0")["status"].get("images", [])
    return [i["names"][-1] for i in found], [i["sizeBytes"] for i in found]


@pytest.mark.parametrize(("prompt", "at"), [(True, 20), (False, 310)])
def test_the_node_says_which_images_it_has(prompt, at):
    sim = one_node(machine={"reports_images": prompt})
    sim.create(pod("p", containers=[container(f"{n}:1", n) for n in "abcd"]))
    sim.advance(at)
    names, sizes = images(sim)
    assert sorted(names) == ["a:1", "b:1", "c:1", "d:1"]
    assert sizes == sorted(sizes, reverse=True)
    sim.crash("kubelet/node-0")
    sim.advance(310)
    assert images(sim) == (names, sizes)


def test_a_simulation_hears_of_images_only_with_the_regular_report():
    sim = one_node()
    sim.create(pod("p"))
    sim.advance(200)
    assert images(sim) == ([], [])
