"""Stories that everybody tells with kubectl, at `k8slearn up`: what it prints is what it prints at a real cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.live.kubectl import kubectl, needed, rolled_out, started, wait
from tests.live.watching import Watching
from tests.up import Up

pytestmark = needed
PODS = "/api/v1/namespaces/default/pods"


def workload(kind: str, name: str, replicas: int, more: str = "") -> str:
    """Of pods that are gone a second after they were told to go."""
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: nginx:1.25
  {more}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Ten times as fast as ours."""
    with Up(tmp_path_factory.mktemp("stories"), "--nodes", "3", "--speed", "10") as running:
        yield running


# --- a rollout, and back ----------------------------------------------------------------------------


def test_rollout_undo(up: Up) -> None:
    kubectl(up, "create", "deployment", "web", "--image=nginx:1.25", "--replicas=2")
    done = 'deployment "web" successfully rolled out'
    assert rolled_out(up, "deployment/web") == done
    set_image = ("set", "image", "deployment/web", "nginx=nginx:1.26")
    assert kubectl(up, *set_image) == "deployment.apps/web image updated"
    assert rolled_out(up, "deployment/web") == done
    head = "deployment.apps/web\nREVISION  CHANGE-CAUSE\n"
    assert kubectl(up, "rollout", "history", "deployment/web") == f"{head}1  <none>\n2  <none>"
    assert "Image:\tnginx:1.25" in kubectl(up, "rollout", "history", "deployment/web", "--revision=1")

    assert kubectl(up, "rollout", "undo", "deployment/web") == "deployment.apps/web rolled back"
    assert rolled_out(up, "deployment/web") == done
    assert kubectl(up, "get", "deployment", "web", "-o", "wide") == (
        "NAME  READY  UP-TO-DATE  AVAILABLE  AGE  CONTAINERS  IMAGES  SELECTOR\n"
        "web  2/2  2  2  <age>  nginx  nginx:1.25  app=web"
    )
    assert kubectl(up, "rollout", "history", "deployment/web") == f"{head}2  <none>\n3  <none>"
    same = "deployment.apps/web skipped rollback (current template already matches revision 3)"
    assert kubectl(up, "rollout", "undo", "deployment/web", "--to-revision=3") == same
    unknown = "error: unable to find specified revision 9 in history"
    assert kubectl(up, "rollout", "undo", "deployment/web", "--to-revision=9", code=1) == unknown


def test_rollout_pause_restart_resume(up: Up) -> None:
    calm = "deployment/calm"
    kubectl(up, "create", "deployment", "calm", "--image=nginx:1.25")
    kubectl(up, "set", "image", calm, "nginx=nginx:1.26")
    rolled_out(up, calm)
    assert kubectl(up, "rollout", "pause", calm) == "deployment.apps/calm paused"
    refused = {
        "pause": 'error: deployments.apps "calm" is already paused',
        "restart": 'error: deployments.apps "calm" can\'t restart paused deployment (run rollout resume first)',
        "undo": "error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' "
        "and try again",
    }
    for verb, said in refused.items():
        assert kubectl(up, "rollout", verb, calm, code=1) == said
    assert kubectl(up, "rollout", "resume", calm) == "deployment.apps/calm resumed"
    assert kubectl(up, "rollout", "restart", calm) == "deployment.apps/calm restarted"
    assert rolled_out(up, calm) == 'deployment "calm" successfully rolled out'
    assert kubectl(up, "rollout", "history", calm).endswith("1  <none>\n2  <none>\n3  <none>")


# --- a machine is emptied ---------------------------------------------------------------------------


def test_a_budget_blocks_a_drain_and_lets_it_go(up: Up) -> None:
    kubectl(up, "apply", "-f", "-", given=workload("Deployment", "shop", 2))
    kubectl(up, "create", "poddisruptionbudget", "shop", "--selector=app=shop", "--min-available=2")
    rolled_out(up, "deployment/shop")
    columns = "NAME  MIN AVAILABLE  MAX UNAVAILABLE  ALLOWED DISRUPTIONS  AGE"
    wait(up, "jsonpath={.status.currentHealthy}=2", "pdb/shop")
    assert kubectl(up, "get", "pdb", "shop") == f"{columns}\nshop  2  N/A  0  <age>"
    where = "jsonpath={.items[0].spec.nodeName} {.items[0].metadata.name}"
    node, pod = kubectl(up, "get", "pods", "-l", "app=shop", "-o", where).split()

    with started(up, "drain", node, "--pod-selector=app=shop") as drain:
        lines = iter(drain.stdout or ())
        assert next(lines) == f"node/{node} cordoned\n"
        assert next(lines) == f"evicting pod default/{pod}\n"
        assert next(lines) == (
            f'error when evicting pods/"{pod}" -n "default" (will retry after 5s): '
            "Cannot evict pod as it would violate the pod's disruption budget.\n"
        )
        kubectl(up, "scale", "deployment/shop", "--replicas=3")  # on another machine
        assert list(lines)[-2:] == [f"pod/{pod} evicted\n", f"node/{node} drained\n"]
    assert drain.returncode == 0
    assert f"{node}  Ready,SchedulingDisabled  <none>" in kubectl(up, "get", "nodes")
    assert kubectl(up, "uncordon", node) == f"node/{node} uncordoned"


