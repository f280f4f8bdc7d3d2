# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 16 · Tens of thousands
#
# *Kubernetes is made for 5,000 nodes with 150,000 pods. One of these pods becomes ready. Who is told? And why is it not
# everybody, when everybody watches pods?*
#
# All the machines of the lessons before would fit on a table. In this one we let the cluster grow, and look at what
# that makes of three things: **a list, a watch, a decision**.

# %%
from k8slearn.lab import predict, show
from k8slearn.lab.asking import asking
from k8slearn.lab.crowd import Audience, crowd, place, pod, watchers_of, with_scheduler
from k8slearn.lab.curves import curves

SIZES = (10, 30, 100, 300)

# %% [markdown]
# ## Count before you measure
#
# How long something takes depends on the machine, and on who else is at work on it. How many bytes are sent, how many
# watches are woken, how many nodes are asked: that is the same everywhere and every time. So we count first. A
# stopwatch comes last, to see whether we have counted the right thing.
#
# ## What a list costs
#
# A node with five pods, many times over. Nobody is at work here: what is sent, somebody has asked for.

# %%
clusters = {nodes: crowd(nodes, pods_each=5) for nodes in SIZES}

def size(nodes, query=""):
    return len(asking(clusters[nodes])(f"GET /api/v1/pods{query}").body)

whole = {nodes: size(nodes) for nodes in SIZES}
whole

# %% [markdown]
# About a thousand bytes for each pod, as was to be expected. Now imagine kubelets that are written without much
# thought: each of them lists **all** pods, and picks its own. Say, all have lost their connection and start again.

# %%
everybody = predict("16 everybody lists")
everybody

# %%
OWN = "?fieldSelector=spec.nodeName%3Dnode-7"
all_list_all = {nodes: nodes * whole[nodes] for nodes in SIZES}
each_its_own = {nodes: nodes * size(nodes, OWN) for nodes in SIZES}
curves({"all list all": all_list_all, "each lists its own": each_its_own}, "bytes sent")

# %%
everybody.reveal()

# %% [markdown]
# Read such a picture by its slopes. On these axes, a line that climbs one decade in each decade grows with the nodes;
# one that climbs two, with their *square*. At 5,000 nodes with 30 pods each, the upper line would stand at more than
# 750 gigabytes.
#
# Kubelets do it the other way: one word in the query, and the server sends what concerns that machine.
#
# ### Page by page
#
# Somebody has to see all pods: the scheduler, for one. A list of a hundred megabytes is a burden for both sides. So
# one may ask for a **page**:

# %%
def pages(nodes, limit):
    ask, query = asking(clusters[nodes]), f"?limit={limit}"
    while query:
        page = ask(f"GET /api/v1/pods{query}")
        yield page
        token = page.object["metadata"].get("continue")
        query = token and f"?limit={limit}&continue={token}"

read = list(pages(300, 500))
print(len(read), "pages, the largest of", max(len(page.body) for page in read), "bytes")
print("in all", sum(len(page.body) for page in read), "bytes; in one piece", whole[300])
print("as of revision", *{page.object["metadata"]["resourceVersion"] for page in read})

# %% [markdown]
# Pages make the largest answer smaller, not the sum. And all of them show **one moment**, whatever is written
# meanwhile: that is what the token says (lesson 03 has told what happens when this moment has been forgotten).
#
# What does help is to leave out what one does not need. A controller that looks only at names, labels and owners,
# like the garbage collector, asks for just that:

# %%
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
lean = len(asking(clusters[300])("GET /api/v1/pods", accept=METADATA).body)
print(f"{lean} bytes, {100 * lean // whole[300]} of 100")

# %% [markdown]
# ### The stopwatch
#
# Have we counted the right thing? If it is bytes that cost, then time must grow as they do. (These are the times
# of the machine on which this page was made. Run the cell, and you have yours.)

# %% tags=["nbval-ignore-output", "measured"]
from time import perf_counter

