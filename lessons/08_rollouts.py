# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 · Rollouts
#
# *A new version goes out, and nobody notices. No pod was changed for it: a pod's image is for life. Something new was
# put beside the old, and for a while they shared the work.*
#
# In this lesson a shop gets a new version in four ways, a bad one, and its old one back; and then we look at things that
# may not be exchanged in any order.

# %%
from k8slearn import Cluster, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.owners import owner_tree

# %% [markdown]
# ## A new image
#
# A shop of four pods. Each takes some seconds to start, and says itself when it is ready.

# %%
def template(image):
    probe = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1}
    container = {"name": "shop", "image": image, "readinessProbe": probe}
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}}

def shop(kind="Deployment", **spec):
    selector = {"matchLabels": {"app": "shop"}}
    spec = {"replicas": 4, "selector": selector, "template": template("k8slearn/web:1"), **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "shop"}, "spec": spec}

# %%
def opened(**spec):
    """A shop that has been open for half a minute."""
    sim = Simulation(Cluster(nodes=3))
    sim.create(shop(**spec))
    sim.advance(30)
    return sim

def set_image(sim, image, resource="deployments"):
    obj = sim.client.get(resource, "default/shop")
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
    sim.client.update(obj)

sim = opened()
owner_tree(sim)

# %% [markdown]
# Now somebody changes one word in the Deployment: the image. What does its controller do with the four pods?

# %%
word = predict("08 one word is changed")
word

# %%
before = len(sim.trace)
set_image(sim, "k8slearn/web:2")
sim.run()
turns = sim.trace.of("deployment-controller", "reconcile")
writes = [call for turn in turns if turn.number > before for call in turn.writes]
print(*sorted({f"{call.verb} {call.resource}" for call in writes if call.resource != "events"}), sep="\n")

# %%
word.reveal()

# %% [markdown]
# Not one pod was written by it. It has made a second ReplicaSet, and then it has changed two numbers, again and again: how many the
# new one wants, how many the old one. *A rollout is a conversation in numbers.* Whoever makes and deletes pods is the
# ReplicaSet controller, and it does not know that there is a rollout.
#
# Walk through it. Each row says what the step has changed in it; click on a row, and you see what.

# %%
world = studio(sim)
world.goto(before + 4)
world.show("owners", "loop", player="deployment-controller")

# %% [markdown]
# ## Whose pods are these?
#
# Both ReplicaSets choose pods with the label `app: shop`. From lesson 07 you know what comes of that. Not here:

# %%
for rs in sim.client.list("replicasets"):
    print(rs["metadata"]["name"], rs["spec"]["selector"]["matchLabels"])

# %% [markdown]
# The Deployment controller writes a second label into selector and template: a hash of the template. So the same template
# always finds the same ReplicaSet again, and two templates never share a pod. That is why the name has a tail, and why nobody
# should write this label by hand.
#
# It keeps two *versions* apart, and not two Deployments. Next door a café opens. Its file was copied from the shop's, and the
# selector is still `app: shop`. For a while all goes well: each ReplicaSet says whose it is. Then somebody deletes the Deployment `shop`
# with `--cascade=orphan`, to make it anew without touching its pods. What becomes of the four?

# %%
neighbour = predict("08 the neighbour's selector")
neighbour

# %%
street = opened()
cafe = shop(replicas=1, template=template("k8slearn/web:9"))
street.create({**cafe, "metadata": {"name": "cafe"}})
street.advance(30)
street.client.delete("deployments", "default/shop", propagationPolicy="Orphan")
street.advance(30)
owner_tree(street)

# %%
neighbour.reveal()

# %% [markdown]
# The shop is closed, no error was reported, and nobody has deleted a pod by hand. The one mistake was made long before, in a copied
# file. *A selector says who is mine*: labels are taken at their word, so they must be one's own.
#
# ## Two bounds
#
# How fast, and at what price? Two numbers say it, and both are bounds, not orders. `maxUnavailable`: how many of the wanted pods may
# be missing. `maxSurge`: how many there may be beyond them.

# %%
from k8slearn.controllers import rollout

show(rollout.new_size)

# %% [markdown]
# So the new ReplicaSet gets as many as there is *room* for, and the old one keeps as many as *must be available*. Everything
# else follows from what is there. Four pods are wanted; with `maxSurge: 1, maxUnavailable: 0`:

# %%
room = predict("08 one more and none less")
room

# %%
from k8slearn.lab.rollouts import rollouts

def rolled_out(strategy, **spec):
    sim = opened(strategy=strategy, **spec)
    set_image(sim, "k8slearn/web:2")
    sim.advance(60)
    return sim

def rolling(surge, unavailable):
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}

worlds = {
    "surge 1, unavailable 0": rolled_out(rolling(1, 0)),
    "surge 0, unavailable 1": rolled_out(rolling(0, 1)),
    "surge 4, unavailable 0": rolled_out(rolling(4, 0)),
    "Recreate": rolled_out({"type": "Recreate"}),
}
rollouts(worlds, "default/shop", since=27)

