# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Owners
#
# *In a cluster nobody stands above the others, and yet you delete one Deployment, and two hundred pods go. Nobody has
# called them. Each carries a note that says whose it is; and somebody reads all the notes.*
#
# In this lesson a pod changes its owner, two owners want the same pod, and then we take out the one who reads the notes.

# %%
from k8slearn import Cluster, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.owners import owner_tree

# %% [markdown]
# ## A note on each child
#
# Three objects of three kinds, and you have asked for one of them:

# %%
def shop(replicas=2):
    labels = {"app": "shop"}
    containers = [{"name": "app", "image": "registry.example/app:1"}]
    pod = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": spec}

def running(*objects, without=()):
    sim = Simulation(Cluster(nodes=1, without=without))
    sim.create(objects)
    sim.advance(10)
    return sim

sim = running(shop())
owner_tree(sim)

# %% [markdown]
# The tree is stored nowhere. It was drawn from what each object says of itself, in its `metadata.ownerReferences`:

# %%
pod = sim.client.list("pods")[0]
show(pod["metadata"]["ownerReferences"][0])

# %% [markdown]
# Three lines matter. `uid` says *which* ReplicaSet: a name can be used again, a uid never. `controller: true` says that
# this owner looks after the pod; an object can have many owners, and one controller. `blockOwnerDeletion` will be explained
# when something waits for it. What the note does not say is a namespace: an owner lives where its child lives, or in no
# namespace at all. (Who writes down another loses the child: lessons 12 and 13.)
#
# ## Who counts?
#
# The ReplicaSet has two pods. We write a label on one of them, nothing else; labels are only metadata, are they not?

# %%
label = predict("07 another label")
label

# %%
def relabel(pod, app):
    sim.client.patch(pod, patch={"metadata": {"labels": {"app": app}}})

relabel(pod, "debug")
sim.advance(10)
owner_tree(sim)

# %%
label.reveal()

# %% [markdown]
# It runs on, undisturbed, and belongs to nobody. People do that on purpose: the sick pod is out of the way, traffic goes to
# a healthy one, and you can look at it in peace. Here is the turn in which it happened:

# %%
def deeds(sim, player, since=0):
    """The turns in which it has written more than Events and a status."""
    turns = [step for step in sim.trace.of(player, "reconcile") if step.time >= since]
    return [t for t in turns if any(c.resource != "events" and not c.subresource for c in t.writes)]

show(deeds(sim, "replicaset-controller", since=10))

# %% [markdown]
# ## The living source
#
# The ReplicaSet controller, as it is running here. It has three questions: which are mine, how many are too few,
# who goes first?

# %%
from k8slearn.controllers import ReplicaSetController

show(ReplicaSetController.reconcile)

# %% [markdown]
# *Which are mine* is the interesting one. Two things have to agree: the note on the pod, and the selector. A pod with my
# note that I would not choose is **released**. A pod without a note that I would choose is **adopted**. A pod with somebody
# else's note is none of my business, whatever its labels say.

# %%
show(ReplicaSetController.claim)

# %% [markdown]
# ## Adoption
#
# The pod's label is put back. There are three now, two are wanted, and it is the oldest of them.

# %%
back = predict("07 the label is put back")
back

# %%
relabel(pod, "shop")
sim.advance(40)
owner_tree(sim)

# %%
back.reveal()

# %% [markdown]
# It was adopted, and then one was too many. Who goes first is a rule, and not chance: whose loss is felt least.

# %%
from k8slearn.controllers.pods import deletion_rank

show(deletion_rank)

# %% [markdown]
# ## Break it: two with one selector
#
# Somebody has copied a file and forgotten to change the selector. Two ReplicaSets, each wants two pods, and each would
# choose every pod with the label `app: shop`.

# %%
def replicaset(name):
    return {**shop(), "kind": "ReplicaSet", "metadata": {"name": name}}

