# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · Edge *and* level
#
# *"Be woken by edges, decide by level." Between the edge and the decision stand three things: an informer, a cache and a queue.
# They are why a controller can be fast and forgetful at the same time, and each of them is a place where people lose
# pods, or make too many.*
#
# In this lesson you look into the queue and the cache of a controller, stop the news, and cure what comes of it.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.podset import PODSET, pod_for, podset

# %% [markdown]
# ## The way of an event
#
# The controller of lesson 04 once more, only shorter: it makes what is missing. It is alone in its world, so that nobody
# distracts us.

# %%
class PodSetController(Controller):
    """Makes the pods that a PodSet lacks."""

    primary, owns = "podsets", ["pods"]

    def reconcile(self, key):
        podset = self.cache.get("podsets", key)
        if podset is not None:
            for _ in range(podset["spec"]["replicas"] - len(self.cache.owned_by(podset, "pods"))):
                self.client.create(pod_for(podset))

# %%
ME = "pod-set-controller"

def world(controller):
    return Simulation(Cluster(nodes=0, components=(), kinds=[PODSET], adding=[controller]))

sim = world(PodSetController)
sim.create(podset("shop", replicas=2))
inside = studio(sim)

# %% [markdown]
# The panel shows the inside of a controller, from left to right: what it **hears of**, and how far behind it is; the **keys** that it
# has to look at, and why; the keys that it will look at later. A capsule is an event, a ticket is a key. Press **step** twice, and
# follow `shop`: first it is an event that nobody has heard, then a key in the queue, then work. (It is a copy of the world: play
# with it as you like.)

# %%
studio(sim.fork()).show("queues", player=ME)

# %% [markdown]
# The same in code, step by step. The key says *why* it is there. In the panel you can press on such a reason, and are taken to
# the step that it speaks of.

# %%
inside.select(ME)
sim.step()
print(inside.text("queues"))

# %%
sim.step()
print(inside.text("queues"))

# %% [markdown]
# It has made two pods. *It does not know.* They are written, they are on their way to its cache, and until they are there, the
# cache says "no pods". Keep that picture in mind; the second half of this lesson is about it.
#
# What an informer has heard goes two ways: into the cache, and to the handler, which turns it into keys.

# %%
show(Controller.deliver)

# %% [markdown]
# ## The queue holds keys
#
# Many call it a queue of events, and then wonder about what it does.

# %%
changes = predict("06 eleven changes")
changes

# %%
from k8slearn.machinery import WorkQueue
from k8slearn.sim.simulation import VirtualClock

queue = WorkQueue(VirtualClock())
for _ in range(10):
    queue.add("default/shop")
print(len(queue), "key waits")

# %%
key, causes = queue.get()     # a worker takes it
queue.add("default/shop")     # an eleventh change comes, while he is at it
print(len(queue), "keys for a second worker")
queue.done(key)
print(len(queue), "key waits")

# %%
changes.reveal()

# %% [markdown]
# Two sets do it. `dirty`: wants work. `processing`: is being worked on. A key can be in both, and then it has to wait. So no two workers
# ever hold the same key, and your `reconcile` needs no lock, though five of them may run at once.

# %%
show(WorkQueue.add)

# %% [markdown]
# ## Again, later
#
# A reconcile that fails is no accident: its key comes back, after a delay that doubles each time. Here four writes in a row are
# refused.

# %%
sim.run()
for write in (1, 2, 3, 4):
    sim.fault("refuse", ME, write, "InternalError")
sim.create(podset("cafe", replicas=1))
sim.run(until=lambda sim: sim.manager.players[ME].queue.failures.get("default/cafe") == 3)
studio(sim.fork()).show("queues", player=ME)

# %%
sim.run()
for turn in sim.trace.of(ME, "reconcile"):
    if turn.key == "default/cafe":
        print(f"{turn.time:.3f} s  {turn.result.rpartition('; ')[2]}")

# %% [markdown]
# Five thousandths of a second, ten, twenty, forty; never more than a thousand seconds. It harms nobody else: other keys pass it. And
# when it has gone well at last, the queue **forgets** the failures, so that the next trouble begins with a short delay
# again.

# %%
show(WorkQueue.retry)

# %% [markdown]
# ## Break it: my next read sees my write
#
# Does it? We stop the news of pods, ask for one pod more, and have the controller look two times more.

# %%
def look_again(sim, resource, key):
    for number in ("once", "twice"):
        sim.client.patch(resource, key, patch={"metadata": {"labels": {"seen": number}}})
        sim.run()

def grow_unheard(sim):
    sim.fault("hold", ME, "pods")
    sim.client.patch("podsets", "default/shop", patch={"spec": {"replicas": 3}})
    sim.run()
    look_again(sim, "podsets", "default/shop")
    return sum(pod["metadata"]["name"].startswith("shop") for pod in sim.client.list("pods"))

print(grow_unheard(sim), "pods for 3 replicas")

