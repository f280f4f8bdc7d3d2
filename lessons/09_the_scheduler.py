# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · The scheduler
#
# *Two machines. One burns, the other is bored. Your new pod goes to the one that burns. Why?*
#
# The scheduler writes **one field**, `spec.nodeName`. It starts nothing, and it tells no kubelet: the kubelet of that name
# watches for its pods and finds them (lesson 10). All that is interesting is *which* name it writes.

# %%
from k8slearn.lab import decision, predict, show, studio
from k8slearn.lab.trays import machines, places, pod, scene, why

# %% [markdown]
# ## Busy or full
#
# Two machines with eight cpus each. On *full* somebody has **requested** four and sleeps. On *busy* ten pods that request
# nothing burn every cpu there is.

# %%
paper = predict("09 busy or full")
paper

# %%
sim = scene(machines(full="8", busy="8"))
sim.create(pod("tenant", cpu="4", memory="4Gi", nodeName="full"))
sim.create([pod(f"burner-{i}", nodeName="busy") for i in range(10)])
sim.create(pod("web", cpu="4", memory="1Gi"))
sim.run()
places(sim)["web"]

# %%
paper.reveal()

# %% [markdown]
# A request is a promise on paper, and the paper is all that is counted. (For *scoring*, a silent pod counts as a tenth of a cpu; for
# *filtering*, as nothing.) That is why pods without requests pile up.
#
# ## Every decision explained
#
# First **filters** say yes or no for each node. Then **scores** compare those that are left. Each column is a plugin. A score is brought
# to 0 to 100 (*normalised*) and multiplied by the plugin's weight, and the highest sum wins. A real cluster only logs this, at verbosity 10.

# %%
mixed = machines(big="8", small="3", gpu={"cpu": "8", "taints": [{"key": "gpu", "effect": "NoSchedule"}]})
sim = scene(mixed)
sim.create([pod("web", cpu="2", memory="1Gi"), pod("db", cpu="2", memory="8Gi")])
sim.run()
decision(sim, "default/web")

# %% [markdown]
# Move a slider: what if it requested more? What if balance counted five times? Nothing is written; it is the same code, asked
# again. The first column gives everybody 300: no soft taints anywhere, and *fewer* is better, so 0 becomes 100.
#
# ## Word for word
#
# When no node will do, the pod waits, and its condition says why. People read this sentence more often than any other:

# %%
sim.create(pod("giant", cpu="40"))
sim.run()
print(why(sim, "giant"))

# %% [markdown]
# Read it like a bill: of three nodes none will do; one for the first reason, two for the second. Of each node only the *first*
# filter that refuses it is heard. So behind "untolerated taint" there may be a second reason that nobody has looked at yet. The rest says
# whether throwing others out would help.

# %%
decision(sim, "default/giant")

# %% [markdown]
# ## A plugin in ten lines
#
# A plugin is any object with a name and some methods. This one has an opinion about *big*, and a heavy one.

# %%
zero = predict("09 a score of zero")
zero

# %%
from functools import partial

from k8slearn.scheduler import DEFAULT_PLUGINS, Scheduler

class NotBig:
    """Anything, as long as it is not big."""

    name, weight = "NotBig", 5

    def score(self, pod, node):
        return 0 if node.name == "big" else 100

picky = partial(Scheduler, plugins=[*DEFAULT_PLUGINS, NotBig()])

# %%
sim = scene(mixed, picky)
sim.create([pod("first", cpu="2"), pod("second", cpu="2")])
sim.run()
places(sim)

# %%
zero.reveal()

# %% [markdown]
# The second pod found *small* full, and *big* was all that was left. **A score is not a filter.** Give the class a method
# `filter(self, pod, node)` that returns a text, and its word is law; the text ends up in the sentence above.

# %%
decision(sim, "default/first")

# %% [markdown]
# ## Break it: a plugin that raises
#
# Somebody divides by zero. What is the pod told, and does the scheduler survive?

# %%
class Careless:
    """Knows how many gpus there are. Mostly."""

    name = "Careless"

    def filter(self, pod, node):
        return None if 100 / node.allocatable.get("example.com/gpu", 0) else "no gpu"

sim = scene(mixed, partial(Scheduler, plugins=[*DEFAULT_PLUGINS, Careless()]))
sim.create(pod("web"))
sim.run()
why(sim, "web")

# %% [markdown]
# The pod waits and says which plugin failed, and is tried again after a while. (In the real one this would end the process.)
#
# ## Dice
#
# Nodes that are equally good are a tie, and dice decide. Ours have a seed, so a history can be repeated.

# %%
for seed in (1, 1, 2, 3):
    sim = scene(machines(a="8", b="8", c="8"), seed=seed)
    sim.create([pod("p"), pod("q")])
    sim.run()
    print(seed, places(sim))

# %% [markdown]
# ## Why a pod waits
#
# Pods stand in one of three queues. **Active**: it is tried next. **Unschedulable**: no node would do, and nothing has happened since.
# **Backing off**: something has happened, but it was tried a moment ago (1 s, doubling up to 10 s).

