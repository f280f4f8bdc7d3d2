# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · The map
#
# *You hand Kubernetes a page of YAML, and a little later your app runs on some machines. Who did that?*
#
# In this lesson you watch it happen, one move at a time, in a whole (small) control plane that runs inside this
# notebook. Nothing happens behind your back: between two steps, the world stands still.
#
# You need no cluster, no Docker and no network. Run a cell with **Shift + Enter**.

# %%
from k8slearn import Simulation, load
from k8slearn.lab import predict, show, studio

# %% [markdown]
# ## A wish
#
# Here is what we want: three copies of a web server, and one stable address in front of them. Note what it does
# *not* say: no machine is named, no order of steps is given. It is a description of how things should **be**.

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

# %% [markdown]
# Before anything runs, commit yourself. Most people who use Kubernetes every day get this one wrong.

# %%
who = predict("00 who makes the pods")
who

# %% [markdown]
# ## An empty cluster
#
# Three machines, nothing running. We hand in the wish: two writes to the API server, nothing more.

# %%
sim = Simulation(nodes=3)
sim.apply(load(WISH))
show(sim.trace)

# %% [markdown]
# That is all *you* will do in this lesson. Below is the **map**: everybody who takes part, each in the colour of
# the room they live in. Press **step** a few times (or **play**). A dot is a message. Edges appear only when
# somebody has really talked to somebody.
#
# Click on a player to see what it knows: its cache, and its queue of things to look at.

# %%
world = studio(sim)
world.map()

# %% [markdown]
# Stepping works from code as well, and so does every look: this is the same moment in words.

# %%
for _ in range(6):
    world.step()
print(world.text("map"))

# %% [markdown]
# Did you notice what is missing? There is no arrow from one controller to another. **Everything** goes through the
# API server: a component writes there, and whoever cares hears about it. The Deployment controller has never
# heard of the ReplicaSet controller.
#
# Let us run until nobody has anything left to do.

# %%
sim.run()
pods = sim.client.list("pods")
for pod in pods:
    print(pod["metadata"]["name"], pod["spec"]["nodeName"], pod["status"]["phase"])

# %% [markdown]
# Three pods, spread over three machines, running. So: who made them?

# %%
who.reveal()

# %% [markdown]
# Do not take that on trust. Every step in this world knows its causes, so we can ask for the chain of events that
# led to the first pod, back to your own hand.

# %%
made = sim.trace.of("replicaset-controller", "reconcile")[0]
show(sim.trace.why(made.number))

# %% [markdown]
# Read it from the top. You wrote a Deployment. The Deployment controller **heard** of it and wrote a ReplicaSet.
# The ReplicaSet controller heard of *that* and wrote pods. It goes on in the same way: the scheduler hears of pods
# without a node and writes a node's name into them, a kubelet hears of pods with its own name and starts them.
#
# Nobody is in charge. Nobody gives orders. It is more like a jazz band than an orchestra.

# %% [markdown]
# ## Break it
#
# We go back to the moment before the pods were made, and kill the ReplicaSet controller there: its process
# dies, and everything it remembered is lost.

# %%
what_now = predict("00 a controller dies")
what_now

# %%
sim.goto(made.number - 1)
sim.crash("replicaset-controller")
sim.run()
len(sim.client.list("pods"))

# %%
what_now.reveal()

# %% [markdown]
# A controller may forget everything, because it never *needs* to remember. What was wished stands in the API
# server; what there is stands there too; the rest is comparing. Lesson 04 builds one from an empty file, and
# lesson 05 shows what happens to controllers that rely on events instead.

# %% [markdown]
# ## Read the real thing
#
# What follows is no illustration but the code that was running a moment ago. It is the whole decision.

# %%
from k8slearn.controllers import ReplicaSetController

show(ReplicaSetController.reconcile)

# %% [markdown]
# ## The house
#
# The code is built like the cluster. Each room may use only the rooms below it; this picture is drawn from the
# same table that a test holds every import against. Three of its rules are Kubernetes' own:
#
# - *Controllers never import each other.* They meet only in the API.
# - *No component imports the API server or the store.* So an operator runs where there is no k8slearn at all.
# - *Only the outside knows what time it is.* That is why we could go back in time.

# %%
from k8slearn.lab.house import house

house()

# %% [markdown]
# ## What the real one does
#
# The same. A real control plane has some thirty controllers in one process (`kube-controller-manager`), and its
# API server, scheduler and kubelets are processes of their own. There the network decides who hears what first;
# here you decide, with *step*. Where we are simpler than Kubernetes v1.36, `DESIGN.md` says so.
#
# **Next:** [01 · The store](01_the_store.ipynb)
