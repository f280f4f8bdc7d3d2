# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Traffic
#
# *Twenty pods are replaced by twenty others, one after the other, while five hundred people a second ask them for something.
# Nobody notices. Who has seen to that? The shop's people have, with four lines in a manifest; and each of the four is left out
# somewhere in the world at this moment.*
#
# Until now pods were made, placed and started. In this lesson somebody needs them. We send requests, count what comes back, and
# find out what goes wrong on the way.

# %%
from k8slearn import Cluster, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.routes import routes, rows
from k8slearn.lab.traffic import CARE, SIZE, deployment, figure, rollout, total
from k8slearn.traffic import ClusterDNS, IngressController, Traffic, routers
from k8slearn.traffic.tally import words

# %% [markdown]
# ## An address that nobody has
#
# Three web servers on three machines, and a **Service** in front of them. Pods come and go, and each has an address of its own. The
# Service has one address that stays.

# %%
def service(name="web", **spec):
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}

def town(*objects):
    players = [*routers(3), ClusterDNS, IngressController]
    sim = Simulation(Cluster(3, adding=players), world={"traffic": Traffic()})
    sim.create(objects)
    sim.advance(15)
    return sim

sim = town(deployment(3), service())
address = sim.client.get("services", "default/web")["spec"]["clusterIP"]
address

# %%
where = predict("11 where is the service")
where

# %% [markdown]
# We look for it. Here is every address in this cluster, and who has it:

# %%
pods = {pod["status"]["podIP"]: pod["metadata"]["name"] for pod in sim.client.list("pods")}
nodes = {
    each["address"]: node["metadata"]["name"]
    for node in sim.client.list("nodes")
    for each in node["status"]["addresses"]
    if each["type"] == "InternalIP"
}
show({**nodes, **pods, address: {**nodes, **pods}.get(address, "nobody")})

# %%
where.reveal()

# %% [markdown]
# No process listens there, no packet ever arrives there. A Service is a **rule**: *whoever wants to go to this address goes to one of
# those instead*. It stands in a table on every machine, and the packet is sent another way before it has left. On node-0:

# %%
router = sim.manager.players["service-router/node-0"]
for endpoint in router.rule(address, 80).endpoints:
    print(f"{address}:80 -> {endpoint.address}:{endpoint.port} ({endpoint.name})")

# %% [markdown]
# Who writes these tables? On each machine a controller like all others. It hears of Services and of EndpointSlices, and works out
# what follows. (In a real cluster it is called kube-proxy, though it has long ceased to be a proxy.)

# %%
from k8slearn.traffic import ServiceRouter

show(ServiceRouter.reconcile)

# %% [markdown]
# ## Who stands in the list
#
# Three players, one after the other. The kubelet finds out whether a pod is **ready**. The EndpointSlice controller writes down the
# addresses of the pods that the Service selects, and how they are. The routers read that. Here is all of it side by side, the
# truth on the left:

# %%
routes(sim, "default/web")

# %% [markdown]
# Now a fourth pod. It takes a moment until its program answers, and the kubelet asks it every second whether it does: that is
# the `readinessProbe`.

# %%
fourth = predict("11 a fourth pod")
fourth

# %%
sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 4}})
sim.run(until=lambda sim: any(row.truth == "not ready" for row in rows(sim, "default/web")))
routes(sim, "default/web")

# %%
fourth.reveal()

# %%
sim.advance(10)
routes(sim, "default/web")

# %% [markdown]
# It stands in the slice from the first moment, *with a word about how it is*. Which of them may be sent something is a rule of two
# lines:

# %%
from k8slearn.traffic.choice import usable

show(usable)

# %% [markdown]
# ## People
#
# Ninety requests a second, from anywhere, for `http://web/`. They are not a part of the cluster: they go along the routes as these
# are at that moment, to programs as they are then, and somebody counts what comes back.

# %%
def ask(sim, url="http://web/", seconds=10, rate=90, **how):
    name = f"{url} at {sim.now:g} s"
    sim.meddle("traffic", "start", name, url, rate=rate, lasts=seconds, **how)
    sim.advance(seconds + 6)  # and the last answers
    return sim.world["traffic"].total(name)

asked = ask(sim)
print(words(asked))
asked.pods

# %% [markdown]
# About a quarter each, and not exactly. Nobody takes turns here: each router throws dice for each connection, and knows nothing of
# the others.
#
# They have written `web`, and not an address. A name is asked for first, and it is tried with endings, the own namespace before all
# others:

