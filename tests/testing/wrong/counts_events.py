"""Misconception 1: an event says what happened, so one can add up."""

from k8slearn.machinery import Controller
from k8slearn.machinery.informer import Change
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, secret


class Counts(Controller):
    primary, watches = MAILBOXES, ["secrets"]

    def setup(self):
        self.secrets = 0

    def on_change(self, change: Change):
        if change.resource == "secrets":
            self.secrets += 1 if change.new else -1
        for box in self.cache.list(MAILBOXES):
            self.queue.add(f"default/{box['metadata']['name']}")

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box and (box.get("status") or {}).get("secrets") != self.secrets:
            self.client.update_status(box, secrets=self.secrets)


def counted(sim):
    (box,) = sim.store.list(MAILBOXES)
    there = len(sim.store.list("secrets"))
    assert box["status"]["secrets"] == there, f"{box['status']['secrets']} are counted, and there are {there}"


CAUGHT_BY = "assert_level_triggered"
SCENARIO = Scenario(
    Counts,
    given=[mailbox(), secret(mailbox(), "one", owned=False), secret(mailbox(), "two", owned=False)],
    then=counted,
    kinds=KINDS,
)