# %%
sim = scene(machines(a="2", b="2"))
sim.create([pod("wants-ssd", nodeSelector={"disk": "ssd"}), pod("wants-40", cpu="40")])
sim.run()
scheduler = sim.manager.players["default-scheduler"]
{key: sorted(parked.plugins) for key, parked in scheduler.queue.unschedulable.items()}

# %%
wakes = predict("09 a label")
wakes

# %%
before = len(sim.trace)
sim.client.patch("nodes", "a", patch={"metadata": {"labels": {"disk": "ssd"}}})
sim.run()
tried = sim.trace.of("default-scheduler", "reconcile")
show([step for step in tried if step.number > before])

# %%
wakes.reveal()

# %% [markdown]
# Each plugin knows which events could change its mind, and is asked about its own pods only. The timer one second later was the backoff.
#
# A **gate** is the simplest way to wait: the pod is not even looked at, until somebody takes the gate away.

# %%
sim.create(pod("gated", schedulingGates=[{"name": "example.com/paid"}]))
sim.run()
print("gated:", places(sim)["gated"] or "nowhere;", scheduler.explain("default/gated"))
sim.client.patch("pods", "default/gated", patch={"spec": {"schedulingGates": None}})
sim.run()
print("paid: ", places(sim)["gated"])

# %% [markdown]
# ## Wishes and laws
#
# A **taint** belongs to a node and keeps pods off; a pod's **toleration** says "I do not mind". It does not draw the pod there. **Affinity** belongs to
# the pod: *required* is a filter, *preferred* a score. And `topologySpreadConstraints` spread pods over zones:

# %%
ZONES = machines(**{f"{zone}{i}": {"labels": {"topology.kubernetes.io/zone": zone}} for zone in "xyz" for i in (1, 2)})
SPREAD = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
SPREAD["labelSelector"] = {"matchLabels": {"app": "web"}}
sim = scene(ZONES)
sim.create([pod(f"web-{i}", labels={"app": "web"}, topologySpreadConstraints=[SPREAD]) for i in range(6)])
sim.run()
sorted(places(sim).values())

# %% [markdown]
# Two in each zone. Whether a *zone* or a *machine* is meant is a label's name, and it is easy to get wrong (exercise 09.4).
#
# ## Making room
#
# There is one node, *ship*, and *cheap* fills it. *dear* has a higher priority, and nothing is free. The scheduler **preempts**: it deletes *cheap* and notes in
# dear's status for which node. Its victim takes half a minute to leave, if it likes.

# %%
sim = scene(machines(ship="2"))
sim.create(pod("cheap", cpu="2", terminationGracePeriodSeconds=30))
sim.run()
sim.create(pod("dear", cpu="2", priority=100))
sim.run(until=lambda sim: sim.client.get("pods", "default/dear")["status"].get("nominatedNodeName"))
print("nominated:", sim.client.get("pods", "default/dear")["status"]["nominatedNodeName"])
print("bound to: ", places(sim)["dear"] or "no node")

# %%
note = predict("09 nominated")
note

# %%
sim.create(pod("urgent", cpu="1", priority=1000))
sim.run()
places(sim)

# %%
note.reveal()

# %% [markdown]
# **Nominated is not bound.** Walk back through it, and watch what the scheduler thought of each pod at each step:

# %%
world = studio(sim)
world.select(object="default/dear")
world.show("scheduler", "map")

# %% [markdown]
# ## Two schedulers
#
# `spec.schedulerName` says who is to place a pod. Everybody else looks away; and if nobody has that name, the pod waits without a word.

# %%
sim = scene(machines(a="8", b="8"), Scheduler, partial(Scheduler, "mine"))
sim.create([pod("p"), pod("q", schedulerName="mine"), pod("r", schedulerName="nobody")])
sim.run()
said = [event for event in sim.client.list("events") if event["reason"] == "Scheduled"]
for event in said:
    print(event["source"]["component"], "-", event["involvedObject"]["name"])
print("r:", places(sim)["r"] or "nowhere", why(sim, "r"))

# %% [markdown]
# ## Read the real thing
#
# A whole plugin, filter and score. Find the line that made 0 into 100:

# %%
from k8slearn.scheduler.plugins import TaintToleration

show(TaintToleration)

# %% [markdown]
# And the cycle. It *assumes* the pod on its node before the binding is written; otherwise the next pod would be promised the same room.

# %%
show(Scheduler._schedule)

# %% [markdown]
# ## What the real one does
#
# The same plugins, weights and words. It takes a sample where there are many nodes, and binds while it decides about the next pod. What else is
# simpler here stands in [the ledger](../docs/fidelity.md).
#
# And this one works there: `k8slearn run --scheduler mine --kubeconfig PATH` places the pods of a real cluster whose `schedulerName` is
# *mine*. Real kubelets start them, and cannot tell who has written the name.
#
# **Exercises:** [09 · Exercises](../exercises/09_the_scheduler.ipynb)
# · **Next:** [10 · The node](10_the_node.ipynb)
