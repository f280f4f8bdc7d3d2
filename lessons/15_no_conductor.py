# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 15 · No conductor
#
# *In an orchestra somebody stands in front, knows the whole piece, and gives every entry. In a jazz band nobody does. Each
# listens, and plays when it is his turn. You have met most of the players now, one by one. Here they play together, and
# you take them out, one by one.*
#
# This lesson looks back over the first half of the course. Nothing in it is new, but the whole.

# %%
from collections import Counter

import networkx as nx

from k8slearn import Cluster, Controller, Simulation, load
from k8slearn.lab import predict, show, studio

# %% [markdown]
# ## One wish
#
# The wish of lesson 00: three copies of a web server, and one address in front of them.

# %%
WISH = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: registry.example/web:1, ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
sim = Simulation(nodes=3)
sim.apply(load(WISH))
sim.run()
print(len(sim.trace), "steps")

# %% [markdown]
# Two of them were yours. What were the others?

# %%
calls = predict("15 one calls another")
calls

# %%
print(Counter(step.action for step in sim.trace))
print(Counter(call.verb for step in sim.trace for call in step.calls))

# %% [markdown]
# A player can *hear* something, *look* (reconcile), and be woken by a *timer*. While it looks, it can ask the API server for
# something: create, update, and so on. That is all. The trace has no word for "call another player", and there
# is no such thing to call.

# %%
calls.reveal()

# %% [markdown]
# ## Who caused what
#
# And yet one thing leads to another. Each step knows its causes: what was heard, and who had written it. So the history is a
# graph, with an arrow from each step to those that it made necessary.

# %%
from k8slearn.lab.causes import cause_graph, causes

graph = cause_graph(sim.trace)
roots = [number for number, before in graph.in_degree() if before == 0]
print("steps without a cause:", roots)
print("steps that follow from the first:", len(nx.descendants(graph, 1)))

# %% [markdown]
# All of it grows out of the two steps that were yours. Here are those that wrote something; each arrow stands for the
# hearing and waiting in between. The thick line is the longest chain.

# %%
causes(sim)

# %% [markdown]
# Read a thick arrow aloud. It does not say "the ReplicaSet controller calls the scheduler". It says: *the ReplicaSet
# controller wrote pods, and the scheduler was listening.* And the piece is not over when the pods run: the
# kubelets' news goes up again, through the statuses, to the object that you have written.
#
# In the panel you can walk along the chain: `loop` names the steps that caused a turn, and a press on one takes you there.

# %%
bound = sim.trace.of("default-scheduler", "reconcile")[0]
here = studio(sim.fork())
here.goto(bound.number)
here.show("loop", "map", player="default-scheduler")

# %% [markdown]
# ## Who tells the kubelet?
#
# That was the moment in which the scheduler chose a machine.

# %%
word = predict("15 the scheduler's word")
word

# %%
show([bound, *(step for step in sim.trace if bound.number in step.causes)])

# %%
word.reveal()

# %% [markdown]
# It wrote to a pod, in the API server, and the same news went to whoever listens to pods. The kubelet was one of six. It
# listens to those that carry its name:

# %%
from k8slearn.node import Kubelet

show(Kubelet.selectors)

# %% [markdown]
# So whoever writes that name has "told" the kubelet: this scheduler, another one, or you, by hand, in the file. The kubelet
# cannot tell the difference.
#
# ## Who listens to whom
#
# Now the same for everybody, counted in the trace: who has written which kind of object, and who has heard of it.

# %%
from k8slearn.lab.band import listening, matrix, meetings

matrix(sim)

# %% [markdown]
# A column is a place where players meet: somebody writes, somebody hears. As a graph: one node for each player, one for each
# kind, and a line where the table has a word. Is there a line from player to player?

# %%
meeting = meetings(sim.trace)
players = {step.player.partition("/")[0] for step in sim.trace}
print(len(meeting.edges), "lines")
print([line for line in meeting.edges if set(line) <= players], "from player to player")

# %% [markdown]
# None. The controllers do not know each other's names. Each knows some kinds, and that they are kept by the API server.
#
# If we leave the kinds out, what remains is the jazz band: an arrow goes from the one who has played something to the
# one who has listened. (The garbage collector listens to everybody, so it is not drawn.)

