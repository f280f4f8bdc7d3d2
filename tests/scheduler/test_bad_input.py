"""Plugins that raise or talk nonsense, absurd wishes, nodes that vanish, two schedulers for one pod."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from k8slearn.api.errors import BadRequest, Invalid
from k8slearn.api.objects import Object
from k8slearn.api.requests import NotYet
from k8slearn.scheduler import DEFAULT_PLUGINS, Scheduler
from k8slearn.sim import Simulation
from tests.fakes import pod
from tests.scheduler.fixtures import asking, cluster, events, get, message, node_of, scheduler


def with_plugin(**methods: Any) -> Simulation:
    """Two nodes, and a plugin with these methods, which only looks at pods labelled ``app: odd``."""

    def only_odd(method: Any, otherwise: Any) -> Any:
        def ask(self: Any, pod: Any, *rest: Any) -> Any:
            return method(pod, *rest) if pod.labels.get("app") == "odd" else otherwise

        return ask

    usual = {"score": 0, "bind": False}
    made = {name: only_odd(method, usual.get(name)) for name, method in methods.items()}
    odd = type("Odd", (), {"name": "Odd", "weight": 1, **made})()
    return cluster({}, {}, components=(partial(Scheduler, plugins=[odd, *DEFAULT_PLUGINS]),))


def boom(*_: Any) -> Any:
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("methods", "text"),
    [
        ({"filter": boom}, 'running "Odd" filter plugin: ZeroDivisionError: division by zero'),
        (
            {"pre_filter": boom, "filter": boom},
            'running PreFilter plugin "Odd": ZeroDivisionError: division by zero',
        ),
        (
            {"score": boom},
            'running Score plugins: plugin "Odd" failed with: ZeroDivisionError: division by zero',
        ),
        ({"reserve": boom}, 'running Reserve plugin "Odd": ZeroDivisionError: division by zero'),
        ({"permit": boom}, 'running Permit plugin "Odd": ZeroDivisionError: division by zero'),
        ({"pre_bind": boom}, 'running PreBind plugin "Odd": ZeroDivisionError: division by zero'),
        ({"bind": boom}, 'binding rejected: running Bind plugin "Odd": ZeroDivisionError: division by zero'),
        (
            {"filter": lambda *_: 3},
            'running "Odd" filter plugin: it returned 3: None lets the pod in, a text says why not',
        ),
        (
            {"score": lambda *_: 101},
            'applying score defaultWeights on Score plugins: plugin "Odd" returns an invalid score 101, '
            "it should in the range of [0, 100] after normalizing",
        ),
        (
            {"score": lambda *_: "much"},
            "running Score plugins: plugin \"Odd\" failed with: the score is a whole number, not 'much'",
        ),
    ],
)
def test_a_plugin_that_fails_keeps_one_pod_waiting_and_nobody_else(methods: Any, text: str) -> None:
    sim = with_plugin(**methods)
    sim.create([pod("odd"), pod("even")])
    sim.run()
    assert message(sim, "odd", "SchedulerError") == text
    assert events(sim, "odd") == [("Warning", "FailedScheduling", text, 1)]
    assert node_of(sim, "even") in ("node-0", "node-1")
    assert scheduler(sim).assumed == {}
    sim.advance(60)
    assert 5 <= events(sim, "odd")[0][3] <= 9, "it is tried again, but not all the time"
    assert not sim.errors()


def test_a_plugin_that_comes_to_its_senses_lets_the_pod_go() -> None:
    tries: list[int] = []

    def third_time(*_: Any) -> str | None:
        tries.append(1)
        if len(tries) < 4:
            raise RuntimeError("not yet")
        return None

    sim = with_plugin(filter=third_time)
    sim.create(pod("odd"))
    sim.advance(30)
    assert node_of(sim, "odd") in ("node-0", "node-1")


def test_reserve_and_permit_may_refuse_and_what_was_reserved_is_undone() -> None:
    undone: list[str] = []
    sim = with_plugin(
        reserve=lambda *_: None,
        unreserve=lambda pod, node, handle: undone.append(node),
        permit=lambda *_: "not today",
    )
    sim.create(pod("odd"))
    sim.run()
    assert message(sim, "odd") == "0/1 nodes are available: 1 not today."
    assert len(undone) == 1
    assert scheduler(sim).assumed == {}


@pytest.mark.parametrize("allowed", [True, False])
def test_permit_may_wait(allowed: bool) -> None:
    class Patient:
        name = "Patient"

        def permit(self, pod: Any, node: str, handle: Any) -> Any:
            from k8slearn.scheduler import Wait

            known = handle.get("pods", pod.key)
            return None if known["metadata"].get("labels", {}).get("go") else Wait(10)

    sim = cluster({}, components=(partial(Scheduler, plugins=[Patient(), *DEFAULT_PLUGINS]),))
    sim.create(pod("p"))
    sim.run(until=lambda s: bool(scheduler(s).waiting))
    assert node_of(sim, "p") is None
    assert scheduler(sim).assumed == {"default/p": "node-0"}
    if allowed:
        sim.client.patch("pods", "default/p", patch={"metadata": {"labels": {"go": "1"}}})
    sim.run()
    assert sim.now == 10
    if allowed:
        assert node_of(sim, "p") == "node-0"
    else:
        assert (
            message(sim, "p")
            == "0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Patient."
        )


@pytest.mark.parametrize("key", [boom, lambda *_: "first", lambda *_: None])
def test_who_sorts_the_queue_by_nonsense_has_no_say(key: Any) -> None:
    odd = type("Odd", (), {"name": "Odd", "sort_key": key})()
    sim = cluster({}, components=(partial(Scheduler, plugins=[odd, *DEFAULT_PLUGINS]),))
    sim.create([pod("p"), pod("q")])
    sim.run()
    assert {node_of(sim, "p"), node_of(sim, "q")} == {"node-0"}
    assert not sim.errors()


def test_where_nobody_binds_the_pod_waits() -> None:
    idle = type("Idle", (), {"name": "Idle", "bind": lambda *_: False})()
    sim = cluster({}, components=(partial(Scheduler, plugins=[idle]),))
    sim.create(pod("p"))
    sim.run()
    said = 'binding rejected: running Bind plugin "Idle": nobody has bound the pod'
    assert message(sim, "p", "SchedulerError") == said
    assert scheduler(sim).assumed == {}


@pytest.mark.parametrize("cpu", ["-1", "one", "1.5.2"])
def test_nonsense_quantities_never_reach_the_scheduler(cpu: str) -> None:
    sim = cluster({})
    with pytest.raises((Invalid, BadRequest)):
        sim.create(asking("p", cpu=cpu))


@pytest.mark.parametrize("cpu", ["9223372036854775807", "1E"])
def test_absurd_requests_wait_for_a_node_that_never_comes(cpu: str) -> None:
    sim = cluster({}, {})
    sim.create([asking("p", cpu=cpu), asking("q")])
    sim.run()
    assert message(sim, "p").startswith("0/2 nodes are available: 2 Insufficient cpu.")
    assert node_of(sim, "q")


def contradiction() -> Object:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "p"}}}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    return {"podAffinity": required, "podAntiAffinity": required}


def test_contradictory_affinity() -> None:
    """The first of its kind is alone; the second can neither be with it nor without it."""
    sim = cluster({}, {})
    sim.create([pod("p", affinity=contradiction()), pod("q", labels={"app": "p"}, affinity=contradiction())])
    sim.run()
    assert node_of(sim, "p")
    assert message(sim, "q").startswith(
        "0/2 nodes are available: 1 node(s) didn't match pod affinity rules, "
        "1 node(s) didn't match pod anti-affinity rules."
    )


def test_a_node_that_vanishes_before_the_pod_is_bound_to_it() -> None:
    """Kubernetes binds it all the same: nobody asks whether the node exists. Its room is not given away twice."""
    sim = cluster({})
    sim.fault("hold", "default-scheduler", "nodes")
    sim.client.delete("nodes", "node-0")
    sim.create(pod("p"))
    sim.run()
    assert node_of(sim, "p") == "node-0"
    sim.fault("release", "default-scheduler", "nodes")
    sim.create(pod("q"))
    sim.run()
    assert message(sim, "q") == "no nodes available to schedule pods"


def test_two_schedulers_for_one_pod() -> None:
    """Both want to bind it; one comes too late, hears so, and leaves it alone."""
    sim = cluster({}, {})
    sim.fault("hold", "default-scheduler", "pods")
    sim.create(pod("p"))
    sim.fault("release", "default-scheduler", "pods")
    sim.step()  # the scheduler hears of the pod, and before it acts:
    sim.client.bind(sim.client.get("pods", "default/p"), "node-1")
    sim.run()
    assert node_of(sim, "p") == "node-1"
    assert (
        next(c for c in get(sim, "p")["status"]["conditions"] if c["type"] == "PodScheduled")["status"]
        == "True"
    )
    assert scheduler(sim).assumed == {}
    assert scheduler(sim).snapshot.where["default/p"] == "node-1"
    assert not sim.errors()


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({}, "Odd: a plugin needs a name"),
        ({"name": "NodeName"}, 'plugin "NodeName" is there twice'),
        ({"name": "Odd", "weight": -1}, 'plugin "Odd": its weight is a whole number from 0 on, not -1'),
        ({"name": "Odd", "weight": "2"}, "from 0 on, not '2'"),
    ],
)
def test_plugins_that_cannot_be_told_apart_or_weighed_are_refused_at_once(attributes: Any, why: str) -> None:
    odd = type("Odd", (), attributes)()
    with pytest.raises(ValueError, match=re.escape(why)):
        Scheduler(plugins=[odd, *DEFAULT_PLUGINS])


def test_a_plugin_may_do_without_a_weight() -> None:
    plain = type(
        "Plain", (), {"name": "Plain", "score": lambda self, pod, node: 100 * (node.name == "node-1")}
    )()
    sim = cluster({}, {}, components=(partial(Scheduler, plugins=[plain]),))
    sim.create(pod("p"))
    sim.run()
    assert node_of(sim, "p") == "node-1"


def test_a_server_that_must_ask_somebody_first_is_no_failure() -> None:
    """As with a webhook, live: everything is done once more when there is an answer, and nothing is left of the try."""
    asked: list[str] = []

    def not_at_once(pod: Any, node: str, handle: Any) -> bool:
        asked.append(node)
        if len(asked) == 1:
            raise NotYet("asks a webhook")
        return False

    sim = with_plugin(bind=not_at_once)
    sim.create(pod("p", labels={"app": "odd"}))
    sim.run()
    assert (len(asked), scheduler(sim).assumed, events(sim, "p")) == (1, {}, [])
    scheduler(sim).queue.add("default/p")
    sim.manager.touch("default-scheduler")
    sim.run()
    assert asked[1:] == [node_of(sim, "p")]
