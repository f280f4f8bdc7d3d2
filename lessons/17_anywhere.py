# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 17 · Anywhere
#
# *A manifest says what there shall be. It does not say who sells the disk, how an address is made, or where the machines
# stand. So the same file runs with one provider, with another, and in your own cellar. Almost: there are seams, and one
# should know them before one wants to move.*
#
# In this lesson one file goes to three places. Then we look for what ties it down, burn a zone, and pack the same app
# in three ways.

# %%
from k8slearn.api.manifests import load
from k8slearn.lab import kubectl, predict, show
from k8slearn.lab.comparison import Comparison
from k8slearn.lab.show import files

# %% [markdown]
# ## One file
#
# A shop. It keeps its data on a disk, and the world is to reach it.

# %%
with open("../examples/anywhere.yaml", encoding="utf-8") as file:
    SHOP = file.read()
files({"anywhere.yaml": SHOP})

# %% [markdown]
# Three places are ready for it: cloud A and cloud B, which are imaginary and as different as real ones, and a machine
# room of one's own. In each there are three machines to begin with.

# %%
address = predict("17 three addresses")
address

# %%
from k8slearn.lab.worlds import bill, everywhere, hindrance, is_available, place, timeline

worlds = everywhere(load(SHOP))
{name: is_available(sim) for name, sim in worlds.items()}

# %% [markdown]
# Available everywhere, without an edit. What has become of it in each place? We ask each API server the same questions.

# %%
point = Comparison(*worlds)

def row(what, look):
    return point(what, *[look(sim) for sim in worlds.values()])

def get(sim, resource, name="shop"):
    return sim.client.get(resource, f"default/{name}")

row("address", lambda sim: get(sim, "services")["status"]["loadBalancer"]["ingress"][0])

# %%
address.reveal()

# %% [markdown]
# The machines are others, and so are the places in which they stand. Both are labels on a node.

# %%
def machines(sim):
    labels = [node["metadata"]["labels"] for node in sim.client.list("nodes")]
    kinds = {label["node.kubernetes.io/instance-type"] for label in labels}
    zones = sorted({label["topology.kubernetes.io/zone"] for label in labels})
    return f"{', '.join(kinds)} in {', '.join(zones)}"

row("machines", machines)

# %% [markdown]
# And the disk. The claim did not say which kind, so it got what is the default where it is. The volume says who has made
# it, and from where it can be reached: in a cloud from a whole zone, here in the cellar from one machine only.
# Five GiB were asked for, and cloud B has none so small.

# %%
def volume(sim):
    claim = get(sim, "persistentvolumeclaims", "shop-data")
    return sim.client.get("persistentvolumes", claim["spec"]["volumeName"])

def place_of(volume):
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    return terms[0]["matchExpressions"][0]  # a label of nodes, and its value

def reached_from(sim):
    place = place_of(volume(sim))
    return f"{place['key'].rpartition('/')[2]} {place['values'][0]}"

row("class of the disk", lambda sim: volume(sim)["spec"]["storageClassName"])
row("size of the disk", lambda sim: volume(sim)["spec"]["capacity"]["storage"])
row("made by", lambda sim: volume(sim)["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"])
row("reached from", reached_from)
row("machines, per hour", bill)
point

# %% [markdown]
# How long did it take? A new load balancer is somebody else's work, and some take their time.

# %%
timeline(worlds)

# %% [markdown]
# What has *not* changed is what was asked for. Here are the three specs, as they are stored in three places that know
# nothing of each other:

# %%
deployments = [get(sim, "deployments")["spec"] for sim in worlds.values()]
print("all alike:", deployments[0] == deployments[1] == deployments[2])

# %% [markdown]
# ## What, and how
#
# Somebody must know that cloud B exists. Who?

# %%
who = predict("17 who knows")
who

# %%
for name, sim in worlds.items():
    players = sim.manager.players
    outside = [each for each, player in players.items() if player.outside]
    print(f"{name}, {len(outside)} of {len(players)}:", *outside)

# %%
who.reveal()

# %% [markdown]
# (The machine room is no player of a real cluster: it is the data centre, in which machines boot.) Everybody else speaks to the
# API server only. That is the whole trick. *The manifest says what*: a disk of 5 GiB, an
# address. *How* stands in another object, which does not belong to you but to the place:

# %%
show(worlds["cloud B"].client.get("storageclasses", "standard-disk"))

# %% [markdown]
# A **StorageClass** is a word with somebody behind it. `provisioner` is the name to which that somebody answers. For
# addresses there is no word at all: whoever is there and makes load balancers sees a Service that wants one. This is his
# living source; of the cloud he knows four calls, and which of two fields it fills in.

# %%
from k8slearn.clouds import ServiceController

show(ServiceController._ensure)

