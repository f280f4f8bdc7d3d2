"""Misconception 10: writing the status cannot wake me again."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class CountsLooks(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None:
            self.client.update_status(box, looks=(box.get("status") or {}).get("looks", 0) + 1)


CAUGHT_BY = "assert_no_hot_loop"
SCENARIO = Scenario(CountsLooks, given=[mailbox()], kinds=KINDS)