# %%
dns = sim.manager.players["cluster-dns"]
for name, namespace in [("web", "default"), ("web", "kitchen"), ("web.default", "kitchen")]:
    print(f"{name!r} from {namespace}: {dns.lookup(name, namespace).addresses or 'NXDOMAIN'}")

# %% [markdown]
# From another namespace the short name means nothing. And a Service without an address (`clusterIP: None`, people call it
# *headless*) is a name only. It stands for the pods themselves:

# %%
sim.create(service("each", clusterIP="None"))
sim.run()
dns.lookup("each").addresses

# %% [markdown]
# ## Break it: a router learns late
#
# Shoppers come, ninety a second. And one of the four pods is gone, from one moment to the next, as if somebody had pulled a plug.
# The routers write their tables at most once a second.

# %%
late = predict("11 a pod is gone")
late

# %%
sim.meddle("traffic", "start", "shoppers", "http://web/", rate=90)
sim.advance(5)
sim.client.delete(sim.client.list("pods")[0], gracePeriodSeconds=0)
sim.run(until=lambda sim: any(row.truth == "gone" for row in rows(sim, "default/web")))
routes(sim, "default/web")

# %% [markdown]
# There it is, between two steps: the pod is *gone*, and everybody else *believes* in it. The slice has to be written, the news has to
# arrive on three machines, and three tables have to change. Until then each router sends a quarter of its people to nobody.

# %%
sim.advance(5)
print(words(total(sim)))
late.reveal()

# %% [markdown]
# Not one component has made a mistake. Nobody can know at once what has happened elsewhere. So if a pod has to go, it had better go
# *after* everybody has heard of it:

# %%
show(CARE)

# %% [markdown]
# `preStop: sleep` lets the pod wait for five seconds when it is asked to stop. It is terminating at once, for all to see, and answers
# as if nothing had happened. `DRAINS_FOR` is our program's own: when the signal comes it takes nothing new, and finishes what it has
# begun. So this time the same, but asked politely:

# %%
polite = predict("11 asked politely")
polite

# %%
before = total(sim).lost
sim.client.delete(sim.client.list("pods")[0])
sim.advance(3)
routes(sim, "default/web")

# %%
sim.advance(10)
print(total(sim).lost - before, "requests lost")
polite.reveal()

# %% [markdown]
# Walk through it, from the moment at which the plug was pulled to the polite end. In the panel `traffic` the requests of the second that is
# just over are streams, from the people through the routers to the pods; those that were lost are dashed and have a cross.

# %%
seconds = sim.world["traffic"].series("shoppers")
bad = next(point.second for point in seconds if "refused" in point.errors)
sim.goto(next(step.number for step in sim.trace if step.time >= bad + 1))
studio(sim).show("traffic")

# %% [markdown]
# ## Only labels?
#
# A colleague has a program of his own, `reports`. He has copied our Deployment, changed the name, the port, and all that. Only the
# label of the pods is still the same.

# %%
copied = predict("11 a copied label")
copied

# %%
reports = deployment(1)
reports["metadata"]["name"] = "reports"
container = reports["spec"]["template"]["spec"]["containers"][0]
container["env"] = [{"name": "PORT", "value": "9000"}]
container["readinessProbe"]["httpGet"]["port"] = 9000

shared = town(deployment(3), service(), reports)
print(words(ask(shared)))
copied.reveal()

# %%
routes(shared, "default/web")

# %% [markdown]
# The two Deployments leave each other's pods alone: they have their notes (lesson 07). A Service has none. It takes **every** pod in
# its namespace that carries the label, whoever made it, and `reports` is even ready: it answers on *its* port. Labels are the wiring.
# Who writes one connects something.
#
# ## The same pod again
#
# Somebody's basket is kept in the memory of the one pod that has it. (It should not be. But it is.) Then a person has to
# come back to the same pod: `sessionAffinity`.

# %%
sticky = predict("11 the same pod again")
sticky

# %%
keeps = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
shop = town(deployment(3), service(), service("basket", **keeps))
for url in ("http://web/", "http://basket/"):
    print(url, sorted(ask(shop, url, rate=10, clients=1).pods.values()))

# %%
def whom():
    return list(ask(shop, "http://basket/", rate=10, clients=1).pods)

(mine,) = whom()
print("again: ", mine)
shop.client.delete("pods", mine)
shop.advance(8)
print("later: ", *whom())
sticky.reveal()

