"""Four stories, step by step, as they were when somebody last looked: ``tests/golden/scheduler``.

What merely reaches somebody is left out. ``K8SLEARN_REGENERATE=1 pytest tests/scheduler/test_stories.py`` writes them
anew, and the diff says what has changed.
"""

from __future__ import annotations

import os
import pathlib
from functools import partial

import pytest

from k8slearn.api.objects import Object, annotations_of
from k8slearn.controllers import PersistentVolumeController
from k8slearn.machinery import Controller
from k8slearn.scheduler import EVERYTHING, Scheduler
from k8slearn.sim import Simulation
from tests.fakes import named, pod
from tests.scheduler.fixtures import asking, cluster, node_of

GOLDEN = pathlib.Path("tests", "golden", "scheduler")
ALL = (partial(Scheduler, watches=EVERYTHING),)


class Provisioner(Controller):
    """Makes the volume of a claim when it is known on which node it is wanted."""

    name = "provisioner"
    primary = "persistentvolumeclaims"

    def reconcile(self, key: str) -> None:
        claim = self.cache.get(self.primary, key)
        node = annotations_of(claim or {}).get("volume.kubernetes.io/selected-node")
        if claim is not None and node and not claim["spec"].get("volumeName"):
            self.client.create(volume("made", node, claim))


def volume(name: str, node: str, claim: Object | None = None) -> Object:
    """A disk in one machine."""
    there = [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]
    spec: Object = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "late",
        "local": {"path": "/disk"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": there}]}},
    }
    if claim is not None:
        meant = {"uid": claim["metadata"]["uid"], "name": claim["metadata"]["name"]}
        spec["claimRef"] = {"namespace": "default", **meant}
    return named("PersistentVolume", name, namespace="", spec=spec)


def late(provisioner: str) -> list[Object]:
    """A claim of a class that waits for its first consumer."""
    mode = {"volumeBindingMode": "WaitForFirstConsumer", "provisioner": provisioner}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "late"}
    spec["resources"] = {"requests": {"storage": "1Gi"}}
    return [
        named("StorageClass", "late", "storage.k8s.io/v1", namespace="", **mode),
        named("PersistentVolumeClaim", "data", spec=spec),
    ]


def using(name: str = "p", claim: str = "data") -> Object:
    return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim}}])


def with_volumes() -> Simulation:
    return cluster({}, {}, components=(*ALL, PersistentVolumeController, Provisioner))


# --- the stories -------------------------------------------------------------------------------


def preemption() -> Simulation:
    sim = cluster({"cpu": "2"}, {"cpu": "2"}, components=ALL)
    sim.create([asking("dear", cpu="2", priority=5), asking("cheap", cpu="2")])
    sim.run()
    sim.create(asking("high", cpu="2", priority=100))
    sim.run()
    return sim


def backoff() -> Simulation:
    """Three times the room is taken by somebody else before the backoff is over."""
    sim = cluster({"cpu": "2"})
    sim.create([asking("first", cpu="2", nodeName="node-0"), asking("p", cpu="2")])
    for name in ("second", "third"):
        sim.run()
        sim.client.delete("pods", f"default/{'first' if name == 'second' else 'second'}")
        sim.run(until=lambda s: not s.manager.players["default-scheduler"].queue.unschedulable)  # type: ignore[attr-defined]
        sim.create(asking(name, cpu="2", nodeName="node-0"))
    sim.run()
    sim.client.delete("pods", "default/third")
    sim.run()
    return sim


def gates() -> Simulation:
    sim = cluster({})
    both = [{"name": "example.com/paid"}, {"name": "example.com/checked"}]
    sim.create(pod("p", schedulingGates=both))
    sim.run()
    for left in (both[:1], []):
        sim.client.patch("pods", "default/p", patch={"spec": {"schedulingGates": left}})
        sim.run()
    return sim


def volume_binding() -> Simulation:
    sim = with_volumes()
    sim.create(late("example.com/disks"))
    sim.run()
    sim.create(using())
    sim.run()
    return sim


STORIES = {story.__name__: story for story in (preemption, backoff, gates, volume_binding)}


def told(sim: Simulation) -> str:
    lines = [s for s in sim.trace.text().splitlines() if " deliver " not in s]
    return "".join(f"{line.rstrip()}\n" for line in lines)


