# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · The control loop
#
# *A thermostat does not know why the room is cold. It looks at the room, looks at the dial, and acts on the
# difference. Everything that moves in Kubernetes works like that.*
#
# In this lesson you write a controller of a dozen lines, watch it go round its loop, and try to break it.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.podset import PODSET, pod_for, podset

# %% [markdown]
# ## Observe, compare, act
#
# A **PodSet** is a kind made up for this course. It wants a number of pods, and nothing else. The API server is
# happy to store one, but by itself that means nothing: somebody has to care. Here is somebody who does.

# %%
class PodSetController(Controller):
    """Keeps spec.replicas pods alive for every PodSet."""

    primary, owns = "podsets", ["pods"]

    def reconcile(self, key):
        podset = self.cache.get("podsets", key)            # observe: what was asked for ...
        if podset is None:
            return                                         # it is gone, and others clean up
        pods = self.cache.owned_by(podset, "pods")         # ... and what is there
        missing = podset["spec"]["replicas"] - len(pods)   # compare
        for _ in range(missing):                           # act
            self.client.create(pod_for(podset))
        for pod in pods[: max(-missing, 0)]:
            self.client.delete(pod)

# %% [markdown]
# Three things about it matter more than they seem to:
#
# - `reconcile` gets a **key** (`default/shop`), not an event. It is not told *what happened*, only *where to look*.
# - It reads from `self.cache`, which costs nothing and may be a moment out of date. It writes through
#   `self.client`, which asks the API server.
# - It remembers **nothing** between two calls.

# %%
cluster = Cluster(nodes=2, kinds=[PODSET], adding=[PodSetController])
sim = Simulation(cluster)
sim.create(podset("shop", replicas=3))
world = studio(sim)

# %% [markdown]
# Press **step** until the controller has its first turn. The panel shows one turn of the loop: what it
# observed (and how old that was), what it compared, what it did.

# %%
world.show("loop", "map", player="pod-set-controller")

# %%
sim.run(until=lambda sim: sim.trace.of("pod-set-controller", "reconcile"))
print(world.text("loop"))

# %% [markdown]
# Three were missing, so it made three. Now let everybody finish, and count how often it was called and how often
# it had something to do.

# %%
sim.run()
turns = sim.trace.of("pod-set-controller", "reconcile")
writing = [turn for turn in turns if turn.writes]
print(len(turns), "turns,", len(writing), "of them wrote something")

# %% [markdown]
# A controller may be called as often as you like. When the world is as it was asked to be, the difference is
# nothing, and so is what it does. That is called **idempotent**, and it is the reason why nobody has to
# make sure that a controller is called *exactly* when it should be.

# %% [markdown]
# ## Someone deletes a pod

# %%
guess = predict("04 a pod is deleted")
guess

# %%
before = {pod["metadata"]["name"] for pod in sim.client.list("pods")}
sim.client.delete("pods", "default/" + min(before))
sim.run()
after = {pod["metadata"]["name"] for pod in sim.client.list("pods")}
print("gone:", *(before - after), "  new:", *(after - before))

# %%
guess.reveal()

# %% [markdown]
# The controller has no code for "a pod was deleted". It has no code for "a node burned down" or "somebody scaled
# to five" either. It does not need any: each of them is a difference.

# %%
wish = sim.client.get("podsets", "default/shop")
wish["spec"]["replicas"] = 5
sim.client.update(wish)
sim.run()
len(sim.client.list("pods"))

# %% [markdown]
# ## Break it: a crash in the middle
#
# A second world. This time the controller's process dies right after its **second** write: two pods are made, the
# third is not, and the controller that knew about it is gone.

# %%
crashed = Simulation(cluster)
crashed.fault("crash_after", "pod-set-controller", 2)
crashed.create(podset("shop", replicas=3))
crashed.run()
len(crashed.client.list("pods"))

# %% [markdown]
# Three. Not four, and not two: the new process listed what was there, found two, and made one. Here is the moment.

# %%
turns = crashed.trace.of("pod-set-controller", "reconcile")
show([turn for turn in turns if turn.writes])

# %% [markdown]
# ## Break it: old news
#
# Now something nastier. The controller is alive, but news of **pods** reaches it late, while news of PodSets is
# on time. It makes three pods, hears nothing of them, and is asked to look again.

# %%
late = Simulation(cluster)
late.fault("hold", "pod-set-controller", "pods")
late.create(podset("shop", replicas=3))
late.run()
late.client.patch("podsets", "default/shop", patch={"metadata": {"labels": {"seen": "again"}}})
late.run()
len(late.client.list("pods"))

# %% [markdown]
# Six! It looked at its cache, saw none, and made three more. *Its own writes were not in its own cache yet.* When
# the news arrives at last, it sees six where three are wanted:

# %%
late.fault("release", "pod-set-controller", "pods")
late.run()
len(late.client.list("pods"))

# %% [markdown]
# It healed, because it compares. But for a while there were three pods too many, and for a database that may be three
# too many for good. The built-in ReplicaSet controller prevents it by writing down what it *expects* to hear of
# (lesson 06). For now, keep this: **what a controller reads is always the past.**

# %% [markdown]
# ## Read the real thing
#
# This is what calls your `reconcile`. Notice what becomes of an exception: the key comes back later, with a
# delay that doubles each time. Raising *is* how a controller says "not yet".

# %%
show(Controller.work)

# %% [markdown]
# ## What the real one does
#
# The same, in Go: `Reconcile(ctx, Request) (Result, error)` in controller-runtime, where `Request` is nothing but a
# namespace and a name. Its first rule for authors is the one you have just seen: do not react to what happened,
# look at what is.
#
# **Exercises:** [04 · Exercises](../exercises/04_the_control_loop.ipynb)
# · **Next:** [05 · Edge or level](05_edge_or_level.ipynb)