def lone(name):
    pod = shop()["spec"]["template"]
    metadata = {**pod["metadata"], "name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}

# %%
overlap = predict("07 two with one selector")
overlap

# %%
two = running(replicaset("red"), replicaset("blue"))
owner_tree(two)

# %%
overlap.reveal()

# %% [markdown]
# Two pods each. If they went by labels alone, they would fight over them for ever. The note keeps the peace: *one*
# controller, and the API server refuses a second.
#
# So nothing is lost by the mistake, it seems. Now a pod comes that belongs to nobody: somebody tries something out, by
# hand, with a label that he has copied, too.

# %%
orphan = predict("07 an orphan comes by")
orphan

# %%
two.create(lone("mine"))
two.advance(40)
owner_tree(two)

# %%
orphan.reveal()

# %%
show(deeds(two, "replicaset-controller", since=10))

# %% [markdown]
# One turn: it asked the API server whether it is still there itself, adopted the pod, found that it has three, and deleted
# the youngest. *It went to whoever was first*, and the other one never had a say. In a real cluster the order is chance.
# Nobody has made a mistake but the two who wrote the same label.

# %% [markdown]
# ## The API server cascades, does it not?
#
# When you delete a Deployment, everything below it goes. We take one player out, the **garbage collector**, and delete.

# %%
from k8slearn.controllers.garbagecollector import GarbageCollector

nobody = predict("07 without a collector")
nobody

# %%
sim = running(shop(), without=[GarbageCollector])
sim.client.delete("deployments", "default/shop")
sim.advance(60)
owner_tree(sim)

# %%
nobody.reveal()

# %% [markdown]
# The API server has deleted what it was asked to delete. And the ReplicaSet is alive and looks after its pods: delete one,
# and it makes another. Nobody has told it that its owner is gone, and it would not care. Now the collector comes in:

# %%
sim.enter(GarbageCollector)
sim.run()
owner_tree(sim)

# %%
show(deeds(sim, "garbage-collector-controller"))

# %%
studio(sim).show("map", "loop", player="garbage-collector-controller")

# %% [markdown]
# It came a minute late, had seen nothing of the deletion, and did the right thing. It does not wait for events: it looks at
# notes. *Is the owner that you name still there?* It asks the API server before it deletes anything, since its own cache
# may be late.

# %%
show(GarbageCollector._check_owners)

# %% [markdown]
# ## Three ways to delete
#
# So cascading is somebody's work, and one can say how it is to be done. `propagationPolicy` has three values. Two of them
# are no more than a word: the API server writes it into the object as a **finalizer**, and leaves the rest to the
# collector.

# %%
ways = predict("07 who goes first")
ways

# %%
from k8slearn.lab.fates import fates

def deleted(policy):
    sim = running(shop())
    sim.client.delete("deployments", "default/shop", propagationPolicy=policy)
    sim.advance(60)
    return sim

worlds = {policy: deleted(policy) for policy in ("Background", "Foreground", "Orphan")}
fates(worlds, since=10)

# %%
ways.reveal()

# %% [markdown]
# **Background** (for most kinds what you get if you say nothing): the owner goes at once, the others follow.
# **Foreground**: from the leaves to the root, and the Deployment is there until the last pod is gone; but only children
# whose note says `blockOwnerDeletion` are waited for. **Orphan**: the children lose the note, then the owner goes.
#
# Walk through the second one. At each step `loop` shows what the collector saw, and what it did about it.

# %%
slow = running(shop())
slow.client.delete("deployments", "default/shop", propagationPolicy="Foreground")
slow.run(until=lambda sim: not sim.client.list("pods"))
studio(slow).show("loop", "map", player="garbage-collector-controller")

# %%
owner_tree(slow)

# %% [markdown]
# The pods are gone, the two above them are still held. It takes two more turns of the collector, from below.
#
# ## What holds an object
#
# A deletion has two halves. `DELETE` writes a `deletionTimestamp`; the object goes when its list of finalizers is empty. In
# between it is there, and everybody can read it. `foregroundDeletion` and `orphan` belong to the collector. Anybody can
# write his own:

# %%
held = running(lone("guest"))
word = ["example.com/say-goodbye"]
held.client.patch("pods", "default/guest", patch={"metadata": {"finalizers": word}})
held.client.delete("pods", "default/guest")

finalizer = predict("07 say goodbye")
finalizer

# %%
held.advance(3600)
owner_tree(held)

# %%
finalizer.reveal()

# %% [markdown]
# A finalizer is not a destructor. It is a word in a list, and the API server does not know what it means, or who has
# written it. Somebody has to look for it, do his work, and take it out (lesson 13 writes one who does). This pod waits for
# somebody that does not exist; and who takes the word out by hand has decided that the work need not be done.

# %%
held.client.patch("pods", "default/guest", patch={"metadata": {"finalizers": []}})
held.advance(60)
owner_tree(held)

# %% [markdown]
# ## The same name, another uid
#
# A ReplicaSet is deleted with all its pods. Later somebody makes it again, under the same name, and restores one of the old
# pods from a backup, with the note that it carried then.

# %%
restored = predict("07 restored from a backup")
restored

# %%
again = running(replicaset("red"))
backup = again.client.list("pods")[0]
again.client.delete("replicasets", "default/red")
again.advance(60)
again.create(replicaset("red"))
again.advance(10)
restored_pod = lone("restored")
restored_pod["metadata"]["ownerReferences"] = backup["metadata"]["ownerReferences"]
again.create(restored_pod)
owner_tree(again)

# %%
again.advance(60)
owner_tree(again)

# %%
restored.reveal()

# %% [markdown]
# Two owners called `red`, and the note names the one that is gone. Whoever copies objects from one cluster into another
# takes the `ownerReferences` out first.
#
# ## What it cannot know
#
# The collector finds the children by looking through the notes that it has *heard* of. So what if it has not heard of all
# of them? News of pods stands still, a pod is made, and then the ReplicaSet is deleted with `Orphan`: *leave my pods
# alone*.

# %%
late = predict("07 orphan and late news")
late

# %%
deaf = running(replicaset("red"))
deaf.fault("hold", "garbage-collector-controller", "pods")
deaf.client.patch("replicasets", "default/red", patch={"spec": {"replicas": 3}})
deaf.advance(10)
deaf.client.delete("replicasets", "default/red", propagationPolicy="Orphan")
deaf.advance(10)
owner_tree(deaf)

# %%
deaf.fault("release", "garbage-collector-controller", "pods")
deaf.advance(60)
owner_tree(deaf)

# %%
late.reveal()

# %% [markdown]
# Two were let go, and the third still carried the note. Its owner is gone, and then the rule is: delete. Nobody has made a
# mistake here, and this is no weakness of our copy: the same can happen in Kubernetes, and is written down there as a known
# issue. It is rare, since news is mostly quick. A collector can ask whether an owner is there, one request; it cannot ask
# *who are all your children*, since any object of any kind could be one.
#
# And look at what nearly happened to the other two:

# %%
turns = deaf.trace.of("garbage-collector-controller", "reconcile")
show([turn for turn in turns if any(call.code == 409 for call in turn.calls)])

# %% [markdown]
# It had let them go a moment before, and had not heard of its own writes. Then it heard that the owner is gone, looked into
# its cache, and found two pods that belong to nobody alive. It did send the deletion. What saved them is a
# **precondition**: delete this pod, *if it is still as I know it*. It was not.

# %%
show(GarbageCollector._delete)

# %% [markdown]
# ## What the real one does
#
# The same, with more hands. `kube-controller-manager` runs twenty workers for each of its two queues, one for deleting and
# one for orphaning. It watches every kind that it discovers, and reads only their metadata; the graph of who belongs to
# whom is built by one goroutine. Before each deletion it asks the API server for the object and for its owners, and
# remembers uids that it knows to be gone. An owner that it has not heard of becomes a *virtual* node in the graph.
#
# **Exercises:** [07 · Exercises](../exercises/07_owners.ipynb)
# · **Next:** [08 · Rollouts](08_rollouts.ipynb)