def seconds(work, *given):
    start = perf_counter()
    work(*given)
    return perf_counter() - start

def milliseconds(nodes, query):
    return 1000 * min(seconds(size, nodes, query) for _ in range(3))

QUERIES = {"all pods": "", "a page of 50": "?limit=50", "one node's pods": OWN}
took = {name: {n: milliseconds(n, query) for n in SIZES} for name, query in QUERIES.items()}
curves(took, "milliseconds", measured=True)

# %% [markdown]
# The first two lines are what we have counted: all pods, and a page that stays as it is. The third one we have
# counted wrong! Five pods are sent, but to find them our server looks at every pod. Writing them down is the larger
# part, so the line is lower, and yet it climbs. (A real API server keeps an index of pods by node.)
#
# So the rule is: **list once, and list little**. And then? Nobody wants to list again.
#
# ## What a watch costs
#
# A thousand watches of pods, as kubelets would have them without a selector. One pod comes to node-7.

# %%
def told(watches, query):
    sim = crowd(nodes=0)
    names = [f"node-{number}" for number in range(watches)]
    listening = Audience(sim, {name: query.format(name) for name in names})
    sim.client.create(pod("web", on="node-7"))
    return listening.hear()

told(1000, query="")

# %% [markdown]
# All are woken, all are told, and a megabyte has gone out for one pod of a thousand bytes. At least the server has
# thought about it only once: what is stored never changes, and so it is **put into words once**, however many there
# are to hear it.

# %%
from unittest.mock import patch

from k8slearn.apiserver.http import answers

with patch.object(answers, "_to_json", wraps=answers._to_json) as writing:
    told(300, query="")
print("put into words:", writing.call_count, "time")
show(answers.to_json)

# %% [markdown]
# Now with selectors. Here the node stands in the pod twice: in `spec.nodeName`, and in a label `on`, which somebody
# has put there. A watch can ask for either.

# %%
selectors = predict("16 field or label")
selectors

# %%
FIELD, LABEL = "fieldSelector=spec.nodeName%3D{}", "labelSelector=on%3D{}"
print("field:", told(1000, FIELD))
print("label:", told(1000, LABEL))
selectors.reveal()

# %% [markdown]
# Both tell one watch. But to find it, the label has woken a thousand, and all but one have looked at the pod in vain.
# The field is an **index**: the write itself goes where it is awaited. This is how, all of it:

# %%
from k8slearn.store import Store, log

print("INDEXED_FIELDS =", log.INDEXED_FIELDS)
show(Store._topics_of)

# %%
counts = (10, 100, 1000)
woken = {"everything, or by label": {n: told(n, LABEL).woken for n in counts}}
woken["by an indexed field"] = {n: told(n, FIELD).woken for n in counts}
curves(woken, "watches woken by one change", across="watches")

# %% [markdown]
# A flat line: that is what one looks for. And what does it cost to be one of ten thousand when nothing happens to
# you? A watch is a place in a log (lesson 01), so it costs the server a number, and no work. Ten thousand of them,
# and twenty pods on node-7:

# %%
from functools import partial

sim, rung = crowd(nodes=0), []
for number in range(10_000):
    name = f"node-{number}"
    sim.store.watch(("pods", "spec.nodeName", name), sim.store.revision, partial(rung.append, name))
for number in range(20):
    sim.client.create(pod(f"web-{number}", on="node-7"))
print(len(rung), "bells, all at", *set(rung))

# %% [markdown]
# ## What a heartbeat costs
#
# Every node has to say every few seconds that it is alive. Here is a cluster at rest for ten minutes. What is written?

# %%
from collections import Counter

from k8slearn import Simulation
from k8slearn.apiserver.http.answers import to_json

quiet = Simulation(nodes=3)
quiet.run()
before = quiet.store.revision
quiet.advance(600)
beats = quiet.store.log[before:]
print(Counter(f"{entry.resource} {entry.type}" for entry in beats))
print({entry.resource: len(to_json(entry.object)) for entry in beats}, "bytes each")

