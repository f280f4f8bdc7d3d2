# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Exercises
#
# You write the controller of ReplicaSets, from an empty file. Then you mend a garbage collector that throws away what is still needed.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("07.1")` helps, three times.

# %%
from k8slearn import Cluster, Controller, Done, Simulation
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import controller_of, is_controlled_by, is_deleting, key_of, name_of, owners_of, uid_of
from k8slearn.controllers.pods import is_ready
from k8slearn.lab import check, hint, judge, replay, show
from k8slearn.lab.owners import owner_tree

# %% [markdown]
# ## 07.1 · Which are mine?
#
# The real kind, **ReplicaSet**, and nobody who looks after it. Some small functions are there, so that you can think about what matters.

# %%
from k8slearn.lab.exercises.replicasets import chooses, orphan, pod_from, replicaset, with_note, without_note

show(chooses)

# %% [markdown]
# `with_note(pod, rs)` and `without_note(pod, rs)` are the pod as it would be with or without the note that it belongs to `rs`, ready for
# `self.client.update(...)`. `pod_from(rs)` makes a pod from the template, with its note; `is_ready(pod)` says whether it is ready.
#
# It is **right** when in the end each ReplicaSet has as many pods as it wants, counting those that carry its note, that it chooses, and that are
# not being deleted; when it adopts whom it chooses and who belongs to nobody; when it lets go of whom it does not choose any more; when it
# *never* touches what another controls; and when pods that are ready are the last to go.
#
# An orphan wakes nobody by itself: it has no note that says whom. `keys_for(change)` is asked whom to wake. So first: who
# is woken, and which pods are its own?

# %% tags=["hole"]
class Claiming(Controller):
    """Which pods are whose?"""

    primary, owns = "replicasets", ["pods"]

    ### BEGIN SOLUTION
    ### HOLE: keys_for(self, change): whom does it wake? And claimed(self, rs): the pods that are its own
    def keys_for(self, change):
        keys = list(super().keys_for(change))
        if change.resource == "pods" and controller_of(change.object) is None:
            keys += [key_of(rs) for rs in self.cache.list("replicasets") if chooses(rs, change.object)]
        return keys

    def claimed(self, rs):
        mine = []
        for pod in self.cache.list("pods"):
            if is_deleting(pod):
                continue
            if is_controlled_by(pod, rs):
                if chooses(rs, pod):
                    mine.append(pod)
                else:
                    self.client.update(without_note(pod, rs))
            elif controller_of(pod) is None and chooses(rs, pod):
                mine.append(self.client.update(with_note(pod, rs)))
        return mine
    ### END SOLUTION

# %% [markdown]
# That was the harder half. Now the loop:

# %% tags=["hole"]
class MyReplicaSets(Claiming):
    """As many pods as each ReplicaSet wants, and the right ones."""

    ### BEGIN SOLUTION
    ### HOLE: reconcile(self, key): make what is missing, delete what is too much
    def reconcile(self, key):
        rs = self.cache.get("replicasets", key)
        if rs is None:
            return
        mine = self.claimed(rs)
        too_many = len(mine) - rs["spec"]["replicas"]
        for _ in range(-too_many):
            self.client.create(pod_from(rs))
        for pod in sorted(mine, key=is_ready)[: max(too_many, 0)]:
            self.client.delete(pod)
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
sim = Simulation(Cluster(nodes=0, components=(), adding=[MyReplicaSets]))
sim.create([replicaset("red", 2, app="shop"), orphan("lone", app="shop"), orphan("other", app="bank")])
sim.run()
owner_tree(sim)

# %% tags=["check"]
check("07.1", MyReplicaSets)

# %% [markdown]
# ## 07.2 · Is it really gone?
#
# Leaves belong to **Trees**, sometimes to two. When all trees that a leaf belongs to are gone, it goes, too. Somebody has written the
# collector in one evening. How many mistakes do you find before you run the cell after it?

# %%
from k8slearn.lab.exercises.leaves import TREE, leaf, tree

class QuickCollector(Controller):
    """Deletes the leaves (ConfigMaps) of trees that are gone."""

    primary, watches = "configmaps", ["trees"]

    def keys_for(self, change):
        if change.resource == "configmaps":
            return super().keys_for(change)
        tree = name_of(change.object)
        return [
            key_of(leaf)
            for leaf in self.cache.list("configmaps")
            if any(owner["name"] == tree for owner in owners_of(leaf))
        ]

    def reconcile(self, key):
        leaf = self.cache.get("configmaps", key)
        if leaf is None:
            return
        trees = [self.cache.get("trees", "default/" + owner["name"]) for owner in owners_of(leaf)]
        if None in trees:
            self.client.delete(leaf)

# %%
judge("07.2", QuickCollector)

# %% [markdown]
# That was one. It is **right** when no leaf goes as long as one of its trees is there, not even for a moment; when in the end no leaf is left of
# whose trees none is there; and when it is a matter of uids, not of names. Leaves of no tree are none of its business.
#
# Your cache may be old. `self.client.get("trees", "default/oak")` is the truth of this moment, or raises `NotFound`. Deleting can be made to
# depend on what you meant: `self.client.delete(leaf, preconditions={"uid": ...})`. And if a tree is there of which your cache has not heard,
# it may go before you hear of it: come back, with `Done(again_in=5, background=True)`.

# %% tags=["hole"]
class Collector(QuickCollector):
    """The same, with patience."""

    def reconcile(self, key):
        leaf = self.cache.get("configmaps", key)
        if leaf is None:
            return None
        ### BEGIN SOLUTION
        ### HOLE: which of its trees are there? None: delete the leaf. One that you have not heard of: look again later
        owners = owners_of(leaf)
        there = [owner for owner in owners if self.is_there(owner)]
        if owners and not there:
            self.client.delete(leaf, preconditions={"uid": uid_of(leaf)})
        if not all(self.is_known(owner) for owner in there):
            return Done(again_in=5, background=True)

    def is_there(self, owner):
        try:
            return uid_of(self.client.get("trees", "default/" + owner["name"])) == owner["uid"]
        except NotFound:
            return False

    def is_known(self, owner):
        tree = self.cache.get("trees", "default/" + owner["name"])
        return tree is not None and uid_of(tree) == owner["uid"]
        ### END SOLUTION

# %%
sim = Simulation(Cluster(nodes=0, components=(), kinds=[TREE], adding=[Collector]))
oak, elm = sim.create([tree("oak"), tree("elm")])
sim.create([leaf("acorn", oak), leaf("graft", oak, elm)])
sim.run()
sim.client.delete(oak)
sim.run()
owner_tree(sim)

# %% tags=["check"]
check("07.2", Collector)

# %% [markdown]
# Not right yet? The report tells the shortest story, and `replay()` lets you walk through it.
#
# Right? Then compare with [the solution](../solutions/07_owners.ipynb), and with the real one: `show(GarbageCollector)`.