# %%
listening(sim, without=["garbage-collector-controller"])

# %% [markdown]
# Arrows go in circles. The ReplicaSet controller listens to the Deployment controller, and the other way round: wishes go down,
# and what has become of them comes up.
#
# ## Take one out
#
# If somebody were in charge, we could take him out, and everything would stop. So we take out each in turn, and apply the same
# file. Whom will the world miss, and how far will it get? Make up your mind about one of them.

# %%
missing = predict("15 without a ReplicaSet controller")
missing

# %%
def without(*names):
    sim = Simulation(nodes=3)
    for name in names:
        sim.leave(name)
    sim.apply(load(WISH))
    sim.advance(10)
    return sim

# %%
from k8slearn.lab.standstill import how_far, standstill

kubelets = [name for name in sim.manager.players if name.startswith("kubelet/")]
bands = {"nobody missing": []}
bands |= {f"without {name}": [name] for name in sim.manager.players if name not in kubelets}
bands |= {"without the kubelets": kubelets}
calm = {title: how_far(without(*names)) for title, names in bands.items()}
standstill(calm)

# %%
missing.reveal()

# %% [markdown]
# Three things to see. Wherever it stops, everything *before* that is done, and done right. Nothing has failed: no error, no
# time-out, nobody is to blame. And the one before the gap does not notice: it has written its part, and goes on
# listening.
#
# ## The other five
#
# Besides the first, five lines have no cross. Those players wait for days that are not calm. Here is such a day: a machine
# burns down; later it is struck off the list; a Deployment is deleted; a namespace is deleted.

# %%
def burn(sim):
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(400)

def strike_off(sim):
    sim.client.delete("nodes", "node-0")
    sim.advance(60)

def end_deployment(sim):
    sim.client.delete("deployments", "default/web")
    sim.advance(60)

def end_namespace(sim):
    sim.client.delete("namespaces", "guest")
    sim.advance(60)

# %%
from k8slearn.lab.standstill import BAD_DAY

ACTS = (burn, strike_off, end_deployment, end_namespace)
GUEST = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "guest"}}

def bad_day(*names):
    sim, reached = without(*names), {}
    sim.create(GUEST)
    for happens, stage in zip(ACTS, BAD_DAY, strict=True):
        happens(sim)
        reached[stage] = BAD_DAY[stage](sim)
    return sim, reached

# %%
waiting = [title for title, reached in calm.items() if all(reached.values())]
days = {title: bad_day(*bands[title]) for title in waiting}
standstill({title: reached for title, (_, reached) in days.items()})

# %% [markdown]
# What one of them leaves undone, nobody does in its place. The first stage takes two: one sees that a machine is silent, and writes
# a taint; the other sees the taint, and deletes pods. Neither has heard of the other. (In the last line the same pod is seen
# twice: nobody has cleared it away, and it still names its owner.)
#
# The third column is a deletion that "cascades". The API server does not do that, though it looks as if it did. Here is who
# asked for each deletion:

# %%
day, _ = days["nobody missing"]
requests = [step for step in day.trace.of("client") if step.result == "delete"]
mine = next(step.number for step in requests if step.resource == "deployments")
for step in day.trace.steps[mine - 1 :]:
    for call in step.writes:
        if call.verb == "delete" and call.resource != "namespaces":
            print(f"{step.player:30}{call.resource:13}{call.key}")

# %% [markdown]
# You have asked for one. The collector read the notes and asked for the others; and the kubelets said of each pod that it had
# really ended. That was lesson 07.
#
# ## Put them back
#
# Five players gone, an hour passes, they come back one at a time. (One copy will do.) There are 120
# orders in which they may come.

# %%
order = predict("15 in which order")
order

# %%
from k8slearn.controllers import DeploymentController, EndpointSliceController, ReplicaSetController
from k8slearn.scheduler import Scheduler

FIVE = ["deployment-controller", "replicaset-controller", "endpointslice-controller", "default-scheduler", "kubelet/node-0"]
controllers = [DeploymentController, ReplicaSetController, EndpointSliceController, Scheduler]
empty = Simulation(Cluster(nodes=1, components=controllers))
for name in FIVE:
    empty.leave(name)
