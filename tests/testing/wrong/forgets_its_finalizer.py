"""Misconception 13: a finalizer is a destructor, and goes away on its own when it has run."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class Forgets(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and not box["metadata"].get("finalizers"):
            self.client.patch(box, patch={"metadata": {"finalizers": ["test.example.com/mailbox"]}})


CAUGHT_BY = "assert_no_orphans"
SCENARIO = Scenario(Forgets, given=[mailbox()], kinds=KINDS)
