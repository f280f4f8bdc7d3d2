"""A reconcile that waits inside for what can only come when it has returned."""

import time

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret


class Waits(Controller):
    primary, owns = MAILBOXES, ["secrets"]

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is None or self.cache.owned_by(box, "secrets"):
            return
        self.client.create(secret(box, f"{box['metadata']['name']}-password"))
        while not self.cache.owned_by(box, "secrets"):
            time.sleep(0.1)


CAUGHT_BY = "assert_converges"
SCENARIO = Scenario(Waits, given=[mailbox()], then=one_secret, kinds=KINDS)
