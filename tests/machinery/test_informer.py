"""Keeping a cache up to date: list once, then watch; and list again when the thread was lost."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from tests.fakes import configmap


def hear(watcher) -> list[tuple[str, str]]:
    """Let it hear everything; returns what it was shown."""
    watcher.shown.clear()
    while watcher.informers["configmaps"].ready:
        watcher.deliver("configmaps")
    return list(watcher.shown)


def known(watcher) -> list[str]:
    return sorted(o["metadata"]["name"] for o in watcher.cache.list("configmaps"))


def test_begins_with_a_list(wired, client):
    client.create(configmap("a"))
    client.create(configmap("b"))
    watcher = wired()
    informer = watcher.informers["configmaps"]
    assert (informer.synced, informer.ready) == (False, True)
    changes = watcher.deliver("configmaps")
    assert [(c.type, c.old) for c in changes] == [("ADDED", None), ("ADDED", None)]
    assert (informer.synced, informer.ready, known(watcher)) == (True, False, ["a", "b"])


def test_an_event_changes_the_cache_first_and_is_then_shown(wired, client):
    seen = []

    def on_change(self, change):
        seen.append((change.type, self.cache.get("configmaps", "default/a") is not None))

    watcher = wired(on_change=on_change)
    watcher.deliver("configmaps")
    client.create(configmap("a"))
    client.delete("configmaps", "default/a")
    watcher.deliver("configmaps")
    watcher.deliver("configmaps")
    assert seen == [("ADDED", True), ("DELETED", False)]


def test_one_move_hears_one_event(watcher, client):
    client.create(configmap("a"))
    client.create(configmap("b"))
    watcher.deliver("configmaps")
    assert known(watcher) == ["a"]
    assert watcher.informers["configmaps"].lag == 1


def test_changes_say_before_and_after(watcher, client):
    made = client.create(configmap("a", data={"n": "1"}))
    client.patch(made, patch={"data": {"n": "2"}})
    client.delete(made)
    changes = [watcher.deliver("configmaps")[0] for _ in range(3)]
    assert [(c.type, c.old and c.old["data"], c.new and c.new["data"]) for c in changes] == [
        ("ADDED", None, {"n": "1"}),
        ("MODIFIED", {"n": "1"}, {"n": "2"}),
        ("DELETED", {"n": "2"}, None),
    ]


def test_held_news_waits_and_is_not_lost(watcher, client):
    informer = watcher.informers["configmaps"]
    informer.held = True
    client.create(configmap("a"))
    assert (informer.ready, informer.lag) == (False, 1)
    informer.held = False
    assert hear(watcher) == [("ADDED", "a")]


# --- losing the thread -----------------------------------------------------------------------


@pytest.fixture
def blind(watcher, client, server):
    """Knows a, b, c; while it did not look a went, b changed, c was made again, d came, e came and went."""
    for name in "abc":
        client.create(configmap(name))
    hear(watcher)
    client.delete("configmaps", "default/a")
    client.patch("configmaps", "default/b", patch={"data": {"n": "1"}})
    client.delete("configmaps", "default/c")
    client.create(configmap("c"))
    client.create(configmap("d"))
    client.create(configmap("e"))
    client.delete("configmaps", "default/e")
    return watcher


WHAT_MUST_HAVE_HAPPENED = [
    ("DELETED", "a"),
    ("MODIFIED", "b"),
    ("DELETED", "c"),
    ("ADDED", "c"),
    ("ADDED", "d"),
]


def test_after_410_it_lists_again_and_works_out_what_must_have_happened(blind, server):
    server.store.compact(server.store.revision)
    assert hear(blind) == WHAT_MUST_HAVE_HAPPENED
    assert known(blind) == ["b", "c", "d"]


def test_after_a_lost_watch_too(blind):
    blind.informers["configmaps"].disconnect()
    assert hear(blind) == WHAT_MUST_HAVE_HAPPENED


def test_with_its_place_kept_it_hears_everything(blind):
    blind.informers["configmaps"].reconnect()
    assert [kind for kind, _ in hear(blind)] == [
        "DELETED",
        "MODIFIED",
        "DELETED",
        "ADDED",
        "ADDED",
        "ADDED",
        "DELETED",
    ]


def test_reconnecting_to_a_forgotten_place_lists_again(blind, server):
    server.store.compact(server.store.revision)
    blind.informers["configmaps"].reconnect()
    assert hear(blind) == WHAT_MUST_HAVE_HAPPENED


def test_one_that_has_not_listed_yet_has_no_place_to_reconnect_to(wired, client):
    client.create(configmap("a"))
    watcher = wired()
    watcher.informers["configmaps"].reconnect()
    assert [c.type for c in watcher.deliver("configmaps")] == ["ADDED"]
    assert watcher.informers["configmaps"].synced


def test_a_second_list_tells_nothing_new(watcher, client):
    client.create(configmap("a"))
    hear(watcher)
    watcher.informers["configmaps"].disconnect()
    assert hear(watcher) == []


def test_after_a_new_list_the_watch_goes_on(blind, client):
    blind.informers["configmaps"].disconnect()
    hear(blind)
    client.create(configmap("f"))
    assert hear(blind) == [("ADDED", "f")]


def test_resync_shows_everything_known_and_asks_nobody(watcher, client, server):
    client.create(configmap("a"))
    hear(watcher)
    client.create(configmap("unheard"))
    assert [(c.type, c.old is c.new) for c in watcher.informers["configmaps"].resync()] == [("SYNC", True)]


def test_a_selector_restricts_what_is_known(wired, client):
    client.create(configmap("a", metadata={"labels": {"app": "web"}}))
    client.create(configmap("b"))
    watcher = wired(selectors=lambda self, resource: {"labels": "app=web"})
    assert hear(watcher) == [("ADDED", "a")]
    client.patch("configmaps", "default/b", patch={"metadata": {"labels": {"app": "web"}}})
    client.patch("configmaps", "default/a", patch={"metadata": {"labels": {"app": "db"}}})
    assert hear(watcher) == [("ADDED", "b"), ("DELETED", "a")]
    assert known(watcher) == ["b"]


def test_the_bell_rings_for_news_and_not_after_the_watch_is_gone(watcher, client):
    rung, informer = [], watcher.informers["configmaps"]
    informer.disconnect()
    informer.bell = lambda: rung.append(1)
    watcher.deliver("configmaps")
    client.create(configmap("a"))
    assert rung == [1]
    informer.disconnect()
    client.create(configmap("b"))
    assert rung == [1]


# --- a server that refuses to list ------------------------------------------------------------


@pytest.fixture
def refused(watcher, client, monkeypatch):
    """Knows a, has lost its watch, and may not list until `refused.why` is None."""
    client.create(configmap("a"))
    hear(watcher)
    watcher.informers["configmaps"].disconnect()
    watcher.why, true = errors.ServiceUnavailable("try again"), watcher.client.list

    def answer(*what, **how):
        if watcher.why is not None:
            raise watcher.why
        return true(*what, **how)

    monkeypatch.setattr(watcher.client, "list", answer)
    return watcher


def rests(watcher, clock) -> float:
    """It tries, in vain: for how many seconds does it rest? Time passes until it may try again."""
    informer = watcher.informers["configmaps"]
    assert watcher.deliver("configmaps") == []
    began, due = clock.now, informer.resting.due
    assert not informer.ready
    clock.now = due - 0.001
    assert (watcher.fire(), informer.ready) == ([], False)
    clock.now = due
    assert [t.key for t in watcher.fire()] == ["configmaps"]
    assert informer.ready
    return due - began


def test_a_list_that_is_refused_leaves_everything_as_it_was(refused):
    assert refused.deliver("configmaps") == []
    informer = refused.informers["configmaps"]
    assert (known(refused), informer.synced, informer.ready, informer.watch) == (["a"], True, False, None)
    assert informer.complaint.startswith(
        "error: cannot list or watch: ServiceUnavailable: try again; again in "
    )


def test_it_rests_longer_each_time_and_by_chance_a_little_longer_still(refused, clock):
    """client-go: 0.8 s, doubled up to 30 s, and each stretched to twice as much at most."""
    found = [rests(refused, clock) for _ in range(9)]
    shortest = [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]
    assert all(low <= seconds < 2 * low for low, seconds in zip(shortest, found, strict=True))
    stretched = [seconds / low for low, seconds in zip(shortest, found, strict=True)]
    assert len({round(s, 3) for s in stretched}) > 1


def test_a_success_begins_the_count_anew(refused, client, clock):
    for _ in range(4):
        rests(refused, clock)
    client.create(configmap("b"))
    why, refused.why = refused.why, None
    assert hear(refused) == [("ADDED", "b")]
    informer = refused.informers["configmaps"]
    assert (informer.failures, informer.error, informer.complaint) == (0, None, "")
    informer.disconnect()
    refused.why = why
    assert rests(refused, clock) < 1.6


def test_a_watch_that_ends_and_a_list_that_is_refused(refused, client, server, monkeypatch):
    """410, and then the server is away: what was known stays, and is mended when it is back."""
    refused.why = None
    hear(refused)
    client.create(configmap("b"))
    server.store.compact(server.store.revision)
    refused.why = errors.InternalError("no")
    assert refused.deliver("configmaps") == []
    assert known(refused) == ["a"]
    refused.informers["configmaps"].resting = refused.why = None
    assert hear(refused) == [("ADDED", "b")]


@pytest.mark.parametrize(
    ("why", "awaited"),
    [
        (errors.TooManyRequests("busy"), True),
        (errors.InternalError("no"), True),
        (errors.Expired("too old"), True),
        (errors.Unreachable("cut"), False),
        (errors.Forbidden("no"), False),
        (errors.NotFound("gone"), False),
    ],
)
def test_what_does_not_pass_by_itself_is_housekeeping(refused, why, awaited):
    """A cluster is at rest although an informer asks now and then for a kind that is gone."""
    refused.why = why
    refused.deliver("configmaps")
    assert refused.informers["configmaps"].resting.background is not awaited