# --- one after the other ----------------------------------------------------------------------------


def revision(up: Up, path: str) -> str:
    with up.http() as client:
        return str(client.get(path).json()["metadata"]["resourceVersion"])


def lives(pods: Watching) -> Iterator[str]:
    """When pods come and go, and when the new ones are ready: each only once."""
    fresh: set[str] = set()
    while (event := pods.event()) is not None:
        name, kind = event["object"]["metadata"]["name"], event["type"]
        if kind != "MODIFIED":
            yield f"{name} {kind}"
        if kind == "ADDED":
            fresh.add(name)
        conditions = event["object"].get("status", {}).get("conditions", ())
        if name in fresh and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            fresh.discard(name)
            yield f"{name} ready"


def test_a_stateful_set_restarts_from_the_highest_ordinal_down(up: Up) -> None:
    kubectl(up, "apply", "-f", "-", given=workload("StatefulSet", "db", 3, "serviceName: db"))
    done = "partitioned roll out complete: 3 new pods have been updated..."  # a partition of 0 is one, too
    assert rolled_out(up, "statefulset/db") == done
    with Watching(up, f"{PODS}?labelSelector=app%3Ddb&resourceVersion={revision(up, PODS)}") as pods:
        assert kubectl(up, "rollout", "restart", "statefulset/db") == "statefulset.apps/db restarted"
        seen = list(islice(lives(pods), 9))
    assert seen == [f"db-{n} {what}" for n in (2, 1, 0) for what in ("DELETED", "ADDED", "ready")]
    assert rolled_out(up, "statefulset/db") == done
    assert kubectl(up, "rollout", "history", "statefulset/db") == (
        "statefulset.apps/db\nREVISION  CHANGE-CAUSE\n1  <none>\n2  <none>"
    )


# --- time and again ---------------------------------------------------------------------------------


def test_a_cron_job_makes_jobs_and_one_by_hand(up: Up) -> None:
    make = ("create", "cronjob", "tick", "--image=busybox", "--schedule=* * * * *", "--", "echo", "tock")
    assert kubectl(up, *make) == "cronjob.batch/tick created"
    columns = "NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE"
    assert re.fullmatch(
        rf"{columns}\ntick  \* \* \* \* \*  <none>  False  \d  \S+  <age>", kubectl(up, "get", "cronjob")
    )
    wait(up, "jsonpath={.status.lastSuccessfulTime}", "cronjob/tick")
    kubectl(up, "patch", "cronjob", "tick", "-p", '{"spec":{"suspend":true}}')
    first = kubectl(up, "get", "jobs", "-o", "jsonpath={.items[0].metadata.name}")
    assert re.fullmatch(r"tick-\d{8}", first)
    assert kubectl(up, "logs", f"job/{first}") == "tock"
    assert f"Created job {first}" in kubectl(up, "describe", "cronjob", "tick")

    assert kubectl(up, "create", "job", "now", "--from=cronjob/tick") == "job.batch/now created"
    wait(up, "condition=Complete", "job/now")
    assert kubectl(up, "get", "job", "now") == (
        "NAME  STATUS  COMPLETIONS  DURATION  AGE\nnow  Complete  1/1  <age>  <age>"
    )
    by_hand = r"jsonpath={.metadata.annotations.cronjob\.kubernetes\.io/instantiate}"
    assert kubectl(up, "get", "job", "now", "-o", by_hand) == "manual"
    assert kubectl(up, "get", "job", "now", "-o", "jsonpath={.metadata.ownerReferences[0].name}") == "tick"
    gone = kubectl(up, "delete", "cronjob", "tick")
    assert gone in ('cronjob.batch "tick" deleted', 'cronjob.batch "tick" deleted from default namespace')


# --- over and over ----------------------------------------------------------------------------------


def while_it_waits(up: Up, *words: str) -> str:
    """What kubectl prints when it is quick enough: between two crashes there is more time after each."""
    looks = iter(lambda: kubectl(up, *words), None)
    return next(seen for seen in looks if re.search(r"\bCrashLoopBackOff\b", seen))


def test_the_logs_of_a_container_that_crashes(up: Up) -> None:
    script = "echo going down; sleep 1; exit 3"
    kubectl(up, "run", "crasher", "--image=busybox", "--", "sh", "-c", script)
    columns = "NAME  READY  STATUS  RESTARTS  AGE"
    seen = while_it_waits(up, "get", "pod", "crasher")
    assert re.fullmatch(rf"{columns}\ncrasher  0/1  CrashLoopBackOff  \d+ \(<age> ago\)  <age>", seen)
    assert kubectl(up, "logs", "crasher") == "going down"
    assert kubectl(up, "logs", "crasher", "--previous") == "going down"
    told = while_it_waits(up, "describe", "pod", "crasher")
    assert "Reason:  CrashLoopBackOff" in told
    assert re.search(r"Last State:  Terminated\n +Reason:  Error\n +Exit Code:  3\n", told)
    assert re.search(
        r"Warning  BackOff .*Back-off restarting failed container crasher in pod crasher_default\(", told
    )

    kubectl(up, "run", "well", "--image=nginx:1.25")
    wait(up, "condition=Ready", "pod/well")
    none = 'Error from server (BadRequest): previous terminated container "well" in pod "well" not found'
    assert kubectl(up, "logs", "well", "--previous", code=1) == none