@pytest.mark.parametrize("name", STORIES)
def test_the_story_is_as_it_was(root: pathlib.Path, name: str) -> None:
    golden, text = root / GOLDEN / f"{name}.txt", told(STORIES[name]())
    if os.environ.get("K8SLEARN_REGENERATE"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 30


@pytest.mark.parametrize("name", STORIES)
def test_the_story_ends_well(name: str) -> None:
    sim = STORIES[name]()
    last = "high" if name == "preemption" else "p"
    assert node_of(sim, last) in ("node-0", "node-1")
    assert not sim.errors()


@pytest.mark.parametrize("name", STORIES)
def test_the_story_goes_on_from_every_step_as_before(name: str) -> None:
    """Whatever is on its way is in the checkpoint: who is nominated, who waits for a volume, which are promised."""
    sim = STORIES[name]()
    lines, end = sim.trace.text().splitlines(), sim.position
    for position in range(end):
        sim.goto(position)
        step = sim.step()
        assert step is None or str(step) == lines[position]


# --- more about volumes ------------------------------------------------------------------------


def test_a_volume_in_one_machine_draws_the_pod_there() -> None:
    sim = with_volumes()
    sim.create([*late("kubernetes.io/no-provisioner"), volume("disk", "node-1")])
    sim.run()
    sim.create(using())
    sim.run()
    assert node_of(sim, "p") == "node-1"
    assert sim.client.get("persistentvolumes", "disk")["spec"]["claimRef"]["name"] == "data"
    sim.create(using("q"))
    sim.run()
    assert node_of(sim, "q") == "node-1", "its claim is bound, and to a disk there"


def test_two_pods_are_not_promised_the_same_volume() -> None:
    sim = with_volumes()
    claims = [{**late("")[1], "metadata": {"name": n, "namespace": "default"}} for n in ("data", "more")]
    disks = [volume(f"disk-{i}", f"node-{i}") for i in range(2)]
    sim.create([late("kubernetes.io/no-provisioner")[0], *claims, *disks])
    sim.run()
    sim.create([using("p"), using("q", "more")])
    sim.run()
    assert {node_of(sim, "p"), node_of(sim, "q")} == {"node-0", "node-1"}
    assert not sim.errors()


def test_without_a_volume_for_it_anywhere_the_pod_waits_for_one() -> None:
    sim = with_volumes()
    sim.create([*late("kubernetes.io/no-provisioner"), using()])
    sim.run()
    said = sim.client.get("pods", "default/p")["status"]["conditions"][0]["message"]
    text = "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."
    assert said.startswith(text)
    sim.create(volume("disk", "node-0"))
    sim.run()
    assert node_of(sim, "p") == "node-0"


def test_volumes_that_never_come_are_given_up() -> None:
    sim = cluster({}, components=ALL)
    sim.create([*late("example.com/disks"), using()])
    sim.run()
    scheduler = sim.manager.players["default-scheduler"]
    assert sim.client.get("pods", "default/p")["status"]["nominatedNodeName"] == "node-0"
    sim.advance(599)
    assert list(scheduler.waiting) == ["default/p"]  # type: ignore[attr-defined]
    sim.advance(2)
    condition = sim.client.get("pods", "default/p")["status"]["conditions"][0]
    assert (condition["reason"], condition["message"]) == (
        "SchedulerError",
        'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
    )


def test_a_pod_that_goes_while_it_waits_leaves_nothing_behind() -> None:
    sim = cluster({"cpu": "1"}, components=ALL)
    sim.create(
        [*late("example.com/disks"), {**asking("p"), "spec": {**asking("p")["spec"], **using()["spec"]}}]
    )
    sim.run()
    scheduler = sim.manager.players["default-scheduler"]
    sim.client.delete("pods", "default/p")
    sim.run()
    assert scheduler.memory.get("VolumeBinding") == {}  # type: ignore[attr-defined]
    assert (scheduler.assumed, scheduler.waiting, scheduler.snapshot.where) == ({}, {}, {})  # type: ignore[attr-defined]


def test_a_node_that_goes_while_volumes_are_bound_sends_the_pod_elsewhere() -> None:
    sim = cluster({}, {}, components=ALL)
    sim.create([*late("example.com/disks"), using()])
    sim.run()
    chosen = sim.client.get("pods", "default/p")["status"]["nominatedNodeName"]
    sim.client.delete("nodes", chosen)
    sim.run(until=lambda s: not s.manager.players["default-scheduler"].waiting)  # type: ignore[attr-defined]
    said = sim.client.get("pods", "default/p")["status"]["conditions"][0]["message"]
    assert said == (
        f'running PreBind plugin "VolumeBinding": binding volumes: failed to get node "{chosen}": '
        f'node "{chosen}" not found'
    )
