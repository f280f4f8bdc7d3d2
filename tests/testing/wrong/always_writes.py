"""Writing what is already there costs nothing: no, it costs a request each time."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class AlwaysWrites(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        if self.cache.get(MAILBOXES, key) is not None:
            self.client.patch(MAILBOXES, key, patch={"metadata": {"labels": {"seen": "yes"}}})


CAUGHT_BY = "assert_idempotent"
SCENARIO = Scenario(AlwaysWrites, given=[mailbox()], kinds=KINDS)