# %%
room.reveal()

# %% [markdown]
# Four ways, one controller. One more at a time is slow and costs one pod's room. One less at a time costs nothing but strength. All at once is
# fast, and needs twice the room. And **Recreate** is for those who cannot bear two versions at a time: a gap without anybody.
#
# Both bounds may be shares: `25%` of four is one. A share of surge is rounded up, one of unavailable down. Should both come out as zero, the
# controller lets one pod be missing, since nothing could ever move. And who writes two zeros himself is refused:

# %%
try:
    sim.create(shop(strategy=rolling(0, 0)) | {"metadata": {"name": "stuck"}})
except Exception as refused:
    print(refused)

# %% [markdown]
# ## Readiness sets the pace
#
# Nobody has said how long a rollout takes. The old one gives up a pod when a new one is *available*: ready, and that for
# `minReadySeconds`. With ten of them, how long does `surge 1, unavailable 0` take?

# %%
pace = predict("08 ten seconds each")
pace

# %%
patient = rolled_out(rolling(1, 0), minReadySeconds=10)
rollouts({"at once": worlds["surge 1, unavailable 0"], "after 10 s": patient}, "default/shop", since=27)

# %%
pace.reveal()

# %% [markdown]
# That is not lost time. It is the only moment at which a bad version can be found before everybody has it.
#
# ## Break it: a version that does not come up
#
# Somebody has written the image with a capital letter. No machine can pull it.

# %%
typo = predict("08 a typo in the image")
typo

# %%
bad = opened(strategy=rolling(1, 0), progressDeadlineSeconds=120)
set_image(bad, "k8slearn/Web:2")
bad.advance(600)
owner_tree(bad)

# %%
typo.reveal()

# %% [markdown]
# One new pod, which waits, and four old ones, which work. Nobody has decided to be careful: the rule needs an available new pod before it takes an
# old one, and there is none. What the Deployment says of itself, and what the pod says:

# %%
for condition in bad.client.get("deployments", "default/shop")["status"]["conditions"]:
    print(condition["type"], condition["status"], condition["reason"], "-", condition["message"])

pod = next(pod for pod in bad.client.list("pods") if "Web" in pod["spec"]["containers"][0]["image"])
show(pod["status"]["containerStatuses"][0]["state"])

# %% [markdown]
# `Available` is true: there are enough. `Progressing` is false since nothing has moved for two minutes (`progressDeadlineSeconds`, ten if
# you say nothing). That is a *report*. Nobody rolls back, nobody stops: if the image came into being now, it would go on.
# *Why* nothing moves stands further down the tree, in the pod that waits.
#
# ## Back
#
# `kubectl rollout undo`. There is no such request in the API. What does it do?

# %%
undo = predict("08 what undo writes")
undo

# %%
REVISION = "deployment.kubernetes.io/revision"

def revision(rs):
    return int(rs["metadata"]["annotations"][REVISION])

def history(sim):
    for rs in sorted(sim.client.list("replicasets"), key=revision):
        image = rs["spec"]["template"]["spec"]["containers"][0]["image"]
        print(f"revision {revision(rs)}: {image}, wants {rs['spec']['replicas']}")

history(bad)

# %%
from k8slearn.api.objects import edit

first = next(rs for rs in bad.client.list("replicasets") if revision(rs) == 1)
old = edit(first["spec"]["template"])
del old["metadata"]["labels"]["pod-template-hash"]
deployment = bad.client.get("deployments", "default/shop")
deployment["spec"]["template"] = old
bad.client.update(deployment)
bad.advance(30)
history(bad)

# %%
undo.reveal()

# %% [markdown]
# A client has read an old ReplicaSet and written its template back, nothing else. The controller sees a template that it knows, and the old
# ReplicaSet is the newest one: revision 1 has become revision 3. History has no way back, only forward to something that looks like before.
#
# So *an empty ReplicaSet is a memory*. `revisionHistoryLimit` says how many are kept; ten if you say nothing. With zero there is no undo.
#
# ## Changed in the middle
#
# Version 2 is half out when version 3 comes. Who waits for whom?

# %%
middle = predict("08 changed in the middle")
middle

# %%
hasty = opened(replicas=10)
set_image(hasty, "k8slearn/web:2")
hasty.advance(5)
set_image(hasty, "k8slearn/web:3")
hasty.advance(1)
history(hasty)

# %%
middle.reveal()

# %%
hasty.advance(30)
history(hasty)

# %% [markdown]
# Level, not edge: the controller does not finish what it has begun. It looks at what is wanted *now* and at what is there, and version 2 is as old as version 1.
# Who wants to change several things in peace says `paused: true` first:

# %%
calm = opened()
calm.client.patch("deployments", "default/shop", patch={"spec": {"paused": True}})
set_image(calm, "k8slearn/web:2")
set_image(calm, "k8slearn/web:3")
calm.advance(30)
history(calm)
print("and now it goes on")
calm.client.patch("deployments", "default/shop", patch={"spec": {"paused": False}})
calm.advance(60)
history(calm)

# %% [markdown]
# One rollout for two changes. Version 2 has never been.
#
# ## When the order matters
#
# The pods of a shop are all alike. Those of a database are not: the first is the one that the others copy from. A **StatefulSet** gives its
# pods names, and goes through them in order: up from 0, each when the one before is ready. And an update? (From here on more players
# take part than in the small clusters of the lessons before.)

# %%
ordered = predict("08 which one goes first")
ordered

# %%
from k8slearn.controllers import DaemonSetController, JobController, StatefulSetController

def made(sim, since):
    """When each pod was made, and of what."""
    for entry in sim.store.log:
        step = sim.trace.writer.get(entry.revision)
        if entry.resource == "pods" and entry.type == "ADDED" and step and sim.trace[step].time >= since:
            image = entry.object["spec"]["containers"][0]["image"]
            node = entry.object["spec"].get("nodeName", "")
            print(f"{sim.trace[step].time:5.1f} s", entry.key.partition("/")[2], image, node)

states = Simulation(Cluster(nodes=3, adding=[StatefulSetController]))
states.create(shop("StatefulSet", replicas=3, serviceName="shop"))
states.advance(60)
set_image(states, "k8slearn/web:2", "statefulsets")
states.advance(60)
made(states, since=0)

# %%
ordered.reveal()

# %% [markdown]
# There is no second set of pods, and so no surge: `shop-2` must be gone before there can be a new `shop-2`. The last one first, the first one
# last. With `partition: 2` only those from number 2 on are exchanged: one pod tries out the new version, as long as you like.

# %%
canary = Simulation(Cluster(nodes=3, adding=[StatefulSetController]))
partition = {"rollingUpdate": {"partition": 2}}
canary.create(shop("StatefulSet", replicas=3, serviceName="shop", updateStrategy=partition))
canary.advance(60)
set_image(canary, "k8slearn/web:2", "statefulsets")
canary.advance(60)
for pod in canary.client.list("pods"):
    print(pod["metadata"]["name"], pod["spec"]["containers"][0]["image"])

# %% [markdown]
# ## One on each machine
#
# A **DaemonSet** has no number of replicas. Its number is the machines. So an update goes from machine to machine, and on each of them
# the old one leaves before the new one comes (unless `maxSurge` allows two).

# %%
every = Simulation(Cluster(nodes=3, adding=[DaemonSetController]))
daemons = shop("DaemonSet")
del daemons["spec"]["replicas"]
every.create(daemons)
every.advance(30)
set_image(every, "k8slearn/web:2", "daemonsets")
every.advance(60)
made(every, since=30)

# %% [markdown]
# ## Work that ends
#
# All of these are for work that never ends. A **Job** is for work that does: so many times it must have been done (`completions`), so
# many at a time (`parallelism`), and so many failures are forgiven (`backoffLimit`). Each of these fails with a probability of 30
# percent.

# %%
def inventory(**spec):
    batch = {"name": "batch", "image": "k8slearn/batch", "args": ["--fails=0.3", "--runs-for=5"]}
    pod = {"spec": {"containers": [batch], "restartPolicy": "Never"}}
    spec = {"completions": 6, "parallelism": 3, "completionMode": "Indexed", "template": pod, **spec}
    sim = Simulation(Cluster(nodes=3, adding=[JobController]), seed=4)
    sim.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "inventory"}, "spec": spec})
    sim.advance(300)
    return sim

work = inventory(backoffLimit=6)
for pod in work.client.list("pods"):
    index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
    print("index", index, pod["status"]["phase"])
status = work.client.get("jobs", "default/inventory")["status"]
print("succeeded", status["succeeded"], "of indexes", status["completedIndexes"], "- failed", status.get("failed", 0))

# %% [markdown]
# It does not restart what has failed; it counts what has succeeded, and makes another pod for each index that has not. The same loop
# once more: so many are wanted, so many are there.
#
# Not every failure deserves another try. A `podFailurePolicy` looks at *how* a pod has failed: this one says that exit code 1 means a mistake
# in the program, which no second try will mend.

# %%
hopeless = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}
strict = inventory(backoffLimit=6, podFailurePolicy={"rules": [hopeless]})
show(strict.client.get("jobs", "default/inventory")["status"]["conditions"][-1])

# %% [markdown]
# ## What the real one does
#
# The same, with the same names; the answers of this controller were compared with recorded ones ([fidelity](../docs/fidelity.md)). In a
# real cluster there are requests in flight, too. Whether *they* survive a rollout is a question of traffic, and lesson 11 asks it.
#
# **Exercises:** [08 · Exercises](../exercises/08_rollouts.ipynb)
# · **Next:** [09 · The scheduler](09_the_scheduler.ipynb)
