"""Misconceptions 3 and 4: after my write the cache knows it; so "list, and create what is missing" is safe."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret, touch


class TrustsItsCache(Controller):
    primary, owns = MAILBOXES, ["secrets"]

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and not self.cache.owned_by(box, "secrets"):
            self.client.create(secret(box))


CAUGHT_BY = "assert_tolerates_stale_cache"
SCENARIO = Scenario(TrustsItsCache, given=[mailbox(), touch], then=one_secret, kinds=KINDS)