empty.apply(load(WISH))
empty.client.patch("deployments", "default/web", patch={"spec": {"replicas": 1}})
empty.advance(3600)

# %%
def endings(sim, waiting):
    """The worlds at the end of all orders in which these can come."""
    if not waiting:
        yield sim
    for name in waiting:
        after = sim.fork()
        after.enter(name)
        after.run()
        yield from endings(after, [other for other in waiting if other != name])

worlds = list(endings(empty, FIVE))
print(len(worlds), "orders;", sum(all(how_far(world).values()) for world in worlds), "good endings")

# %%
order.reveal()

# %% [markdown]
# The ways are different, the end is the same. How different the ways are shows in the number of steps:

# %%
from k8slearn.lab.concerts import histogram

for pick in (min, max):
    world = pick(worlds, key=lambda world: len(world.trace))
    print(*world.manager.players, sep=", ")
histogram([len(world.trace) - len(empty.trace) for world in worlds], "steps until all was done", "orders")

# %% [markdown]
# Those are one of the shortest ways and one of the longest. Short is where the EndpointSlice controller comes last: what has changed
# several times meanwhile, it hears of once. Long is where the Deployment controller comes last: all the others sit and listen
# when the first note is played, and hear every one after it.
#
# A conductor would have to know 120 orders. A thermostat (lesson 04) knows one sentence: look, compare, act.
#
# ## An hour late
#
# The ReplicaSet controller is away for an hour. Meanwhile somebody who cannot decide wants five copies, then one, then four.

# %%
hour = predict("15 an hour late")
hour

# %%
late = without("replicaset-controller")
for replicas in (5, 1, 4):
    late.client.patch("deployments", "default/web", patch={"spec": {"replicas": replicas}})
    late.advance(1200)
late.enter("replicaset-controller")
late.run()

heard = late.trace.of("replicaset-controller", "deliver")
print("first it hears:", heard[0].resource, heard[0].result)
turns = late.trace.of("replicaset-controller", "reconcile")
print("pods made:", sum(call.resource == "pods" for turn in turns for call in turn.writes))

# %%
hour.reveal()

# %% [markdown]
# Five and one were in the API server, and are in its log. It was told of neither. *You will learn of the newest state, and
# of the states in between perhaps.* That is all that is promised (lessons 03 and 05), and it is all that somebody needs
# who compares. Somebody who waits for each edge would now have to catch up with a day that is over.
#
# ## Take out the one in the middle
#
# There is one without whom nobody can work: the API server. We cut everybody off from it, in the middle of the rollout.

# %%
middle = predict("15 no API server")
middle

# %%
def to_all(sim, fault):
    for name in list(sim.manager.players):
        sim.fault(fault, name)

cut = Simulation(nodes=3)
cut.apply(load(WISH))
cut.run(until=lambda sim: len(sim.client.list("pods")) == 3)
written = cut.store.revision
to_all(cut, "cut_off")
cut.advance(3600)
print(cut.store.revision - written, "writes in an hour")
to_all(cut, "heal")
cut.advance(10)
print("done:", all(how_far(cut).values()))

# %%
middle.reveal()

# %% [markdown]
# Everybody waited and asked again. Nothing was lost, since what had been said stands in the store, and what anybody had
# forgotten could be read again. The API server is not a conductor either: it tells nobody what to do. It is the
# room in which they play.
#
# ## Two of one
#
# Would two ReplicaSet controllers be safer than one? (News is a little slower in this world, as it is in real life.)

# %%
class Second(ReplicaSetController):
    name = "second-replicaset-controller"

twins = Simulation(Cluster(nodes=3, adding=[Second]), policy="fair")
twins.apply(load(WISH))
twins.run()
made = [entry for entry in twins.store.log if entry.resource == "pods" and entry.type == "ADDED"]
print(len(made), "pods made,", len(twins.client.list("pods")), "left")