# %% [markdown]
# The router remembers, by the address of the client, and for a while only. It is a help, and no promise: when the pod goes, so does
# the basket.
#
# ## One door for all
#
# Whoever is outside of the cluster knows none of these addresses. He comes to one door, an **Ingress**, which reads what a router never
# reads: the host and the path of each request.

# %%
def path(prefix, name):
    backend = {"service": {"name": name, "port": {"number": 80}}}
    return {"path": prefix, "pathType": "Prefix", "backend": backend}

rule = {"host": "shop.example", "http": {"paths": [path("/", "web"), path("/reports", "reports")]}}
door = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "door"}}
shared.create([{**door, "spec": {"rules": [rule]}}, service("reports", selector={"app": "nobody"})])
shared.run()

for url in ("http://shop.example/", "http://shop.example/reports/1", "http://other.example/"):
    print(url, words(ask(shared, url, seconds=2, rate=50, ingress=True)))

# %% [markdown]
# Three answers. The second has no endpoints (503), the third fits no rule (404). And look at the first: the pod of `reports` is still
# among ours, and yet nobody was lost. An ingress can do what a router cannot: when it is refused, it asks another one.
#
# ## Twenty pods, five hundred people a second
#
# Now all of it at once. A Deployment of twenty gets a new image. `maxSurge: 25%`, `maxUnavailable: 0`: at most five more, and never one
# less. And the care that you have seen.

# %%
careful = predict("11 twenty pods")
careful

# %%
worlds = {"with care": rollout(deployment(20), rate=500, nodes=2)}
print(words(total(worlds["with care"])))
careful.reveal()

# %% [markdown]
# ## The classic mistakes
#
# Each one leaves out a single thing, and all the rest is as before. What does it cost?

# %%
costs = predict("11 which mistake")
costs

# %%
def but(**strategy):
    web = deployment(20)
    web["spec"]["strategy"]["rollingUpdate"] = strategy
    return web

mistakes = {
    "no readiness": deployment(20, without=("readinessProbe",)),
    "no preStop": deployment(20, without=("lifecycle",)),
    "three quarters may be missing": but(maxSurge=0, maxUnavailable="75%"),
}
worlds |= {name: rollout(web, rate=500, nodes=2) for name, web in mistakes.items()}
figure(worlds)

# %%
costs.reveal()

# %% [markdown]
# **No readiness.** A pod counts as ready as soon as it runs. Two seconds pass until its program answers, and for these two seconds it gets
# its share of the people.
#
# **No preStop.** The other end of a pod's life, and the same gap: it stops listening, and the routers have not heard.
#
# **Three quarters may be missing.** Nobody was refused by a pod that is gone. There were just too few of them. The five that are left can
# work off so many a second; the others wait in line, longer and longer, until they have had enough. `maxUnavailable` is a promise
# about *load*, and the one who writes it has to know how much five can carry.
#
# And did you notice that a rollout without mistakes takes longest? It waits for each of them. That is the price.
#
# ## As many as are needed
#
# How many pods are enough? That depends on the hour. A **HorizontalPodAutoscaler** asks every fifteen seconds how much the pods
# use, and compares with what they should. The whole of it is a division:

# %%
from k8slearn.controllers.replicacalculator import replicas

show(replicas)

# %% [markdown]
# `ratio` is usage through target. If each pod should use 60 % of what it requests and uses 120 %, there should be twice as many. What
# is near enough to 1 changes nothing. All the other lines are about pods of which nothing is known yet.

# %%
from k8slearn.controllers import AvailableConditionController, HorizontalPodAutoscalerController
from k8slearn.lab.scaling import scaling
from k8slearn.traffic import MetricsServer
from k8slearn.traffic.metrics import manifests

def web(replicas=None):
    made = deployment(replicas)
    made["metadata"]["namespace"] = "default"
    made["spec"]["template"]["spec"]["containers"][0]["resources"] = {
        "requests": {"cpu": "25m"},
        "limits": {"cpu": "30m"},
    }
    if replicas is None:
        del made["spec"]["replicas"]
    return made

# %%
cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "minReplicas": 2,
        "maxReplicas": 10,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [{"type": "Resource", "resource": cpu}],
    },
}

# %% [markdown]
# Ten requests a second, then a rush of a hundred for two minutes, then ten again. Each request costs a thousandth of a CPU
# second.

# %%
rush = predict("11 a rush")
rush

