"""Misconception 10, with two controllers: each puts right what the other has put right."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class Blue(Controller):
    primary = MAILBOXES
    colour = "blue"

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box and box["metadata"].get("labels", {}).get("team") != self.colour:
            self.client.patch(box, patch={"metadata": {"labels": {"team": self.colour}}})


class Red(Blue):
    colour = "red"


CAUGHT_BY = "assert_no_hot_loop"
SCENARIO = Scenario([Blue, Red], given=[mailbox()], kinds=KINDS)
