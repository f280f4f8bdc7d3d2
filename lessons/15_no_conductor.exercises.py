# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 15 · Exercises
#
# You play detective twice: who is missing in this band, and whose hand was it? Then you take a conductor's script, and make a
# player of him.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("15.1")` helps, three times.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.api.objects import dig, name_of, owners_of, uid_of
from k8slearn.controllers.pods import condition
from k8slearn.lab import check, hint, judge, replay, show

# %% [markdown]
# ## 15.1 · Who is missing?
#
# A cluster in which nothing moves any more. You cannot ask the players, you can only see what is stored: `objects["pods"]` is a
# list, and so are `deployments`, `replicasets`, `services`, `endpointslices` and `nodes`. At most one player is missing, from the
# beginning or since a while ago. Say which:
# `"deployment-controller"`, `"replicaset-controller"`, `"default-scheduler"`, `"kubelet/node-1"`,
# `"endpointslice-controller"`, `"garbage-collector-controller"`, or `"nobody"`.
#
# Beware: pods that do not fit anywhere, slow images and a wish for nothing look suspicious, and nobody is to blame.
#
# First the workshop, where objects are made and cleared away.

# %%
from k8slearn.lab.exercises.whoismissing import chosen_by, owned_by

show(owned_by)

# %% tags=["hole"]
def in_the_workshop(objects):
    there = {uid_of(thing) for things in objects.values() for thing in things}
    children = [*objects["replicasets"], *objects["pods"]]
    ### BEGIN SOLUTION
    ### HOLE: who is missing: the collector, the Deployment controller, the ReplicaSet controller, or "nobody"?
    for child in children:
        if any(owner["uid"] not in there for owner in owners_of(child)):
            return "garbage-collector-controller"
    for deployment in objects["deployments"]:
        sizes = [rs["spec"]["replicas"] for rs in owned_by(deployment, objects["replicasets"])]
        if sum(sizes) != deployment["spec"]["replicas"]:
            return "deployment-controller"
    for rs in objects["replicasets"]:
        if len(owned_by(rs, objects["pods"])) != rs["spec"]["replicas"]:
            return "replicaset-controller"
    return "nobody"
    ### END SOLUTION

# %% [markdown]
# Then the hall, where pods get a place and are played. `condition(pod, "PodScheduled")` is a condition of its status, or None;
# `chosen_by(service, pods)` are the pods that a Service chooses and that have an address. An EndpointSlice belongs to its Service, as
# a pod to its ReplicaSet, and has a list of `endpoints`.

# %% tags=["hole"]
def who_is_missing(objects):
    suspect = in_the_workshop(objects)
    ### BEGIN SOLUTION
    ### HOLE: if nobody is missing in the workshop: the scheduler, a kubelet, or the EndpointSlice controller?
    for pod in objects["pods"] if suspect == "nobody" else []:
        node = dig(pod, "spec", "nodeName")
        if node is None and not condition(pod, "PodScheduled"):
            return "default-scheduler"
        if node is not None and dig(pod, "status", "startTime") is None:
            return "kubelet/" + node
    for service in objects["services"] if suspect == "nobody" else []:
        addresses = sum(len(each.get("endpoints") or []) for each in owned_by(service, objects["endpointslices"]))
        if dig(service, "spec", "selector") and addresses != len(chosen_by(service, objects["pods"])):
            return "endpointslice-controller"
    return suspect
    ### END SOLUTION

# %% tags=["check"]
check("15.1", who_is_missing)

# %% [markdown]
# ## 15.2 · Whose hand was it?
#
# Somebody has recorded a history. `trace[17]` is step 17; it has `player`, `action`, `calls`, `writes`, and `causes`: the numbers of the
# steps that made it necessary. Steps of the user have the player `"client"`. (You find that `trace.why` does most of the work.
# Do it by hand.)
#
# `whose_hand(number, trace)` returns the numbers of all requests of the user that led to this step, in order, each once.

# %% tags=["hole"]
def whose_hand(number, trace):
    ### BEGIN SOLUTION
    ### HOLE: go back from the step, along all its causes, to the user's requests
    todo, seen = [number], set()
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += trace[at].causes
    return sorted(n for n in seen if trace[n].player == "client")
    ### END SOLUTION

# %% tags=["check"]
check("15.2", whose_hand)

# %% [markdown]
# ## 15.3 · From a conductor to a player
#
# A **Recital** wants a stage (a ConfigMap), and a musician (a pod) for each of its parts. Nobody comes before the stage is built. In
# `status.playing` stands who plays: the parts, sorted.
#
# Here is the conductor. He calls one thing after the other, and when he is through, all is as it should be. But it does not stay so.

# %%
from k8slearn.lab.exercises.recital import RECITAL, musician, part_of, recital, stage

class Script(Controller):
    """Stage, musicians, status: one after the other."""

    primary = "recitals"

    def reconcile(self, key):
        recital = self.client.get("recitals", key)
        self.client.create(stage(recital))
        for part in recital["spec"]["parts"]:
            self.client.create(musician(recital, part))
        self.client.update_status(recital, playing=sorted(recital["spec"]["parts"]))

# %%
judge("15.3", Script)

# %% [markdown]
# Make a player of him. It is **right** when, in the end, every Recital has its stage and a musician for every part and no other;
# when the status says who is there; and when nobody comes before the stage is built: whatever dies, is refused, comes late or is
# lost, and however often the user changes his mind. Musicians leave, and stages burn down.

# %% tags=["hole"]
class Player(Controller):
    """A stage, and a musician for each part of a Recital."""

    primary, owns = "recitals", ["configmaps", "pods"]

    def reconcile(self, key):
        ### BEGIN SOLUTION
        ### HOLE: look, compare, act
        recital = self.cache.get("recitals", key)
        if recital is None:
            return
        if not self.cache.owned_by(recital, "configmaps"):
            self.client.create(stage(recital))
            return
        wanted = set(recital["spec"]["parts"])
        playing = {part_of(pod): pod for pod in self.cache.owned_by(recital, "pods")}
        for part in sorted(wanted):
            if part not in playing:
                self.client.create(musician(recital, part))
        for part in playing:
            if part not in wanted:
                self.client.delete(playing[part])
        told = sorted(playing.keys() & wanted)
        if dig(recital, "status", "playing", default=[]) != told:
            self.client.update_status(recital, playing=told)
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
sim = Simulation(Cluster(nodes=0, components=(), kinds=[RECITAL], adding=[Player]))
sim.create(recital("spring", "piano", "bass"))
sim.run()
print([name_of(pod) for pod in sim.client.list("pods")], sim.client.list("recitals")[0].get("status"))

# %% tags=["check"]
check("15.3", Player)

# %% [markdown]
# Not right yet? The report tells the shortest story, and `replay()` lets you walk through it.
#
# Right? Then compare with [the solution](../solutions/15_no_conductor.ipynb), and with the one that makes a ReplicaSet of a
# Deployment: `show(DeploymentController)`.