# %% [markdown]
# Everything in which our three places differ is one table, [catalogue.py](../k8slearn/clouds/catalogue.py): zones, machines
# and their prices, addresses or names, kinds of disks. Nothing of it stands in the manifest.
#
# ## The seams
#
# So there is no lock-in? People who have moved know better. Somebody has been with cloud A for a year, and their manifest
# has one line more:

# %%
FAST = SHOP.replace("accessModes:", "storageClassName: fast\n  accessModes:")
print(FAST[FAST.index("spec:") : FAST.index("---")])
fast = predict("17 a class by name")
fast

# %%
tied = everywhere(load(FAST))
for name, sim in tied.items():
    print(f"{name + ':':<14}", hindrance(sim) or "available")

# %%
fast.reveal()

# %% [markdown]
# It is an Event, on the claim. The pod says less: it waits for its claim. So when something hangs, follow the chain down
# to what it waits for, and read there.
#
# To mend it: change the class in the claim?

# %%
from k8slearn.api.errors import ApiError

moved = tied["cloud B"]
try:
    other = {"spec": {"storageClassName": "standard-disk"}}
    moved.client.patch("persistentvolumeclaims", "default/shop-data", patch=other)
except ApiError as error:
    print(error.code, error.message)

# %% [markdown]
# A claim is a contract, and this part of it cannot be changed. One can delete it and write another. Or leave the manifest
# alone: `fast` is only a word. *Who runs cloud B for you can say what it means there.* Note what is copied and what is
# not: the name is the app's, everything else is the place's.

# %%
theirs = moved.client.get("storageclasses", "standard-disk-near")
ours = {**theirs, "metadata": {"name": "fast"}}
moved.create(ours)
moved.run(is_available, seconds=120)
hindrance(moved) or "available"

# %% [markdown]
# That helps with names. Other lines say something about the world that is not true elsewhere. We try some, one at a time,
# everywhere:

# %%
LARGE = "nodeSelector: {node.kubernetes.io/instance-type: a.large}"
SEAMS = {
    "instance-type: a.large": ("containers:", LARGE + "\n      containers:"),
    "mode RWX": ("ReadWriteOnce", "ReadWriteMany"),
    "storage: 1Ti": ("5Gi", "1Ti"),
    "cpu: 12": ("500m", "12"),
}

seams = Comparison(*worlds)
for seam, (old, new) in SEAMS.items():
    tried = everywhere(load(SHOP.replace(old, new)))
    seams(seam, *[hindrance(sim) or "available" for sim in tried.values()])
seams

# %% [markdown]
# Read the columns. *Cloud A only* is the usual case, and it is found on the day of the move, since it works until then. A disk
# that many machines write at once (`ReadWriteMany`, in short RWX) none of the three has. And a number can be a seam, too: a
# disk that is too large, a pod that is larger than any machine. Cloud A has started a bigger machine for that one, by the
# hour.
#
# **Annotations** are the quietest seam. Many clouds read some of their own on a Service (*internal only*, *this
# certificate*). Elsewhere nobody reads them. Nothing hangs, there is no Event: the load balancer is simply a different
# one, perhaps one that all the world can reach.
#
# ## Machines by the hour
#
# A web server now, with no data, forty times, a whole CPU each.

# %%
def servers(replicas, cpu):
    labels, resources = {"app": "web"}, {"requests": {"cpu": cpu}}
    container = {"name": "web", "image": "registry.example/web:1", "resources": resources}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}

forty = predict("17 forty servers")
forty

# %%
from k8slearn.lab.chart import chart

for sim in worlds.values():
    sim.create(servers(40, cpu="1"))
    sim.advance(200)
chart(worlds, resource="nodes")

# %%
forty.reveal()

# %%
point = Comparison(*worlds)
row("servers that run", lambda sim: get(sim, "deployments", "web")["status"]["availableReplicas"])
row("hindered by", lambda sim: hindrance(sim) or "nothing")
row("machines, per hour", bill)
point

# %% [markdown]
# Nobody has ordered a machine. The **cluster autoscaler** has read why pods wait, and worked out what would help. It
# speaks of it, in Events of the pods:

# %%
for name in ("cloud A", "cloud B"):
    events = worlds[name].client.list("events")
    print(name, *{e["message"] for e in events if e["reason"] == "TriggeredScaleUp"})

# %% [markdown]
# The bill is a part of the difference between places, and the only one that no API shows.
#
# ## A zone burns
#
# Cloud A again, the shop and four web servers. We cut off the zone in which the shop's disk is: all machines there, at
# once.

# %%
burning = place("a", [*load(SHOP), servers(4, cpu="1")])
zone = place_of(volume(burning))["values"][0]
nodes = burning.client.list("nodes", labels=f"topology.kubernetes.io/zone={zone}")
there = [node["metadata"]["name"] for node in nodes]
print(zone, there)
gone = predict("17 a zone is gone")
gone