# %%
inside.show("queues", player=ME)

# %% [markdown]
# Here they are, its own pods, three events that it has not heard. It did nothing foolish: it listed its children and made the
# missing one. That is the most common bug in operators there is, and on a quick day no test finds it, because the news is quick. There are
# three cures.
#
# ## First cure: a name that follows from the wish
#
# If the second pod of `shop` is called `shop-1` and nothing else, then making it twice is not possible. The API server knows
# what the cache does not.

# %%
from contextlib import suppress

from k8slearn.api.errors import AlreadyExists

class NamedController(Controller):
    """Makes shop-0, shop-1, shop-2 ..."""

    name, primary, owns = ME, "podsets", ["pods"]

    def reconcile(self, key):
        podset = self.cache.get("podsets", key)
        for number in range(podset["spec"]["replicas"]):
            pod = pod_for(podset)
            pod["metadata"]["name"] = f"{podset['metadata']['name']}-{number}"
            if self.cache.get("pods", "default/" + pod["metadata"]["name"]) is None:
                with suppress(AlreadyExists):  # mine, and not heard of yet
                    self.client.create(pod)

# %%
named = world(NamedController)
named.create(podset("shop", replicas=2))
named.run()
print(grow_unheard(named), "pods for 3 replicas")

# %% [markdown]
# A StatefulSet does that, and so does a Deployment: it names its ReplicaSet after a hash of the pod template. Whenever you can choose
# such a name, do.
#
# ## Second cure: remember what is on its way
#
# The pods of a ReplicaSet are all alike, and the API server makes up their names. There is nothing that could be refused.

# %%
trouble = predict("06 the same trouble")
trouble

# %%
from k8slearn.lab.exercises.lesson02 import deployment

deaf = Simulation(nodes=1)
deaf.fault("hold", "replicaset-controller", "pods")
deaf.create(deployment(replicas=3))
deaf.run()
web = "default/" + deaf.client.list("replicasets")[0]["metadata"]["name"]
look_again(deaf, "replicasets", web)
print(len(deaf.client.list("pods")), "pods for 3 replicas")

# %%
trouble.reveal()

# %% [markdown]
# It has written down that three creations are on their way, and as long as they are, it makes none and deletes none. This is the
# real thing; look at `waiting`.

# %%
from k8slearn.controllers.replicaset import ReplicaSetController

show(ReplicaSetController.reconcile)

# %%
controller = deaf.manager.players["replicaset-controller"]
expected = controller.expectations.pending[web]
print(expected.creations, "on their way")
deaf.fault("release", "replicaset-controller", "pods")
deaf.run()
print(expected.creations, "on their way")

# %% [markdown]
# Each pod that is `ADDED` is ticked off. (Deletions are written down by uid: a pod can be heard to go twice, once when it begins to
# end and once when it is gone.)

# %%
from k8slearn.controllers.podcontrol import PodController

show(PodController._tick_off)

# %% [markdown]
# And what if it never hears of one? We delete a pod before the controller has heard of it, and take its watch away, so that it has to
# list. A list shows what is there, not what has been.

# %%
deaf.fault("hold", "replicaset-controller", "pods")
deaf.client.patch("deployments", "default/web", patch={"spec": {"replicas": 5}})
deaf.run()
unheard = {pod["metadata"]["name"] for pod in deaf.client.list("pods")}
unheard -= {pod["metadata"]["name"] for pod in controller.cache.list("pods")}
deaf.client.delete("pods", "default/" + min(unheard), gracePeriodSeconds=0)
deaf.fault("drop", "replicaset-controller", "pods")
deaf.fault("release", "replicaset-controller", "pods")
deaf.run()
print(len(deaf.client.list("pods")), "pods")
deaf.advance(300)
print(len(deaf.client.list("pods")), "pods, five minutes later")

# %% [markdown]
# An expectation is a guess about the future, and guesses need an end. After five minutes the controller looks and acts all
# the same.

# %%
from k8slearn.machinery import Expectations

show(Expectations.satisfied)

# %% [markdown]
# ## Third cure: is my cache as new as my write?
#
# Each write is answered with a number, and each cache has one. Comparing the two was long forbidden (`resourceVersion` was said to be
# opaque); since v1.35 it is a promise that they can be compared.

# %%
me = sim.manager.players[ME]
wrote = max(call.revision for turn in sim.trace.of(ME, "reconcile") for call in turn.writes)
print(f"it wrote @{wrote}, and its cache of pods is at @{me.informers['pods'].revision}")

# %% [markdown]
# So "have I read what I wrote?" is one comparison, and needs no counting. Kubernetes v1.36 does it: the controllers of
# ReplicaSets, StatefulSets, DaemonSets and Jobs note the version of each write in a `ConsistencyStore`, and put a key back when the
# cache has not come that far.

# %% [markdown]
# ## Synced is not current

# %%
synced = predict("06 synced")
synced

# %%
print("synced:", me.informers["pods"].synced)
print("behind:", me.informers["pods"].lag, "events")

