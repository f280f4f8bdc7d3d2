# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Edge or level
#
# *"When a pod is deleted, create a new one." It sounds like what a controller does. It is the most expensive
# misunderstanding about Kubernetes, and it works perfectly until the first bad day.*
#
# Two controllers with the same job live through the same bad day. One reacts to **events** (the edge, where
# something changes), the other to **state** (the level, how things are).

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.podset import PODSET, pod_for, podset

# %% [markdown]
# ## The one that reacts
#
# It does something sensible for everything that can happen: a PodSet appears, a PodSet is changed, a pod goes away.

# %%
class EdgeController(Controller):
    """Does the right thing for every event. (Never write one like this.)"""

    name, primary, owns = "pod-set-controller", "podsets", ["pods"]

    def on_change(self, change):
        if change.resource == "pods" and change.type == "DELETED":
            owner = self.cache.owner_of(change.old, "podsets")
            if owner:
                self.client.create(pod_for(owner))
        elif change.resource != "pods" and change.new:
            had = change.old["spec"]["replicas"] if change.old else 0
            for _ in range(change.new["spec"]["replicas"] - had):
                self.client.create(pod_for(change.new))

# %% [markdown]
# ## The one that looks
#
# This is the controller of lesson 04. It is told where to look, and looks.

# %%
class LevelController(Controller):
    """Compares what is with what was asked for."""

    name, primary, owns = "pod-set-controller", "podsets", ["pods"]

    def reconcile(self, key):
        podset = self.cache.get("podsets", key)
        if podset is None:
            return
        pods = self.cache.owned_by(podset, "pods")
        for _ in range(podset["spec"]["replicas"] - len(pods)):
            self.client.create(pod_for(podset))
        for pod in pods[podset["spec"]["replicas"] :]:
            self.client.delete(pod)

# %% [markdown]
# ## A good day
#
# Two worlds, alike in everything but the controller. Three pods are wanted; after a while we delete one by hand.

# %%
def world(controller):
    sim = Simulation(Cluster(nodes=2, kinds=[PODSET], adding=[controller]))
    sim.create(podset("shop", replicas=3))
    sim.advance(10)
    return sim

def lose_a_pod(sim):
    names = sorted(p["metadata"]["name"] for p in sim.client.list("pods"))
    sim.client.delete("pods", "default/" + names[0], gracePeriodSeconds=0)

edge, level = world(EdgeController), world(LevelController)
for sim in (edge, level):
    lose_a_pod(sim)
    sim.advance(10)
    print(len(sim.client.list("pods")), "pods")

# %% [markdown]
# Both are right. All tests are green, both are shipped. On a good day you cannot tell them apart.
#
# ## A bad day
#
# Here is the day, as data: what happens, and to whom. It is the same for both. Each of these is something that
# happens to every controller in every cluster: processes are restarted, connections break.

# %%
def bad_day(sim):
    sim.fault("hold", "pod-set-controller")  # the network hangs: no news
    lose_a_pod(sim)
    sim.advance(5)
    sim.crash("pod-set-controller")          # the process is restarted
    sim.advance(10)
    sim.fault("drop", "pod-set-controller")  # a watch is lost
    lose_a_pod(sim)
    sim.advance(10)
    sim.crash("pod-set-controller")          # an update is rolled out
    sim.advance(10)

# %%
guess = predict("05 a bad day")
guess

# %%
for sim in (edge, level):
    bad_day(sim)

# %%
from k8slearn.lab.chart import chart

chart({"edge": edge, "level": level}, wanted=3)

# %%
guess.reveal()

# %% [markdown]
# Look at where the line jumps. A process that starts knows nothing, so it lists everything, and every
# PodSet is **ADDED**, though it has been there all day. The event says "new"; the truth is "new *to me*".
#
# And a pod that went away while nobody listened is in no event at all. The new process has never heard of it, so it
# cannot hear that it is gone.

# %%
crash = edge.trace.of("fault", "crash")[0]
mine = edge.trace.of("pod-set-controller")
show([crash, *(step for step in mine if step.number > crash.number)][:3])

# %% [markdown]
# ## Go and look
#
# Both worlds can be walked through, forwards and backwards. This is the one that drifted, at the first crash: step
# on, and watch it hear of a PodSet as if it were new.

# %%
there = studio(edge)
there.goto(crash.number)
there.map()

# %%
there.step()
print(there.frame()["text"])

# %% [markdown]
# ## Why not simply make sure that every event arrives?
#
# Because nobody can. The process that would have to remember what it has heard is the one that crashes; the
# server that would have to keep every event for a reader who is away would run out of memory. So Kubernetes
# promises something weaker, and enough: **you will learn of the newest state.** What lies between may be skipped.
#
# That is also why a queue of *keys* is better than a queue of events. Ten changes while nobody looks are one entry:

# %%
sim = world(LevelController)
sim.fault("hold", "pod-set-controller")
for i in range(10):
    sim.client.patch("podsets", "default/shop", patch={"metadata": {"labels": {"change": str(i)}}})
before = len(sim.trace)
sim.fault("release", "pod-set-controller")
sim.run()
mine = [step.action for step in sim.trace.of("pod-set-controller") if step.number > before]
print(mine.count("deliver"), "events heard,", mine.count("reconcile"), "look at the world")

# %% [markdown]
# Events are not useless. They say *when* and *where* it is worth looking, which is much better than looking at
# everything all the time. The rule that all of Kubernetes follows:
#
# > **Be woken by edges. Decide by level.**

# %% [markdown]
# ## Read the real thing
#
# This is the line between the two. An informer has heard of a change, and all that becomes of it is a key.

# %%
show(Controller.on_change)

# %% [markdown]
# ## What the real one does
#
# The same: informers hand keys to a work queue. Kubernetes' own event handlers *look* edge-triggered
# (`AddFunc`, `UpdateFunc`, `DeleteFunc`), and in every one of the built-in controllers they do no more than `enqueue`.
#
# **Exercises:** [05 · Exercises](../exercises/05_edge_or_level.ipynb)
# · **Next:** [06 · Edge and level](06_edge_and_level.ipynb)
