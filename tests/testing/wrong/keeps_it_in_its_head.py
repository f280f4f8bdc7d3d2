"""What I have done I remember: until the process ends."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret


class Remembers(Controller):
    primary = MAILBOXES

    def setup(self):
        self.done = set()

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and key not in self.done:
            self.client.create(secret(box))
            self.done.add(key)


CAUGHT_BY = "assert_crash_safe"
SCENARIO = Scenario(Remembers, given=[mailbox()], then=one_secret, kinds=KINDS)
