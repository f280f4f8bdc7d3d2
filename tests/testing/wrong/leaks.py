"""Misconception 27: make the thing outside, then write down its id. A crash in between makes two of them."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, MAILBOXES, mailbox


class Post:
    """Rents out post boxes, outside of the cluster. Each costs money."""

    def __init__(self):
        self.boxes = []

    def list(self):
        return self.boxes

    def rent(self):
        self.boxes.append(f"box-{len(self.boxes) + 1}")
        return self.boxes[-1]


class Leaks(Controller):
    primary = MAILBOXES
    outside = ("post",)

    def reconcile(self, key):
        box = self.cache.get(MAILBOXES, key)
        if box is not None and not box.get("status"):
            self.client.update_status(box, id=self.post.rent())


def one_box(sim):
    rented = sim.world["post"].list()
    assert len(rented) == 1, f"{len(rented)} boxes are rented for one mailbox: {', '.join(rented)}"


CAUGHT_BY = "assert_crash_safe"
SCENARIO = Scenario(Leaks, given=[mailbox()], then=one_box, kinds=KINDS, world={"post": Post()})
