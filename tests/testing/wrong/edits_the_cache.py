"""Misconception 20: what the cache gives me is mine."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class Edits(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None:
            box["spec"]["size"] = "large"
            self.client.update(box)


def large(sim):
    return all(box["spec"].get("size") == "large" for box in sim.store.list(MAILBOXES))


CAUGHT_BY = "assert_converges"
SCENARIO = Scenario(Edits, given=[mailbox()], then=large, kinds=KINDS)
