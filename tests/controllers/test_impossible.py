"""What cannot come true: Kubernetes says so in a condition or an event, nobody runs hot, and nothing is lost.

Each row is left alone for ten minutes and then for an hour in a whole control plane, in which an empty cluster
counts along: what is done beyond its housekeeping is what the impossible costs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from k8slearn.api.errors import ApiError, TooManyRequests
from k8slearn.api.objects import Object, controller_of, dig, edit, name_of, namespace_of
from k8slearn.api.requests import Request
from k8slearn.cluster import Cluster
from k8slearn.sim import Simulation
from tests.controllers.stories import BUDGET, CRON, HPA, RC, autoscaler, claim, job, workload
from tests.fakes import deployment, named, objects, pod, replicaset, rolling, template

pytestmark = pytest.mark.slow

A_WHILE, AN_HOUR = 600.0, 3600.0

FAST = named("StorageClass", "fast", "storage.k8s.io/v1", namespace="", provisioner="ex.com/p")
FULL = named("ResourceQuota", "full", spec={"hard": {"pods": "1"}})
HUGE = {"resources": {"requests": {"cpu": "1000"}}}
NO_METRICS = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
    "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
)
NO_PREEMPTION = (
    "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful "
    "for scheduling."
)
EXCEEDED = "is forbidden: exceeded quota: full, requested: pods=1, used: pods=1, limited: pods=1"
NO_ACCOUNT = 'is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found'
RIVALS = "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]"


def using(claim: str) -> Object:
    return pod("user", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim}}])


def containing(labels: dict[str, str], **spec: Any) -> Object:
    """A template whose container has these fields, too."""
    body = template(labels)
    body["spec"]["containers"][0] |= spec
    return body


def unpullable() -> Object:
    body = template({"app": "web"})
    body["metadata"]["annotations"] = {"fake/image-error": "true"}
    return body


def as_nobody(name: str) -> Object:
    return template({"app": name}, serviceAccountName="ghost")


@dataclass(frozen=True)
class Impossible:
    """`events`: reason and text, or a part of it, of Warnings. `conditions`: kind, type, status, reason, and text or a
    part of it. `costs`: player -> reconciles an hour beyond those of an empty cluster, at most; others have none.
    `has`: resource -> how many there are in the end.
    """

    name: str
    made: tuple[Object, ...]
    events: tuple[tuple[str, str], ...] = ()
    conditions: tuple[tuple[str, str, str, str, str], ...] = ()
    costs: dict[str, int] = field(default_factory=dict)
    has: dict[str, int] = field(default_factory=dict)


TRIES = 4  # an hour: the backoff ends at 1,000 seconds
QUOTA = {"resourcequota-controller": 12}  # a full look every five minutes
LOOKS = {"horizontal-pod-autoscaler": 240, "deployment-controller": 1}  # every fifteen seconds
RESYNC = 240  # the volume binder looks at everything every fifteen seconds
DEADLINE = {"deployment-controller": 2}  # one look when it has passed, one at what it has said then itself
# the kubelet backs off for five minutes, in the end; each try changes the pod's status twice, which others hear of
PULLS = {"kubelet/node-0": 24, "replicaset-controller": 24, "ephemeral-volume-controller": 24}
CRASHES = PULLS | {"replicaset-controller": 48, "deployment-controller": 50}
AGAIN = 12  # the scheduler looks at what does not fit every five minutes

ROWS = (
    Impossible(
        "a cron line that never fires",
        (CRON | {"spec": CRON["spec"] | {"schedule": "0 0 30 2 *"}},),
        events=(
            (
                "InvalidSchedule",
                "invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1 second",
            ),
        ),
        has={"cronjobs": 1, "jobs": 0},
    ),
    Impossible(
        "a volume nobody can provide",
        (FAST, claim("data", storageClassName="fast"), using("data")),
        events=(
            (
                "FailedScheduling",
                f"0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. {NO_PREEMPTION}",
            ),
        ),
        costs={"persistent-volume-binder": RESYNC, "default-scheduler": AGAIN},
        has={"persistentvolumeclaims": 1, "pods": 1},
    ),
    Impossible(
        "a storage class that does not exist",
        (claim("data", storageClassName="nope"), using("data")),
        events=(
            ("ProvisioningFailed", 'storageclass.storage.k8s.io "nope" not found'),
            ("FailedScheduling", "pod has unbound immediate PersistentVolumeClaims"),
        ),
        costs={"persistent-volume-binder": RESYNC, "default-scheduler": AGAIN},
        has={"persistentvolumeclaims": 1, "pods": 1},
    ),
    Impossible(
        "a claim that does not exist",
        (using("ghost"),),
        events=(
            (
                "FailedScheduling",
                f'0/2 nodes are available: persistentvolumeclaim "ghost" not found. {NO_PREEMPTION}',
            ),
        ),
        conditions=(
            ("Pod", "PodScheduled", "False", "Unschedulable", 'persistentvolumeclaim "ghost" not found'),
        ),
        costs={"default-scheduler": AGAIN},
        has={"pods": 1},
    ),
    Impossible(
        "an HPA without metrics",
        (deployment("web", 3), HPA),
        events=(("FailedGetResourceMetric", NO_METRICS), ("FailedComputeMetricsReplicas", NO_METRICS)),
        conditions=(
            (
                "HorizontalPodAutoscaler",
                "ScalingActive",
                "False",
                "FailedGetResourceMetric",
                f"the HPA was unable to compute the replica count: {NO_METRICS}",
            ),
        ),
        costs=LOOKS,
        has={"pods": 3},
    ),
    Impossible(
        "two HPAs of one target",
        (deployment("web", 3), HPA, autoscaler("other", "web")),
        events=(("AmbiguousSelector", RIVALS), ("FailedComputeMetricsReplicas", RIVALS)),
        conditions=(("HorizontalPodAutoscaler", "ScalingActive", "False", "AmbiguousSelector", RIVALS),),
        costs=LOOKS | {"horizontal-pod-autoscaler": 480},
        has={"pods": 3},
    ),
    Impossible(
        "an HPA of something that does not exist",
        (HPA,),
        events=(("FailedGetScale", 'deployments.apps "web" not found'),),
        conditions=(
            (
                "HorizontalPodAutoscaler",
                "AbleToScale",
                "False",
                "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: "
                'deployments.apps "web" not found',
            ),
        ),
        costs={"horizontal-pod-autoscaler": 240},
    ),
    Impossible(
        "two Deployments with one selector",
        (
            deployment("web", 2),
            deployment(
                "web2", 2, selector={"matchLabels": {"app": "web"}}, template=template({"app": "web"})
            ),
        ),
        costs={"deployment-controller": 2},
        has={"pods": 4, "replicasets": 2},
    ),
    Impossible(
        "two ReplicaSets with one selector",
        (
            replicaset("web", 2),
            replicaset(
                "web2", 2, selector={"matchLabels": {"app": "web"}}, template=template({"app": "web"})
            ),
        ),
        has={"pods": 4},
    ),
    Impossible(
        "a StatefulSet whose service is missing",
        (workload("StatefulSet", "db", serviceName="ghost", replicas=2),),
        has={"pods": 2, "statefulsets": 1},
    ),
    Impossible(
        "a Job that never succeeds",
        (
            job(
                "fails",
                backoffLimit=2,
                template={
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "c", "image": "k8slearn/crasher"}],
                    }
                },
            ),
        ),
        events=(("BackoffLimitExceeded", "Job has reached the specified backoff limit"),),
        conditions=(
            ("Job", "Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        ),
        has={"pods": 3, "jobs": 1},
    ),
    Impossible(
        "a quota that is full, and a Deployment",
        (FULL, deployment("web", 3)),
        events=(("FailedCreate", f" {EXCEEDED}"),),
        conditions=(
            ("Deployment", "ReplicaFailure", "True", "FailedCreate", EXCEEDED),
            ("ReplicaSet", "ReplicaFailure", "True", "FailedCreate", EXCEEDED),
        ),
        costs={"replicaset-controller": TRIES, "deployment-controller": 3, **QUOTA},
        has={"pods": 1, "replicasets": 1},
    ),
    Impossible(
        "a quota that is full, and a ReplicationController",
        (FULL, RC),
        events=(("FailedCreate", f" {EXCEEDED}"),),
        conditions=(("ReplicationController", "ReplicaFailure", "True", "FailedCreate", EXCEEDED),),
        costs={"replication-controller": TRIES, **QUOTA},
        has={"pods": 1},
    ),
    Impossible(
        "a quota that is full, and a StatefulSet",
        (FULL, workload("StatefulSet", "db", serviceName="db", replicas=3)),
        events=(("FailedCreate", f'create Pod db-1 in StatefulSet db failed error: pods "db-1" {EXCEEDED}'),),
        costs={"statefulset-controller": TRIES, **QUOTA},
        has={"pods": 1},
    ),
    Impossible(
        "a quota that is full, and a DaemonSet",
        (FULL, workload("DaemonSet", "agent")),
        events=(("FailedCreate", f" {EXCEEDED}"),),
        costs={"daemonset-controller": TRIES, **QUOTA},
        has={"pods": 1},
    ),
    Impossible(
        "a DaemonSet that fits nowhere",
        (workload("DaemonSet", "agent", template=containing({"app": "agent"}, **HUGE)),),
        events=(("FailedScheduling", "0/2 nodes are available: 1 Insufficient cpu"),),
        conditions=(("Pod", "PodScheduled", "False", "Unschedulable", "1 Insufficient cpu"),),
        costs={"default-scheduler": 2 * AGAIN},
        has={"pods": 2},
    ),
    *(
        Impossible(
            f"a {made['kind']} with a service account that does not exist",
            (made,),
            events=(("FailedCreate", NO_ACCOUNT),),
            costs=costs,
            has={"pods": 0},
        )
        for made, costs in (
            (
                deployment("web", 2, template=as_nobody("web")),
                {"replicaset-controller": TRIES, "deployment-controller": 2},
            ),
            (
                workload("StatefulSet", "db", serviceName="db", replicas=2, template=as_nobody("db")),
                {"statefulset-controller": TRIES},
            ),
            (workload("DaemonSet", "agent", template=as_nobody("agent")), {"daemonset-controller": TRIES}),
            (
                job(
                    "task",
                    template={
                        "spec": {**job("task")["spec"]["template"]["spec"], "serviceAccountName": "ghost"}
                    },
                ),
                {"job-controller": TRIES},
            ),
        )
    ),
    Impossible(
        "an image that nobody can pull",
        (deployment("web", 1, template=unpullable()),),
        events=(
            ("Failed", "Error: ErrImagePull"),
            ("Failed", "Error: ImagePullBackOff"),
            ("Failed", 'Failed to pull image "app:1": failed to resolve image: app:1: not found'),
        ),
        conditions=(
            ("Pod", "Ready", "False", "ContainersNotReady", "containers with unready status: [c]"),
            ("Deployment", "Progressing", "False", "ProgressDeadlineExceeded", "has timed out progressing."),
        ),
        costs=DEADLINE | PULLS,
        has={"pods": 1},
    ),
    Impossible(
        "an image that must not be pulled and is not there",
        (deployment("web", 1, template=containing({"app": "web"}, imagePullPolicy="Never")),),
        events=(
            (
                "ErrImageNeverPull",
                'Container image "app:1" is not present with pull policy of Never',
            ),
        ),
        costs=DEADLINE,
        has={"pods": 1},
    ),
    Impossible(
        "an image whose name is none",
        (deployment("web", 1, template=containing({"app": "web"}, image="UPPER::x")),),
        events=(("InspectFailed", 'couldn\'t parse image name "UPPER::x": invalid reference format'),),
        costs=DEADLINE,
        has={"pods": 1},
    ),
    Impossible(
        "a program that always crashes",
        (deployment("web", 1, template=containing({"app": "web"}, image="k8slearn/crasher")),),
        events=(("BackOff", "Back-off restarting failed container c in pod web-"),),
        conditions=(("Pod", "Ready", "False", "ContainersNotReady", "containers with unready status: [c]"),),
        costs=DEADLINE | CRASHES,
        has={"pods": 1},
    ),
    Impossible(
        "a selector that no node has",
        (pod("picky", nodeSelector={"disk": "fast"}),),
        events=(
            (
                "FailedScheduling",
                f"0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. {NO_PREEMPTION}",
            ),
        ),
        costs={"default-scheduler": AGAIN},
        has={"pods": 1},
    ),
)


def cluster() -> Simulation:
    sim = Simulation(Cluster.complete(2))
    sim.run()
    return sim


def an_hour(sim: Simulation) -> Counter[str]:
    """player -> how often it reconciled."""
    sim.advance(A_WHILE)
    before = sim.position
    sim.advance(AN_HOUR)
    return Counter(s.player for s in list(sim.trace)[before:] if s.action == "reconcile")


@cache
def idle() -> Counter[str]:
    return an_hour(cluster())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_said_and_waited_for_in_peace(row: Impossible) -> None:
    sim = cluster()
    sim.create([edit(o) for o in row.made])
    costs = an_hour(sim) - idle()
    assert {p: n for p, n in costs.items() if n > row.costs.get(p, 0)} == {}
    warnings = [e for e in objects(sim, "events") if e["type"] == "Warning"]
    for reason, text in row.events:
        assert any(e["reason"] == reason and text in e["message"] for e in warnings), told(warnings)
    for expected in row.conditions:
        assert any(fits(expected, c) for c in conditions(sim)), conditions(sim)
    assert {resource: len(objects(sim, resource)) for resource in row.has} == row.has
    assert row.events or not warnings, told(warnings)


def told(events: list[Object]) -> list[str]:
    return [f"{e['reason']}: {e['message']}" for e in events]


def conditions(sim: Simulation) -> list[tuple[str, str, str, str, str]]:
    return [
        (o["kind"], c["type"], c["status"], c.get("reason", ""), c.get("message", ""))
        for found in sim.state().values()
        for o in found.values()
        for c in dig(o, "status", "conditions", default=[])
    ]


def fits(expected: tuple[str, str, str, str, str], found: tuple[str, str, str, str, str]) -> bool:
    return expected[:4] == found[:4] and expected[4] in found[4]


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (
            deployment("web", 3, strategy=rolling(0, 0)),
            'Deployment.apps "web" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not '
            "be 0 when `maxSurge` is 0",
        ),
        (
            deployment("web", 3, strategy=rolling("0%", "0%")),
            'Deployment.apps "web" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may '
            "not be 0 when `maxSurge` is 0",
        ),
        (
            deployment("web", 3, selector={}),
            'Deployment.apps "web" is invalid: spec.selector: Invalid value: {}: empty selector is invalid for '
            "deployment",
        ),
        (
            deployment("web", 3, selector={"matchLabels": {"app": "other"}}),
            'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: '
            "`selector` does not match template `labels`",
        ),
        (
            CRON | {"spec": CRON["spec"] | {"schedule": "0 0 32 1 *"}},
            'CronJob.batch "tick" is invalid: spec.schedule: Invalid value: "0 0 32 1 *": end of range (32) above '
            "maximum (31): 32",
        ),
        (
            BUDGET | {"spec": BUDGET["spec"] | {"maxUnavailable": 1}},
            'PodDisruptionBudget.policy "web" is invalid: spec: Invalid value: ',
        ),
    ],
    ids=["no room", "no room in percent", "everybody", "not its own", "no such day", "two rules"],
)
def test_it_is_refused(made: Object, why: str) -> None:
    sim = cluster()
    before = sim.store.revision
    with pytest.raises(ApiError) as refusal:
        sim.create(made)
    assert str(refusal.value).startswith(why)
    assert (refusal.value.code, sim.store.revision) == (422, before)


# --- what is in the way of others ------------------------------------------------------------


def evict(victim: Object) -> Request:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name_of(victim)}}
    return Request("create", "pods", namespace_of(victim), name_of(victim), "eviction", body=body)


def test_a_budget_that_blocks_a_drain_says_so_each_time_and_nothing_goes():
    sim = cluster()
    sim.create([deployment("web", 3), BUDGET | {"spec": BUDGET["spec"] | {"minAvailable": 3}}])
    sim.run()
    before = {p["metadata"]["uid"] for p in objects(sim, "pods")}
    for victim in objects(sim, "pods"):
        with pytest.raises(TooManyRequests) as refusal:
            sim.request(evict(victim))
        assert str(refusal.value) == "Cannot evict pod as it would violate the pod's disruption budget."
        (cause,) = refusal.value.details["causes"]
        assert cause == {
            "reason": "DisruptionBudget",
            "message": "The disruption budget web needs 3 healthy pods and has 3 currently",
        }
    assert ("PodDisruptionBudget", "DisruptionAllowed", "False", "InsufficientPods", "") in conditions(sim)
    costs = an_hour(sim) - idle()
    assert {p: n for p, n in costs.items() if p != "deployment-controller"} == {}
    assert {p["metadata"]["uid"] for p in objects(sim, "pods")} == before


def test_a_selector_that_grabs_anothers_pods_leaves_them_where_they_are():
    """Only those that nobody controls are adopted, and of those only as many are kept as are wanted."""
    sim = cluster()
    sim.create([replicaset("web", 2), pod("free", labels={"app": "web"}), pod("too", labels={"app": "web"})])
    sim.run()
    theirs = {p["metadata"]["name"]: controller_of(p) for p in objects(sim, "pods")}
    greedy = replicaset(
        "greedy", 1, selector={"matchLabels": {"app": "web"}}, template=template({"app": "web"})
    )
    sim.create(greedy)
    sim.run()
    after = {p["metadata"]["name"]: controller_of(p) for p in objects(sim, "pods")}
    assert theirs.items() <= after.items()
    assert len(after) == len(theirs) + 1
    assert an_hour(sim) - idle() == {}


def test_when_there_is_room_again_what_was_refused_is_made():
    sim = cluster()
    sim.create([FULL, deployment("web", 3)])
    sim.advance(AN_HOUR)
    sim.client.patch("resourcequotas", "default/full", patch={"spec": {"hard": {"pods": "5"}}})
    sim.advance(1000)
    assert len(objects(sim, "pods")) == 3
    assert not [c for c in conditions(sim) if c[1] == "ReplicaFailure"]
