# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Exercises
#
# Three operators. The first does something that cannot be taken back, the second owns something outside of the
# cluster, the third works by the clock.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. `hint("13.1")`
# helps, three times.

# %%
from k8slearn import Cluster, Controller, Done, Simulation
from k8slearn.api.objects import dig, is_deleting, key_of, name_of, uid_of
from k8slearn.lab import check, hint, replay, show

# %% [markdown]
# ## 13.1 · Nobody is invited twice
#
# A **Party** has a number of guests. Each gets an invitation, a ConfigMap, and what is in the post cannot be called
# back. When everybody is invited, a condition says so. This makes an invitation:

# %%
from k8slearn.lab.exercises.parties import PARTY, invitation, party

show(invitation)

# %% [markdown]
# And this the conditions of a Party of which everybody is invited. Others wait for them, and act on them: the cook
# buys for as many people as the party had at `observedGeneration`.

# %%
from k8slearn.lab.exercises.parties import ready

show(ready)

# %% [markdown]
# It is **right** when there are *never* more invitations than guests; when the condition *never* says of a generation
# what is not true of it; and when in the end everybody is invited, and the condition speaks of the newest wish.
#
# What you may want: `self.cache.get("configmaps", "default/garden-1")`, `party["metadata"]["generation"]`, and
# `self.client.update_status(party, conditions=...)`.

# %% tags=["hole"]
class PartyController(Controller):
    """An invitation for every guest, and a condition when all are out."""

    primary, owns = "parties", ["configmaps"]

    def reconcile(self, key):
        party = self.cache.get("parties", key)
        if party is None:
            return
        ### BEGIN SOLUTION
        ### HOLE: create the invitations that are missing, then write the condition unless it says so already
        for number in range(1, party["spec"]["guests"] + 1):
            card = invitation(party, name=f"{name_of(party)}-{number}")
            if self.cache.get("configmaps", key_of(card)) is None:
                self.client.create(card)
        conditions = ready(party["metadata"]["generation"])
        if dig(party, "status", "conditions") != conditions:
            self.client.update_status(party, conditions=conditions)
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
sim = Simulation(Cluster(nodes=1, kinds=[PARTY], adding=[PartyController]))
sim.create(party("garden", guests=2))
sim.run()
sim.client.get("parties", "default/garden").get("status")

# %% tags=["check"]
check("13.1", PartyController)

# %% [markdown]
# ## 13.2 · A bucket that does not leak
#
# A **Bucket** wants one bucket in the cloud. You have found a cheaper cloud than that of the lesson. It knows no tokens:
# whoever asks twice gets two, and pays for two. But it writes a tag on each, and can be asked for it.

# %%
from k8slearn.lab.exercises.cheapcloud import BUCKET, FINALIZER, CheapCloud, bucket, finalizers

show(CheapCloud)

# %% [markdown]
# It is **right** when in the end each Bucket has exactly one in the cloud, and `status.number` names it; when a deleted
# Bucket goes, and its bucket goes back; and when *at no moment* a bucket is rented that nobody might give back. The
# process may die after any write, answers of the cloud get lost, and your news may be late.
#
# `self.cloud.list(tag)`, `self.cloud.rent(tag)` and `self.cloud.give_back(number)` are requests, like those to the API
# server. A tag is any text; `uid_of(bucket)` is a good one. To write finalizers:
# `self.client.patch(bucket, patch={"metadata": {"finalizers": [...]}})`.

# %% tags=["hole"]
class BucketController(Controller):
    """One bucket in the cloud for every Bucket, for as long as there is the Bucket."""

    primary, outside = "buckets", ["cloud"]

    def reconcile(self, key):
        bucket = self.cache.get("buckets", key)
        if bucket is None:
            return
        ### BEGIN SOLUTION
        ### HOLE: three cases: it is to go; you have not promised to clean up yet; it is to have one
        tag = uid_of(bucket)
        if is_deleting(bucket):
            for number in self.cloud.list(tag):
                self.cloud.give_back(number)
            if FINALIZER in finalizers(bucket):
                self.client.patch(bucket, patch={"metadata": {"finalizers": []}})
            return
        if FINALIZER not in finalizers(bucket):
            self.client.patch(bucket, patch={"metadata": {"finalizers": [FINALIZER]}})
            return
        found = self.cloud.list(tag)
        number = found[0] if found else self.cloud.rent(tag)
        if dig(bucket, "status", "number") != number:
            self.client.update_status(bucket, number=number)
        ### END SOLUTION

# %%
sim = Simulation(Cluster(0, kinds=[BUCKET], adding=[BucketController]), world={"cloud": CheapCloud()})
sim.create(bucket("photos"))
sim.run()
sim.world["cloud"].list(), sim.client.get("buckets", "default/photos").get("status")

# %% tags=["check"]
check("13.2", BucketController)

# %% [markdown]
# ## 13.3 · By the clock
#
# A **Door** has a code, in a Secret of the same name. It wants a new one every so many seconds. Nobody will tell you that
# the time is over, so you have to say when you want to be called: `return Done(again_in=seconds)`.

# %%
from k8slearn.lab.exercises.doors import DOOR, code_for, door, made_at, with_new_code

show(code_for)

# %% [markdown]
# Two more functions: `made_at(secret)` says when its code was made, and `with_new_code(secret, now)` is the same Secret with
# a code made now, ready for `self.client.update(...)`. The time is `self.clock.now`.
#
# It is **right** when no code lives longer than `spec.every` seconds, and none is replaced before. You will be called for
# many reasons, and mostly it is not time yet. Once, the machine you run on is switched off for half an hour.

# %% tags=["hole"]
class DoorController(Controller):
    """A new code for every Door, every so many seconds."""

    primary, owns = "doors", ["secrets"]

    def reconcile(self, key):
        door = self.cache.get("doors", key)
        if door is None:
            return None
        secret, now, every = self.cache.get("secrets", key), self.clock.now, door["spec"]["every"]
        ### BEGIN SOLUTION
        ### HOLE: make the first code, or a new one if it is time; and say when you want to come back
        if secret is None:
            secret = self.client.create(code_for(door, now))
        elif now >= made_at(secret) + every:
            secret = self.client.update(with_new_code(secret, now))
        return Done(again_in=made_at(secret) + every - now)
        ### END SOLUTION

# %%
sim = Simulation(Cluster(0, kinds=[DOOR], adding=[DoorController]))
sim.create(door("cellar", every=300))
sim.run(until=lambda sim: sim.now >= 1000, steps=1000)
[step.time for step in sim.trace.of("door-controller") if step.writes]

# %% tags=["check"]
check("13.3", DoorController)

# %% [markdown]
# Three operators that may die at any moment. None of them remembers anything.
#
# Right? Then compare with [the solution](../solutions/13_operators.ipynb).
