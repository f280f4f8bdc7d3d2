# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Operators
#
# *A new kind is only a word that the API server has learned. Somebody has to keep it. Whoever writes that somebody rents
# machines, deletes data and hands out keys, and his process may die after every line.*
#
# In this lesson a kind gets life, then something that is not in the cluster, and then everything goes wrong that goes
# wrong with operators. You will find it in milliseconds, and not in a year.

# %%
from k8slearn import Cluster, Controller, Done, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.operators import BucketController, Cloud, RotationController, WebsiteController, definition

# %% [markdown]
# ## One object becomes three
#
# Whoever asks for a **Website** should not have to know what it is made of. Here is the kind (`definition` reads its
# CustomResourceDefinition, as in lesson 12), the operator that looks after it, and a wish of four lines.

# %%
sim = Simulation(Cluster(nodes=2, adding=[WebsiteController], objects=[definition("websites")]))
bakery = {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "bakery"}}
bakery["spec"] = {"replicas": 2, "pages": {"index.html": "<h1>Bread</h1>"}}
sim.create(bakery)
sim.run(until=lambda sim: sim.trace.of("website-controller", "reconcile"))
world = studio(sim)
world.show("map", "loop", player="website-controller")

# %% [markdown]
# One turn, and three patches: a ConfigMap with the pages, a Deployment with the servers, a Service with the address. The rest
# you know: the Deployment makes a ReplicaSet, that makes pods. *An operator stands on the shoulders of others.* It uses
# nothing that the API does not offer to everybody.

# %%
sim.run()
for resource in ("configmaps", "deployments", "services", "replicasets", "pods"):
    for obj in sim.client.list(resource):
        owner = obj["metadata"]["ownerReferences"][0]
        print(obj["kind"], obj["metadata"]["name"], "belongs to", owner["kind"])

# %% [markdown]
# It does not say "create" or "update". It writes down how each part *ought to be* and **applies** that, as `kubectl apply
# --server-side` would. What it does not name is not its business.

# %%
show(WebsiteController._apply)

# %% [markdown]
# So let somebody help: scale the Deployment to 5, and put a label on it that nobody has asked for.

# %%
helping = {"spec": {"replicas": 5}, "metadata": {"labels": {"team": "blue"}}}
sim.client.patch("deployments", "default/bakery", patch=helping)
sim.run()
servers = sim.client.get("deployments", "default/bakery")
print(servers["spec"]["replicas"], "replicas, labels", dict(servers["metadata"]["labels"]))

# %% [markdown]
# `replicas` is the operator's field, and it is back at 2. The label is theirs, and stays: a field belongs to whoever named it.
#
# ## What it says of itself
#
# A spec is for wishes, a status for answers. The answer that programs wait for is a **condition**: a type, `True` or `False`, a
# reason for programs, a message for people. And one number more. We change the page while the operator's news is late.

# %%
fresh = predict("13 whose condition")
fresh

# %%
sim.fault("hold", "website-controller")
cake = {"spec": {"pages": {"index.html": "<h1>Cake</h1>"}}}
sim.client.patch("websites", "default/bakery", patch=cake)
sim.run()
site = sim.client.get("websites", "default/bakery")
print("generation", site["metadata"]["generation"])
show(site["status"]["conditions"][0])

# %%
fresh.reveal()

# %% [markdown]
# A condition without `observedGeneration` is a sentence without a date. Whoever waits has to compare (`kubectl rollout status`
# does). Now let the operator hear of it, and read what it says on the way:

# %%
from k8slearn.operators.conditions import condition

sim.fault("release", "website-controller")
before = sim.store.revision
sim.run()
for entry in sim.store.log[before:]:
    if entry.resource == "websites.example.com":
        said = condition(entry.object, "Available")
        print("of generation", said["observedGeneration"], said["status"], "-", said["message"])