# %%
for node in there:
    burning.fault("cut_off", f"kubelet/{node}")
burning.advance(480)

def alive(sim):
    found = sim.client.list("deployments")
    return {d["metadata"]["name"]: d["status"].get("availableReplicas", 0) for d in found}

print(alive(burning), "-", hindrance(burning))

# %%
gone.reveal()

# %% [markdown]
# The web servers were made again in the other zone, five minutes after their machines fell silent (lesson 10). The shop has
# a new pod, too, and that pod waits: *volume node affinity conflict*. This is no weakness. A shop with an empty disk would
# be worse than none. Then the fire is out:

# %%
before = burning.world["disks"].list()
for node in there:
    burning.fault("heal", f"kubelet/{node}")
burning.advance(120)
print(alive(burning), "the same disk:", burning.world["disks"].list() == before)

# %% [markdown]
# Two kinds of things, then. What follows from a manifest can be made again anywhere. **Data cannot**: it is in a place.
# For zones that means several copies (a StatefulSet over zones), for other clouds a backup and a restore (lesson 13).
# Moving the manifest is an afternoon; moving the data is the move.
#
# ## The cloud is silent
#
# Now the machines are well, and the cloud's own API is not: no request of ours gets through, for ten minutes. In this time
# a second shop is asked for.

# %%
silent = predict("17 the cloud is silent")
silent

# %%
RENTING = ("external-provisioner", "service-lb-controller", "cluster-autoscaler")

cut = place("a", load(SHOP))
for player in RENTING:
    cut.fault("cut_off", player)
cut.create(load(SHOP.replace("shop", "kiosk")))
cut.advance(600)
print(alive(cut))

# %%
for player in RENTING:
    cut.fault("heal", player)
cut.advance(120)
rented = {what: cut.world[what].made for what in ("disks", "balancers")}
print(alive(cut), "rented, ever:", rented)

# %%
silent.reveal()

# %% [markdown]
# ## Three packagings
#
# Three places have to be told almost the same, and so do a test and a production. Copying files and editing them is how
# seams come about. Here is one app, a smaller shop with a page and three servers, packed in three ways.

# %%
from k8slearn.lab.packaging import installed, packages, renewed, what_matters

plain, overlay, operator = packages("../examples/shop")
files(overlay.files)

# %% [markdown]
# This one is **kustomize**, which is built into kubectl (`kubectl apply -k FOLDER`). No templates: a *base* that is valid
# as it is, and an *overlay* that says what is different. Plain manifests you know. And the third is an object of the
# operator of lesson 13:

# %%
files(operator.files)

# %% [markdown]
# All three are sent to a cluster each. What would a visitor notice?

# %%
shops = {package.name: installed(package) for package in (plain, overlay, operator)}
seen = [what_matters(sim.client) for sim in shops.values()]
print("the same everywhere:", seen[0] == seen[1] == seen[2])
show(seen[0])

# %% [markdown]
# So they differ for those who write them, and on the day after. Let us collect how.

# %%
ways = Comparison(*shops)
ways("lines somebody writes", *[package.lines() for package in (plain, overlay, operator)])
ways("objects applied", *[len(package.objects()) for package in (plain, overlay, operator)])

# %% [markdown]
# A limit for the memory, which nobody has thought of. In files of one's own one writes it down, in a base or in a patch. An
# object has the fields that its author has given it:

# %%
def limited(package, old, new):
    trial = shops[package.name].fork()
    trial.apply(package.edited(old, new).objects())
    return what_matters(trial.client)["memory"]

IMAGE = "image: registry.example/web:1"
limit = IMAGE, f"{IMAGE}\n          resources: {{limits: {{memory: 64Mi}}}}"
in_files = [limited(plain, *limit), limited(overlay, *limit)]
ways("memory, limited to 64Mi", *in_files, limited(operator, "replicas: 3", "memory: 64Mi"))

# %% [markdown]
# `None`: the kind does not know the field, and it was dropped (lesson 12). Whoever needs it asks the operator's author.
#
# Now the page changes: *Open* becomes *Closed*, and each is applied again.

# %%
page = predict("17 a new page")
page

# %%
def upgraded(package):
    sim = shops[package.name]
    before = sim.store.revision
    sim.apply(package.edited("Open", "Closed").objects())
    sim.run()
    return f"{renewed(sim, before)} servers started, {len(sim.client.list('configmaps'))} pages kept"

ways("a new page", *map(upgraded, (plain, overlay, operator)))

# %%
page.reveal()

