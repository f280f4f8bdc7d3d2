"""Players of a live control plane, while the server has to ask others."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from k8slearn.api.clock import Dice, timestamp
from k8slearn.api.errors import ApiError
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.admission import Plugin
from k8slearn.apiserver.outside import Call, CallFailed, Reply
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.live.clock import WallClock
from k8slearn.live.driver import Driver
from k8slearn.live.outside import Switchboard
from k8slearn.machinery import Controller, Done
from tests.crds import crd, widget
from tests.fakes import configmap, named
from tests.up import PATIENCE


class Asking(Plugin):
    """Asks somebody about every Secret that is written, in words that depend on all of it."""

    name = "Asking"
    kinds = frozenset(["secrets", "events"])

    def validate(self, server: ApiServer, write: Any) -> None:
        try:
            server.outside(Call("https://example.com", "/", repr(write.object).encode()))
        except CallFailed as error:
            raise ApiError(str(error)) from None


class Copier(Controller):
    """Notes in a Secret when it has seen a ConfigMap, and says so."""

    primary = "configmaps"
    runs: ClassVar[list[str]] = []

    def reconcile(self, key: str) -> Done | None:
        self.runs.append(key)
        seen = self.cache.get("configmaps", key)
        if seen is None:
            return None
        for part in ("a", "b", "c"):
            if self.client.list("secrets", "default", labels={"matchLabels": {"part": part}}):
                continue
            metadata = {"generateName": f"copy-{part}-", "labels": {"part": part}}
            told = {"at": timestamp(self.clock.now), "exactly": repr(self.clock.now)}
            self.client.create(
                named("Secret", "", metadata=metadata | {"namespace": "default"}, stringData=told)
            )
        self.events.normal(seen, "Copied", "three times")
        return None


class World:
    """A server and one player, in an event loop; `answer` is who is asked."""

    def __init__(
        self, answer: Callable[[Call], Reply], player: type[Any] = Copier, *objects: Any, speed: float = 1.0
    ) -> None:
        self.server = Cluster(0, components=(), objects=objects).server(WallClock(speed), Dice())
        self.server.admission = (Asking(),) if player is Copier else ()
        self.client = Client(self.server)
        self.calls: list[Call] = []
        self.answer = answer
        clock = self.server.clock
        assert isinstance(clock, WallClock)
        board = Switchboard(self.server, self._call)
        self.driver = Driver(clock, self.server, [player], Dice(), board)
        player.runs = []

    async def _call(self, call: Call) -> Reply:
        self.calls.append(call)
        await asyncio.sleep(0)
        return self.answer(call)

    def run(self, until: Callable[[], bool]) -> None:
        async def work() -> None:
            worker = asyncio.create_task(self.driver.run())
            async with asyncio.timeout(PATIENCE):
                while not until():
                    await asyncio.sleep(0)
            worker.cancel()

        asyncio.run(work())

    @property
    def secrets(self) -> list[str]:
        return [s["metadata"]["name"] for s in self.client.list("secrets")]


def yes(call: Call) -> Reply:
    return Reply(200)


@pytest.mark.parametrize("speed", [1.0, 1e6])
def test_the_key_comes_back_and_everything_is_the_same(speed: float):
    """Three requests of one reconcile, each with a name and a time of its own: each is asked about once.

    It makes no difference how long the answers take: where time runs a million times faster, it is minutes.
    """
    world = World(yes, speed=speed)
    world.client.create(configmap())
    world.run(lambda: len(world.client.list("events")) == 1 or len(Copier.runs) > 50)
    assert len(world.secrets) == len(set(world.secrets))
    assert {name[:7] for name in world.secrets} == {"copy-a-", "copy-b-", "copy-c-"}
    assert world.driver.errors() == {}
    assert len(set(world.calls)) == len(world.calls)


def test_a_refusal_is_a_failure_like_any_other():
    def no(call: Call) -> Reply:
        raise CallFailed("no")

    world = World(no)
    world.client.create(configmap())
    world.run(lambda: bool(world.driver.errors()))
    assert str(world.driver.errors()["copier"]["default/settings"]) == "no"
    assert world.secrets == []


def test_a_mistake_of_our_own_leaves_nobody_waiting(caplog):
    def broken(call: Call) -> Reply:
        raise ZeroDivisionError("oh")

    world = World(broken)
    world.client.create(configmap())
    world.run(lambda: bool(world.driver.errors()))
    assert "failed" in caplog.text


@pytest.mark.parametrize("event", ["list", "watch"])
def test_news_that_have_to_be_converted(event):
    """A watch asks somebody about each object: it is heard when he has answered, and none is lost."""
    world = World(yes)
    seen = world.server.watch

    def convert(obj: Any) -> Any:
        world.server.outside(Call("https://example.com", "/convert", obj["metadata"]["uid"].encode()))
        return obj

    def watch(*args: Any) -> Any:
        found = seen(*args)
        found.seen_as = convert
        return found

    world.server.watch = watch  # type: ignore[method-assign]
    if event == "watch":
        world.driver.settle()
    for name in ("one", "two"):
        world.client.create(configmap(name))
    world.run(lambda: {"default/one", "default/two"} <= set(Copier.runs))
    converted = [c for c in world.calls if c.target == "/convert"]
    assert len(converted) == (2 if event == "watch" else 0)


# --- one kind in several versions -----------------------------------------------------------------

VERSIONS = ("v1", "v2", "v3")


def versions() -> Any:
    """Widgets in three versions, of which the first is stored; a webhook converts."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    rows = [{"name": v, "served": True, "storage": v == "v1", "schema": schema} for v in VERSIONS]
    webhook = {"clientConfig": {"url": "https://example.com/"}, "conversionReviewVersions": ["v1"]}
    return crd(versions=rows, conversion={"strategy": "Webhook", "webhook": webhook})


def converted(call: Call) -> Reply:
    """Every version says in the spec which one it is."""
    review = json.loads(call.body)
    request = review.pop("request")
    wanted = request["desiredAPIVersion"]
    objects = [{**o, "apiVersion": wanted, "spec": {"as": wanted}} for o in request["objects"]]
    success = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
    return Reply(200, json.dumps({**review, "response": success}).encode())


class Reader(Controller):
    """Looks at one Widget in several versions, some of them more than once, and then says what it saw."""

    primary = "configmaps"
    runs: ClassVar[list[str]] = []

    def reconcile(self, key: str) -> Done | None:
        self.runs.append(key)
        seen = []
        for version in ("v2", "v3", "v2", "v1", "v3"):
            row = self.client.kinds.served("example.com", version, "widgets")
            seen.append(self.client.get(row, "default/a")["spec"]["as"].removeprefix("example.com/"))
        self.client.create(named("Secret", "seen", stringData={"seen": " ".join(seen)}))
        return None


def test_several_looks_in_one_reconcile_are_told_apart_and_none_is_forgotten():
    """Each look asks somebody, and to ask is to begin anew: what has been answered must still be there then."""
    world = World(converted, Reader, versions())
    world.client.create(widget(spec={"as": "v1"}))
    world.client.create(configmap())
    world.run(lambda: bool(world.secrets) or len(Reader.runs) > 50)
    assert world.secrets == ["seen"]
    assert b64decode(world.client.get("secrets", "default/seen")["data"]["seen"]) == b"v2 v3 v2 v1 v3"
    assert len(Reader.runs) == 1 + len([c for c in world.calls if c.target == "/"])
