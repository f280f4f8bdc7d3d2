# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Exercises
#
# First you turn a controller that lives by events into one that lives by state. Then you write one that may
# forget everything at any moment, and does no harm by it.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. `hint("05.1")`
# helps, three times.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.api.objects import dig, key_of, labels_of, name_of, namespace_of
from k8slearn.lab import check, hint, judge, replay, show

# %% [markdown]
# ## 05.1 · From events to state
#
# A **Census** counts: its `status.pods` says how many pods of its namespace carry the label `app=<spec.app>`.
# Somebody has written a controller for it that reacts to events.

# %%
from k8slearn.lab.exercises.lesson05 import CENSUS, census, pod

class EdgeCensus(Controller):
    """Adds one when a pod comes, and takes one away when a pod goes."""

    primary, watches = "censuses", ["pods"]

    def on_change(self, change):
        if change.resource != "pods":
            return
        more = {"ADDED": 1, "DELETED": -1}.get(change.type, 0)
        for mine in self.cache.list("censuses", namespace_of(change.object)):
            if labels_of(change.object).get("app") == mine["spec"]["app"]:
                pods = dig(mine, "status", "pods", default=0) + more
                self.client.update_status(mine, pods=pods)

# %%
judge("05.1", EdgeCensus)

# %% [markdown]
# Write it again. The events are left with one task only, and `keys_for` does it: they say *which* Census deserves
# a look. It is **right** when in the end every Census says how many pods there are, whatever was heard
# of them, late, twice, or not at all.

# %% tags=["hole"]
class CensusController(Controller):
    """status.pods of every Census: how many pods carry its label."""

    primary, watches = "censuses", ["pods"]

    def keys_for(self, change):
        if change.resource != "pods":
            return super().keys_for(change)
        return [key_of(census) for census in self.cache.list("censuses", namespace_of(change.object))]

    def reconcile(self, key):
        census = self.cache.get("censuses", key)
        if census is None:
            return
        pods = self.cache.list("pods", namespace_of(census))
        ### BEGIN SOLUTION
        ### HOLE: count the pods that carry the label, and write the status if it says something else
        count = sum(labels_of(pod).get("app") == census["spec"]["app"] for pod in pods)
        if dig(census, "status", "pods") != count:
            self.client.update_status(census, pods=count)
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
sim = Simulation(Cluster(nodes=1, kinds=[CENSUS], adding=[CensusController]))
sim.create([census("shops", "shop"), pod("a", "shop"), pod("b", "shop"), pod("c", "bank")])
sim.run()
sim.client.get("censuses", "default/shops").get("status")

# %% tags=["check"]
check("05.1", CensusController)

# %% [markdown]
# ## 05.2 · Forgetful on purpose
#
# A **Mailbox** gets a Secret with its password, and `status.secret` tells people which one it is. That makes two
# writes, and the process may die after either of them.

# %%
from k8slearn.lab.exercises.lesson05 import MAILBOX, mailbox, secret

show(secret)

# %% [markdown]
# It is **right** when in the end every Mailbox has *exactly one* Secret of its own, and the status names it,
# wherever the process died, whichever write was refused, and however late the news was.
#
# Two functions you may want: `self.cache.get("secrets", "default/ada-password")`, and
# `self.client.update_status(mailbox, secret=...)`.

# %% tags=["hole"]
class MailboxController(Controller):
    """One Secret for every Mailbox, and a status that says which."""

    primary, owns = "mailboxes", ["secrets"]

    def reconcile(self, key):
        mailbox = self.cache.get("mailboxes", key)
        if mailbox is None:
            return
        ### BEGIN SOLUTION
        ### HOLE: make the Secret unless it is there, and name it in the status unless that is done
        name = f"{name_of(mailbox)}-password"
        if self.cache.get("secrets", f"{namespace_of(mailbox)}/{name}") is None:
            self.client.create(secret(mailbox, name=name))
        if dig(mailbox, "status", "secret") != name:
            self.client.update_status(mailbox, secret=name)
        ### END SOLUTION

# %%
sim = Simulation(Cluster(nodes=1, kinds=[MAILBOX], adding=[MailboxController]))
sim.create(mailbox("ada"))
sim.run()
sim.client.get("mailboxes", "default/ada").get("status")

# %% tags=["check"]
check("05.2", MailboxController)

# %% [markdown]
# You did not write a line about crashes, about lost watches or about late news. That is the point.
#
# Right? Then compare with [the solution](../solutions/05_edge_or_level.ipynb).
