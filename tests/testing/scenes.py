"""What the operators under test, the wrong ones and the right ones, have in common: two kinds and their objects."""

from __future__ import annotations

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, key_of, owner_reference
from k8slearn.sim import Simulation

MAILBOXES, SCHEMAS = "mailboxes.test.example.com", "schemas.test.example.com"
KINDS = [
    Resource("test.example.com", "v1", "Mailbox", "mailboxes", subresources=("status",)),
    Resource("test.example.com", "v1", "Schema", "schemas", subresources=("status",)),
]


def obj(kind: str, name: str, **spec: object) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "test.example.com/v1", "kind": kind, "metadata": metadata, "spec": spec}


def mailbox(name: str = "ada", **spec: object) -> Object:
    return obj("Mailbox", name, **spec)


def secret(owner: Object, name: str = "", *, owned: bool = True) -> Object:
    """With this name, or with one that the server makes up."""
    title = owner["metadata"]["name"]
    metadata = {"namespace": "default", "labels": {"mailbox": title}}
    metadata |= {"name": name} if name else {"generateName": f"{title}-"}
    if owned:
        metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": "c2VzYW1l"}}


def touch(sim: Simulation) -> None:
    """label the mailbox ada"""
    sim.client.patch(MAILBOXES, "default/ada", patch={"metadata": {"labels": {"team": "blue"}}})


def one_secret(sim: Simulation) -> str | None:
    """Each mailbox has exactly one Secret."""
    secrets = sim.store.list("secrets")
    for box in sim.store.list(MAILBOXES):
        there = [s for s in secrets if s["metadata"]["labels"]["mailbox"] == box["metadata"]["name"]]
        if len(there) != 1:
            return f"Mailbox {key_of(box)} has {len(there)} Secrets"
    return None