# %% [markdown]
# The overlay never changes a page: it makes another ConfigMap, `shop-` and a hash of what is inside. Servers that are still the
# old ones go on with the old one, and a rollback finds it. It also means that old pages stay until somebody clears them
# away.
#
# Then a hand edit, at night, when it was urgent. Ten minutes later:

# %%
hand = predict("17 by hand")
hand

# %%
def ten_minutes_later(sim):
    sim.client.patch("deployments", "default/shop", patch={"spec": {"replicas": 5}})
    sim.advance(600)
    return f"{what_matters(sim.client)['servers']} servers"

ways("scaled to 5 by hand", *map(ten_minutes_later, shops.values()))

# %%
hand.reveal()

# %%
def swept(package):
    sim = shops[package.name]
    for obj in package.objects():
        sim.client.delete(sim.client.kinds.of(obj).name, f"default/{obj['metadata']['name']}")
    sim.run()
    return ", ".join(o["metadata"]["name"] for o in sim.client.list("configmaps")) or "nothing"

ways("left when it is deleted", *map(swept, (plain, overlay.edited("Open", "Closed"), operator)))
ways

# %% [markdown]
# None of them is *the* right one. Plain files: everything is visible, nothing is shared. Overlays: what is common is written once,
# and everything can be changed. An operator: nine lines, somebody who watches, and a program to look after, which decides
# what can be said. (*Helm*, which you will meet everywhere, fills in templates of text. After the installation it is like
# the first two: nobody is there.)
#
# ## The same operator on a live cluster
#
# Until now everything was simulated. Here is the operator as a file:

# %%
from pathlib import Path

print(Path("../examples/operators/websites.py").read_text(encoding="utf-8"))
other = predict("17 another kubeconfig")
other

# %% [markdown]
# A live server beside this notebook, in cloud A, with TLS, tokens and a clock that nobody holds. All that the operator is
# told is the path of a **kubeconfig**: where, as whom, whom to trust.

# %%
from k8slearn.client import Client
from k8slearn.live import start
from k8slearn.live.remote import connect
from k8slearn.live.running import Running
from k8slearn.operators import definition

plane = start(nodes=2, cloud="a", speed=10)
remote = connect(plane.kubeconfig)
client = Client(remote)
client.create(definition("websites"))
plane.url.partition(":")[0]

# %%
import time
from contextlib import suppress

from k8slearn.api.errors import NotFound

def comes_to(client, wanted, seconds=60):
    """Does it come to what was seen in the simulation?"""
    for _ in range(10 * seconds):
        with suppress(NotFound):  # nobody has made them yet
            if what_matters(client) == wanted:
                return True
        time.sleep(0.1)
    return False

with Running("../examples/operators/websites.py", plane.kubeconfig):
    client.create({**operator.objects()[0], "metadata": {"name": "shop", "namespace": "default"}})
    alike = comes_to(client, seen[2])
print("as in the simulation:", alike)

# %%
other.reveal()

# %% [markdown]
# And with stock kubectl, which cannot tell where it is. (Without it these cells say so.)

# %% tags=["measured", "nbval-ignore-output"]
kubectl("get websites")
kubectl("get deployments,services,configmaps --selector=website=shop")

# %% [markdown]
# The overlay for tests, and the file with which this lesson began:

# %% tags=["measured", "nbval-ignore-output"]
kubectl("create namespace test")
kubectl("apply -n test -k ../examples/shop/kustomize/overlays/test")
kubectl("create namespace anywhere")
kubectl("apply -n anywhere -f ../examples/anywhere.yaml")
kubectl("wait -n anywhere services/shop --for=jsonpath={.status.loadBalancer.ingress}")
kubectl("get -n anywhere services,persistentvolumeclaims")

# %%
remote.close()
plane.stop()

# %% [markdown]
# A cluster of a provider, or of your own, needs no more than that: `k8slearn run my_operator.py --kubeconfig PATH`, and
# the rights to do what it does. How sure can one be that nothing breaks there? What our API server answers is compared with
# recordings of a real v1.36, case by case, and what is simplified is written down: [the ledger](../docs/fidelity.md).
#
# ## What the real one does
#
# The controllers that rent have been moved out of Kubernetes, one cloud after another: a *cloud-controller-manager* for
# machines, addresses and routes, and a *CSI driver* with its sidecars for disks. Each provider ships his own. In a machine
# room, MetalLB or kube-vip give away addresses, and a local volume provisioner or a storage system of your own makes disks.
# The autoscaler is an add-on, too. It asks the scheduler's own plugins where ours counts.
#
# What ties people down is mostly not in the manifests. It is the database that only one provider sells, the roles and
# keys of its users, and the price of taking the data out. Kubernetes gives you one language for the rest.
#
# **Exercises:** [17 · Exercises](../exercises/17_anywhere.ipynb)