# %% [markdown]
# Every ten seconds a **Lease**, every five minutes a Node. A Lease is a small thing made for this: a name and a time.
# Each kubelet has one of its own, in the namespace `kube-node-lease`.
#
# That a Lease has fewer bytes is only half of it. The other half: who has to hear?

# %%
for kind in ("nodes", "leases"):
    print(f"{kind}:", *watchers_of(quiet, kind), sep="\n  ")

# %% [markdown]
# And in many a real cluster also the network's agent on *every node*, which has to know all the others (flannel's,
# for one). Then a status that each machine writes every ten seconds is told to each machine. Let us do the sum, with
# the sizes just seen:

# %%
NODE, LEASE = (len(to_json(next(e.object for e in beats if e.resource == kind))) for kind in ("nodes", "leases"))
HERE = {kind: len(watchers_of(quiet, kind)) for kind in ("nodes", "leases")}
many = (10, 100, 1000, 5000)
as_status = {n: n * NODE * (HERE["nodes"] + n) / 10 for n in many}
report = {n: n * NODE * (HERE["nodes"] + n) / 300 for n in many}
leases = {n: n * LEASE * HERE["leases"] / 10 for n in many}
lines = {"alive, as a status": as_status, "the report as it is": report, "alive, as a Lease": leases}
curves(lines, "bytes a second, told")

# %% [markdown]
# The square again, and the same cure: tell it to those whom it concerns. What is left of the square, the report,
# comes thirty times less often, or at once when something has really changed. (And a real Node is larger than ours,
# ten thousand bytes and more, since it names the images on the machine.)
#
# ## What a decision costs
#
# The scheduler asks of each pod: which nodes will do, and which is best? A plugin that counts how often it is asked is
# soon written. `looks_at` says on what part of a pod its answer depends; here on none.

# %%
class Asked:
    name = "Asked"

    def __init__(self):
        self.times = 0

    def looks_at(self, pod, handle):
        return ()

    def filter(self, pod, node):
        self.times += 1

# %% [markdown]
# Ten pods out of one template, a thousand nodes, and every default plugin at work.

# %%
template = predict("16 one template")
template

# %%
ALIKE = [pod(f"web-{number}") for number in range(10)]

def questions(nodes, pods, plugin):
    place(with_scheduler(nodes, plugin), pods)
    return plugin.times

questions(1000, ALIKE, Asked())

# %%
template.reveal()

# %% [markdown]
# A thousand for the first pod. Then for each of the other nine **one**: the node that the one before was put on.
# Nothing else has changed, so nothing else has to be asked. What makes that possible is `looks_at`. A plugin that
# does not say what it looks at might look at anything, even at the name. Then nobody knows whether two pods are
# alike:

# %%
class Secretive(Asked):
    def looks_at(self, pod, handle):
        return None  # that is: I will not say

GROWING = (10, 100, 1000)
decisions = {"each pod asks every node": {n: questions(n, ALIKE, Secretive()) for n in GROWING}}
decisions["alike pods share a ranking"] = {n: questions(n, ALIKE, Asked()) for n in GROWING}
curves(decisions, "nodes asked, for ten pods")

# %% [markdown]
# Pods × nodes, or pods + nodes. This is the **ranking**, and how it learns what to ask again:

# %%
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.snapshot import Snapshot

show(Ranking.update)

# %%
show(Snapshot.changed_since)

# %% [markdown]
# ### Where it does not help
#
# Whatever is alike is asked once. So let us take pods that are all different, each with a wish of its own for
# processor time:

# %%
DIFFERENT = [pod(f"web-{number}", cpu=f"{100 + number}m") for number in range(10)]
{nodes: questions(nodes, DIFFERENT, Asked()) for nodes in (10, 100)}

# %% [markdown]
# Every pod asks every node. And now pods that are alike, but look beyond the node: no zone may have two of them more
# than another. Put one into zone-1, and it matters to all nodes there. This time we count both questions:
# everybody's, and those of the plugin that knows about zones.