# %% [markdown]
# Each saw that three were missing, and each made three. It heals, because both compare; but work is done twice, and pods
# are made to be deleted. So one of them plays, and the other waits until it hears nothing of the first: that is leader
# election, by a Lease in the API server (lesson 13). Even that is no talk between the two.
#
# ## A conductor, built
#
# It is time to be fair. Let somebody write it the other way: one program that knows the whole piece and gives every
# entry. It is short, it is easy to read, and it works.

# %%
from k8slearn.lab.concerts import concert, concerts, outcome, pod_for, replicaset_for

class Conductor(Controller):
    """Knows the whole piece, and gives every entry."""

    name, primary = "conductor", "deployments"

    def play(self, bar, deed, *with_what):
        return deed(*with_what)

    def reconcile(self, key):
        wish = self.client.get("deployments", key)
        replicaset = self.play("the set", self.client.create, replicaset_for(wish))
        for i in range(wish["spec"]["replicas"]):
            pod = self.play(f"pod {i}", self.client.create, pod_for(replicaset))
            self.play(f"place {i}", self.client.bind, pod, "node-0")

# %%
wish = load(WISH)[0]
good = concert([Conductor], wish, seed=0, mishaps=0)
band = [DeploymentController, ReplicaSetController, Scheduler]
calm_band = concert(band, wish, seed=0, mishaps=0)
print(outcome(good), "after", len(good.trace), "steps; the players need", len(calm_band.trace))

# %% [markdown]
# It wins, on a calm evening. Now the others: on each, up to two of the first writes go wrong. One is refused, or its
# answer is lost, or the process dies after it and is started again. "But then he must remember how far he is!" Very well:
# the second conductor does.

# %%
class CarefulConductor(Conductor):
    """Writes down what has been played, and goes on from there."""

    def setup(self):
        self.played = {}

    def play(self, bar, deed, *with_what):
        if bar not in self.played:
            self.played[bar] = deed(*with_what)
        return self.played[bar]

# %%
fifty = predict("15 fifty evenings")
fifty

# %%
concerts({"a conductor": [Conductor], "a careful conductor": [CarefulConductor], "players": band}, wish)

# %%
fifty.reveal()

# %% [markdown]
# The first conductor begins again from the top after each mishap, and finds a ReplicaSet that is there already. The
# careful one survives a refusal. But when an answer is lost, his notes do not say what is true; and when he dies, they die
# with him. He could keep his notes outside, in the store. Then the next mishap strikes between the deed and
# the note. He could look whether the deed is done, before he does it. *And then he does not need the notes*: he has
# become a player. The third exercise takes him all the way.
#
# And a conductor goes home when the piece is over:

# %%
def next_morning(band):
    sim = concert(band, wish, seed=0, mishaps=0)
    lost = sim.client.list("pods")[0]
    sim.client.delete(lost)
    sim.advance(60)
    return outcome(sim)

print("a conductor:", next_morning([Conductor]))
print("players:    ", next_morning(band))

# %% [markdown]
# ## Half of the course in one table
#
# | people say | and you have seen | more in |
# |---|---|---|
# | controllers call each other | 165 steps, and no call | 00 |
# | a Deployment creates pods | without the ReplicaSet controller: a ReplicaSet, no pod | 04 |
# | the scheduler tells the kubelet | it writes a name into a pod, and six have heard | 09, 10 |
# | the API server cascades deletions | without the collector, the children stay | 07 |
# | every state is delivered | five and one were written, and never heard of | 03, 05 |
# | a crash in the middle leaves a mess | whoever compares goes on from what is there | 04, 06 |
# | somebody has to see to the right order | 120 orders, one end | here |
#
# ## What the real one does
#
# The same, and you can try it: a control plane is a handful of static pods, and without `kube-scheduler` your pods stay
# `Pending`, with no event that says why. What a real cluster does not have is the book of causes. An audit log says who wrote
# what; that one write made another necessary is nowhere written down, and tools that want to show it (tracing projects,
# Kelemetry for one) have to guess it from owners and times. `kube-controller-manager` runs some thirty controllers in one
# process, and they share their caches; all the same none of them calls another. (Here a test fails when a controller imports another.)
#
# **Exercises:** [15 · Exercises](../exercises/15_no_conductor.ipynb)
# · **Next:** [16 · Tens of thousands](16_tens_of_thousands.ipynb)
