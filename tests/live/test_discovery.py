"""The table of kinds that a client learns from a server: when it asks again, and when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import NotFound
from k8slearn.live.discovery import Discovered


class Server:
    """Serves some kinds of one group, and counts how often it is asked for them."""

    def __init__(self, *kinds: str) -> None:
        self.kinds, self.times = [*kinds], 0

    def document(self, path: str, accept: str) -> Any:
        self.times += path == "/apis"
        told = [
            {
                "resource": f"{k.lower()}s",
                "responseKind": {"kind": k},
                "scope": "Namespaced",
                "verbs": ["get"],
            }
            for k in self.kinds
        ]
        group = {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "resources": told}]}
        return {"kind": "APIGroupDiscoveryList", "items": [group] if path == "/apis" else []}


def test_a_kind_that_was_born_since_is_found_at_once() -> None:
    server = Server("Door")
    kinds = Discovered(server.document)
    assert kinds.named("doors").kind == "Door"
    server.kinds.append("Window")
    assert kinds.of({"apiVersion": "example.com/v1", "kind": "Window"}).plural == "windows"
    assert server.times == 2


def test_nobody_asks_time_and_again_for_one_that_is_not_there() -> None:
    server = Server("Door")
    kinds = Discovered(server.document)
    for _ in range(20):
        with pytest.raises(NotFound):
            kinds.named("roofs")
    assert server.times == 2


def test_what_is_known_is_not_asked_for() -> None:
    server = Server("Door")
    kinds = Discovered(server.document)
    for _ in range(20):
        kinds.named("doors")
    assert server.times == 1
