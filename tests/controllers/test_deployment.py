"""The Deployment controller: rollouts within their bounds at every step, and back again.

Facts recorded from Kubernetes v1.36: scenarios deployment-rollout, deployment-recreate.
"""

from __future__ import annotations

import pytest

from k8slearn.api.objects import controller_of, edit, is_deleting, key_of, owner_reference, uid_of
from k8slearn.controllers import DeploymentController, GarbageCollector, ReplicaSetController, rollout
from k8slearn.controllers.history import short_hash
from k8slearn.controllers.pods import is_active, is_ready
from k8slearn.sim import Simulation
from tests.fakes import condition, configmap, deployment, hollow, objects, rolling, world, writes

DEPLOYMENT = "deployment-controller"


def begin(policy: str = "prompt", seed: int = 0, **spec) -> Simulation:
    sim = world(DeploymentController, ReplicaSetController, GarbageCollector, policy=policy, seed=seed)
    sim.create(deployment(**spec))
    sim.run()
    return sim


def web(sim: Simulation):
    return sim.state()["deployments"]["default/web"]


def change(sim: Simulation, **spec) -> None:
    sim.client.patch("deployments", "default/web", patch={"spec": spec})


def image(sim: Simulation, image: str) -> None:
    template = edit(web(sim)["spec"]["template"])
    template["spec"]["containers"][0]["image"] = image
    change(sim, template=template)


def sizes(sim: Simulation) -> dict[str, int]:
    """image -> spec.replicas of its ReplicaSet."""
    sets = objects(sim, "replicasets")
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"] for rs in sets}


def pods(sim: Simulation) -> list:
    return [p for p in objects(sim, "pods") if is_active(p)]


# --- making and rolling ----------------------------------------------------------------------


