# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Exercises
#
# Two controllers for you to write. Each is a few lines, and each is judged under 120 schedules: calm days,
# crashes after any write, refused writes, lost watches, doubled events, old news, any order.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets.
#
# Stuck? `hint("04.1")` gives a first hint, the next time a second, and then a third.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.api.objects import key_of, name_of
from k8slearn.lab import check, hint, replay, show

# %% [markdown]
# ## 04.1 · Everybody aboard
#
# A **Crew** has a list of members, and wants one pod for each of them. The pod of `ada` in the crew `bridge` is
# called `bridge-ada`. This makes one:

# %%
from k8slearn.lab.exercises.lesson04 import CREW, crew, member_pod

show(member_pod)

# %% [markdown]
# Write the rest of `reconcile`. It is **right** when, whatever happens, everybody on the list is aboard
# in the end, nobody else of this crew is, and other people's pods are left alone.
#
# `self.cache.owned_by(crew, "pods")` are the pods of this crew. Compare names with names, then act with
# `self.client.create(pod)` and `self.client.delete(pod)`.

# %% tags=["hole"]
class CrewController(Controller):
    """One pod for every member of a Crew."""

    primary, owns = "crews", ["pods"]

    def reconcile(self, key):
        crew = self.cache.get("crews", key)
        if crew is None:
            return
        ### BEGIN SOLUTION
        ### HOLE: compare the pods that are there with crew["spec"]["members"], and act on the difference
        members = {f"{name_of(crew)}-{member}": member for member in crew["spec"]["members"]}
        aboard = {name_of(pod): pod for pod in self.cache.owned_by(crew, "pods")}
        for name, member in members.items():
            if name not in aboard:
                self.client.create(member_pod(crew, member))
        for name, pod in aboard.items():
            if name not in members:
                self.client.delete(pod)
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
sim = Simulation(Cluster(nodes=1, kinds=[CREW], adding=[CrewController]))
sim.create(crew("bridge", "ada", "grace"))
sim.run()
[name_of(pod) for pod in sim.client.list("pods")]

# %% tags=["check"]
check("04.1", CrewController)

# %% [markdown]
# ## 04.2 · Heal what drifts
#
# A **Notice** has a text. It is published as a ConfigMap of the same name, whose `data` must be exactly
# `{"text": <the text>}`. People being people, somebody edits the ConfigMap by hand, adds a key, or deletes it.

# %%
from k8slearn.lab.exercises.lesson04 import NOTICE, configmap_for, notice

show(configmap_for)

# %% [markdown]
# It is **right** when in the end the ConfigMap says what the Notice says, *exactly*, whoever meddled; and when
# your controller keeps quiet as long as all is well: no request that writes, not even one that would change nothing.
#
# What the cache gives you is shared. To change an object, make a new one: `{**have, "data": ...}`, and
# send it with `self.client.update(...)`.

# %% tags=["hole"]
class NoticeController(Controller):
    """Publishes every Notice as a ConfigMap, and keeps it so."""

    primary, owns = "notices", ["configmaps"]

    def reconcile(self, key):
        notice = self.cache.get("notices", key)
        if notice is None:
            return
        want = configmap_for(notice)
        have = self.cache.get("configmaps", key_of(want))
        ### BEGIN SOLUTION
        ### HOLE: make what is there like what is wanted: create it, mend it, or leave it alone
        if have is None:
            self.client.create(want)
        elif have["data"] != want["data"]:
            self.client.update({**have, "data": want["data"]})
        ### END SOLUTION

# %%
sim = Simulation(Cluster(nodes=1, kinds=[NOTICE], adding=[NoticeController]))
sim.create(notice("tea", "at four"))
sim.run()
[configmap["data"] for configmap in sim.client.list("configmaps")]

# %% tags=["check"]
check("04.2", NoticeController)

# %% [markdown]
# Not right yet? The report says what was broken, and by which shortest story. Walk through it with
# `replay().map()`.
#
# Right? Then compare with [the solution](../solutions/04_the_control_loop.ipynb), and go on to
# [05 · Edge or level](../notebooks/05_edge_or_level.ipynb).