# %%
def measured():
    players = [*routers(3), ClusterDNS, MetricsServer]
    players += [AvailableConditionController, HorizontalPodAutoscalerController]
    cluster = Cluster(3, adding=players, objects=manifests())
    return Simulation(cluster, world={"traffic": Traffic()})

day = measured()
day.create([web(2), service(), AUTOSCALER])
day.advance(30)
day.meddle("traffic", "start", "shoppers", "http://web/", rate=[(0, 10), (30, 100), (150, 10)])
day.advance(490)
scaling({"a day": day}, "default/web")

# %%
rush.reveal()

# %% [markdown]
# Up at once, since people are waiting. It has to do it twice: two pods at their limit cannot show how much is *really* asked of them. And
# down five minutes later. It remembers what it has wished for in the last 300 seconds and takes the highest. That is the
# **stabilisation window**, and it keeps it from running after every wave.
#
# But look at the orange. Until somebody has measured, decided, started pods and found them ready, a minute has passed, and a rush does not
# wait for it. An autoscaler always comes late. How much may come at once is what `minReplicas` is for.
#
# ## Break it: two who write one number
#
# The shop is deployed from a file, three times a day. In the file stands `replicas: 2`. The autoscaler has made eight of them.

# %%
fight = predict("11 two write one number")
fight

# %%
def busy():
    sim = measured()
    sim.create([service(), AUTOSCALER])
    slowly = [(5, 10), (50, 100)]
    sim.meddle("traffic", "start", "shoppers", "http://web/", rate=slowly, ramps=True)
    return sim

fought = busy()
for _ in range(3):
    fought.apply(web(2))
    fought.advance(75)
scaling({"kubectl apply, replicas: 2": fought}, "default/web")

# %%
fight.reveal()

# %% [markdown]
# `replicas` in a file is not a wish for the beginning. It is a write, each time, and it wins until the autoscaler looks
# again. Both have done what they were told. Only that nobody has asked *whose* number it is.
#
# ## Whose field is it?
#
# With **server-side apply** everybody who writes is noted down, field by field, and who wants to change what belongs to somebody else
# is told so.

# %%
def server_side(sim, manifest):
    options = {"patch_type": "apply", "fieldManager": "pipeline"}
    return sim.client.patch(manifest, patch=manifest, **options)

def whose(sim, field="f:replicas"):
    noted = sim.client.get("deployments", "default/web")["metadata"]["managedFields"]
    return [each["manager"] for each in noted if field in each["fieldsV1"].get("f:spec", {})]

asked_for = busy()
server_side(asked_for, web(2))
print(whose(asked_for))
asked_for.advance(75)
print(whose(asked_for))

# %%
again = predict("11 applied once more")
again

# %%
from k8slearn.api.errors import Conflict

try:
    server_side(asked_for, web(2))
except Conflict as error:
    said = error
show(said)

# %%
again.reveal()

# %% [markdown]
# That is a question, and a good one. The answer is to leave the line out: *how many is not mine to say*.

# %%
for _ in range(2):
    server_side(asked_for, web())
    asked_for.advance(75)
scaling({"server-side, and the line left out": asked_for}, "default/web")

# %% [markdown]
# One trap is left. Suppose the autoscaler has never had to change anything, so that the number is still yours, and yours alone. Now you
# leave the line out.

# %%
trap = predict("11 the line is left out")
trap

# %%
quiet = measured()
quiet.create(service())
print(server_side(quiet, web(4))["spec"]["replicas"], whose(quiet))
print(server_side(quiet, web())["spec"]["replicas"], whose(quiet))
trap.reveal()

# %% [markdown]
# Who leaves out what only he has wanted takes his wish back. So first let somebody else want it (the autoscaler, or you under another
# name), and then let go.
#
# ## What the real one does
#
# The same, in the kernel. kube-proxy writes its tables as nftables or iptables rules, for each packet that opens a connection; an
# open connection stays where it is, whatever becomes of the rules, and so people with long connections see even less balance than ours.
# The control plane's other ways out are there too: `externalTrafficPolicy`, topology, and load balancers of a cloud, which have health
# checks and a lag of their own. `kubectl apply` without `--server-side` keeps what it sent last in an annotation of the object; take
# `replicas` out of the file, and it deletes the field, which makes it 1. (Our `sim.apply` merges, and remembers nothing.) And readiness in
# a real program is more than an open port: it is the one place where the program itself may say *not me, not now*.
#
# **Exercises:** [11 · Exercises](../exercises/11_traffic.ipynb)
# · **Next:** [12 · Custom resources](12_custom_resources.ipynb)
