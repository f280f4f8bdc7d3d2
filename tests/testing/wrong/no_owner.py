"""Misconception 15: the API server cascades deletes, whoever belongs to whom."""

from contextlib import suppress

from k8slearn.api.errors import AlreadyExists
from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret


class DisownsItsSecret(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None:
            with suppress(AlreadyExists):
                self.client.create(secret(box, f"{box['metadata']['name']}-password", owned=False))


CAUGHT_BY = "assert_no_orphans"
SCENARIO = Scenario(DisownsItsSecret, given=[mailbox()], then=one_secret, kinds=KINDS)