# %% [markdown]
# ## Who wakes it?
#
# `owns = ("configmaps", ...)` means: if one of *my* ConfigMaps changes, wake me with the key of its Website. Which are mine?

# %%
mine = predict("13 which reference wakes")
mine

# %%
from k8slearn.api.objects import owner_reference

def card(name, namespace="default", *, controller=True):
    reference = owner_reference(site, controller=controller)
    metadata = {"name": name, "namespace": namespace, "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

def wakes(obj):
    before = len(sim.trace)
    sim.create(obj)
    sim.run()
    return [s.key for s in sim.trace.of("website-controller", "reconcile") if s.number > before]

print("owner only:     ", wakes(card("flyer", controller=False)))
print("controller=true:", wakes(card("poster")))
mine.reveal()

# %%
show(Controller.owners_of)

# %% [markdown]
# Note what it does to find the key: it takes the owner's name, and the child's **own namespace**. A reference has no field for
# another one. So what of a child that lives elsewhere? The garbage collector looks for its owner beside it, does not find any, and
# takes it for an orphan. People have lost all their data that way.

# %%
sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "market"}})
before = len(sim.trace)
wakes(card("stall", "market"))
collector = sim.trace.of("garbage-collector-controller", "reconcile")
show([step for step in collector if step.number > before and step.writes])

# %% [markdown]
# ## Something that is not in the cluster
#
# Now it gets serious. A **Bucket** stands for a bucket in a cloud, and the cloud knows nothing of Kubernetes: no owner references, no
# garbage collector, no events. What is made there costs money until somebody deletes it. Here is an operator as one would
# write it on a Friday.

# %%
class FridayController(Controller):
    """Makes the bucket, then writes down its id. What could go wrong?"""

    name, primary, outside = "bucket-controller", "buckets.cloud.example.com", ["cloud"]

    def reconcile(self, key):
        bucket = self.cache.get(self.primary, key)
        if bucket is None or "status" in bucket:
            return
        uid = bucket["metadata"]["uid"]
        made = self.cloud.create("", owner=uid, region="north", versioning=False)
        self.client.update_status(bucket, id=made["id"])

# %% [markdown]
# `world=` puts the cloud beside the cluster. It is rewound with it, calls to it stand in the trace, and the same faults strike
# them.

# %%
def bucket(name):
    kind = {"apiVersion": "cloud.example.com/v1", "kind": "Bucket"}
    return {**kind, "metadata": {"name": name, "namespace": "default"}, "spec": {}}

def beside_a_cloud(*operators):
    cluster = Cluster(0, adding=operators, objects=[definition("buckets")])
    return Simulation(cluster, world={"cloud": Cloud()})

def rented(sim):
    return [thing["id"] for thing in sim.world["cloud"].list()]

sim = beside_a_cloud(FridayController)
sim.create(bucket("photos"))
sim.run()
rented(sim)

# %% [markdown]
# It works, and all tests are green. Two requests, to two servers that know nothing of each other. Between them is a gap of some
# milliseconds.

# %%
gap = predict("13 a crash in between")
gap

# %%
sim = beside_a_cloud(FridayController)
sim.fault("crash_after", "bucket-controller", 1)
sim.create(bucket("photos"))
sim.run()
rented(sim)

# %%
gap.reveal()

# %% [markdown]
# ## Have it found
#
# You will not think of every gap. So do not look for them: say what must hold, and let `k8slearn.testing` break things. It
# kills the operator after each single write, cuts the failure down, and tells the shortest story. Read it aloud.

# %%
from k8slearn.testing import OperatorFailure, Scenario, assert_crash_safe

def one_each(sim):
    cost = " and ".join(rented(sim))
    return len(rented(sim)) == 1 or f"one bucket is asked for, and {cost} cost money"

def scenario(operator):
    made_of = {"objects": [definition("buckets")], "world": {"cloud": Cloud()}}
    return Scenario(operator, given=[bucket("photos")], then=one_each, **made_of)

