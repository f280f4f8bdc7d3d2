"""Misconception 11: an error that is caught and logged is dealt with."""

import logging

from k8slearn.api.errors import ApiError
from k8slearn.machinery import Controller, Done
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret, secret


class Swallows(Controller):
    primary = MAILBOXES

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is None:
            return Done()
        try:
            self.client.create(secret(box, f"{box['metadata']['name']}-password"))
        except ApiError as error:
            logging.getLogger(__name__).info("cannot create the secret: %s", error)
        return Done()


CAUGHT_BY = "assert_survives_errors"
SCENARIO = Scenario(Swallows, given=[mailbox()], then=one_secret, kinds=KINDS)
