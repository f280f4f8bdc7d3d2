"""What I cannot read is not there: so it is made once more, although the server was only busy."""

from k8slearn.api.errors import ApiError
from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret, touch


class TakesErrorsForAbsence(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and not self.has_secret(box):
            self.client.create(secret(box))

    def has_secret(self, box):
        try:
            return self.client.list("secrets", labels=f"mailbox={box['metadata']['name']}")
        except ApiError:
            return False


CAUGHT_BY = "assert_survives_errors"
SCENARIO = Scenario(TakesErrorsForAbsence, given=[mailbox(), touch], then=one_secret, kinds=KINDS)