try:
    assert_crash_safe(scenario(FridayController))
except OperatorFailure as caught:
    found = caught
print(str(found).partition("\n\nReplay")[0])

# %% [markdown]
# Under pytest this is a failed test. The history is written to a file, which belongs into the bug report. Here we play it once
# more, and walk to the moment when it happens: the second bucket is ordered by a process that knows nothing of the first.

# %%
from k8slearn.testing import replay

failure = replay(found.path, scenario(FridayController))
moment = studio(failure.sim)
moment.goto(7)
moment.map()

# %% [markdown]
# ## The one that survives
#
# What to do? *Write the id first* is not possible: nobody knows it yet. *Be quick* is no answer. There are two, and a good operator uses
# both: **look** whether there is one that carries my tag, and **wish with a token** (`cloud.create(uid, owner=uid, ...)`), so that
# a wish that is repeated is the same wish. Both follow from the object's `uid`; so whoever comes next finds them without a memory.

# %%
show(BucketController._ensure)

# %%
assert_crash_safe(scenario(BucketController))

# %% [markdown]
# So many histories, a death after every write, and one bucket in each. What an answer that was lost would do, you know by now: it is
# the same gap.
#
# **Drift.** People have the cloud's web page, too. Nobody tells the operator, so it comes back unasked: `return Done(again_in=60)`.

# %%
sim = beside_a_cloud(BucketController)
sim.create(bucket("photos"))
sim.run()
sim.meddle("cloud", "delete", "bucket-1")
sim.advance(60)
for event in sim.client.list("events"):
    print(event["type"], event["reason"], "-", event["message"])

# %% [markdown]
# These are **events**: notes for people, in `kubectl describe`. Nobody may depend on them, they vanish after an hour.
#
# ## A finalizer is not a destructor
#
# Before it asked the cloud for anything the operator has written its name into `metadata.finalizers`. It looks like a destructor:
# *when the object is deleted, this is run*. Let the machine with the operator burn down, and delete the Bucket.

# %%
gone = predict("13 delete without an operator")
gone

# %%
sim.fault("cut_off", "bucket-controller")
sim.client.delete("buckets", "default/photos")
sim.advance(3600)
photos = sim.client.get("buckets", "default/photos")
print("deleted at", photos["metadata"]["deletionTimestamp"])
print("and held by", *photos["metadata"]["finalizers"])
gone.reveal()

# %% [markdown]
# A finalizer runs nothing. It is a name on a list, and the API server waits until the list is empty. After an hour of waiting
# somebody finds the advice on the internet: *just remove the finalizer*. In a copy of this world we follow it.

# %%
impatient = sim.fork()
nothing_holds_it = {"metadata": {"finalizers": None}}
impatient.client.patch("buckets", "default/photos", patch=nothing_holds_it)
for how, each in {"by force": impatient, "with patience": sim}.items():
    each.fault("heal", "bucket-controller")  # the operator is back
    each.advance(120)
    left = each.client.list("buckets")
    print(f"{how}: {len(left)} Buckets, in the cloud {rented(each)}")

# %% [markdown]
# Both look the same in `kubectl get buckets`. One of them is on next month's bill, and nobody will ever know why. A finalizer that hangs is a
# *question*: where is the one who wrote it?

# %%
show(BucketController._let_go)

# %% [markdown]
# ## My own writes
#
# In lesson 04 there were six pods instead of three, for a moment. An operator that sends letters has no such moment: what is out is
# out. The reason is always one of two beliefs: *after my write my next read sees it*, and *so I list my children and create
# what is missing*.

# %%
from k8slearn.lab.exercises.parties import PARTY, invitation, party
from k8slearn.testing import assert_tolerates_stale_cache

class Counts(Controller):
    primary, owns = "parties", ["configmaps"]

    def reconcile(self, key):
        wish = self.cache.get("parties", key)
        if wish is not None and not self.cache.owned_by(wish, "configmaps"):
            self.client.create(invitation(wish, generate_name="card-"))