# %%
synced.reveal()

# %% [markdown]
# It is worth waiting for all the same. A controller that has not listed yet sees an empty world, and an empty world looks as if
# everything were missing.

# %% [markdown]
# ## Resync is not relist
#
# Informers can *resync*: every ten hours, say, each object is shown to the handler once more. People take comfort in it: "should we ever
# miss an event, the resync finds it." This controller writes down what its handler is told.

# %%
from k8slearn.lab.exercises.teams import member

class Listener(Controller):
    """Only listens."""

    name, primary = "listener", "pods"

    def setup(self):
        self.told = []

    def on_change(self, change):
        metadata = change.object["metadata"]
        self.told.append(f"{change.type} {metadata['name']} ({metadata['labels']['team']})")

# %% [markdown]
# Ada and Grace are in team red. Then the network hangs, and three things happen: Ada goes, Linus comes, and Grace changes her team
# twice.

# %%
def move(sim, name, team):
    sim.client.patch("pods", "default/" + name, patch={"metadata": {"labels": {"team": team}}})

hall = Simulation(Cluster(nodes=0, components=(), adding=[Listener]))
hall.create([member("ada", "red"), member("grace", "red")])
hall.run()
hall.fault("hold", "listener")
hall.client.delete("pods", "default/ada")
hall.create(member("linus", "blue"))
move(hall, "grace", "blue")
move(hall, "grace", "green")

# %%
resync = predict("06 a resync")
resync

# %%
def told_after(*faults):
    copy = hall.fork()
    before = len(copy.manager.players["listener"].told)
    for fault in faults:
        copy.fault(fault, "listener")
    copy.run()
    print(faults[0].upper(), *copy.manager.players["listener"].told[before:], sep="\n  ")

told_after("resync")

# %%
resync.reveal()

# %% [markdown]
# Ada is gone, and the handler has just been shown her. A resync reads the cache to the handler, and the cache is what is wrong. What
# *does* repair a cache is a connection that works: going on from the old place, or listing.

# %%
told_after("reconnect", "release")
told_after("drop", "release")

# %% [markdown]
# Three remedies for three ills. **Reconnecting** brings every event, in order. A **list** brings the newest state: of Grace's two
# changes one is told, and that she was ever in blue nobody will know. Each state is delivered, or a newer one; never count on *each*.
# And a **resync** helps those who have heard and did nothing: a handler with a bug, a key that was dropped. It asks nobody, and it
# cannot know what the cache does not know.

# %% [markdown]
# ## Gone in the dark
#
# What is told of somebody who was changed and then deleted, while nobody listened?

# %%
dark = predict("06 gone in the dark")
dark

# %%
hall = Simulation(Cluster(nodes=0, components=(), adding=[Listener]))
hall.create([member("ada", "red"), member("grace", "red")])
hall.run()
hall.fault("hold", "listener")
move(hall, "ada", "blue")
hall.client.delete("pods", "default/ada")
told_after("drop", "release")

# %%
dark.reveal()

# %% [markdown]
# The handler gets the last that was *heard* of her. Whoever wakes the team on her label wakes red; blue had never been told that she
# came, so blue need not hear that she went. And whoever wanted to free something of hers has to know that this may be old.
#
# In Go such an object comes wrapped, as a `DeletedFinalStateUnknown`; people call it a tombstone. An `OnDelete` that expects a pod,
# and gets a tombstone, panics, some weeks after it was deployed.

# %% [markdown]
# ## Hands off
#
# One more thing about caches: what they give you is not yours.

# %%
from k8slearn.api import edit

grace = hall.manager.players["listener"].cache.get("pods", "default/grace")
try:
    grace["metadata"]["labels"]["team"] = "blue"
except TypeError as error:
    print(error)
mine = edit(grace)
mine["metadata"]["labels"]["team"] = "blue"
print("mine:", mine["metadata"]["labels"], " the cache's:", grace["metadata"]["labels"])

# %% [markdown]
# client-go does not refuse. It hands out a pointer, and asks you not to write through it. Who does it anyway has changed what every
# other reader in the process sees, without a write, without an event, until that object happens to change next. (Kubernetes' own
# tests run with `KUBE_CACHE_MUTATION_DETECTOR=true`, which compares each object with a copy, and panics.)

# %% [markdown]
# ## What the real one does
#
# The same queue: `workqueue` in client-go has the same two sets, the same 5 milliseconds and 1,000 seconds, and also a limit for all
# keys together. It does not know *why* a key is in it; ours does, to be able to show it to you. `kube-controller-manager` shares
# one informer of pods among all its controllers (here each has its own), and gives the ReplicaSet controller five workers. Built-in controllers resync every
# twelve to twenty-four hours, controller-runtime every ten, and nobody should notice.
#
# **Exercises:** [06 · Exercises](../exercises/06_edge_and_level.ipynb)
# · **Next:** [07 · Owners](07_owners.ipynb)