def test_it_makes_one_replicaset_and_never_a_pod():
    sim = begin(replicas=3)
    (rs,) = objects(sim, "replicasets")
    digest = rs["metadata"]["labels"]["pod-template-hash"]
    assert rs["metadata"]["name"] == f"web-{digest}"
    assert rs["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert all(p["metadata"]["labels"]["pod-template-hash"] == digest for p in pods(sim))
    touched = {c.resource for s in sim.trace if s.player == DEPLOYMENT for c in s.writes}
    assert touched <= {"replicasets", "deployments", "events"}


def test_scaling_is_no_rollout():
    sim = begin(replicas=2)
    change(sim, replicas=5)
    sim.run()
    assert (sizes(sim), len(pods(sim))) == ({"app:1": 5}, 5)


def test_a_new_template_rolls_out_and_the_old_one_is_kept_empty():
    sim = begin(replicas=3)
    image(sim, "app:2")
    sim.run()
    assert sizes(sim) == {"app:1": 0, "app:2": 3}
    assert {p["spec"]["containers"][0]["image"] for p in pods(sim)} == {"app:2"}
    assert web(sim)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_the_status_and_conditions_of_a_finished_rollout():
    sim = begin(replicas=3)
    status = web(sim)["status"]
    assert {k: v for k, v in status.items() if k != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }
    available, progressing = condition(web(sim), "Available"), condition(web(sim), "Progressing")
    assert (available["status"], available["reason"]) == ("True", "MinimumReplicasAvailable")
    assert (progressing["status"], progressing["reason"]) == ("True", "NewReplicaSetAvailable")
    (rs,) = objects(sim, "replicasets")
    assert progressing["message"] == f'ReplicaSet "{rs["metadata"]["name"]}" has successfully progressed.'


def test_when_all_is_well_nothing_is_written():
    sim = begin()
    before = sim.store.revision
    sim.fault("resync", DEPLOYMENT)
    sim.run()
    assert sim.store.revision == before


# --- the bounds, at every step ---------------------------------------------------------------

STRATEGIES = [(1, 0), (0, 1), ("25%", "25%"), (2, 1), ("100%", 0), (1, "50%")]


def watch_bounds(sim: Simulation, replicas: int, surge, unavailable) -> None:
    """Run to the end, and hold each moment against what was allowed.

    The surge limits what ReplicaSets are asked for. (Pods that an old one has yet to delete may overlap
    with the first of a new one; in Kubernetes too.)
    """
    most = replicas + rollout.resolve(surge, replicas, up=True)
    fewer = rollout.resolve(unavailable, replicas, up=False)
    while sim.step() is not None:
        asked = sum(rs["spec"]["replicas"] for rs in objects(sim, "replicasets"))
        assert asked <= most, f"{asked} pods asked for, at most {most} are allowed"
        ready = sum(map(is_ready, pods(sim)))
        assert ready >= replicas - fewer, f"{ready} ready, at least {replicas - fewer} are wanted"


@pytest.mark.parametrize(("surge", "unavailable"), STRATEGIES)
@pytest.mark.parametrize("seed", range(10))
def test_never_more_than_the_surge_and_never_fewer_than_allowed(surge, unavailable, seed):
    sim = begin("shuffled", seed, replicas=4, strategy=rolling(surge, unavailable))
    image(sim, "app:2")
    watch_bounds(sim, 4, surge, unavailable)
    assert sizes(sim) == {"app:1": 0, "app:2": 4}


@pytest.mark.parametrize("seed", range(8))
def test_the_bounds_hold_when_minds_are_changed_half_way(seed):
    sim = begin("shuffled", seed, replicas=4, strategy=rolling(1, 1))
    image(sim, "app:2")
    for _ in range(20 + 7 * seed):
        sim.step()
    image(sim, "app:3")
    watch_bounds(sim, 4, 1, 1)
    assert {i: n for i, n in sizes(sim).items() if n} == {"app:3": 4}


@pytest.mark.parametrize("seed", range(4))
def test_a_version_that_never_becomes_ready_does_not_take_the_service_down(seed):
    sim = begin("shuffled", seed, replicas=4, strategy=rolling(1, 1))
    image(sim, "broken")
    for _ in range(400):
        sim.step()
        assert sum(map(is_ready, pods(sim))) >= 3
    assert sizes(sim)["app:1"] == 3
    image(sim, "app:1")
    sim.run()
    assert sizes(sim) == {"app:1": 4, "broken": 0}


def test_rounding_never_leaves_a_rollout_without_room():
    """25% of one: a surge of one, nothing unavailable. And 0 and 0 is not allowed to mean standstill."""
    assert rollout.resolve("25%", 1, up=True) == 1
    assert rollout.resolve("25%", 1, up=False) == 0
    stuck = deployment(replicas=3, strategy=rolling("0%", "10%"))
    assert (rollout.surge(stuck), rollout.unavailable(stuck)) == (0, 1)


# --- going back ------------------------------------------------------------------------------


def test_going_back_uses_the_old_replicaset_again():
    sim = begin(replicas=2)
    image(sim, "app:2")
    sim.run()
    before = {rs["metadata"]["uid"] for rs in objects(sim, "replicasets")}
    image(sim, "app:1")
    sim.run()
    assert sizes(sim) == {"app:1": 2, "app:2": 0}
    assert {rs["metadata"]["uid"] for rs in objects(sim, "replicasets")} == before
    assert web(sim)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    revisions = {
        rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["metadata"]["annotations"][
            "deployment.kubernetes.io/revision"
        ]
        for rs in objects(sim, "replicasets")
    }
    assert revisions == {"app:1": "3", "app:2": "2"}


@pytest.mark.parametrize(("limit", "kept"), [(0, 1), (2, 3), (10, 5)])
def test_as_many_old_versions_are_kept_as_asked_for_the_newest_ones(limit, kept):
    sim = begin(replicas=1, revisionHistoryLimit=limit)
    for n in range(2, 6):
        image(sim, f"app:{n}")
        sim.run()
    assert sorted(sizes(sim)) == [f"app:{n}" for n in range(6 - kept, 6)]


# --- Recreate, paused ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_recreate_never_runs_two_versions_at_once(seed):
    sim = begin("shuffled", seed, replicas=3, strategy={"type": "Recreate"})
    image(sim, "app:2")
    while sim.step() is not None:
        assert len({p["spec"]["containers"][0]["image"] for p in objects(sim, "pods")}) <= 1
    assert sizes(sim) == {"app:1": 0, "app:2": 3}


def test_recreate_waits_for_pods_that_take_their_time():
    sim = Simulation(nodes=1)
    sim.create(deployment(replicas=2, strategy={"type": "Recreate"}))
    sim.run()
    image(sim, "app:2")
    while sim.step() is not None:
        going = [p for p in objects(sim, "pods") if is_deleting(p)]
        new = [p for p in objects(sim, "pods") if p["spec"]["containers"][0]["image"] == "app:2"]
        assert not (going and new)
    assert len(pods(sim)) == 2


def test_a_paused_deployment_collects_changes_and_rolls_out_once():
    sim = begin(replicas=2)
    change(sim, paused=True)
    image(sim, "app:2")
    sim.run()
    image(sim, "app:3")
    sim.run()
    assert sizes(sim) == {"app:1": 2}
    change(sim, paused=None)
    sim.run()
    assert sizes(sim) == {"app:1": 0, "app:3": 2}


def test_a_paused_deployment_can_be_scaled():
    sim = begin(replicas=2)
    change(sim, paused=True, replicas=4)
    sim.run()
    assert sizes(sim) == {"app:1": 4}


@pytest.mark.parametrize("seed", range(4))
def test_pausing_in_the_middle_stops_where_it_is(seed):
    sim = begin("shuffled", seed, replicas=4, strategy=rolling(1, 1))
    image(sim, "app:2")
    sim.run(lambda s: 0 < sizes(s).get("app:2", 0) < 4)
    change(sim, paused=True)
    before = None
    while sim.step() is not None:
        assert sum(sizes(sim).values()) <= 5
    before = sizes(sim)
    assert before["app:1"] > 0
    change(sim, paused=None)
    sim.run()
    assert sizes(sim) == {"app:1": 0, "app:2": 4}


@pytest.mark.parametrize("seed", range(4))
def test_recreate_makes_no_new_replicaset_before_the_old_pods_are_gone(seed):
    sim = begin("shuffled", seed, replicas=2, strategy={"type": "Recreate"})
    image(sim, "app:2")
    while sim.step() is not None:
        if "app:2" in sizes(sim):
            break
        assert len(objects(sim, "replicasets")) == 1
    assert not [p for p in objects(sim, "pods") if p["spec"]["containers"][0]["image"] == "app:1"]


def test_pausing_is_a_condition():
    sim = begin(replicas=2)
    change(sim, paused=True)
    sim.run()
    progressing = condition(web(sim), "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("Unknown", "DeploymentPaused")
    change(sim, paused=None)
    sim.run()
    assert condition(web(sim), "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_scaled_in_the_middle_of_a_stuck_rollout_every_version_gets_its_share():
    """The example of the documentation: ten replicas, surge three, two unavailable, five more asked for."""
    sim = begin(replicas=10, strategy=rolling(3, 2))
    image(sim, "broken")
    sim.run()
    assert sizes(sim) == {"app:1": 8, "broken": 5}
    change(sim, replicas=15)
    sim.run()
    assert sizes(sim) == {"app:1": 11, "broken": 7}
    sets = objects(sim, "replicasets")
    noted = {rs["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"] for rs in sets}
    assert noted == {"18"}


@pytest.mark.parametrize(
    ("replicas", "sizes_before", "expected"),
    [
        # the whole was 10 (surge 3): it is 15 and 18, 5 and 8, 0 and 0, 20 and 23
        (15, {"new": 5, "old": 8}, {"new": 7, "old": 11}),
        (5, {"new": 5, "old": 8}, {"new": 3, "old": 5}),
        (0, {"new": 5, "old": 8}, {"new": 0, "old": 0}),
        # what rounding leaves goes to the greatest; of equals, the younger grows first, the older shrinks first
        (20, {"new": 4, "old": 4, "older": 4}, {"new": 8, "old": 8, "older": 7}),
        (8, {"new": 5, "old": 5, "older": 5}, {"new": 4, "old": 4, "older": 3}),
        (9, {"new": 7, "old": 7}, {"new": 6, "old": 6}),
        (8, {"new": 7, "old": 7}, {"new": 6, "old": 5}),
        (11, {"new": 1, "old": 12}, {"new": 1, "old": 13}),
        (30, {"new": 1, "old": 12}, {"new": 3, "old": 30}),
        # who is alone gets everything, without a surge; an empty one gets nothing while others run
        (10, {"new": 13}, {"new": 10}),
        (10, {"new": 0, "old": 13}, {"old": 10}),
        (10, {"new": 0, "old": 0}, {"new": 10}),
        (15, {"new": 5, "old": 8, "older": 0}, {"new": 7, "old": 11}),
    ],
)
def test_shares(replicas, sizes_before, expected):
    """Kubernetes: GetReplicaSetProportion, with scale in sync.go"""
    sets = some_sets(sizes_before, **{rollout.MAXIMUM: str(sum(sizes_before.values()))})
    assert rollout.shares(deployment(replicas=replicas, strategy=rolling(3, 2)), sets[0], sets) == expected


def some_sets(sizes: dict[str, int], **annotations: str) -> list:
    """Each made a minute before the one that stands before it."""
    return [
        {
            "metadata": {
                "name": name,
                "annotations": annotations,
                "creationTimestamp": f"2026-01-01T00:{30 - age}:00Z",
            },
            "spec": {"replicas": size},
        }
        for age, (name, size) in enumerate(sizes.items())
    ]


def test_shares_without_a_note_of_how_many_there_were():
    """Then the Deployment's own count has to do; without that, nobody knows, and the greatest gets it all."""
    sets = some_sets({"new": 5, "old": 8})
    wanted = deployment(replicas=15, strategy=rolling(3, 2))
    assert rollout.shares(wanted | {"status": {"replicas": 13}}, sets[0], sets) == {"new": 7, "old": 11}
    assert rollout.shares(wanted, sets[0], sets) == {"new": 5, "old": 13}


@pytest.mark.parametrize(
    ("noted", "expected"), [("5", {"old": 0}), ("10", {"new": 3, "old": 5})], ids=["full", "by chance"]
)
def test_the_old_ones_go_at_once_when_the_new_one_is_what_was_asked_for(noted, expected):
    sets = some_sets({"new": 5, "old": 8}, **{rollout.DESIRED: noted, rollout.MAXIMUM: "13"})
    sets[0]["status"] = {"availableReplicas": 5}
    assert rollout.shares(deployment(replicas=5, strategy=rolling(3, 2)), sets[0], sets) == expected


def test_recreate_gives_no_shares():
    sets = some_sets({"new": 5, "old": 8})
    assert rollout.shares(deployment(replicas=15, strategy={"type": "Recreate"}), sets[0], sets) == {}


def orphaned() -> Simulation:
    """A ReplicaSet whose Deployment is gone."""
    sim = begin(replicas=2)
    sim.client.delete("deployments", "default/web", propagationPolicy="Orphan")
    sim.run()
    return sim


def owners_by_uid(sim: Simulation) -> dict[str, str | None]:
    found = {rs["metadata"]["uid"]: controller_of(rs) for rs in objects(sim, "replicasets")}
    return {uid: owner and owner["uid"] for uid, owner in found.items()}


def test_an_orphaned_replicaset_is_adopted_with_its_pods():
    sim = orphaned()
    (before,) = objects(sim, "replicasets")
    running = {uid_of(p) for p in pods(sim)}
    assert controller_of(before) is None
    sim.create(deployment(replicas=2))
    sim.run()
    assert owners_by_uid(sim) == {uid_of(before): uid_of(web(sim))}
    assert {uid_of(p) for p in pods(sim)} == running


def test_an_orphan_of_another_template_is_adopted_as_an_old_version():
    sim = orphaned()
    sim.create(deployment(replicas=2, image="app:2"))
    sim.run()
    assert set(owners_by_uid(sim).values()) == {uid_of(web(sim))}
    assert sizes(sim) == {"app:1": 0, "app:2": 2}
    assert web(sim)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_replicaset_of_somebody_else_is_not_adopted():
    sim = orphaned()
    (before,) = objects(sim, "replicasets")
    somebody = sim.client.create(configmap())
    other = owner_reference(somebody)
    sim.client.patch("replicasets", key_of(before), patch={"metadata": {"ownerReferences": [other]}})
    sim.create(deployment(replicas=2, image="app:2"))
    sim.run()
    assert owners_by_uid(sim)[uid_of(before)] == uid_of(somebody)
    assert sizes(sim) == {"app:1": 2, "app:2": 2}


def test_a_replicaset_whose_labels_match_no_more_is_let_go():
    """It keeps its pods. Its name is taken now, so the new one gets another."""
    sim = begin(replicas=2)
    (rs,) = objects(sim, "replicasets")
    sim.client.patch("replicasets", key_of(rs), patch={"metadata": {"labels": {"app": "elsewhere"}}})
    sim.run()
    owners = owners_by_uid(sim)
    assert owners.pop(uid_of(rs)) is None
    assert list(owners.values()) == [uid_of(web(sim))]
    assert web(sim)["status"]["collisionCount"] == 1
    assert (sizes(sim), len(pods(sim)), sim.errors()) == ({"app:1": 2}, 4, {})


def test_going_back_notes_what_the_revision_was_before():
    sim = begin(replicas=1)
    for wanted in ("app:2", "app:1", "app:2", "app:1"):
        image(sim, wanted)
        sim.run()
    notes = {
        rs["spec"]["template"]["spec"]["containers"][0]["image"]: (
            rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
            rs["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"],
        )
        for rs in objects(sim, "replicasets")
    }
    assert notes == {"app:1": ("5", "1,3"), "app:2": ("4", "2")}


def test_annotations_are_handed_on():
    sim = begin(replicas=1)
    sim.client.patch(
        "deployments", "default/web", patch={"metadata": {"annotations": {"kubernetes.io/change-cause": "x"}}}
    )
    sim.run()
    (rs,) = objects(sim, "replicasets")
    assert rs["metadata"]["annotations"]["kubernetes.io/change-cause"] == "x"


def test_lost_pods_are_no_matter_of_progress():
    sim = begin(replicas=2)
    before = condition(web(sim), "Progressing")
    sim.advance(5)
    sim.client.delete(pods(sim)[0])
    sim.run()
    assert condition(web(sim), "Progressing") == before
    assert [c["type"] for c in web(sim)["status"]["conditions"]] == ["Progressing", "Available"]


def test_pods_that_cannot_be_made_are_reported_up():
    sim = begin(replicas=1)
    sim.fault("refuse", "replicaset-controller", 1, "InternalError")
    image(sim, "app:2")
    sim.run(lambda s: condition(web(s), "ReplicaFailure"))
    assert condition(web(sim), "ReplicaFailure")["reason"] == "FailedCreate"
    sim.run()
    assert not condition(web(sim), "ReplicaFailure")


# --- deadlines -------------------------------------------------------------------------------


def test_a_rollout_that_does_not_progress_is_reported_and_not_given_up():
    sim = begin(replicas=2, progressDeadlineSeconds=60)
    image(sim, "broken")
    sim.advance(50)
    assert condition(web(sim), "Progressing")["status"] == "True"
    sim.advance(30)
    progressing = condition(web(sim), "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    image(sim, "app:2")
    sim.run()
    assert condition(web(sim), "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert condition(web(sim), "Available")["status"] == "True"


def test_a_finished_rollout_meets_no_deadline_later():
    sim = begin(replicas=2, progressDeadlineSeconds=60)
    sim.advance(500)
    assert condition(web(sim), "Progressing")["reason"] == "NewReplicaSetAvailable"


# --- stale news, crashes, scale in the middle ------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_one_replicaset_per_template_however_late_the_news_is(seed):
    sim = begin("shuffled", seed, replicas=2)
    for n in (2, 3):
        image(sim, f"app:{n}")
        for _ in range(10):
            sim.step()
    sim.run()
    assert len(objects(sim, "replicasets")) == len(set(writes(sim, "replicasets"))) <= 3
    assert {i: n for i, n in sizes(sim).items() if n} == {"app:3": 2}


@pytest.mark.parametrize("write", range(1, 9))
def test_a_crash_after_any_write_of_a_rollout_does_no_harm(write):
    sim = begin(replicas=3)
    sim.fault("crash_after", DEPLOYMENT, write)
    image(sim, "app:2")
    watch_bounds(sim, 3, "25%", "25%")
    assert sizes(sim) == {"app:1": 0, "app:2": 3}


@pytest.mark.parametrize("seed", range(6))
def test_scaled_in_the_middle_of_a_rollout(seed):
    sim = begin("shuffled", seed, replicas=4, strategy=rolling(1, 1))
    image(sim, "app:2")
    for _ in range(30):
        sim.step()
    change(sim, replicas=2 + seed)
    sim.run()
    assert {i: n for i, n in sizes(sim).items() if n} == {"app:2": 2 + seed}
    assert len(pods(sim)) == 2 + seed


def test_its_events_tell_the_story():
    sim = begin(replicas=2, strategy=rolling(1, 0))
    image(sim, "app:2")
    sim.run()
    told = [
        e["message"].split(" ", 4)[1::3] for e in objects(sim, "events") if e["reason"] == "ScalingReplicaSet"
    ]
    assert sorted(way for way, _ in told) == ["down", "down", "up", "up", "up"]


def test_the_whole_control_plane_agrees():
    sim = hollow(3)
    sim.create(deployment(replicas=6))
    sim.run()
    image(sim, "app:2")
    sim.run()
    assert (sizes(sim), len(pods(sim)), sim.errors()) == ({"app:1": 0, "app:2": 6}, 6, {})


def test_equal_templates_have_equal_names_and_a_collision_makes_another():
    template = deployment()["spec"]["template"]
    assert short_hash(template) == short_hash(edit(template))
    assert short_hash(template) != short_hash(template, 1)
    assert len(short_hash(template)) == 10


def test_a_replicaset_of_somebody_else_with_that_name_is_a_collision():
    sim = begin(replicas=1)
    (rs,) = objects(sim, "replicasets")
    name = rs["metadata"]["name"]
    other = world(DeploymentController, ReplicaSetController, GarbageCollector)
    squatter = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name},
        "spec": edit(rs["spec"]),
    }
    squatter["spec"]["selector"]["matchLabels"]["x"] = squatter["spec"]["template"]["metadata"]["labels"][
        "x"
    ] = "y"
    other.create([squatter, deployment(replicas=1)])
    other.run()
    assert web(other)["status"]["collisionCount"] == 1
    assert web(other)["status"]["readyReplicas"] == 1