# %%
def nudge(sim):
    """label the Party"""
    label = {"metadata": {"labels": {"seen": "yes"}}}
    sim.client.patch("parties", "default/garden", patch=label)

def one_letter(sim):
    return len(sim.client.list("configmaps")) == 1 or "somebody is invited twice"

def verdict(operator, assertion, **rest):
    try:
        assertion(operator, **{"given": [party("garden", 1), nudge], "kinds": [PARTY], **rest})
        return "right"
    except OperatorFailure as caught:
        return str(caught).split("\n\n")[1]

print(verdict(Counts, assert_tolerates_stale_cache, then=one_letter))

# %% [markdown]
# Listing once more does not help, and waiting for a second does not: late has no upper limit. What helps is a name that follows from the
# object.

# %%
class Names(Counts):
    def reconcile(self, key):
        wish = self.cache.get("parties", key)
        if wish is not None and self.cache.get("configmaps", key) is None:
            self.client.create(invitation(wish, name=wish["metadata"]["name"]))

verdict(Names, assert_tolerates_stale_cache, then=one_letter)

# %% [markdown]
# Now the cache may be as old as it likes: somebody knows better. The API server lets nobody make the same name twice. (Pods of a
# ReplicaSet have no such names. There the other cure helps: write down what you *expect* to hear of, and do nothing until
# you have. Lesson 06.)
#
# ## Two who put each other right
#
# Each write is an event, and wakes whoever watches: others, and the one who wrote. *Writing the status cannot wake me* is a
# belief, and so is *two controllers cannot quarrel*.

# %%
from k8slearn.testing import assert_no_hot_loop

class Blue(Controller):
    primary, team = "parties", "blue"

    def reconcile(self, key):
        wish = self.cache.get("parties", key)
        if wish and wish["metadata"].get("labels", {}).get("team") != self.team:
            self.client.patch(wish, patch={"metadata": {"labels": {"team": self.team}}})

class Red(Blue):
    team = "red"

class CountsItsLooks(Controller):
    primary = "parties"

    def reconcile(self, key):
        wish = self.cache.get("parties", key)
        if wish:
            looks = (wish.get("status") or {}).get("looks", 0)
            self.client.update_status(wish, looks=looks + 1)

for operator in ([Blue, Red], CountsItsLooks):
    print(verdict(operator, assert_no_hot_loop).splitlines()[-1])

# %% [markdown]
# Nothing fails here. The cluster is merely busy for ever, and etcd grows. The cure is to write only what is *different*, and only what is
# *yours*: of two who want the same field, server-side apply refuses the second.
#
# ## By the clock
#
# A **Rotation** wants a fresh key in a Secret, again and again. Nothing in the cluster changes when an hour has passed, so nobody is
# called. `return Done(again_in=seconds)` says: call me then.

# %%
slept = predict("13 slept through")
slept

# %%
sim = Simulation(Cluster(0, adding=[RotationController], objects=[definition("rotations")]))
rotation = {"apiVersion": "example.com/v1", "kind": "Rotation", "metadata": {"name": "session"}}
sim.create(rotation | {"spec": {"periodSeconds": 600}})
sim.advance(1250)
sim.fault("cut_off", "rotation-controller")
sim.advance(3000)  # five periods
sim.fault("heal", "rotation-controller")
sim.advance(600)
keys = {}
for entry in sim.store.log:
    if entry.resource == "secrets":
        step = sim.trace[sim.trace.writer[entry.revision]]
        keys.setdefault(entry.object["data"]["key"], f"{step.time:g}")
print("new keys at", *keys.values())
slept.reveal()

# %% [markdown]
# The alarm is only a reason to look. What is due follows from the clock and from what the Secret says of itself, so an alarm may come
# late, twice, or not at all.
#
# There is another way to be called again: raise. That is for what went wrong, and the pauses double. Here is one that has misunderstood
# it; look at when it is called. And in Go one can return both, a time *and* an error. Then the time is ignored.

