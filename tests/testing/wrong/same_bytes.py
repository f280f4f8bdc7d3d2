"""Misconception 7: a 409 goes away if one sends the same bytes again."""

from k8slearn.api.errors import Conflict
from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, touch


class SameBytes(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        while box is not None and box["spec"].get("size") != "large":
            try:
                box = self.client.update({**box, "spec": {"size": "large"}})
            except Conflict:
                continue


def large(sim):
    return all(box["spec"].get("size") == "large" for box in sim.store.list(MAILBOXES))


CAUGHT_BY = "assert_tolerates_stale_cache"
SCENARIO = Scenario(SameBytes, given=[mailbox(), touch], then=large, kinds=KINDS)