# %%
from k8slearn.scheduler.plugins import PodTopologySpread

class Spread(PodTopologySpread):
    times = 0

    def filter(self, pod, node, state):
        self.times += 1
        return super().filter(pod, node, state)

WEB, ZONE = {"matchLabels": {"app": "web"}}, "topology.kubernetes.io/zone"
EVENLY = {"topologyKey": ZONE, "maxSkew": 1, "labelSelector": WEB, "whenUnsatisfiable": "DoNotSchedule"}
SPREAD = [pod(f"web-{number}", topologySpreadConstraints=[EVENLY]) for number in range(10)]
everyone, zones = Asked(), Spread()
place(with_scheduler(300, everyone, zones), SPREAD)
print("all plugins:", everyone.times, "  the one that spreads:", zones.times, "  nodes × pods:", 300 * 10)

# %% [markdown]
# The others are asked hardly more often than before. The one that spreads is asked about every node of a zone whose
# number has changed; but it does not have to count pods again. It keeps **sums**, one for each zone, and a node that
# has changed is subtracted as it was and added as it is:

# %%
from k8slearn.scheduler.counts import Counts

show(Counts.put)

# %% [markdown]
# ### The stopwatch, once more
#
# Milliseconds for one pod, from the request that creates it to its binding:

# %% tags=["nbval-ignore-output", "measured"]
def each(nodes, pods, plugin):
    return 1000 * seconds(place, with_scheduler(nodes, plugin), pods) / len(pods)

each(10, SPREAD, Secretive())  # the first time is slower, whatever is measured
ways = {"every node": (ALIKE, Secretive), "alike": (ALIKE, Asked), "alike, over zones": (SPREAD, Asked)}
took = {name: {n: each(n, pods, kind()) for n in GROWING} for name, (pods, kind) in ways.items()}
curves(took, "milliseconds for each pod", measured=True)

# %% [markdown]
# With few nodes, most of the time goes into writing and hearing, and the ways hardly differ. With many, what we have
# counted decides. The lower lines climb, too: the first of the ten pods has to ask everybody, whatever comes after
# it.
#
# ## More than one of everything
#
# So far, a single API server has borne it all. In a large cluster there are several. They know nothing of each other,
# and need not: none of them remembers anything that does not stand in the store. A watch that breaks here goes on
# there, with its number.
#
# The store is **the one place** that cannot be multiplied like that. Who writes has to know that nobody else has
# written, so there must be one order of all writes. etcd keeps it in three or five copies, and a write counts when
# more than half have it (a *quorum*). Five copies survive the loss of two. They do not write faster than one: every
# write goes to all. So what makes a cluster large is not a bigger store. It is asking it less: list little, watch
# what concerns you, write small things.
#
# ## What the real one does
#
# **Lists and watches** come from the watch cache, in memory, not from etcd. It has the index that our list lacks
# (`spec.nodeName` for pods), and it wakes by it as ours does. A watch by label is asked for every pod there, too.
#
# **Leases** have been the heartbeat since v1.14, for the reason that you have counted.
#
# **The scheduler** asks every node anew for each pod, in parallel, and saves in another way: it stops looking when it
# has found *enough* nodes. Of 5,000 that is one in ten, and never fewer than a hundred (`percentageOfNodesToScore`);
# the next pod begins where this one has stopped. What is best among all nodes, it will not know. Since v1.35, pods
# that are alike share the order of the nodes (*opportunistic batching*), if they come one right after the other, if
# the node of the last one is full now, and if they do not look beyond the node. Our ranking goes further, since it
# knows what has changed. A cache of that kind was in Kubernetes once before, and was taken out again: somebody had to
# list by hand which change spoils which answer, and forgot some.
#
# **Exercises:** [16 · Exercises](../exercises/16_tens_of_thousands.ipynb)
# · **Next:** [17 · Anywhere](17_anywhere.ipynb)