# %%
class RaisesToWait(Controller):
    primary = "parties"

    def reconcile(self, key):
        if self.clock.now < 60:
            raise RuntimeError("not time yet")

sim = Simulation(Cluster(0, adding=[RaisesToWait], kinds=[PARTY]))
sim.create(party("garden", 1))
sim.advance(100)
print(*(f"{step.time:.3g}" for step in sim.trace.of("raises-to-wait", "reconcile")))

# %% [markdown]
# ## Two replicas, one that works
#
# An operator that must not be away runs twice. Both watch, and both have a full cache; but only one may work. They agree by means
# of an object, a **Lease**, and the oldest trick of this course: of two who write at the same resourceVersion one gets 409.

# %%
from k8slearn.machinery import LeaderElected, Replica

class Elected(LeaderElected, BucketController):
    lease = "default/bucket-controller"

sim = beside_a_cloud(Replica(Elected, "a"), Replica(Elected, "b"))
sim.create(bucket("photos"))
sim.advance(5)

# %%
heir = predict("13 the leader is cut off")
heir

# %%
from k8slearn.lab.leaders import leaders

sim.fault("cut_off", "bucket-controller-a")
sim.create(bucket("letters"))
sim.advance(20)
sim.fault("heal", "bucket-controller-a")
sim.advance(10)
print("made:", *rented(sim))
leaders(sim, "bucket-controller-a", "bucket-controller-b", lease="default/bucket-controller")

# %%
heir.reveal()

# %% [markdown]
# A bar is the time for which one holds the Lease, a dot a piece of work. Ten seconds after its last renewal the old one stops by
# itself; after fifteen without a change the new one may take over. In between nobody works, and that is the price. What it does *not* promise: a process that is frozen in the middle of a reconcile, and wakes up a minute later,
# goes on writing. So **an operator must be right with two leaders, too**. The token is why this one is.
#
# ## Wrong in public
#
# Three more, each with what one gets to see: one that breaks, one that never returns, one that takes what is not his.

# %%
import re

from k8slearn.testing import assert_idempotent

class Breaks(Counts):
    def reconcile(self, key):
        return self.cache.get("parties", key)["spec"]["wine"]

class NeverReturns(Counts):
    def reconcile(self, key):
        while not self.cache.owned_by(self.cache.get("parties", key), "configmaps"):
            pass

class TakesWhatIsOthers(Counts):
    def reconcile(self, key):
        poster = self.client.get("configmaps", "default/poster")
        mine = owner_reference(self.cache.get("parties", key))
        poster["metadata"]["ownerReferences"].append(mine)
        self.client.update(poster)

for operator in (Breaks, NeverReturns, TakesWhatIsOthers):
    told = verdict(operator, assert_idempotent, objects=[card("poster")], controllers=())
    print(re.sub(r"\[\{.*\}\]", "...", told.splitlines()[-1]))

# %% [markdown]
# ## All of it at once: a database
#
# What has been said so far a **Database** needs together: parts in the cluster (a StatefulSet, a Service, a volume for each replica),
# something outside (backups, in a store that outlives every volume), a clock, a finalizer, a token. And one thing more: *an
# order*. Whoever is on call for a database knows by heart what must not be done before what. The operator has it in writing.

# %%
from k8slearn.operators import DatabaseController, ObjectStore

made_of = {"adding": [DatabaseController], "objects": [definition("databases")]}
sim = Simulation(Cluster(3, cloud="a", **made_of), world={"store": ObjectStore()})

def database(name, **spec):
    kind = {"apiVersion": "example.com/v1", "kind": "Database"}
    return {**kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}

sim.create(database("orders", version=15, replicas=3))
sim.advance(60)
show(sim.client.get("databases", "default/orders")["status"])

# %% [markdown]
# Version 15 runs, and somebody asks for 17. A database cannot skip a version: each one reads only the files of the one before.

# %%
order = predict("13 from 15 to 17")
order

# %%
def images(sim, since):
    """When each pod was made since this revision, and of what."""
    for entry in sim.store.log[since:]:
        if entry.resource == "pods" and entry.type == "ADDED":
            step = sim.trace[sim.trace.writer[entry.revision]]
            print(f"{step.time:4.0f} s", entry.key, entry.object["spec"]["containers"][0]["image"])

before = sim.store.revision
sim.client.patch("databases", "default/orders", patch={"spec": {"version": 17}})
sim.advance(60)
images(sim, before)

# %%
order.reveal()

# %% [markdown]
# Nowhere is there a plan of eight steps, and nobody remembers how far it has come. Each time it is called the operator
# asks what runs, whether all run the same, and what lies in the store; from that follows the next step. So it may die at any
# moment.

# %%
show(DatabaseController._next_version)

# %% [markdown]
# Now somebody deletes it, on a Friday. Its pods go, and what else?

# %%
friday = predict("13 delete a database")
friday

# %%
sim.client.delete("databases", "default/orders")
sim.advance(60)
for resource in ("statefulsets", "pods", "persistentvolumeclaims"):
    print(f"{resource}:", *[obj["metadata"]["name"] for obj in sim.client.list(resource)])
print("in the store:", *[backup["id"] for backup in sim.world["store"].list()])
friday.reveal()

# %% [markdown]
# Everything that can be made again is gone, and nothing that cannot. Begin again with the last backup: before the first replica there
# is a claim for its volume, and a Job that fills it. The backup is of version 16, so that is what starts. You know how it goes on.

# %%
before = sim.store.revision
sim.create(database("again", version=17, restoreFrom="backup-2"))
sim.advance(60)
images(sim, before)

# %%
for event in sim.client.list("events"):
    if event["involvedObject"]["name"] == "again" and event["involvedObject"]["kind"] == "Database":
        print(event["reason"], "-", event["message"])

# %% [markdown]
# In the tests this operator lives through storms: crashes, lost answers, stale caches, two replicas, a store that does not answer.
# After each of them they count: one backup for each slot, one disk for each claim, no version backwards. The most
# careful line is this one: what a cache believes is good enough for starting things, and not for writing over data.

# %%
from k8slearn.operators.databaserestore import Restores

show(Restores._first_claim)

# %% [markdown]
# ## One file, two worlds
#
# An operator is a file with a class in it. `k8slearn run FILE` plays it in a simulation, with a cluster around it, and says what it
# did and because of what:

# %%
from importlib.resources import files

from k8slearn.lab.terminal import k8slearn

crd, wishes = files("k8slearn.operators.crds") / "buckets.yaml", "../examples/operators/bucket.yaml"
k8slearn("run ../examples/operators/buckets.py", "--apply", crd, "--apply", wishes)

# %% [markdown]
# And the same file, unchanged, works against a real cluster, as a process with TLS, tokens, reconnects, and a Lease if you ask for one:
#
# ```text
# k8slearn run my_operator.py --kubeconfig ~/.kube/config --leader-elect
# ```
#
# ## What the real one does
#
# controller-runtime and kubebuilder have the same parts, under names that you will recognise: `For`, `Owns` (which wakes for
# `controller: true` only), `Result{RequeueAfter: ...}`, `controllerutil.AddFinalizer`, `LeaderElection: true`. Since v1.36 some of
# Kubernetes' own controllers (ReplicaSet, StatefulSet, DaemonSet, Job) wait until their cache has caught up with their own writes. What
# the Go libraries do not have is your last hour: a crash after each write, and the story of it. [Testing an operator](../docs/testing.md) is one page.
#
# **Exercises:** [13 · Exercises](../exercises/13_operators.ipynb)
# · **Next:** [14 · A server of one's own](14_aggregation.ipynb)
